// The client's side of the handshake: AwaitServerFlight (a HelloVerifyRequest may come first) -> AwaitServerFinished ->
// established.
#pragma once

#include "rtc/dtls/messages/server_hello.hpp"
#include "rtc/dtls/messages/server_key_exchange.hpp"
#include "rtc/dtls/server.hpp"

namespace redan::dtls {

class Client {
 public:
  Client();

  /// Writes flight 1.
  Step start(Machinery& m);
  Step on_messages(Machinery& m);

 private:
  struct AwaitServerFlight {
    int cookies_left;
  };
  struct AwaitServerFinished {};

  static void write_client_hello(Machinery& m, Bytes cookie);
  static Step on_hello_verify_request(Machinery& m, AwaitServerFlight& state, const HandshakeMessage& message);
  Step on_server_flight(Machinery& m);
  static Check check_server_hello(Machinery& m, const ServerHello& hello);
  static Check check_server_flight(Machinery& m, SharedSecret& premaster, std::unique_ptr<KeyExchange>& exchange,
                                   std::optional<SignatureScheme>& scheme);
  static Check check_key_exchange(Machinery& m, const ServerKeyExchange& params);
  static void write_flight_5(Machinery& m, const SharedSecret& premaster, KeyExchange& exchange,
                             SignatureScheme scheme);
  static Step on_finished(Machinery& m);

  std::variant<AwaitServerFlight, AwaitServerFinished, Established> state_;
};

}  // namespace redan::dtls
