// The only file that uses libsrtp.
#include "rtc/srtp/session.hpp"

#include <srtp2/srtp.h>

#include <bit>

#include "base/assert.hpp"
#include "base/reader.hpp"
#include "base/writer.hpp"

namespace redan::srtp {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kRtcpHeaderSize = 8;

// RFC 3550 section 5.1:
//
//   |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//   |                           timestamp                           |
//   |           synchronization source (SSRC) identifier            |
//   |            contributing source (CSRC) identifiers             |
//   |      defined by profile       |           length              |     if X, and `length` words
//
/// The SSRC, if the whole header precedes the last `trailer` bytes.
std::optional<std::uint32_t> rtp_source(Bytes packet, std::size_t trailer) {
  if (packet.size() < trailer) return std::nullopt;
  Reader reader(packet.first(packet.size() - trailer));
  const std::uint8_t first = reader.u8();
  reader.skip(1 + 2 + 4);
  const std::uint32_t ssrc = reader.u32();
  reader.skip(4U * (first & 0x0fU));
  if ((first & 0x10U) != 0) {
    reader.skip(2);
    reader.skip(4U * reader.u16());
  }
  if (!reader.ok() || first >> 6U != kVersion) return std::nullopt;
  return ssrc;
}

/// The sender's SSRC of a compound packet (RFC 3550 section 6.1), under the same condition.
std::optional<std::uint32_t> rtcp_source(Bytes packet, std::size_t trailer) {
  if (packet.size() < kRtcpHeaderSize + trailer) return std::nullopt;
  Reader reader(packet);
  const std::uint8_t first = reader.u8();
  reader.skip(3);
  const std::uint32_t ssrc = reader.u32();
  return first >> 6U == kVersion ? std::optional(ssrc) : std::nullopt;
}

void set_crypto(SrtpProfile profile, srtp_policy_t& policy) {
  switch (profile) {
    case SrtpProfile::aead_aes_128_gcm:
      srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
      srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
      return;
    case SrtpProfile::aead_aes_256_gcm:
      srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
      srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
      return;
    case SrtpProfile::aes128_cm_hmac_sha1_80:
      srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
      srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
      return;
  }
}

/// Calls `use` with a policy for these sources.
int with_policy(SrtpProfile profile, const MasterKey& key, srtp_ssrc_t sources, auto&& use) {
  // libsrtp takes a pointer to writable bytes, but only reads them.
  MasterKey copy(key.expose());
  srtp_policy_t policy{};
  set_crypto(profile, policy);
  policy.ssrc = sources;
  policy.key = copy.fill(copy.size()).data();
  policy.window_size = kReplayWindow;
  policy.allow_repeat_tx = 1;
  return use(policy);
}

/// A libsrtp context for one direction; null if libsrtp fails.
srtp_t open(SrtpProfile profile, const MasterKey& key, srtp_ssrc_type_t direction) {
  srtp_t context = nullptr;
  with_policy(profile, key, {direction, 0},
              [&](const srtp_policy_t& policy) { return srtp_create(&context, &policy); });
  return context;
}

bool add_stream(srtp_t context, SrtpProfile profile, const MasterKey& key, std::uint32_t ssrc) {
  return with_policy(profile, key, {ssrc_specific, ssrc}, [&](const srtp_policy_t& policy) {
           return srtp_add_stream(context, &policy);
         }) == srtp_err_status_ok;
}

/// Unlike other functions, srtp_remove_stream takes the SSRC in network byte order.
bool remove_stream(srtp_t context, std::uint32_t ssrc) {
  std::array<std::uint8_t, 4> bytes{};
  Writer(bytes).u32(ssrc);
  return srtp_remove_stream(context, std::bit_cast<std::uint32_t>(bytes)) == srtp_err_status_ok;
}

/// libsrtp has one crypto kernel per process. If it is built on NSS, the first context loads modules and the last one
/// unloads them, which takes twenty times as long as making a context. So one context is held for the lifetime of the
/// process.
bool library_is_ready() {
  static constexpr std::array<std::uint8_t, exporter_size(SrtpProfile::aes128_cm_hmac_sha1_80) / 2> kNoKey{};
  static const srtp_t held = srtp_init() == srtp_err_status_ok
                                 ? open(SrtpProfile::aes128_cm_hmac_sha1_80, MasterKey(kNoKey), ssrc_any_inbound)
                                 : nullptr;
  return held != nullptr;
}

Drop drop_for(int status) {
  switch (status) {
    case srtp_err_status_auth_fail:
    case srtp_err_status_cipher_fail:
      return Drop::unauthenticated;
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
    case srtp_err_status_pkt_idx_old:
      return Drop::replayed;
    default:
      return Drop::malformed;
  }
}

// libsrtp uses int for sizes; datagrams are much smaller.
constexpr std::size_t kMaxPacket = 65'535;

/// The most SRTCP packets that a source may have sent before it is put aside and still resume: about 25 ms of work.
constexpr std::int32_t kMaxCatchUp = 8192;

std::uint16_t sequence_of(Bytes rtp) { return Reader(rtp.subspan(2)).u16(); }

}  // namespace

