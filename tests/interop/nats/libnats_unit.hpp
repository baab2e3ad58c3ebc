// A unit on the bus that uses libnats, the NATS project's own C client: a reference and a baseline. It runs on its own
// threads.
#pragma once

#include <memory>
#include <optional>

#include "tests/interop/nats/nats_servers.hpp"

namespace redan::cloud::test {

class LibnatsUnit {
 public:
  /// How it sends: delayed, which is its default, or at once.
  enum class Sending { usual, at_once };

  virtual ~LibnatsUnit() = default;
  /// The reply; nullopt after a second, or without responders.
  virtual std::optional<std::string> request(const std::string& subject, const std::string& payload) = 0;
  virtual void publish(const std::string& subject, const std::string& payload) = 0;
  virtual void publish_with_header(const std::string& subject, const std::string& name, const std::string& value,
                                   const std::string& payload) = 0;
  /// Answers every request with its own payload.
  virtual void echo(const std::string& subject) = 0;
  /// Number of messages received on `count`ed subjects.
  virtual void count(const std::string& subject) = 0;
  [[nodiscard]] virtual std::size_t counted() const = 0;
  /// Waits until the server has received everything.
  virtual void flush() = 0;
};

/// Null if libnats is not installed. Throws if it does not connect.
std::unique_ptr<LibnatsUnit> libnats_unit(const NatsServers& servers, const std::string& who,
                                          LibnatsUnit::Sending sending = LibnatsUnit::Sending::usual);

}  // namespace redan::cloud::test
