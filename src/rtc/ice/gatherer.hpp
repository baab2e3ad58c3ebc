// Asks ICE servers for candidates, from each of our addresses, and keeps what they gave: one gatherer for all peers of
// an endpoint, so that they share a NAT mapping and an allocation per address and server.
//
// A TURN server is asked from the UDP port that peers use, or through a socket of its own: over TCP and TLS, when it
// knows that port from an earlier life, and for new credentials, which need a new allocation.
//
// A relayed address serves as an address of ours: a datagram that is to leave from it is wrapped for its server, and
// what the server passes on comes out as Received. Peers say which IP addresses they want to reach through it; an
// address is permitted as long as a peer wants it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <redan/ice.hpp>

#include "base/machine.hpp"
#include "rtc/ice/candidate.hpp"
#include "rtc/stun/binding_client.hpp"
#include "rtc/turn/client.hpp"

namespace redan::ice {

/// A candidate of ours, and how it came about.
struct Gathered {
  Candidate candidate;
  Address base;        ///< our address behind it
  std::string server;  ///< IceServer::text()
  std::optional<Duration> rtt;
};

/// An IPv4 or IPv6 address with port 0: relays permit addresses, not ports.
[[nodiscard]] Address ip_of(const Address& address);

class Gatherer {
 public:
  struct Transmit {
    Path path;
    MutableBytes bytes;  ///< at the start of the caller's buffer
  };
  struct Found {
    Gathered gathered;
  };
  /// The candidate does not exist any more.
  struct Lost {
    Candidate candidate;
  };
  /// Another candidate takes the place of this relayed one, which is lost soon.
  struct Retiring {
    Address relayed;
  };
  /// Data of a peer, at a relayed address (`path.local`).
  struct Received {
    Path path;
    MutableBytes payload;
  };
  /// From `relayed`, data can be sent to this IP address; the port is 0.
  struct Permitted {
    Address relayed, ip;
  };
  struct ServerFailed {
    std::string server;
    Errc reason{};
    std::string detail;
  };
  /// See IceCredentialsEnd.
  struct CredentialsEnd {
    std::string server;
    TimePoint until;
  };
  /// Each server has answered or failed once.
  struct Done {};
  using Output = std::variant<Wait, Transmit, Found, Lost, Received, Permitted, ServerFailed, Done, Retiring,
                              CredentialsEnd, OpenSocket, SocketData, CloseSocket>;
  /// What sends a message to a server.
  using Sent = std::variant<Transmit, SocketData>;

  /// Room that wrap() needs for its own, in a datagram.
  static constexpr std::size_t kOverhead = turn::Client::kHeadroom + turn::Client::kTailroom;
  /// Pairs of a server and an address of ours; further ones are not asked.
  static constexpr std::size_t kMaxTasks = 32;
  /// IP addresses that one relayed address can have permitted.
  static constexpr std::size_t kMaxPermissions = turn::Peers::kMaxPermissions;

  /// `relay_only`: no server-reflexive candidates. `provider` must outlive it.
  Gatherer(std::vector<IceServer> servers, const std::vector<Address>& locals, bool relay_only, Provider& provider);

  /// True if the datagram came from a server, so that it is not a peer's.
  bool handle_input(TimePoint now, const Path& path, Bytes bytes);
  Output poll_output(TimePoint now, MutableBytes buffer);

  // See Endpoint.
  bool renew(IceServer server);
  void socket_opened(TimePoint now, SocketId socket, const Address& local);
  void handle_socket_input(TimePoint now, SocketId socket, Bytes bytes);
  void socket_closed(TimePoint now, SocketId socket, Errc reason, std::string_view detail);

