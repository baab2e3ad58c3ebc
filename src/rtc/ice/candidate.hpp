// Candidates in session descriptions, RFC 8839 section 5.1.
#pragma once

#include <redan/ice.hpp>
#include <string>

namespace redan::ice {

enum class Transport : std::uint8_t { udp, tcp };

struct Candidate {
  std::string foundation = "1";
  std::uint16_t component = 1;
  Transport transport = Transport::udp;
  std::uint32_t priority = 0;
  /// Unspecified if the candidate has a host name (an mDNS ".local" name, RFC 8828) instead of an address.
  Address address;
  CandidateType type = CandidateType::host;
  std::string ufrag{};  ///< of the description it belongs to (RFC 8838 section 12); empty if it does not say

  /// Parses a value of a=candidate, with or without the leading "candidate:". Names are case-insensitive, and words may
  /// be separated by any number of blanks. Unknown extensions are skipped. nullopt if malformed.
  static std::optional<Candidate> parse(std::string_view value);
  /// The value of an a=candidate line, without "a=".
  [[nodiscard]] std::string text() const;
  /// Whether a check can be sent to it: a UDP candidate of component 1 with an address.
  [[nodiscard]] bool usable() const {
    return component == 1 && transport == Transport::udp && address.family() != Address::Family::unspecified &&
           address.port() != 0;
  }
};

/// RFC 8445 section 5.1.2.1. `local_preference` distinguishes addresses of one type.
constexpr std::uint32_t priority_of(CandidateType type, std::uint16_t local_preference, std::uint16_t component = 1) {
  const std::uint32_t type_preference = type == CandidateType::host               ? 126
                                        : type == CandidateType::peer_reflexive   ? 110
                                        : type == CandidateType::server_reflexive ? 100
                                                                                  : 0;
  return type_preference << 24U | static_cast<std::uint32_t>(local_preference) << 8U | (256U - component);
}

/// Our candidate of this type behind our address number `base` (0 is the best), from server number `server` (0 is the
/// best; of host candidates 0). The foundation says the same (RFC 8445 section 5.1.1.3).
Candidate local_candidate(CandidateType type, const Address& address, std::size_t base, std::size_t server = 0);

}  // namespace redan::ice
