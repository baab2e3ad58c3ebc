// What units tell each other: publish, subscribe, request and reply. Two implementations pass one contract test: in
// process (memory.hpp) and NATS (nats.hpp).
//
// At most once: a message may be lost, and is never told twice to a subscription. Those of one unit to one subject
// arrive in the order in which they were published. What must not be lost is numbered, acknowledged and sent again
// above (link.hpp); truth lives in the store.
//
// A subscription begins when the bus has learnt of it. What its own unit publishes after the call is told to it; what
// others publish may come before that. Who announces what it has subscribed to, in a reply for one, is not answered too
// early.
//
// A subject is tokens with dots between them: 1 to 64 of A-Z a-z 0-9 - _ each, at most 16. A subscription may have "*"
// in place of a token, and ">" in place of the last ones.
//
// All calls are made on the loop, and every message is told from the loop, never from within a call.
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
  std::string_view reply_to;  ///< a subject to publish the reply to; "" if nobody waits
};

/// Destroying it ends it: nothing is told after that. It may outlive its bus.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

class Bus {
 public:
  /// Ends subscriptions in silence, and requests that wait with bus_disconnected.
  virtual ~Bus() = default;

  /// It goes out with all else that is published in this turn of the loop. bus_disconnected (it was not sent),
  /// bus_too_large, bus_full (the connection does not keep up), invalid_argument (no subject).
  virtual Result<void> publish(std::string_view subject, std::string_view payload) = 0;

  /// Subscriptions outlive a lost connection: they are made again. Of those of all units with the same `queue`, a
  /// token, one gets each message. `tell` may destroy the subscription, and the bus. invalid_argument.
  virtual Result<std::unique_ptr<Subscription>> subscribe(std::string subject,
                                                          std::function<void(const BusMessage&)> handler,
                                                          std::string queue = {}) = 0;

  /// The first reply. bus_no_responders (certainly nobody got it), bus_timeout, bus_disconnected (if the connection
  /// broke meanwhile, somebody may have got it), bus_refused (we may not ask this), and those of publish.
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
