// The whole distributed system: three NATS servers, three etcd nodes, AMS, two gateways, two agents, instances as
// processes, and clients without a display that send continuously.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>

#include "cmd/connect/stream_client.hpp"
#include "tests/interop/etcd/etcd_nodes.hpp"
#include "tests/streaming/units.hpp"

namespace redan::cloud::test {

/// The program in an instance, at the other end of a data channel: echoes everything.
class EchoApp {
 public:
  EchoApp(boost::asio::io_context& io, std::filesystem::path socket);
  /// False: the socket does not exist yet.
  bool connect();

 private:
  void read();
  boost::asio::local::stream_protocol::socket socket_;
  std::filesystem::path path_;
  std::array<char, 4096> buffer_{};
};

/// One session, its client, and numbered lines at intervals that must return, each once and in order.
class Talk {
 public:
  Talk(boost::asio::io_context& io, cmd::StreamClients& clients, std::string session);

  /// Signals and connects; `through`: the gateway whose socket is used.
  void open(const cmd::StreamGrant& grant, bool video, const net::TlsRemote* through = nullptr);
  void start(std::chrono::milliseconds every);
  void stop_sending() { sending_ = false; }

  [[nodiscard]] const std::string& session() const { return session_; }
  [[nodiscard]] bool connected() const;
  [[nodiscard]] bool open_for_talk() const { return client_ != nullptr && client_->is_open("echo"); }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] bool in_order() const { return in_order_; }
  [[nodiscard]] cmd::StreamClient& client() { return *client_; }

 private:
  void tick(std::chrono::milliseconds every);
  void hear(std::string_view text);

  cmd::StreamClients& clients_;
  std::string session_;
  cmd::StreamClient* client_ = nullptr;
  boost::asio::steady_timer timer_;
  std::string partial_;
  std::uint64_t sent_ = 0, received_ = 0;
  bool sending_ = false;
  bool in_order_ = true;
};

class Fleet {
 public:
  explicit Fleet(std::int64_t capacity);
  ~Fleet();

  boost::asio::io_context io{1};
  NatsServers nats{3};
  EtcdNodes etcd{3};
  TemporaryFolder folder;
  std::unique_ptr<AmsProcess> ams;
  std::vector<std::unique_ptr<Unit>> agents, gateways;
  std::unique_ptr<Provider> provider = default_provider();
  std::vector<std::unique_ptr<cmd::StreamClients>> clients;  ///< one for each gateway
  std::vector<std::unique_ptr<Talk>> talks;

  [[nodiscard]] net::TlsRemote remote(std::size_t gateway) const;
  /// Creates a session at one gateway, like its client, and joins it through another.
  bool begin(std::size_t gateway, std::size_t through, bool video);
  /// Creates `count` of them, a few at a time. False, with a message on standard output, if one fails.
  bool begin_many(std::size_t count, std::size_t videos);
  /// Waits until every client is connected and its channel is open.
  bool all_connected(std::chrono::seconds timeout);
  void talk(std::chrono::milliseconds every);

  void run_for(std::chrono::milliseconds time);
  bool until(const std::function<bool()>& done, std::chrono::milliseconds timeout);

  /// From AMS: the name of each instance of a session, running or not.
  std::multiset<std::string> instances();
  /// Number of sessions with this status, as reported by a gateway.
  std::size_t sessions(std::size_t gateway, const std::string& status);
  /// The logs of all units.
  std::string logs();
  /// Every line about a session in the logs of the units and of its instance.
  std::string logged_about(const std::string& session);

 private:
  net::Task<void> begin_one(std::size_t gateway, std::size_t through, bool video);
  void attach_apps();
  std::vector<std::string> etcd_options(const std::string& prefix) const;

  std::vector<std::unique_ptr<EchoApp>> apps_;
  std::set<std::string> with_app_;
  std::string token_;
  std::size_t pending_ = 0;
  std::vector<std::string> problems_;
};

}  // namespace redan::cloud::test
