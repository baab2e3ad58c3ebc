#include "rtc/sctp/control/stream_reset.hpp"

namespace redan::sctp {

void StreamReset::begin(Tsn local, Tsn peer, bool supported) {
  supported_ = supported;
  sequence_ = ResetSequence(local.value);
  request_.reset();
  peer_sequence_ = ResetSequence(peer.value).prev();
  result_.reset();
  answer_due_ = false;
  bad_sequence_.reset();
  deferred_.reset();
  events_.clear();
}

std::optional<StreamReset::Event> StreamReset::next_event() {
  if (events_.empty()) return std::nullopt;
  const Event event = events_.front();
  events_.pop_front();
  return event;
}

void StreamReset::run_timers(TimePoint now) {
  if (request_ && request_->timer.expired(now)) errors_.on_timeout();
}

// Streams go into the next request as soon as all their messages were sent.
void StreamReset::begin_request() {
  std::vector<OutgoingStream> streams;
  while (streams.size() < kMaxStreamsPerRequest) {
    const auto stream = sender_.streams().take_drained();
    if (!stream) break;
    streams.push_back(*stream);
  }
  if (streams.empty()) return;
  request_ = Request{std::move(streams), sender_.next_tsn().prev(), RepeatTimer(sender_.rto().base())};
}

void StreamReset::write_chunks(TimePoint now, bool may_begin, Writer& chunks) {
  if (!supported_) {
    while (const auto stream = sender_.streams().take_drained()) events_.push_back(OutgoingReset{*stream, false});
  }
  if (may_begin && !request_) begin_request();
  if (const auto bad = std::exchange(bad_sequence_, std::nullopt)) {
    write_chunk(chunks, ChunkType::re_config, 0, [&](Writer& parameters) {
      ResetResponse{*bad, ResetResult::bad_sequence_number}.write(parameters);
    });
  }
  const bool request_due = request_ && request_->timer.due();
  const bool answer_due = std::exchange(answer_due_, false);
  if (!request_due && !answer_due) return;
  write_chunk(chunks, ChunkType::re_config, 0, [&](Writer& parameters) {
    if (answer_due) ResetResponse{peer_sequence_, *result_}.write(parameters);
    if (request_due) write_request(parameters);
  });
  if (request_due) request_->timer.wait(now);
}

void StreamReset::write_request(Writer& parameters) const {
  std::array<std::uint8_t, 2 * kMaxStreamsPerRequest> ids;
  Writer list(ids);
  for (const OutgoingStream stream : request_->streams) {
    list.u16(sender_.streams().id(stream).value_or(StreamId{}).value);
  }
  OutgoingResetRequest{sequence_, peer_sequence_, request_->last_tsn, list.written()}.write(parameters);
}

void StreamReset::on_re_config(TimePoint now, const Chunk& chunk) {
  const bool framed = for_each_parameter(chunk.value, [&](const Parameter& parameter) {
    switch (parameter.type) {
      case ParameterType::re_config_response:
        on_response(now, parameter.value);
        return true;
      case ParameterType::outgoing_reset_request:
        on_outgoing_request(parameter.value);
        return true;
      case ParameterType::incoming_reset_request:
      case ParameterType::ssn_tsn_reset_request:
      case ParameterType::add_outgoing_streams:
      case ParameterType::add_incoming_streams:
        on_other_request(parameter.value);
        return true;
      default:
        return unknown_action(parameter.type).go_on;
    }
  });
  if (!framed) drops_.add(Drop::malformed);
}

void StreamReset::on_response(TimePoint now, Bytes value) {
  const auto response = ResetResponse::parse(value);
  if (!response) return drops_.add(Drop::malformed);
  if (!request_ || response->response_sequence != sequence_) return drops_.add(Drop::bad_reset);
  errors_.on_answer();
  if (response->result == ResetResult::in_progress) return request_->timer.wait(now);
  // RFC 6525 section 4.4: all results but these two mean that nothing was reset.
  const bool performed = response->result == ResetResult::performed || response->result == ResetResult::nothing_to_do;
  if (!performed) drops_.add(Drop::reset_refused);
  ++sequence_;
  for (const OutgoingStream stream : request_->streams) {
    if (performed) sender_.streams().reset_ssn(stream);
    events_.push_back(OutgoingReset{stream, performed});
  }
  request_.reset();
}

void StreamReset::answer(ResetSequence sequence, ResetResult result) {
  peer_sequence_ = sequence;
  result_ = result;
  answer_due_ = true;
}

// True for a copy, which is answered as before, and for a request out of sequence (RFC 6525 section 5.2.1).
bool StreamReset::needs_no_work(ResetSequence sequence) {
  if (result_ && sequence == peer_sequence_) {
    answer_due_ = true;
    return true;
  }
  if (sequence == peer_sequence_.next()) return false;
  drops_.add(Drop::bad_reset);
  bad_sequence_ = sequence;
  return true;
}

void StreamReset::on_other_request(Bytes value) {
  const auto sequence = parse_other_request(value);
  if (!sequence) return drops_.add(Drop::malformed);
  if (!needs_no_work(*sequence)) answer(*sequence, ResetResult::denied);
}

void StreamReset::on_outgoing_request(Bytes value) {
  const auto request = OutgoingResetRequest::parse(value);
  if (!request) return drops_.add(Drop::malformed);
  if (needs_no_work(request->request_sequence)) return;
  deferred_.reset();
  if (may_perform(request->last_assigned_tsn)) {
    perform(request->streams);
    return answer(request->request_sequence, ResetResult::performed);
  }
  deferred_ = Deferred{
      request->request_sequence, request->last_assigned_tsn, {request->streams.begin(), request->streams.end()}};
  answer(request->request_sequence, ResetResult::in_progress);
}

// Not while data sent before the reset is still on its way (RFC 6525 section 5.2.2 E3), or too many events wait to be
// taken out.
bool StreamReset::may_perform(Tsn last_tsn) const {
  return last_tsn <= receiver_.cumulative() && events_.size() < kMaxEvents;
}

void StreamReset::resume() {
  if (!deferred_ || !may_perform(deferred_->last_tsn)) return;
  const Deferred deferred = *std::exchange(deferred_, std::nullopt);
  perform(deferred.streams);
  // A later request, which was denied, has an answer of its own.
  if (deferred.sequence == peer_sequence_) answer(peer_sequence_, ResetResult::performed);
}

void StreamReset::perform(Bytes streams) {
  if (streams.empty()) {
    receiver_.reset_all_streams();
    events_.push_back(IncomingReset{});
  }
  Reader reader(streams);
  while (!reader.empty()) {
    const StreamId stream(reader.u16());
    receiver_.reset_stream(stream);
    events_.push_back(IncomingReset{stream});
  }
}

}  // namespace redan::sctp
