// Runs something on the loop again and again, until it is destroyed.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

namespace redan::cloud::store {

class Ticker {
 public:
  Ticker(boost::asio::io_context& io, std::chrono::milliseconds period, std::function<void()> tick)
      : running_(std::make_shared<Running>(io, period, std::move(tick))) {}
  ~Ticker() { stop(); }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  /// The first tick comes a period from now. Nothing happens if it is started already.
  void start() {
    if (!running_->started) {
      running_->started = true;
      wait(running_);
    }
  }
  /// Safe within a tick.
  void stop() {
    running_->started = false;
    running_->timer.cancel();
  }

 private:
  struct Running {
    Running(boost::asio::io_context& io, std::chrono::milliseconds every, std::function<void()> run)
        : timer(io), period(every), tick(std::move(run)) {}
    boost::asio::steady_timer timer;
    std::chrono::milliseconds period;
    std::function<void()> tick;
    bool started = false;
  };

  static void wait(const std::shared_ptr<Running>& running) {
    running->timer.expires_after(running->period);
    // A wait that is over cannot be cancelled any more, so the flag decides.
    running->timer.async_wait([running](boost::system::error_code error) {
      if (error || !running->started) return;
      running->tick();
      if (running->started) wait(running);
    });
  }

  std::shared_ptr<Running> running_;
};

}  // namespace redan::cloud::store
