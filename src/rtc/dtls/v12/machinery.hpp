// What client and server share: record layer, candidate handshakes, and the checks that both make. Nothing in it knows
// which side it serves.
#pragma once

#include "rtc/dtls/handshake/answer_budget.hpp"
#include "rtc/dtls/handshake/dropped_messages.hpp"
#include "rtc/dtls/handshake/step.hpp"
#include "rtc/dtls/handshake/work_budget.hpp"
#include "rtc/dtls/hello/extensions.hpp"
#include "rtc/dtls/v12/candidate.hpp"

namespace redan::dtls::v12 {

struct ConnectionConfig {
  Role role = Role::server;
  /// The peer's fingerprints from its session description; at least one. Of several hash algorithms only the strongest
  /// counts (RFC 8122 section 5), and of that one the first kMaxFingerprints.
  std::vector<Fingerprint> peer_fingerprints{};
  /// SRTP protection profiles (RFC 5764 section 4.1.2) to offer or accept, best first; none: use_srtp is left out.
  std::vector<std::uint16_t> srtp_profiles{};
  /// Key exchange groups to offer or accept, best first. The curves of certificates, P-256 and P-384, come after them
  /// in any case: the list limits a peer's choice of certificate, too (RFC 8422 section 5.1). The list must outlive the
  /// connection.
  std::span<const Group> groups = kGroups;
  /// Without a common profile the handshake fails.
  bool require_srtp = false;
  /// Largest datagram sent, bytes; at least kMinMtu.
  std::size_t mtu = 1200;
  /// From start() to Connected.
  Duration timeout = std::chrono::seconds(30);
  /// How long the keys may be used; nullopt: as RFC 9147 section 4.5.3 says. Tests cannot wait that long.
  std::optional<AeadLimits> limits{};

  static constexpr std::size_t kMinMtu = 228;
  static constexpr std::size_t kMaxFingerprints = 16;
};

class Machinery {
 public:
  Machinery(ConnectionConfig the_config, const Identity& the_identity, Provider& the_provider);

  ConnectionConfig config;
  const Identity& identity;
  Provider& provider;
  RecordLayer records;
  AnswerBudget budget;
  /// When the datagram being read came.
  TimePoint arrival{};
  /// Handshakes that may still begin with the datagram being read: one, however many hellos it holds.
  int beginnings = 1;
  Candidates candidates;
  WorkBudget work;
  DroppedMessages dropped;

  /// The groups we offer or accept, best first.
  [[nodiscard]] std::vector<Group> groups() const;

  /// Computes the master secret from the shared secret and the transcript up to ClientKeyExchange.
  void derive_master(Candidate& candidate, const SharedSecret& premaster);
  [[nodiscard]] RecordKeys derive_record_keys(const Candidate& candidate) const;
  [[nodiscard]] std::array<std::uint8_t, 12> verify_data_of(const Candidate& candidate, Role role) const;
  [[nodiscard]] AeadLimits limits(const Candidate& candidate) const;

  /// The key of the peer's certificate, which is not ours. Whose it is, the fingerprint says.
  std::unique_ptr<PublicKey> load_key(Bytes leaf, Check& problem);
  /// The one of the accepted fingerprints that this certificate has.
  [[nodiscard]] std::optional<Fingerprint> accepted_fingerprint(Bytes leaf) const;
  /// A signature of `signed_content` under a scheme we offered and that fits the key.
  [[nodiscard]] Check check_signature(const PublicKey& key, std::uint16_t scheme, Bytes signed_content,
                                      Bytes signature);
  /// Signs with our key; the scheme is the best of ours in `offered`.
  [[nodiscard]] std::optional<SignatureScheme> choose_scheme(const CodePoints& offered) const;
  void write_signature(Writer& writer, SignatureScheme scheme, Bytes signed_content) const;

  /// Whether a flight with this certificate may cost so many operations. A stranger's costs one at most: its signature
  /// is all that is looked at.
  [[nodiscard]] bool may_check(Bytes leaf, Bytes flight, std::size_t operations);
  /// Drops messages that ask for more work or room than there is.
  Step put_off(Bytes messages);

  /// Counts a fragment that was not simply stored.
  void count(FragmentAssembler::Verdict verdict);

 private:
  [[nodiscard]] Digest transcript_hash(const Candidate& candidate) const {
    return provider.hash(candidate.session.suite->hash, candidate.transcript.bytes());
  }
};

}  // namespace redan::dtls::v12
