#include "rtc/turn/server_list.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace redan::turn {
namespace {

constexpr std::size_t kMaxDomain = 253;

bool is_domain(std::string_view text) {
  return !text.empty() && text.size() <= kMaxDomain && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

}  // namespace

ServerList::ServerList(std::vector<Server> servers) : servers_(std::move(servers)) {
  REDAN_ASSERT(!servers_.empty());
  if (servers_.size() > kMaxServers) servers_.resize(kMaxServers);
  current_ = servers_.front();
  tried_.push_back(current_.address);
}

bool ServerList::advance() {
  if (next_ == servers_.size()) return false;
  current_ = servers_[next_++];
  tried_.push_back(current_.address);
  new_ports_ = 0;
  return true;
}

bool ServerList::redirect(const stun::Message& response, Address::Family local) {
  const auto value = response.find(stun::AttributeType::alternate_server);
  const auto address = value ? stun::parse_address(*value) : std::nullopt;
  // Over UDP the same socket is used, so the family stays.
  const bool reachable =
      address && address->port() != 0 && (current_.transport != Transport::udp || address->family() == local);
  if (!reachable || redirects_ == kMaxRedirects) return false;
  if (std::find(tried_.begin(), tried_.end(), *address) != tried_.end()) return false;
  if (current_.transport == Transport::tls) {
    // Without ALTERNATE-DOMAIN the certificate must be valid for the name of the server that redirects.
    const auto domain = response.find(stun::AttributeType::alternate_domain);
    if (domain && !is_domain(as_text(*domain))) return false;
    if (domain) current_.name = as_text(*domain);
  }
  current_.address = *address;
  tried_.push_back(*address);
  ++redirects_;
  new_ports_ = 0;
  return true;
}

}  // namespace redan::turn
