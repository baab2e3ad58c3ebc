// Ending an association after everything was delivered (RFC 9260 section 9.2).
#pragma once

#include <utility>
#include <variant>

#include "rtc/sctp/control/repeat_timer.hpp"
#include "rtc/sctp/error_counter.hpp"
#include "rtc/sctp/packet/control.hpp"

namespace redan::sctp {

class GracefulShutdown {
 public:
  explicit GracefulShutdown(ErrorCounter& errors) : errors_(errors) {}

  /// The application ends the association.
  void begin();
  /// SHUTDOWN came. `rto` is the first timeout of what this side sends.
  void on_shutdown(Duration rto);
  /// Nothing of ours is queued or in flight any more. Does nothing before a shutdown has begun.
  void on_all_acknowledged(Duration rto);
  /// SHUTDOWN ACK and SHUTDOWN COMPLETE: whether they end the association.
  [[nodiscard]] bool is_ended_by_ack() const { return is<Sent>() || is<AckSent>(); }
  [[nodiscard]] bool is_ended_by_complete() const { return is<AckSent>(); }
  /// An INIT came. True if a SHUTDOWN ACK answers it: the peer has ended this association and begins anew.
  bool answers_init();

  void run_timers(TimePoint now);
  /// Writes SHUTDOWN or SHUTDOWN ACK if it is due.
  void write(TimePoint now, Tsn cumulative, Writer& chunks);
  [[nodiscard]] TimePoint deadline() const;

  /// No side has begun to shut down.
  [[nodiscard]] bool is_open() const { return is<Open>(); }
  [[nodiscard]] bool may_send_data() const { return is<Open>() || is<Pending>() || is<Received>(); }
  [[nodiscard]] bool may_receive_data() const { return !is<AckSent>(); }
  /// The peer has to get rid of its last data: no SACK is delayed.
  [[nodiscard]] bool acknowledges_at_once() const { return is<Sent>(); }

 private:
  struct Open {};
  struct Pending {};   ///< SHUTDOWN-PENDING
  struct Received {};  ///< SHUTDOWN-RECEIVED
  struct Sent {        ///< SHUTDOWN-SENT
    RepeatTimer shutdown;
  };
  struct AckSent {  ///< SHUTDOWN-ACK-SENT
    RepeatTimer shutdown_ack;
  };
  template <class State>
  [[nodiscard]] bool is() const {
    return std::holds_alternative<State>(state_);
  }
  [[nodiscard]] const RepeatTimer* timer() const;
  [[nodiscard]] RepeatTimer* timer() { return const_cast<RepeatTimer*>(std::as_const(*this).timer()); }

  ErrorCounter& errors_;
  std::variant<Open, Pending, Received, Sent, AckSent> state_;
};

}  // namespace redan::sctp
