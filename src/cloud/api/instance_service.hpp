// The ports that an instance offers.
#pragma once

#include "cloud/api/keys.hpp"

namespace redan::cloud::api {

/// A port, or a range of ports, of an instance.
struct Service {
  std::string name{};
  std::uint16_t port = 0;
  std::uint16_t port_end = 0;  ///< 0: only `port`
  bool tcp = false, udp = false;
  bool expose = false;  ///< also outside the node's network
  friend bool operator==(const Service&, const Service&) = default;
};

/// Replaces the list. [{"name":"adb","port":5559,"protocols":["tcp"],"expose":false}]; port_end is optional, protocols
/// are tcp by default.
Outcome<void> read_services(std::vector<Service>& into, const Value& value);
/// The same, for a list that stands alone; unknown keys are ignored.
Outcome<std::vector<Service>> parse_services(const json::value& value, std::string name = "services");

json::array to_json(const std::vector<Service>& services, Spelling spelling = Spelling::api);

}  // namespace redan::cloud::api
