// Ending in order: RFC 9260 section 9.2.
#include "rtc/sctp/association.hpp"

namespace redan::sctp {

void Association::shutdown() {
  if (ending_) return;
  if (state_ == State::established) {
    state_ = State::shutdown_pending;
  } else if (state_ < State::established) {
    abort_with(Errc::closed_locally, CauseCode::user_initiated_abort);
  }
}

void Association::progress_shutdown(TimePoint) {
  if (!queue_.empty() || !outstanding_.empty()) return;
  if (state_ == State::shutdown_pending) {
    state_ = State::shutdown_sent;
    pending_.shutdown = true;
  } else if (state_ == State::shutdown_received) {
    state_ = State::shutdown_ack_sent;
    pending_.shutdown_ack = true;
  }
}

void Association::on_shutdown(TimePoint now, const Chunk& chunk) {
  const auto shutdown = Shutdown::parse(chunk);
  if (!shutdown) return drops_.add(Drop::malformed);
  Sack sack;
  sack.cumulative_ack = shutdown->cumulative_ack;
  sack.a_rwnd = static_cast<std::uint32_t>(std::min<std::size_t>(peer_rwnd_ + outstanding_.flight(), 0xFFFFFFFFU));
  if (state_ == State::established || state_ == State::shutdown_pending) state_ = State::shutdown_received;
  if (state_ == State::shutdown_sent) {
    state_ = State::shutdown_ack_sent;  // both sides shut down at once
    pending_.shutdown_ack = true;
  }
  on_sack(now, sack);
  if (state_ == State::shutdown_received) progress_shutdown(now);
}

void Association::on_shutdown_ack() {
  if (state_ != State::shutdown_sent && state_ != State::shutdown_ack_sent) return drops_.add(Drop::unexpected_chunk);
  end(Errc::sctp_shut_down);
  pending_.shutdown_complete = true;
}

void Association::on_shutdown_complete(const Packet&, const Chunk&) {
  if (state_ != State::shutdown_ack_sent) return drops_.add(Drop::unexpected_chunk);
  end(Errc::sctp_shut_down);
}

}  // namespace redan::sctp
