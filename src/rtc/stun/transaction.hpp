// A request's transaction (RFC 8489 section 6.2): its id, and when to send the request again or to give up. The owner
// keeps the request, sends the same bytes each time, and accepts the response that has the id.
#pragma once

#include <redan/random.hpp>

#include "rtc/stun/attribute.hpp"

namespace redan::stun {

/// What lies below STUN: UDP, or a stream (TCP, TLS) that is reliable itself.
enum class Transport : std::uint8_t { datagram, stream };

/// The parameters of sections 6.2.1 and 6.2.2, with their names.
struct Timing {
  Duration rto = std::chrono::milliseconds(500);
  int rc = 7;                                       ///< transmissions
  int rm = 16;                                      ///< after the last one, rm * rto until the timeout
  Duration ti = std::chrono::milliseconds(39'500);  ///< over a stream: one transmission, then this timeout
};

class Transaction {
 public:
  enum class Due : std::uint8_t { nothing, transmit, timeout };

  Transaction() = default;
  /// The first transmission is due at once. The id is unpredictable.
  Transaction(TimePoint now, Transport transport, RandomSource& random, const Timing& timing = {});

  [[nodiscard]] const TransactionId& id() const { return id_; }
  /// `transmit`: send the request now; each transmission is reported once. `timeout`: there will be no response.
  Due poll(TimePoint now);
  [[nodiscard]] TimePoint deadline() const { return deadline_; }
  [[nodiscard]] int transmissions() const { return transmissions_; }
  /// The round-trip time, for a response that arrives now; nullopt if the request was sent more than once, because then
  /// the response may belong to any transmission.
  [[nodiscard]] std::optional<Duration> rtt(TimePoint now) const;

 private:
  TransactionId id_{};
  Transport transport_ = Transport::datagram;
  Timing timing_;
  int transmissions_ = 0;
  TimePoint sent_{};
  TimePoint deadline_ = kNever;
};

}  // namespace redan::stun
