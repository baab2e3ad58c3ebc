#include "rtc/sctp/rx/receiver.hpp"

namespace redan::sctp {

void Receiver::begin(Tsn first) {
  tsns_ = TsnTracker();
  tsns_.begin(first);
  reassembly_.clear();
  sacks_ = SackSchedule();
  data_in_packet_ = false;
  announced_ = 0xFFFFFFFFU;
  refused_next_ = false;
  memory_deadline_ = kNever;
}

std::optional<CauseCode> Receiver::on_data(const Chunk& chunk) {
  data_in_packet_ = true;
  const auto data = Data::parse(chunk);
  if (data) {
    if (data->has(Data::kImmediate)) sacks_.send_now();
    return accept(*data);
  }
  // RFC 9260 section 6.2.
  if (chunk.value.size() == kDataHeaderSize - kChunkHeaderSize) return CauseCode::no_user_data;
  drops_.add(Drop::malformed);
  return std::nullopt;
}

std::optional<CauseCode> Receiver::accept(const Data& data) {
  const TsnTracker::Verdict verdict = tsns_.judge(data.tsn);
  if (verdict != TsnTracker::Verdict::next || tsns_.has_gaps()) sacks_.send_now();
  switch (verdict) {
    case TsnTracker::Verdict::duplicate:
      tsns_.add_duplicate(data.tsn);
      drops_.add(Drop::duplicate_data);
      return std::nullopt;
    case TsnTracker::Verdict::out_of_window:
      drops_.add(Drop::out_of_window);
      return std::nullopt;
    case TsnTracker::Verdict::ahead:
      if (!reassembly_.has_room_ahead(data.payload.size())) break;
      tsns_.add(data.tsn);
      reassembly_.on_ahead(data);
      return std::nullopt;
    case TsnTracker::Verdict::next:
      refused_next_ = !reassembly_.has_room_next(data);
      if (refused_next_) break;
      tsns_.add(data.tsn);
      return judge(reassembly_.on_next(data, tsns_.cumulative()));
  }
  drops_.add(Drop::receive_buffer_full);
  return std::nullopt;
}

std::optional<CauseCode> Receiver::judge(Reassembly::Verdict verdict) {
  if (verdict == Reassembly::Verdict::bad_fragment) drops_.add(Drop::bad_fragment);
  // What was acknowledged cannot be dropped; a peer that ignores a=max-message-size ends here.
  if (verdict == Reassembly::Verdict::too_large) return CauseCode::protocol_violation;
  return std::nullopt;
}

std::optional<CauseCode> Receiver::on_forward_tsn(const Chunk& chunk) {
  const auto forward = ForwardTsn::parse(chunk);
  if (!forward) {
    drops_.add(Drop::malformed);
    return std::nullopt;
  }
  sacks_.send_now();
  if (forward->new_cumulative_tsn <= tsns_.cumulative()) return std::nullopt;  // a late copy
  // Any distance is accepted: what is skipped costs nothing, and only what has arrived is forgotten.
  tsns_.forward(forward->new_cumulative_tsn);
  return judge(reassembly_.forward(*forward, tsns_.cumulative()));
}

void Receiver::on_packet_end(TimePoint now, std::size_t size, bool at_once, Duration rto) {
  const bool has_data = std::exchange(data_in_packet_, false);
  sacks_.on_packet(now, size, has_data, rto);
  if (has_data && at_once) sacks_.send_now();
}

void Receiver::run_timers(TimePoint now) {
  sacks_.run_timers(now);
  // A window that was nearly closed has opened again: the peer would learn it only by probing.
  if (announced_ < window_ / 4 && a_rwnd() >= window_ / 2) sacks_.send_now();
}

bool Receiver::is_at_memory_limit() const {
  return reassembly_.is_limited() && (refused_next_ || reassembly_.is_over_limit());
}

bool Receiver::is_memory_overdue(TimePoint now) {
  if (!is_at_memory_limit()) {
    memory_deadline_ = kNever;
  } else if (memory_deadline_ == kNever) {
    memory_deadline_ = now + kMemoryGrace;
  }
  return now >= memory_deadline_;
}

void Receiver::write_sack(Writer& chunks) {
  announced_ = a_rwnd();
  tsns_.write_sack(chunks, announced_, sacks_.take());
}

void Receiver::trim() {
  reassembly_.trim();
  tsns_.trim();
}

}  // namespace redan::sctp
