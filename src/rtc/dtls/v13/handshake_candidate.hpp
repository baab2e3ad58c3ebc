// One way in which a DTLS 1.3 handshake may proceed. Anyone can send a hello and so have the keys that follow from it;
// only a signature under these keys proves the peer. Several candidates are kept side by side; the first that is proven
// becomes the connection.
#pragma once

#include "rtc/dtls/handshake/fragment_assembler.hpp"
#include "rtc/dtls/handshake/role.hpp"
#include "rtc/dtls/hello/session.hpp"
#include "rtc/dtls/v13/acknowledgement.hpp"
#include "rtc/dtls/v13/key_schedule.hpp"
#include "rtc/dtls/v13/outgoing_messages.hpp"
#include "rtc/dtls/v13/transcript.hpp"

namespace redan::dtls::v13 {

struct HandshakeCandidate {
  /// `origin` is the hash of the peer's hello.
  HandshakeCandidate(const Digest& hello, const Session& agreed, Transcript messages)
      : origin(hello), session(agreed), transcript(std::move(messages)) {}

  TimePoint created{};
  bool repeated = false;  ///< its hello was dropped once and came again
  Digest origin;
  Session session;
  SignatureScheme scheme{};  ///< of our signature
  Transcript transcript;
  HandshakeSecrets secrets;
  ApplicationSecrets application;  ///< once the server's Finished is in the transcript
  std::optional<CiphertextOpen> read;
  std::optional<CiphertextSeal> write;
  OutgoingMessages outgoing;
  FragmentAssembler incoming;
  Acknowledgements received;  ///< records of the flight that is incomplete
  bool ack_due = false;
  bool refused = false;  ///< its flight broke a rule: it cannot be proven any more

  [[nodiscard]] bool begins_with(Bytes hello) const {
    return std::equal(hello.begin(), hello.end(), origin.bytes().begin(), origin.bytes().end());
  }
  [[nodiscard]] HashAlgorithm hash() const { return session.suite->hash; }

  /// The keys of kHandshakeEpoch, from the shared secret and the transcript up to ServerHello. The records that we
  /// seal begin with number `first`.
  void derive_handshake_keys(Provider& provider, Role role, const SharedSecret& shared, std::uint64_t first = 0);
  /// Once the server's Finished is in the transcript.
  void derive_application_secrets(Provider& provider) {
    application = application_secrets(provider, hash(), secrets.master, transcript.hash().bytes());
  }
  /// The content of the Finished that `sender` sends next.
  [[nodiscard]] Digest verify_data_of(Role sender, Provider& provider) const {
    const HashSecret& secret = sender == Role::client ? secrets.traffic.client : secrets.traffic.server;
    return verify_data(provider, hash(), secret, transcript.hash().bytes());
  }
};

}  // namespace redan::dtls::v13
