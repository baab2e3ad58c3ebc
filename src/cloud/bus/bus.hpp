// Communication between units: publish, subscribe, request and reply. Two implementations pass one contract test: in
// process (memory.hpp) and NATS (nats.hpp).
//
// At most once: a message may be lost, and is never delivered twice to a subscription. Messages of one unit to one
// subject arrive in the order in which they were published. Whatever must not be lost is numbered, acknowledged and
// retransmitted by the layer above (link.hpp); authoritative state is in the store.
//
// A subscription takes effect when the bus has received it. Messages that its own unit publishes after the call are
// delivered to it; messages of others may arrive earlier. A unit that announces its subscription in a request therefore
// receives every answer.
//
// A subject consists of tokens separated by dots: 1 to 64 of A-Z a-z 0-9 - _ each, at most 16. A subscription may have
// "*" in place of a token, and ">" in place of the last ones.
//
// All calls are made on the loop. Messages are delivered on the loop, never within a call.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <redan/error.hpp>
#include <string>

#include "net/task.hpp"

namespace redan::cloud::bus {

inline constexpr std::size_t kMaxBusPayload = 512 * 1024;

/// Borrowed for the call.
struct BusMessage {
  std::string_view subject;
  std::string_view payload;
  std::string_view reply_to;  ///< a subject to publish the reply to; "" if no reply is expected
};

/// Destroying it ends it: nothing is delivered after that. It may outlive its bus.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

class Bus {
 public:
  /// Ends subscriptions silently, and pending requests with bus_disconnected.
  virtual ~Bus() = default;

  /// Sent together with everything else that is published in this turn of the loop. Errors: bus_disconnected (it was
  /// not sent), bus_too_large, bus_full (the connection is too slow), invalid_argument (no subject).
  virtual Result<void> publish(std::string_view subject, std::string_view payload) = 0;

  /// Subscriptions outlive a lost connection: they are made again. Of all units' subscriptions with the same `queue`, a
  /// token, one receives each message. `tell` may destroy the subscription, and the bus. Error: invalid_argument.
  virtual Result<std::unique_ptr<Subscription>> subscribe(std::string subject,
                                                          std::function<void(const BusMessage&)> handler,
                                                          std::string queue = {}) = 0;

  /// Returns the first reply. Errors: bus_no_responders (certainly no unit received it), bus_timeout, bus_disconnected
  /// (if the connection broke meanwhile, a unit may have received it), bus_refused (the request is not permitted), and
  /// those of publish.
  [[nodiscard]] virtual net::Task<Result<std::string>> request(std::string subject, std::string payload,
                                                               std::chrono::milliseconds timeout) = 0;

  [[nodiscard]] virtual bool is_connected() const = 0;
};

/// "a", "a.b-c.d_1".
bool is_subject(std::string_view text);
/// The same with "*" and ">".
bool is_subject_pattern(std::string_view text);
bool is_subject_token(std::string_view text);
bool subject_fits(std::string_view pattern, std::string_view subject);

}  // namespace redan::cloud::bus
