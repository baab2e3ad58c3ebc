// What the client and the server of a DTLS 1.3 handshake share.
#pragma once

#include "rtc/dtls/handshake/authentication.hpp"
#include "rtc/dtls/handshake/candidate_table.hpp"
#include "rtc/dtls/handshake/connection_config.hpp"
#include "rtc/dtls/handshake/outcome.hpp"
#include "rtc/dtls/v13/handshake_candidate.hpp"

namespace redan::dtls::v13 {

using CandidateTable = dtls::CandidateTable<HandshakeCandidate>;

struct HandshakeContext {
  Authentication authentication;
  ConnectionConfig config;
  Provider& provider;
  RecordLayer& records;
  CandidateTable candidates;

  /// Whether a flight with this certificate may cost so many public-key operations. One with an unexpected certificate
  /// costs one at most: only its signature is checked.
  [[nodiscard]] bool may_verify(Bytes certificate, const HandshakeCandidate& candidate, std::size_t operations) {
    if (!authentication.accepted_fingerprint(certificate)) return candidates.spend(Priority::low, 1);
    const bool repeated = candidates.was_dropped(candidate.origin.bytes());
    return candidates.spend(repeated ? Priority::high : Priority::medium, operations);
  }
  /// Drops messages that ask for more work or room than there is.
  Outcome drop_over_budget(const Digest& origin) {
    candidates.drop(origin.bytes());
    records.drop(Drop::over_budget);
    return Incomplete{};
  }
};

/// The best scheme for our CertificateVerify that the peer offers.
std::optional<SignatureScheme> choose_scheme(const Authentication& authentication, const CodePoints& offered);

/// Writes Certificate, CertificateVerify and Finished into `outgoing` and into the transcript.
void write_proof(HandshakeContext& context, HandshakeCandidate& candidate, Bytes request_context);

/// The peer's Certificate, CertificateVerify and Finished, whole.
struct PeerProof {
  HandshakeMessage certificate;
  HandshakeMessage verify;
  HandshakeMessage finished;
};
/// Checks them against the transcript, to which they are added. Without a failure the peer is proven.
Check check_proof(HandshakeContext& context, HandshakeCandidate& candidate, const PeerProof& proof);

}  // namespace redan::dtls::v13
