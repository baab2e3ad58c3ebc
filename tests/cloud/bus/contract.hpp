// The interface between the contract test and an implementation of Bus.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "cloud/bus/bus.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::test {

/// A network of units.
class BusNet {
 public:
  virtual ~BusNet() = default;
  /// The bus of another unit; it connects soon.
  virtual std::unique_ptr<bus::Bus> join() = 0;
};

struct BusImplementation {
  std::string name;
  bool several_units = true;  ///< join() gives more than one
  std::function<std::unique_ptr<BusNet>(boost::asio::io_context&)> make;
};

/// Runs the loop until `done`; false after `timeout`.
inline bool run_until(boost::asio::io_context& io, const std::function<bool()>& done,
                      std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    io.restart();
    io.run_one_for(std::chrono::milliseconds(20));
  }
  return true;
}

inline void run_for(boost::asio::io_context& io, std::chrono::milliseconds time) {
  run_until(
      io, [] { return false; }, time);
}

/// The outcome of a request, once it has one.
using Reply = std::optional<Result<std::string>>;

/// The request continues by itself; `bus` may be destroyed meanwhile.
inline std::shared_ptr<Reply> ask(boost::asio::io_context& io, bus::Bus& bus, std::string subject, std::string payload,
                                  std::chrono::milliseconds timeout = std::chrono::seconds(5)) {
  auto reply = std::make_shared<Reply>();
  boost::asio::co_spawn(io, bus.request(std::move(subject), std::move(payload), timeout),
                        [reply](const std::exception_ptr& error, Result<std::string> result) {
                          if (error) std::rethrow_exception(error);
                          *reply = std::move(result);
                        });
  return reply;
}

/// Messages as "subject=payload".
struct Heard {
  std::vector<std::string> messages;

  std::function<void(const bus::BusMessage&)> tell() {
    return [this](const bus::BusMessage& message) {
      messages.push_back(std::string(message.subject) + "=" + std::string(message.payload));
    };
  }
};

class BusContract : public testing::TestWithParam<BusImplementation> {
 protected:
  void SetUp() override {
    net_ = GetParam().make(io_);
    if (!net_) GTEST_SKIP() << GetParam().name << " cannot be had here";
    bus_ = join();
  }

  std::unique_ptr<bus::Bus> join() {
    auto bus = net_->join();
    EXPECT_TRUE(run_until(io_, [&] { return bus->is_connected(); }));
    return bus;
  }
  /// Another unit, if the implementation supports several.
  bus::Bus& other() {
    if (!GetParam().several_units) return *bus_;
    if (!other_) other_ = join();
    return *other_;
  }
  std::unique_ptr<bus::Subscription> subscribe(bus::Bus& bus, std::string pattern,
                                               std::function<void(const bus::BusMessage&)> tell,
                                               std::string queue = {}) {
    auto made = bus.subscribe(std::move(pattern), std::move(tell), std::move(queue));
    EXPECT_TRUE(made);
    settle(bus);
    return made ? std::move(*made) : nullptr;
  }
  /// Waits until the bus has processed everything that this unit has sent: replies come after it.
  void settle(bus::Bus& bus) {
    bool back = false;
    const std::string subject = "settle.n" + std::to_string(++settled_);
    const auto listening = bus.subscribe(subject, [&](const bus::BusMessage&) { back = true; });
    EXPECT_TRUE(bus.publish(subject, ""));
    EXPECT_TRUE(run_until(io_, [&] { return back; }));
  }
  bool until(const std::function<bool()>& done) { return run_until(io_, done); }
  Result<std::string> wait(const std::shared_ptr<Reply>& reply) {
    EXPECT_TRUE(until([&] { return reply->has_value(); }));
    return reply->value_or(refuse(errc::bus_timeout));
  }

  boost::asio::io_context io_{1};
  std::unique_ptr<BusNet> net_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<bus::Bus> other_;

 private:
  int settled_ = 0;
};

inline std::string name_of(const testing::TestParamInfo<BusImplementation>& tested) { return tested.param.name; }

}  // namespace redan::cloud::test
