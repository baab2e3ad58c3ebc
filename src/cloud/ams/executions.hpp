// Commands in instances. An execution is an operation of the class "websocket": its metadata name a secret for each
// socket that the client then opens: "0", "1" and "2" for the standard streams, or only "0" on a terminal, and
// "control" for signals and the terminal's size, which the client may leave out. The command starts when the sockets
// for the streams are open, and is killed when the client has closed those for the outputs.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cloud/ams/context.hpp"
#include "cloud/ams/launcher.hpp"
#include "net/websocket/websocket.hpp"

namespace redan::cloud::ams {

class Executions {
 public:
  /// `record_end` records the end of an operation, as often as it takes.
  Executions(boost::asio::io_context& io, Context& context, Launcher& launcher,
             std::function<void(api::Operation)> record_end);
  ~Executions();
  Executions(const Executions&) = delete;
  Executions& operator=(const Executions&) = delete;

  /// 501 if the launcher runs no commands; it names what is missing.
  [[nodiscard]] Outcome<void> check_support() const;
  /// The operation, to be recorded by the caller. The client has 30 seconds for its sockets. 503 beyond 64 at a time.
  [[nodiscard]] Outcome<api::Operation> prepare(const std::string& instance, ExecSpec spec);
  /// Whether the operation is an execution of this unit that is running.
  [[nodiscard]] bool contains(const std::string& operation) const { return running_.contains(operation); }
  /// Uses up the secret and returns what takes the socket. 401 without a secret, 403 for a wrong one.
  [[nodiscard]] Outcome<std::function<void(const std::shared_ptr<net::WebSocket>&)>> attach(
      const std::string& operation, std::string_view secret);
  /// Kills the command.
  void cancel(const std::string& operation);
  /// Kills all.
  void stop();

 private:
  struct Running;
  using RunningPtr = std::shared_ptr<Running>;
  void take_socket(const RunningPtr& running, const std::string& name, const std::shared_ptr<net::WebSocket>& socket);
  net::Task<void> start(RunningPtr running);
  void on_client_left(const RunningPtr& running);
  void on_control(Running& running, std::string_view message);
  void end(const RunningPtr& running, api::OperationStatus status, std::string err);

  static constexpr std::size_t kMaxRunning = 64;
  boost::asio::io_context& io_;
  Context& context_;
  Launcher& launcher_;
  std::function<void(api::Operation)> record_end_;
  std::map<std::string, RunningPtr> running_;  ///< by the operation's id
};

}  // namespace redan::cloud::ams
