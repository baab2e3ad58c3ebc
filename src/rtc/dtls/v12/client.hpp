// The client's side of the handshake: a ClientHello, and one more for each cookie, are attempts; a server flight that
// is signed over our random makes a candidate of its attempt; the server's Finished proves one.
#pragma once

#include "rtc/dtls/hello/server_hello.hpp"
#include "rtc/dtls/v12/flights.hpp"
#include "rtc/dtls/v12/machinery.hpp"
#include "rtc/dtls/v12/server_key_exchange.hpp"

namespace redan::dtls::v12 {

class Client {
 public:
  /// Writes flight 1.
  Step start(Machinery& m);
  /// A fragment in the clear.
  Step on_fragment(Machinery& m, const HandshakeHeader& header, Bytes body);
  /// The server's Finished verified: there is nothing left to ask for.
  void finish() { attempts_.clear(); }
  /// Starts the transmission of the flight that is due. Returns what it takes.
  std::size_t rewind(Machinery& m);
  /// The next datagram of a ClientHello; empty if none is due.
  MutableBytes write_hello(RecordLayer& records, MutableBytes datagram);

  [[nodiscard]] const Random& random() const { return random_; }

 private:
  /// A ClientHello, and what answers it. Its number is that of its message and of the first that answers it.
  struct Attempt {
    std::vector<std::uint8_t> cookie;
    OutgoingFlight hello;
    Transcript transcript;
    FragmentAssembler answer;
    int second_thoughts = 2;  ///< how often it waits for a repetition where two versions came
  };

  void add_attempt(Machinery& m, Bytes cookie);
  Step on_hello_verify_request(Machinery& m, Bytes body);
  static Step on_server_flight(Machinery& m, Attempt& attempt, const Random& random);
  static Check check_server_hello(Machinery& m, const ServerHello& hello, Session& session);
  static Check check_server_flight(Machinery& m, const FragmentAssembler& flight, Candidate& candidate,
                                   std::unique_ptr<KeyExchange>& exchange, SharedSecret& premaster);
  static Check check_key(Machinery& m, const Bytes leaf, const ServerKeyExchange& params, Session& session);
  static void write_flight_5(Machinery& m, const KeyExchange& exchange, const SharedSecret& premaster,
                             SignatureScheme scheme, Candidate& candidate);

  Random random_{};
  std::vector<Attempt> attempts_;
  std::size_t turns_ = 0;  // of attempts at the retransmission timer
};

}  // namespace redan::dtls::v12
