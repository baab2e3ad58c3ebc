// INIT, INIT ACK, COOKIE ECHO, COOKIE ACK: RFC 9260 section 5.
#include "rtc/sctp/association.hpp"

namespace redan::sctp {
namespace {

// RFC 9260 section 16, Valid.Cookie.Life.
constexpr Duration kCookieLife = std::chrono::seconds(60);
// Streams are named, not tabled: all of them cost nothing.
constexpr std::uint16_t kStreams = 65535;

bool equal_in_full(Bytes a, Bytes b) {
  if (a.size() != b.size()) return false;
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

VerificationTag random_tag(RandomSource& random) {
  VerificationTag tag;
  while (tag.value == 0) tag = VerificationTag(random.random_u32());
  return tag;
}

Init our_init(VerificationTag tag, Tsn tsn, std::uint32_t a_rwnd, bool zero_checksum) {
  Init init;
  init.initiate_tag = tag;
  init.a_rwnd = a_rwnd;
  init.outbound_streams = init.inbound_streams = kStreams;
  init.initial_tsn = tsn;
  init.forward_tsn = init.re_config = true;
  init.zero_checksum = zero_checksum;
  return init;
}

}  // namespace

void Association::connect() {
  if (state_ != State::closed) return;
  local_tag_ = random_tag(random_);
  local_tsn_ = Tsn(random_.random_u32());
  offer_ = {};  // of a tag that is no longer ours
  state_ = State::cookie_wait;
  pending_.init = true;
}

void Association::on_init(TimePoint now, const Packet& packet, const Chunk& chunk) {
  std::size_t reported = 0;
  std::array<std::uint8_t, 64> unrecognized{};
  const auto init = Init::parse(chunk, unrecognized, &reported);
  if (!init || packet.header.verification_tag.value != 0 || packet.chunk_count != 1) return drops_.add(Drop::bad_init);
  if (state_ == State::shutdown_ack_sent) {
    pending_.shutdown_ack = true;  // RFC 9260 section 9.2
    return;
  }
  const bool repeated = offer_.valid && offer_.peer.initiate_tag == init->initiate_tag &&
                        offer_.peer.initial_tsn == init->initial_tsn && now < offer_.made + kCookieLife;
  if (!repeated) {
    // While we open too, the answer repeats our own INIT (RFC 9260 section 5.2.1); otherwise it must not (5.2.2).
    const bool opening = state_ == State::cookie_wait || state_ == State::cookie_echoed;
    offer_.valid = true;
    offer_.local_tag = opening ? local_tag_ : random_tag(random_);
    offer_.local_tsn = opening ? local_tsn_ : Tsn(random_.random_u32());
    offer_.made = now;
    random_.random(offer_.cookie);
  }
  offer_.peer = *init;
  offer_.peer.cookie = offer_.peer.unrecognized = {};
  offer_.unrecognized = unrecognized;
  offer_.unrecognized_size = reported;
  pending_.init_ack = true;
}

void Association::on_init_ack(const Chunk& chunk) {
  const auto init = Init::parse(chunk);
  if (state_ != State::cookie_wait) return drops_.add(Drop::unexpected_chunk);
  const std::size_t room = config_.max_packet - kCommonHeaderSize - kChunkHeaderSize;
  if (!init || init->cookie.empty() || padded(init->cookie.size()) > room) return drops_.add(Drop::bad_init);
  adopt(*init);
  cookie_.assign(init->cookie.begin(), init->cookie.end());
  state_ = State::cookie_echoed;
  setup_tries_ = 0;
  rto_ = Rto();
  pending_.init = false;
  pending_.cookie_echo = true;
}

void Association::on_cookie_echo(TimePoint now, const Packet& packet, const Chunk& chunk) {
  const bool ours = offer_.valid && equal_in_full(chunk.value, offer_.cookie) && now < offer_.made + kCookieLife &&
                    packet.header.verification_tag == offer_.local_tag;
  if (!ours) return drops_.add(Drop::bad_cookie);
  if (state_ == State::closed) {
    local_tag_ = offer_.local_tag;
    local_tsn_ = offer_.local_tsn;
  }
  const bool same_local = offer_.local_tag == local_tag_;
  const bool same_peer = offer_.peer.initiate_tag == peer_tag_;
  if (state_ < State::established) {
    adopt(offer_.peer);
    establish(now);
  } else if (!same_local && !same_peer) {
    if (state_ > State::established) return drops_.add(Drop::unexpected_chunk);
    restart(now);
  } else if (!same_local || !same_peer) {
    return drops_.add(Drop::bad_cookie);  // cases B and C: an INIT that crossed ours, and came late
  }
  pending_.cookie_ack = true;
}

void Association::on_cookie_ack(TimePoint now) {
  if (state_ == State::cookie_echoed) establish(now);
}

void Association::adopt(const Init& peer) {
  peer_tag_ = peer.initiate_tag;
  peer_rwnd_ = peer.a_rwnd;
  peer_forward_tsn_ = peer.forward_tsn;
  peer_re_config_ = peer.re_config;
  peer_zero_checksum_ = peer.zero_checksum;
  tsns_.begin(peer.initial_tsn);
  outstanding_.begin(local_tsn_);
  reset_sequence_ = ResetSequence(local_tsn_.value);
  peer_reset_sequence_ = ResetSequence(peer.initial_tsn.value).prev();
  peer_reset_seen_ = false;
}

void Association::establish(TimePoint now) {
  state_ = State::established;
  timers_.stop(Timer::setup);
  timers_.set(Timer::heartbeat, now + config_.heartbeat_interval);
  pending_.init = pending_.cookie_echo = false;
  std::vector<std::uint8_t>().swap(cookie_);
  rto_ = Rto();
  timeouts_ = 0;
  established_event_ = true;
}

// RFC 9260 section 5.2.4 case A: the peer began anew and proved it by our cookie. Everything of the old association
// goes, what came out of neither queue included; names of its streams are stale from here on.
void Association::restart(TimePoint now) {
  local_tag_ = offer_.local_tag;
  local_tsn_ = offer_.local_tsn;
  outstanding_.clear();
  queue_.clear();
  tsns_ = TsnTracker();
  reassembly_.clear();
  congestion_ = Congestion(config_.max_packet);
  resetting_.clear();
  reset_events_.clear();
  deferred_ = false;
  deferred_streams_.clear();
  bad_reset_.reset();
  echoes_.clear();
  pending_ = {};
  heartbeat_sent_ = kNever;
  retransmit_now_ = false;
  next_forward_tsn_ = TimePoint::min();
  received_since_sack_ = 0;
  sack_need_ = SackNeed::none;
  packets_since_sack_ = 0;
  announced_rwnd_ = 0xFFFFFFFFU;
  timers_.stop_all();
  adopt(offer_.peer);
  const bool reported = !established_event_;
  establish(now);
  established_event_ = !reported;
  ++restarts_;
}

void Association::on_setup_timer(TimePoint) {
  if (++setup_tries_ > config_.max_init_retransmits) return abort_with(Errc::sctp_timeout, CauseCode::none);
  rto_.back_off();
  pending_.init = state_ == State::cookie_wait;
  pending_.cookie_echo = state_ == State::cookie_echoed;
}

// INIT and INIT ACK travel alone; a COOKIE ECHO goes alone too.
MutableBytes Association::write_setup(TimePoint now, MutableBytes buffer) {
  const std::uint32_t window = reassembly_.a_rwnd();
  if (pending_.init_ack) {
    pending_.init_ack = false;
    PacketWriter packet(buffer, header(offer_.peer.initiate_tag));
    Init ack = our_init(offer_.local_tag, offer_.local_tsn, window, accepts_zero_checksum());
    ack.cookie = offer_.cookie;
    ack.unrecognized = Bytes(offer_.unrecognized).first(offer_.unrecognized_size);
    ack.write(packet.chunks(), ChunkType::init_ack);
    return packet.finish();
  }
  if (pending_.init) {
    pending_.init = false;
    timers_.set(Timer::setup, now + rto_.value());
    PacketWriter packet(buffer, header(VerificationTag(0)));
    our_init(local_tag_, local_tsn_, window, config_.accept_zero_checksum).write(packet.chunks(), ChunkType::init);
    return packet.finish();
  }
  if (pending_.cookie_echo) {
    pending_.cookie_echo = false;
    timers_.set(Timer::setup, now + rto_.value());
    PacketWriter packet(buffer, header(peer_tag_));
    write_chunk(packet.chunks(), ChunkType::cookie_echo, 0, [&](Writer& w) { w.bytes(cookie_); });
    return packet.finish();
  }
  return {};
}

}  // namespace redan::sctp
