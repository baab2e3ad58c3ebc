#include "rtc/ice/candidate.hpp"

#include <algorithm>

#include "base/words.hpp"

namespace redan::ice {
namespace {

constexpr std::array<std::string_view, 4> kTypeNames{"host", "srflx", "prflx", "relay"};

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
  const auto type = std::find_if(kTypeNames.begin(), kTypeNames.end(),
                                 [&](std::string_view name) { return equals_ignoring_case(type_name, name); });
  if (type == kTypeNames.end()) return std::nullopt;
  candidate.component = *component;
  candidate.priority = *priority;
  candidate.transport = equals_ignoring_case(transport, "udp") ? Transport::udp : Transport::tcp;
  candidate.type = static_cast<CandidateType>(type - kTypeNames.begin());
  candidate.address = Address::parse(host, *port).value_or(Address{});
  return candidate;
}

std::string Candidate::text() const {
  return "candidate:" + foundation + " " + std::to_string(component) +
         (transport == Transport::udp ? " udp " : " tcp ") + std::to_string(priority) + " " + address.ip_text() + " " +
         std::to_string(address.port()) + " typ " + std::string(kTypeNames[static_cast<std::size_t>(type)]);
}

Candidate host_candidate(const Address& address, std::size_t index) {
  const auto preference = static_cast<std::uint16_t>(65'535 - std::min<std::size_t>(index, 65'535));
  return {std::to_string(index + 1), 1, Transport::udp, priority_of(CandidateType::host, preference), address,
          CandidateType::host};
}

}  // namespace redan::ice
