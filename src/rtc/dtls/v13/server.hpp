// The server's side of a DTLS 1.3 handshake. Each ClientHello is answered by a HelloRetryRequest, of which only its
// cookie remembers anything, or makes a candidate; the client's flight under its keys proves one.
#pragma once

#include "rtc/dtls/hello/client_hello.hpp"
#include "rtc/dtls/v13/handshake_context.hpp"
#include "rtc/dtls/v13/retry_cookie.hpp"

namespace redan::dtls::v13 {

class Server {
 public:
  Outcome start(HandshakeContext& context);
  /// A whole ClientHello that offers DTLS 1.3.
  Outcome on_hello(HandshakeContext& context, const HandshakeMessage& message);
  /// The candidate's flight may be whole now.
  static Outcome on_protected(HandshakeContext& context, HandshakeCandidate& candidate);
  /// Starts the transmission of the answer that is due. Returns its size on the wire; 0 if none is due.
  std::size_t rewind(HandshakeContext& context);
  /// The next datagram of a HelloRetryRequest; empty if none is due.
  MutableBytes write_hello(RecordLayer& records, MutableBytes datagram) {
    return request_.write(records, nullptr, datagram);
  }
  void stop() { request_.clear(); }

 private:
  /// What the server takes from a hello.
  struct Choice {
    const CipherSuite* suite = nullptr;
    SignatureScheme scheme{};
    Group group{};
    Bytes share;  ///< the client's; empty if it has to send another
    std::optional<std::uint16_t> srtp_profile;
  };
  static Check choose(const HandshakeContext& context, const ClientHello& hello, Choice& choice);
  Outcome ask_again(HandshakeContext& context, const Choice& choice, Bytes hello);
  Check open_cookie(HandshakeContext& context, const ClientHello& hello, const Choice& choice,
                    Transcript& transcript) const;
  static void write_flight(HandshakeContext& context, HandshakeCandidate& candidate,
                           const KeyExchangeResponse& response, std::uint16_t message_seq);

  RetryCookie::Key cookie_key_;
  OutgoingMessages request_;
  bool request_due_ = false;
};

}  // namespace redan::dtls::v13
