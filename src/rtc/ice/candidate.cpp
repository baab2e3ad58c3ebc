#include "rtc/ice/candidate.hpp"

#include <algorithm>

#include "base/words.hpp"

namespace redan::ice {
namespace {

constexpr std::array kTypes{CandidateType::host, CandidateType::server_reflexive, CandidateType::peer_reflexive,
                            CandidateType::relayed};

/// The value of extension `name`: pairs of a name and a value. Empty if absent.
std::string_view extension(std::string_view rest, std::string_view name) {
  while (true) {
    const std::string_view key = next_word(rest);
    const std::string_view value = next_word(rest);
    if (value.empty() || key == name) return value;
  }
}

}  // namespace

//    candidate-attribute = "candidate" ":" foundation SP component-id SP transport SP priority SP connection-address SP
//    port
//                          SP "typ" SP candidate-types [SP rel-addr] [SP rel-port] *(SP extension-att-name SP ...)
std::optional<Candidate> Candidate::parse(std::string_view value) {
  if (value.starts_with("candidate:")) value.remove_prefix(10);
  Candidate candidate;
  candidate.foundation = next_word(value);
  if (candidate.foundation.empty() || candidate.foundation.size() > 32) return std::nullopt;
  const auto component = to_number<std::uint16_t>(next_word(value));
  const std::string_view transport = next_word(value);
  const auto priority = to_number<std::uint32_t>(next_word(value));
  const std::string_view host = next_word(value);
  const auto port = to_number<std::uint16_t>(next_word(value));
  if (!component || !priority || !port || !equals_ignoring_case(next_word(value), "typ")) return std::nullopt;
  const std::string_view type_name = next_word(value);
  const auto type = std::find_if(kTypes.begin(), kTypes.end(),
                                 [&](CandidateType each) { return equals_ignoring_case(type_name, name_of(each)); });
  if (type == kTypes.end()) return std::nullopt;
  candidate.component = *component;
  candidate.priority = *priority;
  candidate.transport = equals_ignoring_case(transport, "udp") ? Transport::udp : Transport::tcp;
  candidate.type = *type;
  candidate.ufrag = extension(value, "ufrag");
  candidate.address = Address::parse(host, *port).value_or(Address{});
  return candidate;
}

std::string Candidate::text() const {
  std::string text = "candidate:" + foundation + " " + std::to_string(component) +
                     (transport == Transport::udp ? " udp " : " tcp ") + std::to_string(priority) + " " +
                     address.ip_text() + " " + std::to_string(address.port()) + " typ " + std::string(name_of(type));
  // RFC 8839 section 5.1: required for the other types, and may hide the address behind.
  if (type != CandidateType::host)
    text += address.family() == Address::Family::ipv6 ? " raddr :: rport 9" : " raddr 0.0.0.0 rport 9";
  return ufrag.empty() ? text : text + " ufrag " + ufrag;
}

Candidate local_candidate(CandidateType type, const Address& address, std::size_t base, std::size_t server) {
  // Our address decides first, then the server; there are few of either.
  const std::size_t rank = std::min<std::size_t>(base * 16 + std::min<std::size_t>(server, 15), 65'535);
  Candidate candidate;
  candidate.foundation = std::to_string(static_cast<std::size_t>(type) * 100'000 + rank + 1);
  candidate.priority = priority_of(type, static_cast<std::uint16_t>(65'535 - rank));
  candidate.address = address;
  candidate.type = type;
  return candidate;
}

}  // namespace redan::ice
