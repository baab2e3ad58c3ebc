// Runs a function on the loop repeatedly, until it is destroyed.
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

  /// The first tick is one period from now. Has no effect if it is already running.
  void start() {
    if (!running_->started) {
      running_->started = true;
      wait(running_);
    }
  }
  /// May be called within a tick.
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
    // A completed wait cannot be cancelled any more, so the flag decides.
    running->timer.async_wait([running](boost::system::error_code error) {
      if (error || !running->started) return;
      running->tick();
      if (running->started) wait(running);
    });
  }

  std::shared_ptr<Running> running_;
};

}  // namespace redan::cloud::store
