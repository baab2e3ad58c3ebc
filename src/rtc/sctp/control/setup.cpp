#include "rtc/sctp/control/setup.hpp"

#include <utility>

namespace redan::sctp {
namespace {

// RFC 9260 section 16, Valid.Cookie.Life.
constexpr Duration kCookieLife = std::chrono::seconds(60);
// A stream costs nothing until it is used, so all of them are offered.
constexpr std::uint16_t kStreams = 65535;

bool equal_in_constant_time(Bytes a, Bytes b) {
  if (a.size() != b.size()) return false;
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

LocalSide random_side(RandomSource& random) {
  LocalSide side;
  while (side.tag.value == 0) side.tag = VerificationTag(random.random_u32());
  side.initial_tsn = Tsn(random.random_u32());
  return side;
}

Init init_of(const LocalSide& side, std::uint32_t a_rwnd, bool zero_checksum) {
  Init init;
  init.initiate_tag = side.tag;
  init.a_rwnd = a_rwnd;
  init.outbound_streams = init.inbound_streams = kStreams;
  init.initial_tsn = side.initial_tsn;
  init.forward_tsn = init.re_config = true;
  init.zero_checksum = zero_checksum;
  return init;
}

}  // namespace

void Setup::connect(RandomSource& random) {
  if (!std::holds_alternative<Closed>(state_)) return;
  state_ = CookieWait{random_side(random)};
  offer_.reset();  // of a tag that is not ours any more
}

const Sides* Setup::sides() const {
  if (const auto* state = std::get_if<Established>(&state_)) return &state->sides;
  if (const auto* state = std::get_if<CookieEchoed>(&state_)) return &state->sides;
  return nullptr;
}

const LocalSide* Setup::local() const {
  if (const auto* state = std::get_if<CookieWait>(&state_)) return &state->local;
  const Sides* both = sides();
  return both == nullptr ? nullptr : &both->local;
}

bool Setup::accepts_tag(const Packet& packet) const {
  const VerificationTag tag = packet.header.verification_tag;
  const ChunkType type = packet.first_type();
  if (type == ChunkType::init) return tag.value == 0;
  if (type == ChunkType::cookie_echo) return offer_ && tag == offer_->sides.local.tag;
  const bool may_reflect = type == ChunkType::abort || type == ChunkType::shutdown_complete;
  if (may_reflect && (packet.first_flags() & ErrorCauses::kReflectedTag) != 0) {
    return sides() && tag == sides()->peer.tag;
  }
  return local() && tag == local()->tag;
}

// What INIT or INIT ACK of ours says. A peer that says so itself understands it.
bool Setup::offers_zero_checksum() const {
  return config_.accept_zero_checksum || (offer_ && offer_->sides.peer.zero_checksum);
}

Packet::Checksum Setup::accepted_checksum() const {
  return sides() && offers_zero_checksum() ? Packet::Checksum::zero_accepted : Packet::Checksum::crc32c;
}

bool Setup::needs_checksum() const { return !established() || !sides()->peer.zero_checksum; }

bool Setup::repeats_offer(TimePoint now, const Init& init) const {
  return offer_ && offer_->sides.peer.tag == init.initiate_tag && offer_->sides.peer.initial_tsn == init.initial_tsn &&
         now < offer_->made + kCookieLife;
}

bool Setup::is_init(const Packet& packet, const Chunk& chunk) {
  return Init::parse(chunk) && packet.header.verification_tag.value == 0 && packet.chunk_count == 1;
}

void Setup::on_init(TimePoint now, const Packet& packet, const Chunk& chunk, RandomSource& random) {
  std::array<std::uint8_t, 64> unrecognized{};
  std::size_t unrecognized_size = 0;
  const auto init = Init::parse(chunk, unrecognized, &unrecognized_size);
  if (!init || packet.header.verification_tag.value != 0 || packet.chunk_count != 1) return drops_.add(Drop::bad_init);
  if (!repeats_offer(now, *init)) {
    offer_ = Offer{};
    // While we connect too, the answer repeats our own INIT (RFC 9260 section 5.2.1); otherwise it must not (5.2.2).
    offer_->sides.local = local() && !established() ? *local() : random_side(random);
    offer_->made = now;
    random.random(offer_->cookie);
  }
  offer_->sides.peer = PeerSide(*init);
  offer_->unrecognized = unrecognized;
  offer_->unrecognized_size = unrecognized_size;
  offer_->init_ack_due = true;
}

void Setup::on_init_ack(const Packet& packet, const Chunk& chunk) {
  if (packet.chunk_count != 1) return drops_.add(Drop::bad_init);
  const auto* wait = std::get_if<CookieWait>(&state_);
  if (wait == nullptr) return drops_.add(Drop::unexpected_chunk);
  const auto init = Init::parse(chunk);
  const std::size_t room = config_.max_packet - kCommonHeaderSize - kChunkHeaderSize;
  if (!init || init->cookie.empty() || padded(init->cookie.size()) > room) return drops_.add(Drop::bad_init);
  state_ = CookieEchoed{{wait->local, PeerSide(*init)}, {init->cookie.begin(), init->cookie.end()}};
}

bool Setup::names_offer(TimePoint now, const Packet& packet, const Chunk& chunk) const {
  return offer_ && equal_in_constant_time(chunk.value, offer_->cookie) && now < offer_->made + kCookieLife &&
         packet.header.verification_tag == offer_->sides.local.tag;
}

CookieResult Setup::refuse(Drop reason) {
  drops_.add(reason);
  return CookieResult::refused;
}

CookieResult Setup::on_cookie_echo(TimePoint now, const Packet& packet, const Chunk& chunk, bool may_restart) {
  if (!names_offer(now, packet, chunk)) return refuse(Drop::bad_cookie);
  auto* established = std::get_if<Established>(&state_);
  if (established != nullptr) {
    const bool same_local = offer_->sides.local.tag == established->sides.local.tag;
    const bool same_peer = offer_->sides.peer.tag == established->sides.peer.tag;
    if (same_local && same_peer) {
      established->cookie_ack_due = true;
      return CookieResult::repeated;
    }
    // Cases B and C of RFC 9260 section 5.2.4: an INIT that crossed ours, and came late.
    if (same_local || same_peer) return refuse(Drop::bad_cookie);
    if (!may_restart) return refuse(Drop::unexpected_chunk);
  }
  const bool restarted = established != nullptr;  // case A
  state_ = Established{offer_->sides, true};
  return restarted ? CookieResult::restarted : CookieResult::established;
}

bool Setup::on_cookie_ack() {
  const auto* echoed = std::get_if<CookieEchoed>(&state_);
  if (echoed == nullptr) return false;
  const Sides sides = echoed->sides;
  state_ = Established{sides};
  return true;
}

const RepeatTimer* Setup::timer() const {
  if (const auto* wait = std::get_if<CookieWait>(&state_)) return &wait->init;
  if (const auto* echoed = std::get_if<CookieEchoed>(&state_)) return &echoed->cookie_echo;
  return nullptr;
}

bool Setup::run_timers(TimePoint now) {
  RepeatTimer* repeat = timer();
  if (repeat != nullptr) repeat->expired(now);
  return repeat == nullptr || repeat->timeouts() <= config_.max_retransmits;
}

TimePoint Setup::deadline() const {
  const RepeatTimer* repeat = timer();
  return repeat == nullptr ? kNever : repeat->deadline();
}

MutableBytes Setup::write(TimePoint now, MutableBytes buffer, CommonHeader header, std::uint32_t a_rwnd) {
  if (offer_ && std::exchange(offer_->init_ack_due, false)) return write_init_ack(buffer, header, a_rwnd);
  timer()->wait(now);
  if (const auto* wait = std::get_if<CookieWait>(&state_)) return write_init(buffer, header, a_rwnd, *wait);
  const auto& echoed = std::get<CookieEchoed>(state_);
  header.verification_tag = echoed.sides.peer.tag;
  PacketWriter packet(buffer, header);
  write_chunk(packet.chunks(), ChunkType::cookie_echo, 0, [&](Writer& w) { w.bytes(echoed.cookie); });
  return packet.finish();
}

MutableBytes Setup::write_init_ack(MutableBytes buffer, CommonHeader header, std::uint32_t a_rwnd) {
  header.verification_tag = offer_->sides.peer.tag;
  PacketWriter packet(buffer, header);
  Init ack = init_of(offer_->sides.local, a_rwnd, offers_zero_checksum());
  ack.cookie = offer_->cookie;
  ack.unrecognized = Bytes(offer_->unrecognized).first(offer_->unrecognized_size);
  ack.write(packet.chunks(), ChunkType::init_ack);
  return packet.finish();
}

MutableBytes Setup::write_init(MutableBytes buffer, CommonHeader header, std::uint32_t a_rwnd,
                               const CookieWait& state) const {
  header.verification_tag = VerificationTag(0);
  PacketWriter packet(buffer, header);
  init_of(state.local, a_rwnd, config_.accept_zero_checksum).write(packet.chunks(), ChunkType::init);
  return packet.finish();
}

void Setup::write_cookie_ack(Writer& chunks) {
  auto* established = std::get_if<Established>(&state_);
  if (established != nullptr && std::exchange(established->cookie_ack_due, false)) {
    write_chunk(chunks, ChunkType::cookie_ack);
  }
}

}  // namespace redan::sctp
