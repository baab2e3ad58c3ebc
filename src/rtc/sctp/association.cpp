#include "rtc/sctp/association.hpp"

namespace redan::sctp {
namespace {
// Empty slabs kept for reuse while data flows: 1 MiB. All go when the association falls idle.
constexpr std::size_t kKeptSlabs = (1U << 20U) / kSlabSize;
constexpr Duration kTrimAfter = std::chrono::seconds(2);
}  // namespace

Association::Association(const AssociationConfig& config, RandomSource& random)
    : config_(config),
      random_(random),
      queue_(kKeptSlabs),
      outstanding_(queue_),
      congestion_(config.max_packet),
      reassembly_(config.receive_window, config.max_receive_message) {}

Result<void> Association::send(OutgoingStream stream, const Delivery& delivery, Bytes payload) {
  if (ending_ || state_ == State::ended || state_ >= State::shutdown_pending) return refuse(Errc::not_connected);
  if (!queue_.contains(stream) || payload.empty() || payload.size() > kMaxMessageSize)
    return refuse(Errc::invalid_argument);
  // A message larger than the whole buffer is taken when the buffer is empty.
  if (!queue_.empty() && queue_.charged() + payload.size() > config_.send_buffer) return refuse(Errc::would_block);
  queue_.push(stream, delivery, payload);
  return {};
}

void Association::send_always(OutgoingStream stream, const Delivery& delivery, Bytes payload) {
  if (!ending_ && state_ != State::ended && state_ < State::shutdown_pending) queue_.push(stream, delivery, payload);
}

void Association::abort() {
  if (state_ != State::ended && !ending_) abort_with(Errc::closed_locally, CauseCode::user_initiated_abort);
}

void Association::fail(Errc reason) {
  if (state_ != State::ended && !ending_) abort_with(reason, CauseCode::protocol_violation);
}

void Association::abort_with(Errc reason, CauseCode cause) {
  if (ending_ || state_ == State::ended) return;
  ending_ = Ending{reason, cause};
  timers_.stop_all();
  const bool peer_known = peer_tag_.value != 0;
  pending_ = {};
  pending_.abort = peer_known;
  sack_need_ = SackNeed::none;
}

void Association::end(Errc reason) {
  if (state_ == State::ended) return;
  state_ = State::ended;
  timers_.stop_all();
  if (!ending_) ending_ = Ending{reason, CauseCode::none};
  pending_ = {};
}

std::optional<Association::Output> Association::next_event() {
  if (established_event_) {
    established_event_ = false;
    return Established{};
  }
  if (const auto message = reassembly_.next()) return *message;
  if (!reset_events_.empty()) {
    const ResetEvent event = reset_events_.front();
    reset_events_.pop_front();
    if (event.outgoing) return OutgoingReset{event.stream, event.performed};
    return IncomingReset{event.id};
  }
  if (const auto stream = queue_.take_low()) return BufferLow{*stream};
  return std::nullopt;
}

Association::Output Association::poll_output(TimePoint now, MutableBytes buffer) {
  if (auto event = next_event()) return *event;
  if (!ending_) {
    if (deferred_) try_deferred_reset();
    queue_.stamp(now);
    run_timers(now);
    // A window that was nearly closed has opened again: the peer would learn it only by probing.
    const std::size_t window = config_.receive_window;
    if (announced_rwnd_ < window / 4 && reassembly_.a_rwnd() >= window / 2) sack_need_ = SackNeed::now;
  }
  const MutableBytes packet = next_packet(now, buffer.first(std::min(buffer.size(), config_.max_packet)));
  if (!packet.empty()) return Transmit{packet};
  if (ending_) {
    state_ = State::ended;
    if (!terminated_) {
      terminated_ = true;
      reassembly_.clear();
      return Terminated{ending_->reason};
    }
    return Wait{kNever};
  }
  if (auto event = next_event()) return *event;
  note_idle(now);
  note_memory(now);
  return Wait{timers_.next()};
}

void Association::note_idle(TimePoint now) {
  const bool idle = queue_.empty() && outstanding_.empty() && !reassembly_.has_message();
  if (!idle) timers_.stop(Timer::trim);
  if (idle && saw_data_ && !timers_.running(Timer::trim)) timers_.set(Timer::trim, now + kTrimAfter);
}

bool Association::is_at_memory_limit() const {
  return reassembly_.is_limited() && (refused_next_ || reassembly_.is_over_limit());
}

void Association::note_memory(TimePoint now) {
  if (!is_at_memory_limit())
    timers_.stop(Timer::memory);
  else if (!timers_.running(Timer::memory))
    timers_.set(Timer::memory, now + kMemoryGrace);
}

void Association::run_timers(TimePoint now) {
  if (timers_.next() > now) return;
  const bool partial = peer_forward_tsn_;
  if (timers_.expired(Timer::setup, now)) on_setup_timer(now);
  if (timers_.expired(Timer::retransmit, now) && !outstanding_.empty()) {
    count_timeout();
    congestion_.on_timeout();
    rto_.back_off();
    outstanding_.on_timeout(now, rto_.base(), partial);
    pending_.forward_tsn = partial;
    retransmit_now_ = true;
    timers_.set(Timer::retransmit, now + rto_.value());
  }
  // These two only wake: what waits for them is looked at with each packet.
  timers_.expired(Timer::resend, now);
  timers_.expired(Timer::forward_tsn, now);
  if (timers_.expired(Timer::sack, now)) sack_need_ = SackNeed::now;
  if (timers_.expired(Timer::heartbeat, now) && state_ == State::established) {
    if (heartbeat_sent_ != kNever) count_timeout();
    pending_.heartbeat = true;
  }
  if (timers_.expired(Timer::re_config, now) && !resetting_.empty()) {
    count_timeout();
    rto_.back_off();
    pending_.re_config = true;
  }
  if (timers_.expired(Timer::shutdown, now)) {
    count_timeout();
    rto_.back_off();
    pending_.shutdown = state_ == State::shutdown_sent;
    pending_.shutdown_ack = state_ == State::shutdown_ack_sent;
  }
  if (timers_.expired(Timer::memory, now) && is_at_memory_limit())
    abort_with(Errc::too_many, CauseCode::out_of_resource);
  if (timers_.expired(Timer::trim, now)) {
    saw_data_ = false;
    queue_.trim();
    outstanding_.trim();
    reassembly_.trim();
    tsns_.trim();
    reset_events_.release();
    std::vector<std::uint8_t>().swap(echoes_);
  }
}

// RFC 9260 section 8.1.
void Association::count_timeout() {
  if (++timeouts_ > config_.max_retransmits) abort_with(Errc::sctp_timeout, CauseCode::none);
}

}  // namespace redan::sctp
