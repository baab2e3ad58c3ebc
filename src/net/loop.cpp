#include "net/loop.hpp"

#include <boost/asio/steady_timer.hpp>
#include <csignal>

namespace redan::net {

Loop::Loop(std::function<void()> on_stop, std::chrono::milliseconds grace)
    : signals_(io_, SIGINT, SIGTERM), on_stop_(std::move(on_stop)), grace_(grace) {
  wait_for_signal();
}

void Loop::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) stop();
  });
}

void Loop::stop() {
  if (stopping_) return io_.stop();
  stopping_ = true;
  if (on_stop_) on_stop_();
  wait_for_signal();
  auto timer = std::make_shared<boost::asio::steady_timer>(io_, grace_);
  timer->async_wait([this, timer](const boost::system::error_code&) { io_.stop(); });
}

}  // namespace redan::net
