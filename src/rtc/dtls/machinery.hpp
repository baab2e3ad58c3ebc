// What client and server share: record layer, assembler, outgoing flight, transcript, and the two ways a handshake can
// go wrong. Nothing in it knows which side it serves.
#pragma once

#include "rtc/dtls/alert.hpp"
#include "rtc/dtls/extensions.hpp"
#include "rtc/dtls/fragment_assembler.hpp"
#include "rtc/dtls/outgoing_flight.hpp"
#include "rtc/dtls/session.hpp"
#include "rtc/dtls/transcript.hpp"

namespace redan::dtls {

struct ConnectionConfig {
  Role role = Role::server;
  /// The peer's fingerprints from its session description; at least one. Of several hash algorithms only the strongest
  /// counts (RFC 8122 section 5).
  std::vector<Fingerprint> peer_fingerprints{};
  /// SRTP protection profiles (RFC 5764 section 4.1.2) to offer or accept, best first; none: use_srtp is left out.
  std::vector<std::uint16_t> srtp_profiles{};
  /// Key exchange groups to offer or accept, best first. The list must outlive the connection.
  std::span<const Group> groups = kGroups;
  /// Without a common profile the handshake fails.
  bool require_srtp = false;
  /// Largest datagram sent, bytes; at least kMinMtu.
  std::size_t mtu = 1200;
  /// From start() to Connected.
  Duration timeout = std::chrono::seconds(30);

  static constexpr std::size_t kMinMtu = 228;
};

struct Verdict {
  Errc reason{};
  AlertDescription alert{};
};
/// nullopt: in order.
using Check = std::optional<Verdict>;

class Machinery {
 public:
  Machinery(ConnectionConfig the_config, const Identity& the_identity, Provider& the_provider);

  ConnectionConfig config;
  const Identity& identity;
  Provider& provider;
  RecordLayer records;
  FragmentAssembler incoming;
  OutgoingFlight outgoing;
  Transcript transcript;
  Session session;

  [[nodiscard]] Digest transcript_hash() const { return provider.hash(session.suite->hash, transcript.bytes()); }
  /// Computes the master secret from the shared secret and the transcript up to ClientKeyExchange.
  void derive_master(const SharedSecret& premaster);
  [[nodiscard]] RecordKeys derive_record_keys() const;
  [[nodiscard]] std::array<std::uint8_t, 12> verify_data_of(Role role) const;

  /// The peer's certificate: not ours, one of the accepted fingerprints, a key we can use. Returns the key.
  std::unique_ptr<PublicKey> check_certificate(Bytes leaf, Check& problem);
  /// A signature of `signed_content` under a scheme we offered and that fits the key (and, on the server side, the
  /// suite).
  [[nodiscard]] Check check_signature(const PublicKey& key, std::uint16_t scheme, Bytes signed_content,
                                      Bytes signature);
  /// Signs with our key; the scheme is the best of ours in `offered`.
  [[nodiscard]] std::optional<SignatureScheme> choose_scheme(const CodePoints& offered) const;
  void write_signature(Writer& writer, SignatureScheme scheme, Bytes signed_content) const;
};

}  // namespace redan::dtls
