// Clients' signalling: what a client sends goes over a Link to the runtime of its session, and what the runtime sends
// comes back, in order and once, whatever the bus does. The sockets are someone else's: a Port is all that is seen of
// one.
//
// A client that closes its socket has most likely connected its peer (the protocol has no other sign for it): the
// session goes on, and what it sent last is still delivered. Every end that is not the client's own is preceded by a
// message {"type":"error","message":"..."}: clients wait for minutes if a socket just closes.
//
// One timer serves all clients. All calls are made on the loop; no call of the Port is made from within attach().
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
  std::function<void(std::string)> send;  ///< a text message
  std::function<void()> close;            ///< after what was sent
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

  /// A new socket of this client. A former one of the same client ends. too_many.
  Result<ClientId> attach(const SocketClaims& claims, RelayPort port);
  /// A text message came.
  void receive(ClientId client, std::string_view message);
  /// Its socket has closed, whoever did it.
  void detach(ClientId client);

  void end_session(const std::string& session, std::string_view message);
  // Those who lose their right to be here: the runtime ends its side with them too, also if their socket has closed
  // since they connected their peer.
  void end_share(const std::string& share, std::string_view message);
  void end_revoked(const std::function<bool(const SocketClaims&)>& revoked, std::string_view message);
  void end_all(std::string_view message);

  /// Sends again what nobody has acknowledged.
  void retransmit_all_now();

  [[nodiscard]] std::size_t clients() const { return clients_.size(); }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  /// What is due by now; the timer calls it.
  void on_time();

 private:
  struct Client {
    ClientId id;
    SocketClaims claims;
    bus::Link link;
    RelayPort port;  ///< empty once the socket has closed
    bool heard = false;
    double tokens;  ///< messages that may come at once
    TimePoint refilled;
    TimePoint limit = kNever;                               ///< for the first message; for lingering
    std::multimap<TimePoint, ClientId>::iterator deadline;  ///< deadlines_.end(): none
  };
  /// What one session's clients here share.
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
  /// Polls its link until there is nothing to do, and sets its deadline. The client may be gone after it.
  void drain(ClientId id);
  void schedule(Client& client, TimePoint at);
  void arm();
  /// Says why, closes the socket, forgets the client; its link's last frame is sent.
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
