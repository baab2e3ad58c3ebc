#include "rtc/sctp/control/graceful_shutdown.hpp"

namespace redan::sctp {

void GracefulShutdown::begin() {
  if (is<Open>()) state_ = Pending{};
}

void GracefulShutdown::on_shutdown(Duration rto) {
  if (is<Open>() || is<Pending>()) {
    state_ = Received{};
  } else if (is<Sent>()) {
    state_ = AckSent{RepeatTimer(rto)};  // both sides shut down at once
  }
}

void GracefulShutdown::on_all_acknowledged(Duration rto) {
  if (is<Pending>()) {
    state_ = Sent{RepeatTimer(rto)};
  } else if (is<Received>()) {
    state_ = AckSent{RepeatTimer(rto)};
  }
}

bool GracefulShutdown::answers_init() {
  auto* ack = std::get_if<AckSent>(&state_);
  if (ack != nullptr) ack->shutdown_ack.make_due();
  return ack != nullptr;
}

const RepeatTimer* GracefulShutdown::timer() const {
  if (const auto* sent = std::get_if<Sent>(&state_)) return &sent->shutdown;
  if (const auto* ack = std::get_if<AckSent>(&state_)) return &ack->shutdown_ack;
  return nullptr;
}

void GracefulShutdown::run_timers(TimePoint now) {
  RepeatTimer* repeat = timer();
  if (repeat != nullptr && repeat->expired(now)) errors_.on_timeout();
}

void GracefulShutdown::write(TimePoint now, Tsn cumulative, Writer& chunks) {
  RepeatTimer* repeat = timer();
  if (repeat == nullptr || !repeat->due()) return;
  repeat->wait(now);
  if (is<Sent>()) {
    Shutdown{cumulative}.write(chunks);
  } else {
    write_chunk(chunks, ChunkType::shutdown_ack);
  }
}

TimePoint GracefulShutdown::deadline() const {
  const RepeatTimer* repeat = timer();
  return repeat == nullptr ? kNever : repeat->deadline();
}

}  // namespace redan::sctp
