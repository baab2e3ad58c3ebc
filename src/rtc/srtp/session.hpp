// SRTP and SRTCP of one peer (RFC 3711, RFC 7714), over libsrtp. Stands between the network and the media of a peer:
// what comes out of unprotect_* was sent by the peer, once.
#pragma once

#include <memory>
#include <redan/error.hpp>
#include <redan/types.hpp>

#include "base/counters.hpp"
#include "rtc/srtp/keys.hpp"

struct srtp_ctx_t_;

namespace redan::srtp {

/// Why a packet from the network was dropped.
enum class Drop : std::uint8_t {
  malformed,         ///< no whole RTP or RTCP header with a tag behind it
  unauthenticated,   ///< the tag does not verify
  replayed,          ///< seen before, or older than the window
  too_many_sources,  ///< a new SSRC beyond kMaxSources
  count_
};

/// Sources of one peer. Each costs memory, and only an authenticated packet makes one.
inline constexpr std::size_t kMaxSources = 64;
/// Packets of a source that may come this much out of order (SRTCP: 128).
inline constexpr std::size_t kReplayWindow = 1024;
/// Room that protect_* needs behind the packet: a GCM tag, and SRTCP's index.
inline constexpr std::size_t kMaxTrailer = 20;

class Session {
 public:
  /// `own` protects what we send and `peer` what we receive: of split(), our DTLS role's and the other one's.
  /// srtp_failed if the keys are of the wrong length or equal (a reflected packet would verify).
  static Result<Session> create(SrtpProfile profile, const MasterKey& own, const MasterKey& peer);

  /// Protects the first `size` bytes of `buffer`, a whole RTP (RTCP) packet, in place; returns the new size.
  /// srtp_failed if it is not such a packet, the buffer is too small, or the key is used up.
  ///
  /// An RTP packet may be protected again, to answer a NACK, but only unchanged: another payload under the same SSRC
  /// and sequence number would break the encryption of both (RFC 3711 section 9.1).
  Result<std::size_t> protect_rtp(MutableBytes buffer, std::size_t size);
  Result<std::size_t> protect_rtcp(MutableBytes buffer, std::size_t size);

  /// Verifies and decrypts in place; the plain packet is the front of `packet`. nullopt if it is to be dropped; its
  /// bytes are then without meaning.
  std::optional<MutableBytes> unprotect_rtp(MutableBytes packet);
  std::optional<MutableBytes> unprotect_rtcp(MutableBytes packet);

  [[nodiscard]] const Counters<Drop>& drops() const { return drops_; }
  [[nodiscard]] std::size_t source_count() const { return source_count_; }

 private:
  struct Free {
    void operator()(srtp_ctx_t_* context) const;
  };
  using Context = std::unique_ptr<srtp_ctx_t_, Free>;
  using Transform = int (*)(srtp_ctx_t_* context, std::uint8_t* packet, int* size);

  explicit Session(SrtpProfile profile) : profile_(profile) {}
  std::optional<MutableBytes> unprotect(Transform transform, std::uint32_t ssrc, MutableBytes packet);
  [[nodiscard]] bool is_known(std::uint32_t ssrc) const;
  [[nodiscard]] std::size_t tag_size() const;

  SrtpProfile profile_;
  Context outbound_;
  Context inbound_;
  std::array<std::uint32_t, kMaxSources> sources_{};
  std::size_t source_count_ = 0;
  Counters<Drop> drops_;
};

}  // namespace redan::srtp