  /// Whether it is a relayed address, and not one of our own.
  [[nodiscard]] bool is_relayed(const Address& local) const { return find(local) != nullptr; }
  /// A peer wants to exchange data with the IP address of `path.remote` through the relayed address `path.local`.
  /// False: it cannot. Each true is to be followed by a release().
  bool permit(TimePoint now, const Path& path);
  void release(const Path& path);
  /// How many more IP addresses can be permitted there.
  [[nodiscard]] std::size_t free_permissions(const Address& relayed) const;
  /// Data on this path gets a channel, which has less overhead.
  void bind(TimePoint now, const Path& path);
  /// Makes the message to the server that sends buffer.first(size) on this path, at the start of the buffer; nullopt if
  /// the address is not permitted (yet), or the buffer too small.
  std::optional<Sent> wrap(TimePoint now, const Path& path, MutableBytes buffer, std::size_t size);

  [[nodiscard]] const std::vector<Gathered>& candidates() const { return candidates_; }
  [[nodiscard]] bool done() const { return done_; }

 private:
  /// A socket of a task's own.
  struct Socket {
    SocketId id;
    TimePoint open_until;  // kNever once it is open
  };
  /// One server, asked from one address of ours.
  struct Task {
    const IceServer* server = nullptr;
    std::size_t rank = 0;  // of the server
    Address local;
    std::size_t base = 0;     // its index
    TimePoint next = kNever;  // when to ask (again)
    Duration pause{};         // after a failure, doubled each time
    bool answered = false;    // or failed, once
    std::unique_ptr<stun::BindingClient> binding;
    std::unique_ptr<turn::Client> turn;
    bool by_socket = false;  // and not from the endpoint's port
    std::optional<Socket> socket;
    std::optional<Error> socket_error;  // why the last one ended
    std::optional<Address> mapped, relayed;
    std::map<Address, std::size_t> wanted;  // by how many peers, IP addresses with port 0
    std::optional<std::uint64_t> number;    // of a task that another one succeeds
    std::optional<std::uint64_t> succeeds;  // the task whose allocation ends once this one has its own
    TimePoint end = kNever;                 // when its allocation is released
    bool over = false;
  };
  [[nodiscard]] const Task* find(const Address& relayed) const;
  [[nodiscard]] Task* find(const Address& relayed) { return const_cast<Task*>(std::as_const(*this).find(relayed)); }
  [[nodiscard]] Task* find(SocketId socket);
  void add_successor(Task& task);
  void retire_predecessor(TimePoint now, Task& successor);
  static turn::Config config_of(const Task& task);
  void begin_turn(TimePoint now, Task& task);
  void connect(TimePoint now, Task& task, const turn::Client::Connect& connect);
  void close_socket(Task& task);
  void check_deadlines(TimePoint now, Task& task);
  void begin(TimePoint now, Task& task);
  std::optional<Output> poll(TimePoint now, Task& task, MutableBytes buffer);
  std::optional<Output> poll_binding(TimePoint now, Task& task, MutableBytes buffer);
  std::optional<Output> poll_turn(TimePoint now, Task& task, MutableBytes buffer);
  void on_allocated(TimePoint now, Task& task, const turn::Client::Allocated& allocated);
  bool add(Task& task, CandidateType type, const Address& address, std::optional<Duration> rtt);
  void drop(std::optional<Address>& address);
  void drop_all(Task& task);
  void on_failed(TimePoint now, Task& task, Errc reason, std::string detail);
  void settle(Task& task);
  [[nodiscard]] static Sent to_server(const Task& task, const Path& path, MutableBytes bytes, bool droppable);
  [[nodiscard]] static Output output_of(const Sent& sent);

  std::vector<IceServer> servers_;
  std::vector<Address> locals_;
  bool relay_only_;
  Provider* provider_;
  std::vector<Task> tasks_;
  std::vector<Gathered> candidates_;
  std::deque<Output> events_;
  std::vector<std::uint8_t> scratch_;
  TimePoint wake_ = TimePoint::min();  // nothing to do before
  std::uint64_t next_socket_ = 1, next_number_ = 1;
  bool started_ = false;
  bool done_ = false;
};

}  // namespace redan::ice
