// One thread's event loop, which SIGINT and SIGTERM end cleanly.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>

namespace redan::net {

class Loop {
 public:
  /// `on_stop` runs at the first signal and may close connections. The loop ends `grace` later, or at a second signal.
  explicit Loop(std::function<void()> on_stop, std::chrono::milliseconds grace = std::chrono::milliseconds(300));

  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  void run() { io_.run(); }
  /// Has the effect of a signal.
  void stop();

 private:
  void wait_for_signal();

  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_;
  std::function<void()> on_stop_;
  std::chrono::milliseconds grace_;
  bool stopping_ = false;
};

}  // namespace redan::net
