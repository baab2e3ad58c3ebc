// One WAMP client in the loop of a command.
#pragma once

#include "cmd/wamp/router_options.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

namespace redan::cmd {

class WampSession {
 public:
  explicit WampSession(const WampRouterOptions& options);

  using Work = std::function<net::Task<void>(WampSession&)>;
  /// Joins, runs the work, and then the loop until finish() or a signal. Returns the exit code.
  int run(const Work& work);
  /// Ends the command.
  void finish(int code);
  void fail(const wamp::Failure& failure) { finish(report(failure, options_.json)); }

  [[nodiscard]] wamp::Client& client() { return *client_; }
  [[nodiscard]] boost::asio::io_context& io() { return loop_.io(); }
  [[nodiscard]] bool json() const { return options_.json; }

 private:
  net::Task<void> join_and_work(const Work& work);

  WampRouterOptions options_;
  net::Loop loop_;
  std::shared_ptr<wamp::Client> client_;
  int code_ = kOk;
};

/// Prints one line at once.
void print_line(const std::string& line);

}  // namespace redan::cmd
