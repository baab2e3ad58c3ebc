#include "rtc/sctp/tx/sender.hpp"

#include <algorithm>

namespace redan::sctp {
namespace {
// Empty slabs kept for reuse while data flows: 1 MiB. All go when the association falls idle.
constexpr std::size_t kSpareSlabs = (1U << 20U) / kSlabSize;

// A chunk that is not the last one of its message has no padding.
constexpr std::size_t whole_words(std::size_t size) { return size & ~std::size_t{3}; }
}  // namespace

Sender::Sender(const Config& config, Counters<Drop>& drops, ErrorCounter& errors)
    : config_(config),
      drops_(drops),
      errors_(errors),
      queue_(kSpareSlabs),
      outstanding_(queue_),
      congestion_(config.controller, config.max_packet) {}

void Sender::begin(Tsn first, const Peer& peer) {
  outstanding_.clear();
  outstanding_.begin(first);
  congestion_ = Controller(config_.controller, config_.max_packet);
  pacer_ = Pacer();
  rto_ = Rto();
  probe_.stop();
  forward_tsn_ = ForwardTsnSchedule();
  peer_forward_tsn_ = peer.forward_tsn;
  peer_rwnd_ = peer.a_rwnd;
  retransmit_at_once_ = false;
  t3_ = resend_ = paced_ = kNever;
}

Result<void> Sender::send(OutgoingStream stream, const Delivery& delivery, Bytes payload) {
  if (!queue_.contains(stream) || payload.empty() || payload.size() > kMaxMessageSize)
    return refuse(Errc::invalid_argument);
  // A message larger than the whole buffer is taken when the buffer is empty.
  if (!queue_.empty() && queue_.charged() + payload.size() > config_.send_buffer) return refuse(Errc::would_block);
  queue_.push(stream, delivery, payload);
  return {};
}

void Sender::on_sack(TimePoint now, const Sack& sack) {
  const std::size_t flight = outstanding_.flight();
  const SackOutcome outcome = outstanding_.on_sack(sack, now, rto_.base());
  if (!outcome.valid) return drops_.add(outcome.old ? Drop::old_sack : Drop::bad_sack);
  // A closed window is probed for as long as the peer says that it is closed (RFC 9260 section 6.1, rule A).
  if (outcome.advanced || outcome.acked != 0 || sack.a_rwnd < config_.max_packet) errors_.on_answer();
  if (outcome.sent) rto_.on_rtt(now - *outcome.sent);
  if (outcome.undo) congestion_.on_undo();
  congestion_.on_ack(
      {now, sack.cumulative_ack, outcome.advanced, outcome.acked, flight, outstanding_.flight(), outcome.rate});
  if (probe_.on_ack(sack.cumulative_ack.next(), outcome.duplicate)) congestion_.on_loss({now, last_sent()});
  find_losses(now);
  if (outcome.reneged) on_reneging(now);
  peer_rwnd_ = sack.a_rwnd > outstanding_.flight() ? sack.a_rwnd - outstanding_.flight() : 0;
  if (outstanding_.empty()) {
    probe_.stop();
    t3_ = kNever;
  } else {
    if (outcome.advanced) start_t3(now);
    if (outcome.advanced || !outstanding_.undisturbed()) arm_probe(now);
    if (peer_forward_tsn_ && outstanding_.owes_forward_tsn()) forward_tsn_.owe();
  }
}

void Sender::find_losses(TimePoint now) {
  const LossOutcome found = outstanding_.find_losses(now, rto_.srtt(), peer_forward_tsn_);
  if (!found.lost) return;
  if (peer_forward_tsn_ && outstanding_.owes_forward_tsn()) forward_tsn_.owe();
  const LossEvent loss{now, last_sent(), found.bytes, found.stamp.in_flight, found.lost_since};
  if (congestion_.on_loss(loss)) retransmit_at_once_ = true;
}

// Only while nothing is known to be missing, and if T3-rtx does not come first (RFC 8985 section 7.2).
void Sender::arm_probe(TimePoint now) {
  if (!rto_.measured() || !outstanding_.undisturbed()) return probe_.stop();
  probe_.arm(now, rto_.srtt(), tail_asks_);
  if (probe_.deadline() != kNever && probe_.deadline() >= t3_) probe_.stop();
}

void Sender::on_shutdown(TimePoint now, Tsn cumulative_ack) {
  Sack sack;
  sack.cumulative_ack = cumulative_ack;
  sack.a_rwnd = static_cast<std::uint32_t>(std::min<std::size_t>(peer_rwnd_ + outstanding_.flight(), 0xFFFFFFFFU));
  on_sack(now, sack);
}

// What was taken back may have been acknowledged without having arrived, so the window that it opened is not trusted:
// the same as a timeout, and what is sent again waits for the window and for its RTO.
void Sender::on_reneging(TimePoint now) {
  drops_.add(Drop::reneged);
  congestion_.on_timeout();
  rto_.back_off();
  start_t3(now);
}

void Sender::run_timers(TimePoint now) {
  queue_.stamp(now);
  if (now >= outstanding_.loss_deadline()) find_losses(now);
  if (now >= t3_) on_t3(now);
  give_up_expired(now);
}

// RFC 9260 section 6.3.3.
void Sender::on_t3(TimePoint now) {
  t3_ = kNever;
  probe_.stop();
  if (outstanding_.empty()) return;
  errors_.on_timeout();
  congestion_.on_timeout();
  rto_.back_off();
  outstanding_.on_timeout(now, rto_.base(), peer_forward_tsn_);
  if (peer_forward_tsn_) forward_tsn_.owe();
  retransmit_at_once_ = true;
  start_t3(now);
}

// A message begun whose lifetime is over is not continued (RFC 7496 section 4.1).
void Sender::give_up_expired(TimePoint now) {
  if (!peer_forward_tsn_ || !queue_.begun_expired(now)) return;
  outstanding_.abandon_begun(queue_.begun_stream());
  forward_tsn_.owe();
}

void Sender::write_forward_tsn(TimePoint now, Writer& chunks) {
  if (!forward_tsn_.due(now)) return;
  std::array<std::uint8_t, 256> skipped;
  ForwardTsn forward;
  if (!outstanding_.forward_tsn(skipped, forward)) return forward_tsn_.cancel();
  forward_tsn_.on_sent(now);
  forward.write(chunks);
  ensure_t3(now);
}

bool Sender::may_transmit() const { return outstanding_.flight() < congestion_.cwnd(); }

// Whether the pacer lets a packet go. If not, the sender comes back when it does.
bool Sender::may_leave(TimePoint now) {
  if (pacer_.may_send(now, congestion_.pacing_rate())) return true;
  paced_ = pacer_.next();
  return false;
}

// The next new fragment, if all windows allow it and `space` bytes of a packet hold its chunk.
bool Sender::next_fragment(TimePoint now, std::size_t space, Fragment& fragment) {
  const std::size_t full = config_.max_packet - kCommonHeaderSize - kDataHeaderSize;
  if (space <= kDataHeaderSize || outstanding_.full() || !may_transmit()) return false;
  if (!queue_.peek(now, whole_words(space) - kDataHeaderSize, whole_words(full), fragment)) return false;
  // With nothing in flight one chunk may probe a closed window (RFC 9260 section 6.1 A).
  if (outstanding_.flight() == 0) return true;
  return fragment.size <= peer_rwnd_ && outstanding_.flight() + fragment.size <= config_.send_buffer;
}

bool Sender::has_data(TimePoint now, bool new_data) {
  if (const auto lost = outstanding_.first_lost()) {
    const bool allowed = may_transmit() && pacer_.may_send(now, congestion_.pacing_rate());
    return lost->resend_at <= now && (allowed || retransmit_at_once_);
  }
  if (probe_.due(now)) return true;
  Fragment fragment;
  return new_data && pacer_.may_send(now, congestion_.pacing_rate()) &&
         next_fragment(now, config_.max_packet - kCommonHeaderSize, fragment);
}

void Sender::write_data(TimePoint now, bool new_data, PacketWriter& packet) {
  resend_ = paced_ = kNever;
  const std::size_t space = packet.space();
  if (probe_.due(now)) {
    write_probe(now, new_data, packet);
  } else if (write_lost(now, packet) && new_data) {
    write_new(now, packet);
  }
  if (packet.space() != space) {
    pacer_.on_sent(now, space - packet.space(), congestion_.pacing_rate(), config_.max_packet);
  } else if (new_data && queue_.empty() && outstanding_.first_lost() == std::nullopt && may_transmit()) {
    outstanding_.on_app_limited();
  }
}

// RFC 8985 section 7.3: new data if there is any that the windows allow, or else the last chunk in flight once more.
void Sender::write_probe(TimePoint now, bool new_data, PacketWriter& packet) {
  const Tsn first = outstanding_.next_tsn();
  if (new_data) write_new(now, packet);
  const bool again = outstanding_.next_tsn() == first;
  if (again) {
    const auto last = outstanding_.last_in_flight(now, peer_forward_tsn_);
    if (!last) return probe_.stop();
    if (padded(kDataHeaderSize + last->fragment.size) > packet.space()) return;  // the next packet has room
    outstanding_.take_again(last->tsn, now);
    ++retransmissions_;
    write_fragment(last->fragment, last->tsn, true, packet.chunks());
  }
  probe_.on_sent(outstanding_.next_tsn(), again);
  start_t3(now);
}

// False: nothing new may follow in this packet.
bool Sender::write_lost(TimePoint now, PacketWriter& packet) {
  bool wrote = false;
  while (const auto lost = outstanding_.first_lost()) {
    if (lost->resend_at > now) {
      resend_ = lost->resend_at;
      return false;
    }
    if (!retransmit_at_once_ && !(may_transmit() && may_leave(now))) return false;
    if (padded(kDataHeaderSize + lost->fragment.size) > packet.space()) {
      // The first packet of a recovery goes whatever the window is (RFC 9260 section 7.2.4).
      if (wrote) retransmit_at_once_ = false;
      return false;
    }
    outstanding_.take_lost(lost->tsn, now);
    ++retransmissions_;
    write_fragment(lost->fragment, lost->tsn, wants_sack_at_once(), packet.chunks());
    wrote = true;
    // The earliest chunk gets a whole timeout (RFC 9260 section 7.2.4, rule 4).
    if (lost->tsn == outstanding_.cumulative_ack().next()) start_t3(now);
    ensure_t3(now);
  }
  retransmit_at_once_ = false;
  return true;
}

void Sender::write_new(TimePoint now, PacketWriter& packet) {
  Fragment fragment;
  while (next_fragment(now, packet.space(), fragment) && may_leave(now)) {
    const Tsn tsn = outstanding_.next_tsn();
    queue_.take(fragment);
    outstanding_.push(fragment, now);
    peer_rwnd_ -= std::min<std::size_t>(peer_rwnd_, fragment.size);
    const bool sack_at_once = wants_sack_at_once();
    write_fragment(fragment, tsn, sack_at_once, packet.chunks());
    ensure_t3(now);
    tail_asks_ = sack_at_once;
    arm_probe(now);
  }
}

// RFC 7053: where a delayed SACK would hold us up.
bool Sender::wants_sack_at_once() const {
  if (congestion_.cwnd() < Congestion::kInitialPackets * config_.max_packet) return true;
  return queue_.empty() && !outstanding_.full() && outstanding_.flight() > congestion_.cwnd() / 2;
}

void Sender::write_fragment(const Fragment& fragment, Tsn tsn, bool sack_at_once, Writer& chunks) {
  Data data;
  data.flags = fragment.flags;
  if (sack_at_once) data.flags |= Data::kImmediate;
  data.tsn = tsn;
  data.stream = fragment.id;
  data.ssn = fragment.ssn;
  data.ppid = fragment.ppid;
  queue_.copy(fragment, data.write_header(chunks, fragment.size));
}

void Sender::trim() {
  queue_.trim();
  outstanding_.trim();
}

}  // namespace redan::sctp
