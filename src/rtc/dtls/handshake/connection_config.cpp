#include "rtc/dtls/handshake/connection_config.hpp"

#include <algorithm>

namespace redan::dtls {

std::vector<Group> ConnectionConfig::groups_with_certificate_curves() const {
  std::vector<Group> all(groups.begin(), groups.end());
  for (const Group curve : {Group::secp256r1, Group::secp384r1}) {
    if (std::find(all.begin(), all.end(), curve) == all.end()) all.push_back(curve);
  }
  return all;
}

}  // namespace redan::dtls
