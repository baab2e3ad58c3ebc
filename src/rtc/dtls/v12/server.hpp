// The server's side of a DTLS 1.2 handshake. Each ClientHello makes a candidate; the client's flight, whose signature
// covers the messages of one candidate, proves that one.
#pragma once

#include "rtc/dtls/v12/handshake_context.hpp"

namespace redan::dtls::v12 {

class Server {
 public:
  Outcome start(HandshakeContext& context);
  /// A plaintext fragment.
  Outcome on_fragment(HandshakeContext& context, const HandshakeHeader& header, Bytes body);
  /// The client's Finished verified: writes ours.
  static void finish(HandshakeContext& context);
  /// Starts the transmission of the flight that is due. Returns its size on the wire; 0 if none is due.
  static std::size_t rewind(HandshakeContext& context);

 private:
  Outcome on_client_hello(HandshakeContext& context, const HandshakeMessage& message);
  void write_flight_4(HandshakeContext& context, HandshakeCandidate& candidate);
  KeyExchange& exchange(Provider& provider, Group group);
  Outcome on_client_flight(HandshakeContext& context);
  bool install_keys(HandshakeContext& context, HandshakeCandidate& candidate, Bytes public_key);

  FragmentAssembler hello_;
  FragmentAssembler flight_;
  // One for each group, for all candidates: only the one that is proven uses it.
  std::vector<std::pair<Group, std::unique_ptr<KeyExchange>>> exchanges_;
  bool proven_ = false;
};

}  // namespace redan::dtls::v12
