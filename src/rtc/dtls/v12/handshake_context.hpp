// What the client and the server of a DTLS 1.2 handshake share.
#pragma once

#include "rtc/dtls/handshake/authentication.hpp"
#include "rtc/dtls/handshake/outcome.hpp"
#include "rtc/dtls/hello/client_offer.hpp"
#include "rtc/dtls/v12/candidate_table.hpp"

namespace redan::dtls::v12 {

struct HandshakeContext {
  Authentication authentication;
  ConnectionConfig config;
  Provider& provider;
  RecordLayer& records;
  CandidateTable candidates;
  const ClientOffer* offer = nullptr;  ///< of a client that offers DTLS 1.3, too

  /// Whether a flight with this certificate may cost so many public-key operations. One with an unexpected certificate
  /// costs one at most: only its signature is checked.
  [[nodiscard]] bool may_verify(Bytes certificate, Bytes flight, std::size_t operations) {
    if (!authentication.accepted_fingerprint(certificate)) return candidates.spend(Priority::low, 1);
    return candidates.spend(candidates.was_dropped(flight) ? Priority::high : Priority::medium, operations);
  }
  /// Drops messages that ask for more work or room than there is.
  Outcome drop_over_budget(Bytes messages) {
    candidates.drop(messages);
    records.drop(Drop::over_budget);
    return Incomplete{};
  }
  /// Counts a fragment that was not simply stored.
  void count(FragmentAssembler::Verdict verdict) {
    switch (verdict) {
      case FragmentAssembler::Verdict::stored:
        return;
      case FragmentAssembler::Verdict::repeated:
      case FragmentAssembler::Verdict::unexpected:
        return records.drop(Drop::unexpected_message);
      case FragmentAssembler::Verdict::displacing:
      case FragmentAssembler::Verdict::too_large:
        return records.drop(Drop::disagreeing_fragment);
    }
  }
};

}  // namespace redan::dtls::v12
