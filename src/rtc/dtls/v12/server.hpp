// The server's side of the handshake: ClientHellos make candidates; a client's flight whose signature fits one of them
// proves that one.
#pragma once

#include "rtc/dtls/hello/client_hello.hpp"
#include "rtc/dtls/v12/flights.hpp"
#include "rtc/dtls/v12/machinery.hpp"

namespace redan::dtls::v12 {

class Server {
 public:
  Step start(Machinery& m);
  /// A fragment in the clear.
  Step on_fragment(Machinery& m, const HandshakeHeader& header, Bytes body);
  /// The client's Finished verified: writes ours.
  static void finish(Machinery& m, Candidate& candidate);
  /// Starts the transmission of the flight that is due. Returns what it takes; 0: none is due.
  static std::size_t rewind(Machinery& m);

 private:
  Step on_client_hello(Machinery& m, const HandshakeMessage& message);
  static Check negotiate(Machinery& m, const ClientHello& hello, Candidate& candidate);
  static bool share_flight_4(Machinery& m, Candidate& candidate);
  void write_flight_4(Machinery& m, Candidate& candidate);
  KeyExchange& exchange(Machinery& m, Group group);
  Step on_client_flight(Machinery& m);
  static Check prove(Machinery& m, std::span<const HandshakeMessage, 3> flight, std::size_t& index);
  bool install_keys(Machinery& m, Candidate& candidate, Bytes public_key, std::uint16_t next_message);

  FragmentAssembler hello_;
  FragmentAssembler flight_;
  // One for each group, for all candidates: only the one that is proven uses it.
  std::vector<std::pair<Group, std::unique_ptr<KeyExchange>>> exchanges_;
  bool proven_ = false;
};

}  // namespace redan::dtls::v12
