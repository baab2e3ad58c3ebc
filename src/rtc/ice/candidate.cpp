#include "rtc/ice/candidate.hpp"

#include <algorithm>
#include <charconv>

namespace redan::ice {
namespace {

constexpr std::array<std::string_view, 4> kTypeNames{"host", "srflx", "prflx", "relay"};

std::string_view next_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

template <class T>
bool read_number(std::string_view word, T& number) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc{} && end == word.data() + word.size();
}

bool equals_ignoring_case(std::string_view word, std::string_view lower) {
  const auto lowered = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return word.size() == lower.size() &&
         std::equal(word.begin(), word.end(), lower.begin(), [&](char a, char b) { return lowered(a) == b; });
}

}  // namespace

//    candidate-attribute = "candidate" ":" foundation SP component-id SP transport SP priority SP connection-address SP
//    port
//                          SP "typ" SP candidate-types [SP rel-addr] [SP rel-port] *(SP extension-att-name SP ...)
std::optional<Candidate> Candidate::parse(std::string_view value) {
  if (value.starts_with("candidate:")) value.remove_prefix(10);
  Candidate candidate;
  candidate.foundation = next_word(value);
  std::uint16_t port = 0;
  if (candidate.foundation.empty() || candidate.foundation.size() > 32) return std::nullopt;
  if (!read_number(next_word(value), candidate.component)) return std::nullopt;
  const std::string_view transport = next_word(value);
  if (!read_number(next_word(value), candidate.priority)) return std::nullopt;
  const std::string_view host = next_word(value);
  if (host.empty() || !read_number(next_word(value), port) || next_word(value) != "typ") return std::nullopt;
  const auto type = std::find(kTypeNames.begin(), kTypeNames.end(), next_word(value));
  if (type == kTypeNames.end()) return std::nullopt;
  candidate.transport = equals_ignoring_case(transport, "udp") ? Transport::udp : Transport::tcp;
  candidate.type = static_cast<CandidateType>(type - kTypeNames.begin());
  candidate.address = Address::parse(host, port).value_or(Address{});
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
