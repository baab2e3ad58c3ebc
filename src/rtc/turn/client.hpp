// A TURN client (RFC 8656): one allocation on a server, shared by many peers. Over UDP, TCP or TLS; the socket, and
// TLS, are the user's.
//
//   start()      Connect{server}: open a socket or a connection and call connected(), or connect_failed()
//   Allocated    the relayed addresses are known: candidates
//   permit()     Permitted{peer}: data can be exchanged with this IP address
//   wrap()       makes a message for the server out of data for a peer: no copy, no allocation
//   Received     data from a peer
//   bind()       gives a peer a channel: less overhead from then on. wrap() uses it as soon as it exists
//   close()      Closed: the server has released the allocation, or does not answer
//
// The server's answers are believed only if they carry the integrity of the credentials.
//
// Credentials that end. A server knows an allocation by its user name, so new credentials need a new allocation: a
// minute before `credentials_end`, or when the server refuses them earlier, RenewCredentials asks for new ones. Make a
// second Client with them from another local port, move the peers to its relayed address, then close() the first, which
// works as long as RenewCredentials::until at least. The two share nothing.
#pragma once

#include <deque>

#include "base/machine.hpp"
#include "base/timers.hpp"
#include "rtc/turn/config.hpp"
#include "rtc/turn/data_path.hpp"
#include "rtc/turn/requests.hpp"
#include "rtc/turn/server_list.hpp"

namespace redan::turn {

class Client {
 public:
  struct Transmit {
    Path path;
    MutableBytes bytes;  ///< at the start of the caller's buffer
  };
  /// Open a connection to this server (TCP; TLS with a certificate for server.name), or over UDP choose a socket, and
  /// call connected(). `new_port`: from another local port than before, because the server knows the last one.
  struct Connect {
    Server server;
    bool new_port = false;
  };
  /// The relayed addresses, and ours as the server sees it: over UDP a server-reflexive candidate.
  struct Allocated {
    std::optional<Address> ipv4, ipv6;
    std::optional<Address> mapped;
    Path path;
  };
  /// Data can be exchanged with this IP address; the port is 0.
  struct Permitted {
    Address peer;
  };
  /// The server refuses a permission (Step::permission): it is asked again after a minute, unless forget() is called.
  /// Or it refuses a channel (Step::channel): data continues without one.
  struct Denied {
    Address peer;
    Failure failure;
  };
  using Received = turn::Received;
  struct RenewCredentials {
    TimePoint until;  ///< this allocation lives on at least until then
  };
  /// The server knows our new address.
  struct Moved {
    Path path;
  };
  /// This server gives no allocation; the next is tried.
  struct ServerFailed {
    Failure failure;
  };
  /// The end: there is no allocation (any more). Further calls have no effect.
  struct Failed {
    Failure failure;
  };
  struct Closed {};
  using Output = std::variant<Wait, Transmit, Connect, Allocated, Permitted, Denied, Received, RenewCredentials, Moved,
                              ServerFailed, Failed, Closed>;

  /// Room that wrap() needs before and after the payload.
  static constexpr std::size_t kHeadroom = turn::kHeadroom;
  static constexpr std::size_t kTailroom = turn::kTailroom;

  /// `provider` must outlive it.
  Client(Config config, Provider& provider);

  void start(TimePoint now);
  /// The answer to Connect. `local` is our address: of the UDP socket, or of the connection.
  void connected(TimePoint now, const Address& local);
  void connect_failed(TimePoint now);
  /// The connection (TCP, TLS) has ended.
  void disconnected(TimePoint now);
  /// Our address changed; over TCP and TLS a new connection is open. With a ticket the allocation moves along and Moved
  /// follows, otherwise Failed.
  void move(TimePoint now, const Address& local);
  /// Releases the allocation.
  void close(TimePoint now);

  /// Bytes that came from the server: a datagram, or any part of the stream.
  void handle_input(TimePoint now, const Path& path, Bytes bytes);
  Output poll_output(TimePoint now, MutableBytes buffer);

  /// not_connected: no allocation; turn_peer_family; too_many: kMaxPermissions or kMaxChannels. A peer that is
  /// permitted already causes no further event.
  Result<void> permit(TimePoint now, const Address& peer);
  /// Permits the peer too.
  Result<void> bind(TimePoint now, const Address& peer);
  /// The opposite of permit(), for all ports: its data is dropped from now on.
  void forget(const Address& peer) { data_.peers.forget(peer); }
  [[nodiscard]] bool permitted(TimePoint now, const Address& peer) const { return data_.peers.permitted(now, peer); }

  /// The `size` bytes at buffer[kHeadroom] are data for the peer. Returns the message to send on path(), inside the
  /// buffer; empty if the peer is not permitted, or if the buffer has less than kHeadroom + size + kTailroom bytes. May
  /// be called at any time; there is no need to poll after it.
  MutableBytes wrap(TimePoint now, const Address& peer, MutableBytes buffer, std::size_t size);

  /// Between us and the server. Datagrams that arrive on it are for handle_input().
  [[nodiscard]] const Path& path() const { return path_; }
  [[nodiscard]] bool allocated() const { return state_ == State::allocated; }
  [[nodiscard]] Statistics statistics() const;

 private:
  enum class State : std::uint8_t { idle, connecting, allocating, allocated, moving, releasing, ended };
  enum class Timer : std::uint8_t { refresh, expiry, renewal, keepalive, count_ };

  [[nodiscard]] bool has_allocation() const { return state_ == State::allocated || state_ == State::moving; }
  [[nodiscard]] stun::Transport layer() const { return servers_.current().layer(); }
  void request(TimePoint now, const Task& task);
  [[nodiscard]] Requests::Writer writer() const {
    return [this](const Task& task, stun::MessageBuilder& builder) { write(task, config_, ticket_, builder); };
  }
  void emit(Output output) { events_.push_back(std::move(output)); }

  std::optional<Received> handle_frame(TimePoint now, MutableBytes frame);
  void handle_response(TimePoint now, const stun::Message& response);

  void on_success(TimePoint now, const Task& task, TimePoint sent, const stun::Message& response);
  void on_allocated(TimePoint now, TimePoint sent, const stun::Message& response);
  void on_refreshed(TimePoint now, const Task& task, TimePoint sent, const stun::Message& response);
  bool repeat(TimePoint now, const Requests::Outcome& outcome);
  void on_error(TimePoint now, const Requests::Outcome& outcome, const stun::Message* response);
  void on_allocate_error(TimePoint now, const Requests::Outcome& outcome, const stun::Message* response);
  void on_peer_error(TimePoint now, const Requests::Outcome& outcome);
  bool keep(TimePoint now, TimePoint sent, const stun::Message& response);

  void connect(bool new_port);
  void try_next_server(Failure failure);
  void ask_for_credentials(TimePoint now);
  void run_timers(TimePoint now);
  void lose_connection(Errc reason);
  void fail(Failure failure);
  void end();
  [[nodiscard]] Failure failure(Step step, Errc reason) const { return {servers_.current().text(), step, reason}; }
  [[nodiscard]] Failure failure(const Requests::Outcome& outcome) const;

  Config config_;
  Provider* provider_;
  ServerList servers_;
  Requests requests_;
  DataPath data_;
  Inbox inbox_;
  TimerTable<Timer> timers_;
  std::deque<Output> events_;
  State state_ = State::idle;
  Path path_;
  std::optional<Address> ipv4_, ipv6_;
  std::string ticket_;                      // of mobility
  std::optional<Failure> refused_refresh_;  // the allocation will expire
  bool asked_for_credentials_ = false;
};

}  // namespace redan::turn