void Session::Free::operator()(srtp_ctx_t_* context) const { srtp_dealloc(context); }

// Sources.

template <class T>
T& Session::Half<T>::begin(std::uint32_t ssrc) {
  if (T* known = sources.find(ssrc)) return *known;
  fresh = sources.candidate(ssrc);
  return fresh;
}

// libsrtp creates the stream of a new SSRC itself, with rollover counter 0. A source that returns resumes its old
// counter. That needs a stream before its packet is verified, so one is created only for packets that need it.
template <class T>
bool Session::Half<T>::prepare(const T& source, std::int64_t rtp_index) {
  const auto rollovers = static_cast<std::uint32_t>(rtp_index >> 16U);
  if (source.counts_rollovers || rollovers == 0) return true;
  if (is_new(source) && !add_stream(context.get(), profile, key, source.ssrc)) return false;
  return srtp_set_stream_roc(context.get(), source.ssrc, rollovers) == srtp_err_status_ok;
}

template <class T>
void Session::Half<T>::finish(T& source, bool good) {
  if (!good) {
    if (is_new(source)) remove_stream(context.get(), source.ssrc);
    return;
  }
  const auto put_aside = [this](std::uint32_t ssrc) {
    const bool removed = remove_stream(context.get(), ssrc);
    REDAN_ASSERT(removed);
  };
  sources.use(is_new(source) ? sources.add(std::move(source), put_aside) : source);
}

// Session.

Result<Session> Session::create(SrtpProfile profile, const MasterKey& own, const MasterKey& peer) {
  const std::size_t size = exporter_size(profile) / 2;
  if (!library_is_ready() || own.size() != size || peer.size() != size ||
      equal_in_constant_time(own.expose(), peer.expose())) {
    return refuse(Errc::srtp_failed);
  }
  Session session(profile, own, peer);
  session.sent_.context = Context(open(profile, own, ssrc_any_outbound));
  session.received_.context = Context(open(profile, peer, ssrc_any_inbound));
  if (!session.sent_.context || !session.received_.context) return refuse(Errc::srtp_failed);
  return session;
}

// RFC 5764 section 4.1.2 (80 bits), RFC 7714 section 5.
std::size_t Session::tag_size() const { return profile_ == SrtpProfile::aes128_cm_hmac_sha1_80 ? 10 : 16; }

// RFC 3711 section 3.4: the index precedes the tag; RFC 7714 section 9.3: it follows the tag. The first bit is E.
std::int32_t Session::rtcp_index(Bytes packet) const {
  const std::size_t behind = profile_ == SrtpProfile::aes128_cm_hmac_sha1_80 ? tag_size() : 0;
  return static_cast<std::int32_t>(Reader(packet.subspan(packet.size() - behind - kSrtcpIndexSize)).u32() &
                                   0x7fffffffU);
}

std::nullopt_t Session::drop(Drop reason) {
  drops_.add(reason);
  return std::nullopt;
}

Result<std::size_t> Session::protect_rtp(MutableBytes buffer, std::size_t size) {
  const auto ssrc =
      size <= kMaxPacket && buffer.size() >= size + tag_size() ? rtp_source(buffer.first(size), 0) : std::nullopt;
  if (!ssrc) return refuse(Errc::srtp_failed);
  Sender& sender = sent_.begin(*ssrc);
  if (!sent_.has_room(sender)) return refuse(Errc::too_many);
  const std::int64_t index = estimate_index(sender.highest.rtp, sequence_of(buffer));
  const std::int64_t behind = sender.highest.rtp - index;
  if (index <= sender.floor.rtp || behind >= static_cast<std::int64_t>(kReplayWindow))
    return refuse(Errc::srtp_index_reused);
  int length = static_cast<int>(size);
  const bool done =
      sent_.prepare(sender, index) && srtp_protect(sent_.context.get(), buffer.data(), &length) == srtp_err_status_ok;
  if (!done) {
    sent_.finish(sender, false);
    return refuse(Errc::srtp_failed);
  }
  const MutableBytes packet = buffer.first(static_cast<std::size_t>(length));
  // The tag is a keyed hash of the index and the whole packet: equal tags mean equal packets.
  if (!sender.sent.add(index, sender.highest.rtp, Reader(packet.last(tag_size())).u64())) {
    wipe(packet);
    sent_.finish(sender, false);
    return refuse(Errc::srtp_index_reused);
  }
  sender.counts_rollovers = true;
  sender.highest.rtp = std::max(sender.highest.rtp, index);
  sent_.finish(sender, true);
  return packet.size();
}

