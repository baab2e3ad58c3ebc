// What goes out, and in which order: RFC 9260 sections 6.1, 6.3 and 6.10.
#include "rtc/sctp/association.hpp"

namespace redan::sctp {
namespace {
constexpr Duration kForwardTsnInterval = std::chrono::milliseconds(5);
// What one SACK may take, as a multiple of what has come since the last one.
constexpr std::size_t kMaxAmplification = 3;
}  // namespace

bool Association::may_send_data() const {
  return state_ == State::established || state_ == State::shutdown_pending || state_ == State::shutdown_received;
}

MutableBytes Association::next_packet(TimePoint now, MutableBytes buffer) {
  if (ending_) {
    if (!pending_.abort) {
      if (!pending_.shutdown_complete) return {};
      pending_.shutdown_complete = false;
      PacketWriter packet(buffer, header(peer_tag_));
      write_chunk(packet.chunks(), ChunkType::shutdown_complete);
      return packet.finish();
    }
    pending_.abort = false;
    PacketWriter packet(buffer, header(peer_tag_));
    ErrorCauses causes;
    causes.cause = ending_->cause;
    causes.write(packet.chunks(), ChunkType::abort);
    return packet.finish();
  }
  const MutableBytes setup = write_setup(now, buffer);
  if (!setup.empty() || state_ < State::cookie_echoed) return setup;
  PacketWriter packet(buffer, header(peer_tag_));
  const bool with_crc = !peer_zero_checksum_ || state_ < State::established;
  if (!echoes_.empty()) {  // they may fill a packet
    packet.chunks().bytes(echoes_);
    echoes_.clear();
    return packet.finish(with_crc);
  }
  write_control(now, packet);
  if (state_ >= State::established && state_ != State::ended) {
    if (may_send_data()) give_up_expired(now);
    if (sack_need_ == SackNeed::now) write_sack(packet);
    const bool room = write_lost(now, packet);
    if (room && may_send_data()) write_new(now, packet);
  }
  return packet.empty() ? MutableBytes{} : packet.finish(with_crc);
}

void Association::write_control(TimePoint now, PacketWriter& packet) {
  Writer& w = packet.chunks();
  if (pending_.cookie_ack) write_chunk(w, ChunkType::cookie_ack);
  pending_.cookie_ack = false;
  if (state_ < State::established) return;
  if (pending_.heartbeat) {
    pending_.heartbeat = false;
    random_.random(heartbeat_nonce_);
    heartbeat_sent_ = now;
    Heartbeat{heartbeat_nonce_}.write(w, ChunkType::heartbeat);
    timers_.set(Timer::heartbeat, now + config_.heartbeat_interval);
  }
  progress_shutdown(now);
  if (pending_.shutdown) Shutdown{tsns_.cumulative()}.write(w);
  if (pending_.shutdown_ack) write_chunk(w, ChunkType::shutdown_ack);
  if (pending_.shutdown || pending_.shutdown_ack) timers_.set(Timer::shutdown, now + rto_.value());
  pending_.shutdown = pending_.shutdown_ack = false;
  write_reset(now, packet);
  write_forward_tsn(now, packet);
}

// A peer whose SACKs make us abandon one message after the other gets one FORWARD TSN for many of them.
void Association::write_forward_tsn(TimePoint now, PacketWriter& packet) {
  if (!pending_.forward_tsn) return;
  if (now < next_forward_tsn_) return timers_.set(Timer::forward_tsn, next_forward_tsn_);
  pending_.forward_tsn = false;
  std::array<std::uint8_t, 256> skipped;
  ForwardTsn forward;
  if (!outstanding_.forward_tsn(skipped, forward)) return;
  next_forward_tsn_ = now + kForwardTsnInterval;
  forward.write(packet.chunks());
  if (!timers_.running(Timer::retransmit)) timers_.set(Timer::retransmit, now + rto_.value());
}

void Association::write_sack(PacketWriter& packet) {
  announced_rwnd_ = reassembly_.a_rwnd();
  // Many small chunks beyond many holes must not draw a long list of them each time.
  const std::size_t budget = kMaxAmplification * std::exchange(received_since_sack_, 0);
  tsns_.write_sack(packet.chunks(), announced_rwnd_, budget < kCommonHeaderSize ? 0 : budget - kCommonHeaderSize);
  sack_need_ = SackNeed::none;
  packets_since_sack_ = 0;
  timers_.stop(Timer::sack);
}

void Association::write_data(PacketWriter& packet, const Fragment& fragment, Tsn tsn) {
  Data data;
  data.flags = fragment.flags;
  // RFC 7053: where a delayed SACK would hold us up.
  if (congestion_.small() || (queue_.empty() && !outstanding_.full())) {
    if (congestion_.small() || outstanding_.flight() > congestion_.cwnd() / 2) data.flags |= Data::kImmediate;
  }
  data.tsn = tsn;
  data.stream = fragment.id;
  data.ssn = fragment.ssn;
  data.ppid = fragment.ppid;
  queue_.copy(fragment, data.write_header(packet.chunks(), fragment.size));
}

// Lost chunks go first. False: nothing new may follow in this packet.
bool Association::write_lost(TimePoint now, PacketWriter& packet) {
  while (const auto lost = outstanding_.first_lost()) {
    const Fragment& fragment = lost->fragment;
    if (lost->resend_at > now) {
      timers_.set(Timer::resend, lost->resend_at);
      return false;
    }
    // The first packet of a recovery goes whatever the window says (RFC 9260 section 7.2.4).
    if (outstanding_.flight() >= congestion_.cwnd() && !retransmit_now_) return false;
    if (padded(kDataHeaderSize + fragment.size) > packet.space()) {
      retransmit_now_ = false;
      return false;
    }
    if (sack_need_ != SackNeed::none && packet.space() >= padded(kDataHeaderSize + fragment.size) + 64)
      write_sack(packet);
    outstanding_.take_lost(lost->tsn, now);
    ++retransmissions_;
    write_data(packet, fragment, lost->tsn);
    // The earliest chunk gets a whole timeout (RFC 9260 section 7.2.4, rule 4).
    const bool earliest = lost->tsn == outstanding_.cumulative_ack().next();
    if (earliest || !timers_.running(Timer::retransmit)) timers_.set(Timer::retransmit, now + rto_.value());
  }
  retransmit_now_ = false;
  return true;
}

bool Association::write_new(TimePoint now, PacketWriter& packet) {
  const std::size_t full = config_.max_packet - kCommonHeaderSize - kDataHeaderSize;
  bool wrote = false;
  while (queue_.has_ready() && packet.space() > kDataHeaderSize && !outstanding_.full()) {
    if (outstanding_.flight() >= congestion_.cwnd()) break;
    if (sack_need_ != SackNeed::none && packet.space() > 256) write_sack(packet);
    Fragment fragment;
    if (!queue_.peek(now, (packet.space() & ~std::size_t{3}) - kDataHeaderSize, full & ~std::size_t{3}, fragment))
      break;
    // With nothing in flight one chunk may probe a closed window (RFC 9260 section 6.1 A).
    if (fragment.size > peer_rwnd_ && outstanding_.flight() != 0) break;
    if (outstanding_.flight() + fragment.size > config_.send_buffer && outstanding_.flight() != 0) break;
    const Tsn tsn = outstanding_.next_tsn();
    queue_.take(fragment);
    outstanding_.push(fragment, now);
    peer_rwnd_ -= std::min<std::size_t>(peer_rwnd_, fragment.size);
    write_data(packet, fragment, tsn);
    saw_data_ = wrote = true;
  }
  if (wrote && !timers_.running(Timer::retransmit)) timers_.set(Timer::retransmit, now + rto_.value());
  return wrote;
}

// A message begun whose lifetime is over is not continued (RFC 7496 section 4.1).
void Association::give_up_expired(TimePoint now) {
  if (!peer_forward_tsn_ || !queue_.begun_expired(now)) return;
  outstanding_.abandon_begun(queue_.begun_stream());
  pending_.forward_tsn = true;
}

}  // namespace redan::sctp
