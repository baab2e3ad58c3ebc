// Resetting streams, both directions: RFC 6525 section 5.
//
// One request of ours is under way at a time. One request of the peer is remembered: a repeated one is answered again
// from memory, and one that must wait for data (deferred) is performed once that data is here.
#include <algorithm>

#include "rtc/sctp/association.hpp"

namespace redan::sctp {

// ---- our requests
// -------------------------------------------------------------------------------------------------------

void Association::reset_stream(OutgoingStream stream) { queue_.watch_drain(stream); }

void Association::forget_stream(OutgoingStream stream) { queue_.close(stream); }

// Streams go into the next request as soon as their queue is drained.
void Association::prepare_reset_request() {
  if (!resetting_.empty() || state_ != State::established) return;
  while (resetting_.size() < kMaxResetStreams) {
    const auto stream = queue_.take_drained();
    if (!stream) break;
    resetting_.push_back(*stream);
  }
  if (resetting_.empty()) return;
  reset_last_tsn_ = outstanding_.next_tsn().prev();
  pending_.re_config = true;
}

void Association::write_reset(TimePoint now, PacketWriter& packet) {
  if (!peer_re_config_) {
    while (const auto stream = queue_.take_drained()) report_reset(*stream, false);  // such a peer cannot reset streams
  }
  prepare_reset_request();
  if (const auto bad = std::exchange(bad_reset_, std::nullopt)) {
    write_chunk(packet.chunks(), ChunkType::re_config, 0, [&](Writer& w) {
      ResetResponse{*bad, ResetResult::bad_sequence_number}.write(w);
    });
  }
  if (!pending_.re_config && !pending_.re_config_response) return;
  write_chunk(packet.chunks(), ChunkType::re_config, 0, [&](Writer& w) {
    if (pending_.re_config_response) ResetResponse{peer_reset_sequence_, peer_reset_result_}.write(w);
    if (!pending_.re_config) return;
    std::array<std::uint8_t, 2 * kMaxResetStreams> ids;
    Writer list(ids);
    for (const OutgoingStream stream : resetting_) list.u16(queue_.id(stream).value_or(StreamId{}).value);
    OutgoingResetRequest{reset_sequence_, peer_reset_sequence_, reset_last_tsn_, list.written()}.write(w);
    timers_.set(Timer::re_config, now + rto_.value());
  });
  pending_.re_config = pending_.re_config_response = false;
}

void Association::report_reset(OutgoingStream stream, bool performed) {
  ResetEvent event;
  event.outgoing = true;
  event.performed = performed;
  event.stream = stream;
  reset_events_.push_back(event);
}

void Association::on_reset_response(TimePoint now, Bytes value) {
  const auto response = ResetResponse::parse(value);
  if (!response) return drops_.add(Drop::malformed);
  if (resetting_.empty() || response->response_sequence != reset_sequence_) return drops_.add(Drop::bad_reset);
  on_sign_of_life();
  if (response->result == ResetResult::in_progress) {
    timers_.set(Timer::re_config, now + rto_.value());  // the same request again, later
    return;
  }
  // RFC 6525 section 4.4: all but these two say that nothing was reset.
  const bool performed = response->result == ResetResult::performed || response->result == ResetResult::nothing_to_do;
  if (!performed) drops_.add(Drop::reset_refused);
  ++reset_sequence_;
  timers_.stop(Timer::re_config);
  for (const OutgoingStream stream : resetting_) {
    if (performed) queue_.reset_ssn(stream);
    report_reset(stream, performed);
  }
  resetting_.clear();
}

// ---- the peer's requests
// ------------------------------------------------------------------------------------------------

void Association::on_re_config(TimePoint now, const Chunk& chunk) {
  const bool framed = for_each_parameter(chunk.value, [&](const Parameter& parameter) {
    switch (parameter.type) {
      case ParameterType::outgoing_reset_request:
        on_outgoing_reset_request(parameter.value);
        return true;
      case ParameterType::incoming_reset_request:
      case ParameterType::ssn_tsn_reset_request:
      case ParameterType::add_outgoing_streams:
      case ParameterType::add_incoming_streams:
        on_other_reset_request(parameter.value);
        return true;
      case ParameterType::re_config_response:
        on_reset_response(now, parameter.value);
        return true;
      default:
        return unknown_action(parameter.type).go_on;
    }
  });
  if (!framed) drops_.add(Drop::malformed);
}

void Association::respond(ResetSequence sequence, ResetResult result) {
  peer_reset_sequence_ = sequence;
  peer_reset_result_ = result;
  peer_reset_seen_ = true;
  pending_.re_config_response = true;
}

// True if the request needs no work: it is a copy, answered as before, or out of sequence (RFC 6525 section 5.2.1).
bool Association::is_repeated(ResetSequence sequence) {
  if (peer_reset_seen_ && sequence == peer_reset_sequence_) {
    pending_.re_config_response = true;
    return true;
  }
  if (sequence == peer_reset_sequence_.next()) return false;
  drops_.add(Drop::bad_reset);
  bad_reset_ = sequence;
  return true;
}

void Association::on_other_reset_request(Bytes value) {
  const auto sequence = parse_other_request(value);
  if (!sequence) return drops_.add(Drop::malformed);
  if (!is_repeated(*sequence)) respond(*sequence, ResetResult::denied);
}

void Association::on_outgoing_reset_request(Bytes value) {
  const auto request = OutgoingResetRequest::parse(value);
  if (!request) return drops_.add(Drop::malformed);
  if (is_repeated(request->request_sequence)) return;
  deferred_tsn_ = request->last_assigned_tsn;
  deferred_ = !may_perform_reset();
  if (deferred_) {
    deferred_streams_.assign(request->streams.begin(), request->streams.end());
    return respond(request->request_sequence, ResetResult::in_progress);
  }
  perform_incoming_reset(request->streams);
  respond(request->request_sequence, ResetResult::performed);
}

// Not while data sent before the reset is still on its way (RFC 6525 section 5.2.2 E3), or too many resets wait to be
// taken out.
bool Association::may_perform_reset() const {
  return deferred_tsn_ <= tsns_.cumulative() && reset_events_.size() < kMaxResetEvents;
}

void Association::try_deferred_reset() {
  if (!may_perform_reset()) return;
  deferred_ = false;
  perform_incoming_reset(deferred_streams_);
  std::vector<std::uint8_t>().swap(deferred_streams_);
  respond(peer_reset_sequence_, ResetResult::performed);
}

void Association::perform_incoming_reset(Bytes streams) {
  if (streams.empty()) {
    reassembly_.reset_all_streams();
    reset_events_.push_back({});
  }
  Reader reader(streams);
  while (!reader.empty()) {
    const StreamId stream(reader.u16());
    reassembly_.reset_stream(stream);
    ResetEvent event;
    event.id = stream;
    reset_events_.push_back(event);
  }
}

}  // namespace redan::sctp
