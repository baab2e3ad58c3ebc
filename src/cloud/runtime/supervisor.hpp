// A runtime's connection to its agent: one WebSocket, which carries commands and reports as text, and each client's
// link as binary messages. When it breaks, it connects again to the first of the agents that answers; links and the
// streams behind them live on meanwhile.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>

#include "cloud/api/agent.hpp"
#include "cloud/bus/link_acceptor.hpp"
#include "net/websocket/client.hpp"

namespace redan::cloud::runtime {

struct AgentAddress {
  std::string host;
  std::uint16_t port = 0;
  net::TlsTrust trust;            ///< a pin, or an authority and a name
  bool allow_small_keys = false;  ///< accept keys below RSA-4096
};

struct SupervisorConfig {
  std::string session;
  std::string instance;              ///< its name
  std::vector<AgentAddress> agents;  ///< at least one; tried in this order
  std::string token;                 ///< the macaroon of the user data
  bus::LinkLimits limits{};
  std::function<void(std::string_view)> log{};
};

/// Set the callbacks before run().
class Supervisor {
 public:
  Supervisor(boost::asio::io_context& io, SupervisorConfig config);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Runs until stop(), or until an agent refuses the token: token_scope.
  [[nodiscard]] net::Task<Result<void>> run();
  void stop();

  /// Sends to a client, over its link. not_connected if the link has ended.
  Result<void> send(const std::string& client, std::string message);
  /// Ends a link: "displaced", "closed".
  void close(const std::string& client, std::string_view how);
  /// Stored, and sent to every agent that we connect to.
  void report(api::RuntimeReport report);

  std::function<void(const std::string& client, const api::LinkHello&)> on_open;
  /// The client's access was revoked; its link may have ended long ago.
  std::function<void(const std::string& client)> on_revoked;
  std::function<void(const std::string& client, std::string_view message)> on_message;
  /// Its signalling has ended; an established connection continues.
  std::function<void(const std::string& client, Errc why)> on_closed;
  std::function<void(const std::string& reason)> on_terminate;

  [[nodiscard]] bool attached() const { return socket_ != nullptr; }

 private:
  [[nodiscard]] net::Task<Result<void>> attach(const AgentAddress& agent);
  void on_command(std::string_view text);
  void on_frame(Bytes bytes);
  void deliver(const std::string& client, const std::string& body);
  void pump();

  boost::asio::io_context& io_;
  SupervisorConfig config_;
  std::shared_ptr<net::WebSocket> socket_;
  bus::LinkAcceptor links_;
  std::set<std::string> greeted_;  ///< clients whose LinkHello has arrived
  api::RuntimeReport report_;
  boost::asio::steady_timer link_timer_, dial_timer_;
  bool pumping_ = false;
  bool stopped_ = false;
};

}  // namespace redan::cloud::runtime
