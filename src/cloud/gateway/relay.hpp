// Relays the clients' signalling: a client's messages go over a Link to the runtime of its session, and the runtime's
// messages come back, in order and exactly once even if the bus loses or duplicates messages. The relay does not own
// the sockets; it uses them through a Port.
//
// A client that closes its socket has most likely connected its peer (the protocol has no other indication): the
// session continues, and the client's last messages are still delivered. If the client did not close the socket itself,
// the relay sends a message {"type":"error","message":"..."} before it closes the socket: clients wait for minutes if a
// socket closes without one.
//
// One timer serves all clients. All calls are made on the loop; attach() does not call the Port.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "cloud/bus/bus.hpp"
#include "cloud/bus/link.hpp"
#include "cloud/gateway/tokens.hpp"

namespace redan::cloud::gateway {

struct RelayLimits {
  std::size_t max_message = 64 * 1024;
  double messages_per_second = 50;  ///< on average
  double burst = 512;               ///< at once
  Duration first_message = std::chrono::seconds(30);
  Duration linger = std::chrono::seconds(5);  ///< for acknowledgements, after the socket has closed
  std::size_t max_clients = 100'000;
};

/// A client's socket.
struct RelayPort {
  std::function<void(std::string)> send;  ///< sends a text message
  std::function<void()> close;            ///< after everything sent before
};

class Relay {
 public:
  using ClientId = std::uint64_t;
  using TimeSource = std::function<TimePoint()>;
  struct Counts {
    std::uint64_t attached = 0, from_clients = 0, to_clients = 0;
    std::map<std::string, std::uint64_t> ends{};  ///< by reason: "client", or the name of an Errc
  };

  Relay(boost::asio::io_context& io, bus::Bus& bus, RandomSource& random, TimeSource now, RelayLimits limits = {});
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Adds a new socket of this client and closes the client's previous one. Error: too_many.
  Result<ClientId> attach(const SocketClaims& claims, RelayPort port);
  /// A text message was received.
  void receive(ClientId client, std::string_view message);
  /// The socket has closed, at either end.
  void detach(ClientId client);

  void end_session(const std::string& session, std::string_view message);
  // These end clients whose permission is revoked: the runtime also ends its side, even if the socket has closed since
  // the client connected its peer.
  void end_share(const std::string& share, std::string_view message);
  void end_revoked(const std::function<bool(const SocketClaims&)>& revoked, std::string_view message);
  void end_all(std::string_view message);

  /// Immediately retransmits everything that has not been acknowledged.
  void retransmit_all_now();

  [[nodiscard]] std::size_t clients() const { return clients_.size(); }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  /// Handles everything that is due; called by the timer.
  void on_time();

 private:
  struct Client {
    ClientId id;
    SocketClaims claims;
    bus::Link link;
    RelayPort port;  ///< empty once the socket has closed
    bool heard = false;
    double tokens;  ///< messages that the client may send at once
    TimePoint refilled;
    TimePoint limit = kNever;                               ///< for the first message; for lingering
    std::multimap<TimePoint, ClientId>::iterator deadline;  ///< deadlines_.end() if there is none
  };
  /// State shared by the clients of one session on this gateway.
  struct Room {
    std::unique_ptr<bus::Subscription> up, ready;
    std::unordered_map<std::string, ClientId> by_link;
  };

  /// A client whose socket has closed: its peer is most likely connected.
  struct Departed {
    std::string link;
    SocketClaims claims;
  };

  void on_up(const std::string& session, std::string_view payload);
  void on_ready(const std::string& session);
  void retransmit_now(ClientId id);
  [[nodiscard]] bool within_rate(Client& client);
  /// Polls the client's link until it has no output, and sets its deadline. May remove the client.
  void drain(ClientId id);
  void schedule(Client& client, TimePoint at);
  void arm();
  /// Sends the error message, closes the socket and removes the client; the last frame of its link is sent.
  void end(ClientId id, Errc why, std::string_view message);
  void forget(ClientId id, std::string_view reason);
  void remember(const Client& client);
  template <class Which>
  void revoke(Which which, std::string_view message);
  template <class Which>
  void end_those(Which which, Errc why, std::string_view message);

  boost::asio::steady_timer timer_;
  bus::Bus& bus_;
  RandomSource& random_;
  TimeSource now_;
  RelayLimits limits_;
  ClientId last_id_ = 0;
  std::unordered_map<ClientId, std::unique_ptr<Client>> clients_;
  std::unordered_map<std::string, Room> rooms_;
  std::unordered_map<std::string, ClientId> by_client_;
  std::unordered_map<std::string, std::deque<Departed>> departed_;  ///< by session
  std::multimap<TimePoint, ClientId> deadlines_;
  TimePoint armed_ = kNever;
  Counts counts_;
};

/// {"type":"error","message":"..."}.
std::string signalling_error(std::string_view message);

}  // namespace redan::cloud::gateway
