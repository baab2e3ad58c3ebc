// The one file that knows libsrtp.
#include "rtc/srtp/session.hpp"

#include <srtp2/srtp.h>

#include "base/reader.hpp"

namespace redan::srtp {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kRtcpHeaderSize = 8;
constexpr std::size_t kSrtcpIndexSize = 4;

// RFC 3550 section 5.1:
//
//   |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//   |                           timestamp                           |
//   |           synchronization source (SSRC) identifier            |
//   |            contributing source (CSRC) identifiers             |
//   |      defined by profile       |           length              |     if X, and `length` words
//
/// The SSRC, if the whole header lies in front of the last `trailer` bytes.
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

enum class Direction { inbound, outbound };

/// A libsrtp context for one direction; null if libsrtp cannot.
srtp_t open(SrtpProfile profile, const MasterKey& key, Direction direction) {
  // libsrtp takes a pointer to writable bytes and only reads them.
  MasterKey copy(key.expose());
  srtp_policy_t policy{};
  set_crypto(profile, policy);
  policy.ssrc.type = direction == Direction::inbound ? ssrc_any_inbound : ssrc_any_outbound;
  policy.key = copy.fill(copy.size()).data();
  policy.window_size = kReplayWindow;
  policy.allow_repeat_tx = 1;
  srtp_t context = nullptr;
  return srtp_create(&context, &policy) == srtp_err_status_ok ? context : nullptr;
}

/// libsrtp has one crypto kernel per process, made once. Where it is built on NSS, the first context loads modules and
/// the last one unloads them, which takes twenty times as long as a context. So one is held as long as the process
/// lives.
bool library_is_ready() {
  static constexpr std::array<std::uint8_t, exporter_size(SrtpProfile::aes128_cm_hmac_sha1_80) / 2> kNoKey{};
  static const srtp_t held = srtp_init() == srtp_err_status_ok
                                 ? open(SrtpProfile::aes128_cm_hmac_sha1_80, MasterKey(kNoKey), Direction::inbound)
                                 : nullptr;
  return held != nullptr;
}

int do_unprotect_rtp(srtp_ctx_t* context, std::uint8_t* packet, int* size) {
  return srtp_unprotect(context, packet, size);
}
int do_unprotect_rtcp(srtp_ctx_t* context, std::uint8_t* packet, int* size) {
  return srtp_unprotect_rtcp(context, packet, size);
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

// libsrtp counts in int; no datagram is near this.
constexpr std::size_t kMaxPacket = 65'535;

}  // namespace

void Session::Free::operator()(srtp_ctx_t_* context) const { srtp_dealloc(context); }

Result<Session> Session::create(SrtpProfile profile, const MasterKey& own, const MasterKey& peer) {
  const std::size_t size = exporter_size(profile) / 2;
  if (!library_is_ready() || own.size() != size || peer.size() != size ||
      equal_in_constant_time(own.expose(), peer.expose())) {
    return refuse(Errc::srtp_failed);
  }
  Session session(profile);
  session.outbound_ = Context(open(profile, own, Direction::outbound));
  session.inbound_ = Context(open(profile, peer, Direction::inbound));
  if (!session.outbound_ || !session.inbound_) return refuse(Errc::srtp_failed);
  return session;
}

// RFC 5764 section 4.1.2 (80 bits), RFC 7714 section 5.
std::size_t Session::tag_size() const { return profile_ == SrtpProfile::aes128_cm_hmac_sha1_80 ? 10 : 16; }

Result<std::size_t> Session::protect_rtp(MutableBytes buffer, std::size_t size) {
  if (size > kMaxPacket || buffer.size() < size + tag_size() || !rtp_source(buffer.first(size), 0)) {
    return refuse(Errc::srtp_failed);
  }
  int length = static_cast<int>(size);
  if (srtp_protect(outbound_.get(), buffer.data(), &length) != srtp_err_status_ok) return refuse(Errc::srtp_failed);
  return static_cast<std::size_t>(length);
}

Result<std::size_t> Session::protect_rtcp(MutableBytes buffer, std::size_t size) {
  if (size > kMaxPacket || buffer.size() < size + tag_size() + kSrtcpIndexSize || !rtcp_source(buffer.first(size), 0)) {
    return refuse(Errc::srtp_failed);
  }
  int length = static_cast<int>(size);
  if (srtp_protect_rtcp(outbound_.get(), buffer.data(), &length) != srtp_err_status_ok) {
    return refuse(Errc::srtp_failed);
  }
  return static_cast<std::size_t>(length);
}

std::optional<MutableBytes> Session::unprotect_rtp(MutableBytes packet) {
  const auto ssrc = rtp_source(packet, tag_size());
  if (!ssrc || packet.size() > kMaxPacket) {
    drops_.add(Drop::malformed);
    return std::nullopt;
  }
  return unprotect(do_unprotect_rtp, *ssrc, packet);
}

std::optional<MutableBytes> Session::unprotect_rtcp(MutableBytes packet) {
  const auto ssrc = rtcp_source(packet, tag_size() + kSrtcpIndexSize);
  if (!ssrc || packet.size() > kMaxPacket) {
    drops_.add(Drop::malformed);
    return std::nullopt;
  }
  return unprotect(do_unprotect_rtcp, *ssrc, packet);
}

std::optional<MutableBytes> Session::unprotect(Transform transform, std::uint32_t ssrc, MutableBytes packet) {
  const bool known = is_known(ssrc);
  if (!known && source_count_ == kMaxSources) {
    drops_.add(Drop::too_many_sources);
    return std::nullopt;
  }
  int size = static_cast<int>(packet.size());
  const int status = transform(inbound_.get(), packet.data(), &size);
  if (status != srtp_err_status_ok || size < 0 || static_cast<std::size_t>(size) > packet.size()) {
    drops_.add(drop_for(status));
    return std::nullopt;
  }
  if (!known) sources_[source_count_++] = ssrc;
  return packet.first(static_cast<std::size_t>(size));
}

bool Session::is_known(std::uint32_t ssrc) const {
  const auto end = sources_.begin() + static_cast<std::ptrdiff_t>(source_count_);
  return std::find(sources_.begin(), end, ssrc) != end;
}

}  // namespace redan::srtp
