#include "rtc/sctp/association.hpp"

#include <algorithm>

namespace redan::sctp {

Association::Association(const AssociationConfig& config, RandomSource& random)
    : config_(config),
      random_(random),
      errors_(config.max_retransmits),
      setup_({config.max_packet, config.max_init_retransmits, config.accept_zero_checksum}, drops_),
      sender_({config.max_packet, config.send_buffer, config.controller}, drops_, errors_),
      receiver_({config.receive_window, config.max_receive_message}, drops_),
      reset_(sender_, receiver_, drops_, errors_),
      shutdown_(errors_),
      heartbeat_(config.heartbeat_interval, errors_),
      replies_(config.max_packet - kCommonHeaderSize) {}

Result<void> Association::send(OutgoingStream stream, const Delivery& delivery, Bytes payload) {
  if (!may_send_messages()) return refuse(Errc::not_connected);
  return sender_.send(stream, delivery, payload);
}

void Association::send_always(OutgoingStream stream, const Delivery& delivery, Bytes payload) {
  if (may_send_messages()) sender_.streams().push(stream, delivery, payload);
}

void Association::shutdown() {
  if (!setup_.established()) return abort();
  shutdown_.begin();
}

void Association::abort_with(Errc reason, CauseCode cause) {
  const bool peer_is_known = setup_.sides() != nullptr;
  termination_.begin(reason, peer_is_known ? std::optional(ChunkType::abort) : std::nullopt, cause);
}

void Association::establish(TimePoint now) {
  const auto& [local, peer] = *setup_.sides();
  sender_.begin(local.initial_tsn, {peer.a_rwnd, peer.forward_tsn});
  receiver_.begin(peer.initial_tsn);
  reset_.begin(local.initial_tsn, peer.initial_tsn, peer.re_config);
  heartbeat_.begin(now);
  errors_.on_answer();
  established_to_report_ = true;
}

// Everything of the old association goes, with what waited to come out; names of its streams are stale from here on.
void Association::restart(TimePoint now) {
  const bool was_reported = !established_to_report_;
  sender_.streams().clear();
  replies_.clear();
  establish(now);
  if (was_reported) established_to_report_ = false;
  ++restarts_;
}

CommonHeader Association::header(VerificationTag tag) const { return {config_.local_port, config_.remote_port, tag}; }

void Association::handle_input(TimePoint now, MutableBytes bytes) {
  if (!running()) return;
  Drop reason{};
  const auto packet = Packet::parse(bytes, setup_.accepted_checksum(), reason);
  if (!packet) return drops_.add(reason);
  if (packet->header.source_port != config_.remote_port || packet->header.destination_port != config_.local_port) {
    return drops_.add(Drop::port);
  }
  if (!setup_.accepts_tag(*packet)) return drops_.add(Drop::verification_tag);
  Input input{now, *packet};
  for_each_chunk(packet->chunks, [&](const Chunk& chunk) { return on_chunk(input, chunk); });
  if (!running() || !setup_.established()) return;
  receiver_.on_packet_end(now, bytes.size(), shutdown_.acknowledges_at_once(), sender_.rto().value());
  if (shutdown_.is_open()) heartbeat_.postpone(now);
}

// False: the rest of the packet is not read.
bool Association::on_chunk(Input& input, const Chunk& chunk) {
  switch (chunk.type) {
    case ChunkType::init:
    case ChunkType::init_ack:
    case ChunkType::cookie_echo:
    case ChunkType::cookie_ack:
      return on_setup_chunk(input, chunk);
    case ChunkType::heartbeat:
      on_heartbeat(chunk);
      break;
    case ChunkType::abort:
      termination_.begin(Errc::sctp_aborted);
      break;
    case ChunkType::error:
      break;
    case ChunkType::data:
    case ChunkType::sack:
    case ChunkType::heartbeat_ack:
    case ChunkType::shutdown:
    case ChunkType::shutdown_ack:
    case ChunkType::shutdown_complete:
    case ChunkType::re_config:
    case ChunkType::forward_tsn:
      setup_.established() ? on_established_chunk(input, chunk) : drops_.add(Drop::unexpected_chunk);
      break;
    default:
      return on_unknown_chunk(chunk);
  }
  return running();
}

bool Association::on_setup_chunk(Input& input, const Chunk& chunk) {
  switch (chunk.type) {
    case ChunkType::init:
      if (Setup::is_init(input.packet, chunk) && shutdown_.answers_init()) return false;
      setup_.on_init(input.now, input.packet, chunk, random_);
      return false;
    case ChunkType::init_ack:
      setup_.on_init_ack(input.packet, chunk);
      return false;
    case ChunkType::cookie_echo:
      return on_cookie_echo(input, chunk);
    default:
      if (setup_.on_cookie_ack()) establish(input.now);
      return true;
  }
}

bool Association::on_cookie_echo(const Input& input, const Chunk& chunk) {
  // It comes first (RFC 9260 section 6.10): the tag was checked for the whole packet.
  if (chunk.whole.data() != input.packet.chunks.data()) return drops_.add(Drop::unexpected_chunk), false;
  switch (setup_.on_cookie_echo(input.now, input.packet, chunk, shutdown_.is_open())) {
    case CookieResult::refused:
      return false;
    case CookieResult::repeated:
      break;
    case CookieResult::established:
      establish(input.now);
      break;
    case CookieResult::restarted:
      restart(input.now);
      break;
  }
  return true;
}

void Association::on_established_chunk(Input& input, const Chunk& chunk) {
  switch (chunk.type) {
    case ChunkType::data:
      idle_.note_data();
      if (!shutdown_.may_receive_data()) return drops_.add(Drop::unexpected_chunk);
      return on_received(receiver_.on_data(chunk));
    case ChunkType::forward_tsn:
      return on_received(receiver_.on_forward_tsn(chunk));
    case ChunkType::sack:
      return on_sack(input, chunk);
    case ChunkType::heartbeat_ack:
      return on_heartbeat_ack(input.now, chunk);
    case ChunkType::re_config:
      return reset_.on_re_config(input.now, chunk);
    case ChunkType::shutdown:
      return on_shutdown(input.now, chunk);
    case ChunkType::shutdown_ack:
      if (!shutdown_.is_ended_by_ack()) return drops_.add(Drop::unexpected_chunk);
      return termination_.begin(Errc::sctp_shut_down, ChunkType::shutdown_complete);
    default:
      if (!shutdown_.is_ended_by_complete()) return drops_.add(Drop::unexpected_chunk);
      return termination_.begin(Errc::sctp_shut_down);
  }
}

bool Association::on_unknown_chunk(const Chunk& chunk) {
  drops_.add(Drop::unknown_chunk);
  const UnknownAction action = unknown_action(chunk.type);
  if (action.report && setup_.established()) replies_.report_unknown(chunk);
  return action.go_on;
}

// After DATA or FORWARD TSN.
void Association::on_received(std::optional<CauseCode> violation) {
  if (violation) return abort_with(Errc::sctp_protocol_violation, *violation);
  reset_.resume();
}

void Association::on_sack(Input& input, const Chunk& chunk) {
  // One is all that a packet has use for (RFC 9260 section 6.2): a second one would add nothing.
  if (std::exchange(input.sack_seen, true)) return drops_.add(Drop::unexpected_chunk);
  const auto sack = Sack::parse(chunk);
  sack ? sender_.on_sack(input.now, *sack) : drops_.add(Drop::malformed);
}

void Association::on_heartbeat(const Chunk& chunk) {
  if (setup_.sides() == nullptr) return drops_.add(Drop::unexpected_chunk);
  const auto heartbeat = Heartbeat::parse(chunk);
  heartbeat ? replies_.acknowledge(*heartbeat) : drops_.add(Drop::malformed);
}

void Association::on_heartbeat_ack(TimePoint now, const Chunk& chunk) {
  const auto rtt = heartbeat_.on_ack(now, chunk);
  rtt ? sender_.on_round_trip_time(*rtt) : drops_.add(Drop::bad_heartbeat_ack);
}

void Association::on_shutdown(TimePoint now, const Chunk& chunk) {
  const auto shutdown = Shutdown::parse(chunk);
  if (!shutdown) return drops_.add(Drop::malformed);
  shutdown_.on_shutdown(sender_.rto().base());
  sender_.on_shutdown(now, shutdown->cumulative_ack);
}

std::optional<Association::Output> Association::next_event() {
  if (std::exchange(established_to_report_, false)) return Established{};
  if (const auto message = receiver_.next_message()) return *message;
  if (const auto event = reset_.next_event()) {
    return std::visit([](const auto& reset) { return Output(reset); }, *event);
  }
  if (const auto stream = sender_.streams().take_low()) return BufferLow{*stream};
  return std::nullopt;
}

Association::Output Association::poll_output(TimePoint now, MutableBytes buffer) {
  if (auto event = next_event()) return *event;
  if (running()) run_timers(now);
  buffer = buffer.first(std::min(buffer.size(), config_.max_packet));
  if (!running()) return poll_end(buffer);
  const MutableBytes packet = next_packet(now, buffer);
  if (!packet.empty()) return Transmit{packet};
  if (auto event = next_event()) return *event;
  idle_.update(now, !sender_.idle() || receiver_.has_message());
  return Wait{deadline()};
}

Association::Output Association::poll_end(MutableBytes buffer) {
  if (termination_.chunk_due()) {
    PacketWriter packet(buffer, header(setup_.sides()->peer.tag));
    termination_.write(packet.chunks());
    return Transmit{packet.finish()};
  }
  const auto reason = termination_.take_reason();
  if (!reason) return Wait{kNever};
  receiver_.clear();
  return Terminated{*reason};
}

void Association::run_timers(TimePoint now) {
  if (!setup_.established() && !setup_.run_timers(now)) return abort_with(Errc::sctp_timeout, CauseCode::none);
  sender_.run_timers(now);
  receiver_.run_timers(now);
  reset_.resume();
  reset_.run_timers(now);
  if (!shutdown_.is_open()) progress_shutdown(now);
  heartbeat_.run_timers(now);
  if (errors_.exceeded()) return abort_with(Errc::sctp_timeout, CauseCode::none);
  if (receiver_.is_memory_overdue(now)) return abort_with(Errc::too_many, CauseCode::out_of_resource);
  if (idle_.expired(now)) trim();
}

void Association::progress_shutdown(TimePoint now) {
  heartbeat_.stop();
  if (sender_.idle()) shutdown_.on_all_acknowledged(sender_.rto().base());
  shutdown_.run_timers(now);
}

TimePoint Association::deadline() const {
  return std::min({setup_.deadline(), sender_.deadline(), receiver_.deadline(), reset_.deadline(),
                   heartbeat_.deadline(), shutdown_.deadline(), idle_.deadline()});
}

MutableBytes Association::next_packet(TimePoint now, MutableBytes buffer) {
  if (setup_.packet_due()) return setup_.write(now, buffer, header({}), receiver_.a_rwnd());
  const Sides* sides = setup_.sides();
  if (sides == nullptr) return {};
  PacketWriter packet(buffer, header(sides->peer.tag));
  if (!replies_.empty()) {
    replies_.write(packet.chunks());  // they may fill a packet
  } else if (setup_.established()) {
    write_control(now, packet.chunks());
    write_data(now, packet);
  }
  return packet.empty() ? MutableBytes{} : packet.finish(setup_.needs_checksum());
}

void Association::write_control(TimePoint now, Writer& chunks) {
  setup_.write_cookie_ack(chunks);
  heartbeat_.write(now, random_, chunks);
  shutdown_.write(now, receiver_.cumulative(), chunks);
  reset_.write(now, shutdown_.is_open(), chunks);
  sender_.write_forward_tsn(now, chunks);
}

void Association::write_data(TimePoint now, PacketWriter& packet) {
  const bool new_data = shutdown_.may_send_data();
  // A SACK that could wait goes along with data.
  if (receiver_.sack_due() || (receiver_.sack_owed() && sender_.has_data(now, new_data))) {
    receiver_.write_sack(packet.chunks());
  }
  sender_.write_data(now, new_data, packet);
  if (!sender_.idle()) idle_.note_data();
}

void Association::trim() {
  sender_.trim();
  receiver_.trim();
  reset_.trim();
  replies_.clear();
}

}  // namespace redan::sctp