// libsrtp has no function to set the SRTCP index, so it is advanced by protecting packets that are not sent.
bool Session::catch_up(Sender& sender) {
  if (sender.floor.rtcp - sender.rtcp_counter > kMaxCatchUp) return false;
  while (sender.rtcp_counter < sender.floor.rtcp) {
    std::array<std::uint8_t, kRtcpHeaderSize + kMaxTrailer> nothing{};
    Writer writer(nothing);
    writer.u8(kVersion << 6U);
    writer.u8(201);
    writer.u16(1);
    writer.u32(sender.ssrc);
    int length = kRtcpHeaderSize;
    if (srtp_protect_rtcp(sent_.context.get(), nothing.data(), &length) != srtp_err_status_ok) return false;
    sender.rtcp_counter = rtcp_index(Bytes(nothing).first(static_cast<std::size_t>(length)));
  }
  return true;
}

Result<std::size_t> Session::protect_rtcp(MutableBytes buffer, std::size_t size) {
  const bool fits = size <= kMaxPacket && buffer.size() >= size + tag_size() + kSrtcpIndexSize;
  const auto ssrc = fits ? rtcp_source(buffer.first(size), 0) : std::nullopt;
  if (!ssrc) return refuse(Errc::srtp_failed);
  Sender& sender = sent_.begin(*ssrc);
  if (!sent_.has_room(sender)) return refuse(Errc::too_many);
  int length = static_cast<int>(size);
  const bool done =
      catch_up(sender) && srtp_protect_rtcp(sent_.context.get(), buffer.data(), &length) == srtp_err_status_ok;
  if (done) {
    sender.rtcp_counter = rtcp_index(buffer.first(static_cast<std::size_t>(length)));
    sender.highest.rtcp = sender.rtcp_counter;
  }
  sent_.finish(sender, done);
  if (!done) return refuse(Errc::srtp_failed);
  return static_cast<std::size_t>(length);
}

std::optional<MutableBytes> Session::unprotect_rtp(MutableBytes packet) {
  const auto ssrc = packet.size() <= kMaxPacket ? rtp_source(packet, tag_size()) : std::nullopt;
  if (!ssrc) return drop(Drop::malformed);
  Source& source = received_.begin(*ssrc);
  if (!received_.has_room(source)) return drop(Drop::too_many_sources);
  const std::int64_t index = estimate_index(source.highest.rtp, sequence_of(packet));
  if (index <= source.floor.rtp) return drop(Drop::replayed);
  int size = static_cast<int>(packet.size());
  const int status = received_.prepare(source, index) ? srtp_unprotect(received_.context.get(), packet.data(), &size)
                                                      : srtp_err_status_fail;
  if (status == srtp_err_status_ok) {
    source.counts_rollovers = true;
    source.highest.rtp = std::max(source.highest.rtp, index);
  }
  return received(source, status, packet, size);
}

std::optional<MutableBytes> Session::unprotect_rtcp(MutableBytes packet) {
  const auto ssrc = packet.size() <= kMaxPacket ? rtcp_source(packet, tag_size() + kSrtcpIndexSize) : std::nullopt;
  if (!ssrc) return drop(Drop::malformed);
  Source& source = received_.begin(*ssrc);
  if (!received_.has_room(source)) return drop(Drop::too_many_sources);
  const std::int32_t index = rtcp_index(packet);
  if (index <= source.floor.rtcp) return drop(Drop::replayed);
  int size = static_cast<int>(packet.size());
  const int status = srtp_unprotect_rtcp(received_.context.get(), packet.data(), &size);
  if (status == srtp_err_status_ok) source.highest.rtcp = std::max(source.highest.rtcp, index);
  return received(source, status, packet, size);
}

std::optional<MutableBytes> Session::received(Source& source, int status, MutableBytes packet, int size) {
  const bool good = status == srtp_err_status_ok && size >= 0 && static_cast<std::size_t>(size) <= packet.size();
  received_.finish(source, good);
  if (!good) return drop(drop_for(status));
  return packet.first(static_cast<std::size_t>(size));
}

}  // namespace redan::srtp
