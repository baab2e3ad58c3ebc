// A bus for a gateway that means ill: another bus, but what clients and runtimes say to each other (LinkFrame) passes
// through a Carrier, who may put something else in its place. One message for one message, so that numbers and
// acknowledgements stay right and neither end's link notices.
#pragma once

#include <deque>
#include <map>

#include "cloud/bus/bus.hpp"
#include "cloud/bus/link.hpp"

namespace redan::cmd {

class Carrier {
 public:
  virtual ~Carrier() = default;
  /// What the other end gets instead. Once for each message, however often it is sent again.
  virtual std::string to_runtime(const std::string& link, const std::string& body) = 0;
  virtual std::string to_client(const std::string& link, const std::string& body) = 0;
};

class HostileBus : public cloud::bus::Bus {
 public:
  /// Both outlive the object and its subscriptions.
  HostileBus(cloud::bus::Bus& bus, Carrier& carrier) : bus_(bus), carrier_(carrier) {}

  Result<void> publish(std::string_view subject, std::string_view payload) override;
  Result<std::unique_ptr<cloud::bus::Subscription>> subscribe(
      std::string subject, std::function<void(const cloud::bus::BusMessage&)> handler, std::string queue) override;
  net::Task<Result<std::string>> request(std::string subject, std::string payload,
                                         std::chrono::milliseconds timeout) override;
  [[nodiscard]] bool is_connected() const override { return bus_.is_connected(); }

 private:
  enum class Direction : std::uint8_t { to_runtime, to_client };
  [[nodiscard]] std::string rewritten(Direction direction, std::string_view payload);

  using Key = std::tuple<Direction, std::string, std::uint64_t>;
  cloud::bus::Bus& bus_;
  Carrier& carrier_;
  std::map<Key, std::string> said_;  ///< instead of what, for when it is sent again
  std::deque<Key> oldest_;
};

}  // namespace redan::cmd
