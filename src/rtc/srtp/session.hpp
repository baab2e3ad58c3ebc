// SRTP and SRTCP of one peer (RFC 3711, RFC 7714), on libsrtp. Every packet that unprotect_* returns was sent by the
// peer and is returned once; protect_* never uses a nonce for two packets.
#pragma once

#include <memory>
#include <redan/error.hpp>
#include <redan/types.hpp>

#include "base/counters.hpp"
#include "rtc/srtp/keys.hpp"
#include "rtc/srtp/sources.hpp"

struct srtp_ctx_t_;

namespace redan::srtp {

/// Why a packet from the network was dropped.
enum class Drop : std::uint8_t {
  malformed,         ///< no complete RTP or RTCP header followed by a tag
  unauthenticated,   ///< the tag does not verify
  replayed,          ///< seen before, older than the window, or older than the floor of a source that was put aside
  too_many_sources,  ///< a new SSRC when kMaxRetired others were put aside
  count_
};

/// Bytes that protect_* needs behind the packet: a GCM tag and SRTCP's index.
inline constexpr std::size_t kMaxTrailer = 20;
/// RFC 3711 section 3.4: the E flag and the SRTCP index.
inline constexpr std::size_t kSrtcpIndexSize = 4;

class Session {
 public:
  /// `own` protects what we send and `peer` what we receive: the keys from split() for our DTLS role and for the other
  /// one. srtp_failed if the keys have the wrong length or are equal (a reflected packet would verify).
  static Result<Session> create(SrtpProfile profile, const MasterKey& own, const MasterKey& peer);

  /// Protects the first `size` bytes of `buffer`, a whole RTP (RTCP) packet, in place; returns the new size. After an
  /// error the content of `buffer` is unspecified. srtp_failed if it is not such a packet, the buffer is too small, or
  /// the key's usage limit is reached; too_many for a new SSRC when kMaxRetired others were put aside.
  ///
  /// An RTP packet may be protected again to answer a NACK, but only unchanged: another packet with the same SSRC and
  /// index would break the encryption of both (RFC 3711 section 9.1). srtp_index_reused if it is different, or too old
  /// to compare: kReplayWindow packets, or from before its source was put aside.
  Result<std::size_t> protect_rtp(MutableBytes buffer, std::size_t size);
  Result<std::size_t> protect_rtcp(MutableBytes buffer, std::size_t size);

  /// The size that protect_rtp (protect_rtcp) produces from `size` bytes.
  [[nodiscard]] std::size_t protected_rtp_size(std::size_t size) const { return size + tag_size(); }
  [[nodiscard]] std::size_t protected_rtcp_size(std::size_t size) const { return size + tag_size() + kSrtcpIndexSize; }

  /// Verifies and decrypts in place; the plain packet is the beginning of `packet`. nullopt if it must be dropped; the
  /// content is then unspecified. Only a packet that verifies can create a source or put one aside.
  std::optional<MutableBytes> unprotect_rtp(MutableBytes packet);
  std::optional<MutableBytes> unprotect_rtcp(MutableBytes packet);

  [[nodiscard]] const Counters<Drop>& drops() const { return drops_; }
  /// The peer's sources in use.
  [[nodiscard]] std::size_t source_count() const { return received_.sources.size(); }

 private:
  struct Free {
    void operator()(srtp_ctx_t_* context) const;
  };
  using Context = std::unique_ptr<srtp_ctx_t_, Free>;

  /// One direction: libsrtp's context with its key, and the sources for which it has a stream.
  template <class T>
  struct Half {
    Half(SrtpProfile the_profile, const MasterKey& the_key) : profile(the_profile), key(the_key.expose()) {}
    /// The source, either in use or in its initial state. Call finish() once libsrtp has processed a packet of it.
    T& begin(std::uint32_t ssrc);
    /// Before an RTP packet: gives libsrtp the rollover counter of a source that was put aside.
    bool prepare(const T& source, std::int64_t rtp_index);
    /// Keeps a new source if its packet was valid.
    void finish(T& source, bool good);
    [[nodiscard]] bool has_room(const T& source) const { return !is_new(source) || sources.has_room(source.ssrc); }
    [[nodiscard]] bool is_new(const T& source) const { return &source == &fresh; }

    SrtpProfile profile;
    MasterKey key;
    Context context;
    Sources<T> sources;
    T fresh;
  };

  Session(SrtpProfile profile, const MasterKey& own, const MasterKey& peer)
      : profile_(profile), sent_(profile, own), received_(profile, peer) {}
  bool catch_up(Sender& sender);
  std::optional<MutableBytes> received(Source& source, int status, MutableBytes packet, int size);
  std::nullopt_t drop(Drop reason);
  [[nodiscard]] std::size_t tag_size() const;
  /// Of a protected packet.
  [[nodiscard]] std::int32_t rtcp_index(Bytes packet) const;

  SrtpProfile profile_;
  Half<Sender> sent_;
  Half<Source> received_;
  Counters<Drop> drops_;
};

}  // namespace redan::srtp
