// A timer whose object may be destroyed before it fires: the handler never runs after the alarm was set again,
// cancelled or destroyed, even if it was already due.
#pragma once

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "net/clock.hpp"

namespace redan::net {

class Alarm {
 public:
  explicit Alarm(boost::asio::io_context& io) : timer_(io) {}
  ~Alarm() { cancel(); }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  /// Replaces the previous setting. A time in the past fires at the loop's next turn.
  template <class Handler>
  void set(TimePoint until, Handler handler) {
    timer_.expires_after(std::max(until - net::now(), Duration{0}));
    timer_.async_wait([turn = turn_, ours = ++*turn_, handler](const boost::system::error_code& error) mutable {
      if (!error && *turn == ours) handler();
    });
  }
  void cancel() {
    ++*turn_;
    timer_.cancel();
  }

 private:
  boost::asio::steady_timer timer_;
  std::shared_ptr<std::uint64_t> turn_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace redan::net
