// The server's side of the handshake: AwaitClientHello -> AwaitClientFlight -> established.
#pragma once

#include <variant>

#include "rtc/dtls/flights.hpp"
#include "rtc/dtls/machinery.hpp"
#include "rtc/dtls/messages/client_hello.hpp"

namespace redan::dtls {

/// What a side makes of newly assembled messages.
struct Waiting {};
struct FlightReady {};  ///< machinery.outgoing holds the next flight
struct Established {
  bool flight_ready = false;  ///< ... and it is our last one, to be kept for repetition
};
/// The messages were dropped: they came in the clear, and the genuine ones may still come. `verdict` is the best guess
/// why.
struct Doubt {
  Verdict verdict;
};
/// The peer proved itself to be the wrong one, or broke the protocol under protection: the end.
struct Fatal {
  Verdict verdict;
};
using Step = std::variant<Waiting, FlightReady, Established, Doubt, Fatal>;

/// A failed check of cleartext messages ends the handshake only if it is the fingerprint's.
inline Step judge(const Verdict& verdict) {
  if (verdict.reason == Errc::dtls_fingerprint_mismatch) return Fatal{verdict};
  return Doubt{verdict};
}

class Server {
 public:
  Step start(Machinery& m);
  /// Call whenever the assembler stored something.
  Step on_messages(Machinery& m);

 private:
  struct AwaitClientHello {};
  struct AwaitClientFlight {
    std::unique_ptr<KeyExchange> exchange;
    bool keys_ready = false;
  };
  struct Choice {
    SignatureScheme scheme{};
    bool ec_point_formats = false;
  };

  Step on_client_hello(Machinery& m);
  static Check negotiate(Machinery& m, const ClientHello& hello, Choice& choice);
  void write_flight_4(Machinery& m, const Choice& choice, KeyExchange& exchange);
  Step on_client_keys(Machinery& m, AwaitClientFlight& state);
  static Check check_client_keys(Machinery& m, AwaitClientFlight& state);
  static Step on_finished(Machinery& m);

  std::variant<AwaitClientHello, AwaitClientFlight, Established> state_;
};

}  // namespace redan::dtls
