// What packets cause: RFC 9260 sections 6.2, 6.7, 8.3, 8.5 and RFC 3758 section 3.6.
#include <algorithm>

#include "rtc/sctp/association.hpp"

namespace redan::sctp {

bool Association::tag_is_valid(const Packet& packet, const Chunk& first) const {
  const VerificationTag tag = packet.header.verification_tag;
  switch (first.type) {
    case ChunkType::init:
      return tag.value == 0;
    case ChunkType::cookie_echo:
      return offer_.valid && tag == offer_.local_tag;
    case ChunkType::abort:
    case ChunkType::shutdown_complete:
      if ((first.flags & ErrorCauses::kReflectedTag) != 0) return peer_tag_.value != 0 && tag == peer_tag_;
      break;
    default:
      break;
  }
  return local_tag_.value != 0 && tag == local_tag_;
}

void Association::handle_input(TimePoint now, MutableBytes bytes) {
  if (state_ == State::ended || ending_) return;
  Drop reason{};
  const auto accepted = accepts_zero_checksum() && state_ >= State::cookie_echoed ? Packet::Checksum::zero_accepted
                                                                                  : Packet::Checksum::crc32c;
  const auto packet = Packet::parse(bytes, accepted, reason);
  if (!packet) return drops_.add(reason);
  if (packet->header.source_port != config_.remote_port || packet->header.destination_port != config_.local_port) {
    return drops_.add(Drop::port);
  }
  bool first = true;
  bool data = false;
  sack_at_once_ = false;
  saw_sack_ = false;
  for_each_chunk(packet->chunks, [&](const Chunk& chunk) {
    if (first && !tag_is_valid(*packet, chunk)) return drops_.add(Drop::verification_tag), false;
    // INIT travels alone and COOKIE ECHO comes first (RFC 9260 section 6.10): tag rules hold for the whole packet.
    if (!first && (chunk.type == ChunkType::init || chunk.type == ChunkType::cookie_echo)) {
      return drops_.add(Drop::unexpected_chunk), false;
    }
    first = false;
    data = data || chunk.type == ChunkType::data;
    return on_chunk(now, *packet, chunk);
  });
  received_since_sack_ += bytes.size();
  if (data && state_ >= State::established && !ending_) {
    saw_data_ = true;
    ++packets_since_sack_;
    const bool at_once = sack_at_once_ || packets_since_sack_ >= 2 || state_ == State::shutdown_sent;
    if (at_once) {
      sack_need_ = SackNeed::now;
    } else if (sack_need_ == SackNeed::none) {
      sack_need_ = SackNeed::delayed;
      // At most 200 ms (RFC 9260 section 6.2), and well under the peer's timeout.
      timers_.set(Timer::sack, now + std::min<Duration>(std::chrono::milliseconds(100), rto_.value() / 2));
    }
  }
  if (state_ == State::established) timers_.set(Timer::heartbeat, now + config_.heartbeat_interval);
}

// What INIT or INIT ACK of ours says.
bool Association::accepts_zero_checksum() const {
  return config_.accept_zero_checksum || (offer_.valid && offer_.peer.zero_checksum);
}

bool Association::on_chunk(TimePoint now, const Packet& packet, const Chunk& chunk) {
  const bool up = state_ >= State::established;
  switch (chunk.type) {
    case ChunkType::init:
      return on_init(now, packet, chunk), true;
    case ChunkType::init_ack:
      return packet.chunk_count == 1 ? on_init_ack(chunk) : drops_.add(Drop::bad_init), true;
    case ChunkType::cookie_echo:
      return on_cookie_echo(now, packet, chunk), state_ >= State::established;
    case ChunkType::cookie_ack:
      return on_cookie_ack(now), true;
    case ChunkType::abort:
      return on_abort(packet, chunk), false;
    case ChunkType::heartbeat:
      return state_ >= State::cookie_echoed ? on_heartbeat(chunk) : drops_.add(Drop::unexpected_chunk), true;
    case ChunkType::shutdown_complete:
      return on_shutdown_complete(packet, chunk), !ending_;
    case ChunkType::error:
      return true;
    case ChunkType::data:
    case ChunkType::sack:
    case ChunkType::heartbeat_ack:
    case ChunkType::shutdown:
    case ChunkType::shutdown_ack:
    case ChunkType::re_config:
    case ChunkType::forward_tsn:
      break;
    default:
      return on_unknown_chunk(chunk);
  }
  if (!up) return drops_.add(Drop::unexpected_chunk), true;
  if (chunk.type == ChunkType::data) on_data(now, chunk);
  if (chunk.type == ChunkType::heartbeat_ack) on_heartbeat_ack(now, chunk);
  if (chunk.type == ChunkType::shutdown) on_shutdown(now, chunk);
  if (chunk.type == ChunkType::shutdown_ack) on_shutdown_ack();
  if (chunk.type == ChunkType::re_config) on_re_config(now, chunk);
  if (chunk.type == ChunkType::forward_tsn) on_forward_tsn(chunk);
  if (chunk.type == ChunkType::sack) {
    // One is all that a packet has use for (RFC 9260 section 6.2): each of more would only say less.
    if (std::exchange(saw_sack_, true)) return drops_.add(Drop::unexpected_chunk), true;
    const auto sack = Sack::parse(chunk);
    sack ? on_sack(now, *sack) : drops_.add(Drop::malformed);
  }
  return !ending_ && state_ != State::ended;
}

bool Association::on_unknown_chunk(const Chunk& chunk) {
  drops_.add(Drop::unknown_chunk);
  const UnknownAction action = unknown_action(chunk.type);
  if (action.report && state_ >= State::established) {
    const Bytes reported = chunk.whole.first(std::min({chunk.whole.size(), kMaxReportedChunk, config_.max_packet / 2}));
    echo([&](Writer& w) { ErrorCauses{0, CauseCode::unrecognized_chunk_type, reported}.write(w, ChunkType::error); });
  }
  return action.go_on;
}

// Adds a chunk to those that go with the next packet. What does not fit into one packet is not answered.
template <class Write>
void Association::echo(Write&& write) {
  const std::size_t used = echoes_.size();
  echoes_.resize(config_.max_packet - kCommonHeaderSize);
  Writer writer(MutableBytes(echoes_).subspan(used));
  write(writer);
  echoes_.resize(writer.ok() ? used + writer.size() : used);
}

// ---- DATA and FORWARD TSN
// -----------------------------------------------------------------------------------------------

void Association::on_data(TimePoint, const Chunk& chunk) {
  const auto data = Data::parse(chunk);
  if (!data) {
    if (chunk.value.size() == kDataHeaderSize - kChunkHeaderSize) {
      return abort_with(Errc::sctp_protocol_violation, CauseCode::no_user_data);  // RFC 9260 section 6.2
    }
    return drops_.add(Drop::malformed);
  }
  if (state_ == State::shutdown_ack_sent) return drops_.add(Drop::unexpected_chunk);
  if (data->has(Data::kImmediate)) sack_at_once_ = true;
  accept_data(*data);
}

void Association::accept_data(const Data& data) {
  const TsnTracker::Verdict verdict = tsns_.judge(data.tsn);
  if (verdict != TsnTracker::Verdict::next || tsns_.has_gaps()) sack_at_once_ = true;
  if (verdict == TsnTracker::Verdict::duplicate) {
    tsns_.add_duplicate(data.tsn);
    return drops_.add(Drop::duplicate_data);
  }
  if (verdict == TsnTracker::Verdict::out_of_window) return drops_.add(Drop::out_of_window);
  if (verdict == TsnTracker::Verdict::ahead) {
    if (!reassembly_.has_room_ahead(data.payload.size())) return drops_.add(Drop::receive_buffer_full);
    tsns_.add(data.tsn);
    return reassembly_.on_ahead(data);
  }
  refused_next_ = !reassembly_.has_room_next(data);
  if (refused_next_) return drops_.add(Drop::receive_buffer_full);
  tsns_.add(data.tsn);
  after_cumulative_advance(reassembly_.on_next(data, tsns_.cumulative()));
}

void Association::after_cumulative_advance(Reassembly::Verdict verdict) {
  if (verdict == Reassembly::Verdict::bad_fragment) drops_.add(Drop::bad_fragment);
  // What was acknowledged cannot be dropped; a peer that ignores a=max-message-size ends here.
  if (verdict == Reassembly::Verdict::too_large)
    return abort_with(Errc::sctp_protocol_violation, CauseCode::protocol_violation);
  if (deferred_) try_deferred_reset();
}

void Association::on_forward_tsn(const Chunk& chunk) {
  const auto forward = ForwardTsn::parse(chunk);
  if (!forward) return drops_.add(Drop::malformed);
  sack_need_ = SackNeed::now;
  if (forward->new_cumulative_tsn <= tsns_.cumulative()) return;  // a late copy; the SACK says where we are
  // However far: what it skips costs nothing, and what it forgets has arrived.
  tsns_.forward(forward->new_cumulative_tsn);
  after_cumulative_advance(reassembly_.forward(*forward, tsns_.cumulative()));
}

// ---- SACK
// ---------------------------------------------------------------------------------------------------------------

void Association::on_sack(TimePoint now, const Sack& sack) {
  const std::size_t flight = outstanding_.flight();
  const SackOutcome outcome = outstanding_.on_sack(sack, now, rto_.base(), peer_forward_tsn_);
  if (!outcome.valid) return drops_.add(outcome.old ? Drop::old_sack : Drop::bad_sack);
  // A closed window is probed for as long as the peer says so (RFC 9260 section 6.1, rule A).
  if (outcome.advanced || outcome.acked != 0 || sack.a_rwnd < config_.max_packet) on_sign_of_life();
  if (outcome.sent) rto_.on_rtt(now - *outcome.sent);
  congestion_.on_ack(sack.cumulative_ack, outcome.advanced, outcome.acked, flight);
  if (outcome.loss && congestion_.on_loss(outstanding_.next_tsn().prev())) retransmit_now_ = true;
  if (outcome.reneged) on_reneging(now);
  peer_rwnd_ = sack.a_rwnd > outstanding_.flight() ? sack.a_rwnd - outstanding_.flight() : 0;
  if (outstanding_.empty()) {
    timers_.stop(Timer::retransmit);
  } else {
    if (outcome.advanced) timers_.set(Timer::retransmit, now + rto_.value());
    pending_.forward_tsn = pending_.forward_tsn || (peer_forward_tsn_ && outstanding_.owes_forward_tsn());
  }
  progress_shutdown(now);
}

// What was taken back may have been acknowledged without having arrived, so the window that it opened is not trusted:
// the same as a timeout, and what is sent again waits for the window and for its RTO.
void Association::on_reneging(TimePoint now) {
  drops_.add(Drop::reneged);
  congestion_.on_timeout();
  rto_.back_off();
  timers_.set(Timer::retransmit, now + rto_.value());
}

// ---- HEARTBEAT and ABORT
// ------------------------------------------------------------------------------------------------

void Association::on_heartbeat(const Chunk& chunk) {
  const auto heartbeat = Heartbeat::parse(chunk);
  if (!heartbeat) return drops_.add(Drop::malformed);
  echo([&](Writer& w) { heartbeat->write(w, ChunkType::heartbeat_ack); });
}

void Association::on_heartbeat_ack(TimePoint now, const Chunk& chunk) {
  const auto ack = Heartbeat::parse(chunk);
  const bool ours = ack && heartbeat_sent_ != kNever && ack->info.size() == heartbeat_nonce_.size() &&
                    std::equal(ack->info.begin(), ack->info.end(), heartbeat_nonce_.begin());
  if (!ours) return drops_.add(Drop::bad_heartbeat_ack);
  on_sign_of_life();
  rto_.on_rtt(now - heartbeat_sent_);
  heartbeat_sent_ = kNever;
}

void Association::on_abort(const Packet&, const Chunk&) {
  if (state_ == State::closed) return drops_.add(Drop::unexpected_chunk);
  end(Errc::sctp_aborted);
}

}  // namespace redan::sctp
