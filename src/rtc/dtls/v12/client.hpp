// The client's side of a DTLS 1.2 handshake. Each ClientHello, the first and one for each cookie, is an attempt; a
// server flight that answers an attempt and is signed over our random makes a candidate; the server's Finished proves
// one.
#pragma once

#include "rtc/dtls/v12/handshake_context.hpp"

namespace redan::dtls::v12 {

class Client {
 public:
  /// Writes flight 1.
  Outcome start(HandshakeContext& context);
  /// A plaintext fragment.
  Outcome on_fragment(HandshakeContext& context, const HandshakeHeader& header, Bytes body);
  /// The server's Finished verified: nothing of ours is to be repeated any more.
  void finish(HandshakeContext& context);
  /// Starts the transmission of the flight that is due. Returns its size on the wire.
  std::size_t rewind(HandshakeContext& context);
  /// The next datagram of a ClientHello; empty if none is due.
  MutableBytes write_hello(RecordLayer& records, MutableBytes datagram);
  void stop() { attempts_.clear(); }

 private:
  /// A ClientHello, and what answers it. The number of its message is also that of the first that answers it.
  struct Attempt {
    std::vector<std::uint8_t> cookie;
    OutgoingFlight hello;
    Transcript transcript;
    FragmentAssembler answer;
    int waits_left = 2;  ///< how often it waits for the repetition of a flight of which two versions came
  };

  void add_attempt(HandshakeContext& context, Bytes cookie);
  Outcome on_hello_verify_request(HandshakeContext& context, Bytes body);
  Outcome on_server_flight(HandshakeContext& context, Attempt& attempt);

  Random random_{};
  std::vector<Attempt> attempts_;
  std::size_t retransmissions_ = 0;  // of the hellos that there are
};

}  // namespace redan::dtls::v12
