// A unit on the bus that speaks through libnats, the NATS project's own C client: an oracle and an anchor. It runs on
// threads of its own.
#pragma once

#include <memory>
#include <optional>

#include "tests/interop/nats/nats_servers.hpp"

namespace redan::cloud::test {

class LibnatsUnit {
 public:
  /// How it sends: at its leisure, which is its default, or at once.
  enum class Sending { usual, at_once };

  virtual ~LibnatsUnit() = default;
  /// The reply; nullopt after a second, or if nobody responds.
  virtual std::optional<std::string> request(const std::string& subject, const std::string& payload) = 0;
  virtual void publish(const std::string& subject, const std::string& payload) = 0;
  virtual void publish_with_header(const std::string& subject, const std::string& name, const std::string& value,
                                   const std::string& payload) = 0;
  /// Answers every request with its own payload.
  virtual void echo(const std::string& subject) = 0;
  /// How many messages have come to `count`ed subjects.
  virtual void count(const std::string& subject) = 0;
  [[nodiscard]] virtual std::size_t counted() const = 0;
  /// Until the server has all of it.
  virtual void flush() = 0;
};

/// Null where libnats is not installed. Throws if it does not connect.
std::unique_ptr<LibnatsUnit> libnats_unit(const NatsServers& servers, const std::string& who,
                                          LibnatsUnit::Sending sending = LibnatsUnit::Sending::usual);

}  // namespace redan::cloud::test
