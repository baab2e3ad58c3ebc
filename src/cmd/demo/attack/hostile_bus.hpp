// A bus for a malicious gateway: it wraps another bus, but messages between clients and runtimes (LinkFrame) pass
// through a Carrier, which may replace them. Each message is replaced by exactly one, so that numbers and
// acknowledgements stay valid and neither end's link notices.
#pragma once

#include <deque>
#include <map>

#include "cloud/bus/bus.hpp"
#include "cloud/bus/link.hpp"

namespace redan::cmd {

class Carrier {
 public:
  virtual ~Carrier() = default;
  /// Returns the replacement. Called once for each message, however often it is retransmitted.
  virtual std::string to_runtime(const std::string& link, const std::string& body) = 0;
  virtual std::string to_client(const std::string& link, const std::string& body) = 0;
};

class HostileBus : public cloud::bus::Bus {
 public:
  /// Both must outlive the object and its subscriptions.
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
  std::map<Key, std::string> said_;  ///< replacements, for retransmissions
  std::deque<Key> oldest_;
};

}  // namespace redan::cmd
