// Endpoint: many WebRTC peers behind one UDP port, without sockets, clocks or threads.
//
//   bytes and the time go in:     handle_input(now, {path, bytes})
//   bytes and events come out:    poll_output(now, buffer) until it says Wait
//
// Nothing here throws. Noise from the network is dropped and counted; a peer that ends says why in Closed.
#pragma once

#include <cstdint>
#include <memory>
#include <redan/channel.hpp>
#include <redan/crypto.hpp>
#include <redan/error.hpp>
#include <redan/export.hpp>
#include <redan/media.hpp>
#include <redan/srtp_profile.hpp>
#include <redan/statistics.hpp>
#include <redan/types.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace redan REDAN_PUBLIC {

/// A peer of one endpoint. Never reused within an endpoint's life.
struct PeerId {
  std::uint64_t value = 0;
  friend auto operator<=>(const PeerId&, const PeerId&) = default;
};

enum class DtlsRole : std::uint8_t { client, server };

/// `path.local` is the one of EndpointConfig::local_addresses that the datagram came to. Unspecified: the first of them
/// that has the family of `path.remote`, which is right wherever there is one address of a family.
struct Datagram {
  Path path;
  MutableBytes bytes;  ///< borrowed for the call; decrypted in place
  Ecn ecn = Ecn::not_ect;
};

// What comes out.

/// Leaves from `path.local`, one of EndpointConfig::local_addresses.
struct Transmit {
  Path path;
  Bytes bytes;  ///< at the start of the buffer given to poll_output
  Ecn ecn = Ecn::not_ect;
};
/// ICE found a path. Comes again when the path changes.
struct PathSelected {
  PeerId peer;
  Path path;
};
/// DTLS is done and the peer proved the fingerprint of its description. See Endpoint::security.
struct Connected {
  PeerId peer;
};
struct ChannelOpened {
  PeerId peer;
  ChannelId channel;
  std::string_view label;
  ChannelParameters parameters;
};
/// The peer closes the channel: nothing more can be sent on it. ChannelClosed follows.
struct ChannelClosing {
  PeerId peer;
  ChannelId channel;
};
struct Message {
  PeerId peer;
  ChannelId channel;
  MessageKind kind;
  Bytes payload;
};
/// A channel's buffered amount fell to its low threshold.
struct BufferedAmountLow {
  PeerId peer;
  ChannelId channel;
};
/// RTP or RTCP, already authenticated and decrypted.
struct MediaPacket {
  PeerId peer;
  MediaKind kind;
  MutableBytes packet;
};
struct ChannelClosed {
  PeerId peer;
  ChannelId channel;
  Errc reason;  ///< closed_locally, channel_closed_by_peer, sctp_restarted, or why the association ended
};
/// The last word about a peer; its id is then unknown.
struct Closed {
  PeerId peer;
  Errc reason;
  std::uint8_t alert = 0;  ///< the TLS alert description, with dtls_peer_alert
};

using Output = std::variant<Wait, Transmit, PathSelected, Connected, ChannelOpened, Message, BufferedAmountLow,
                            MediaPacket, ChannelClosing, ChannelClosed, Closed>;

// What goes in.

struct EndpointConfig {
  /// Where this endpoint can be reached: becomes the host candidates of every description. At least one.
  std::vector<Address> local_addresses{};
  /// SRTP profiles, best first.
  std::vector<SrtpProfile> srtp_profiles{SrtpProfile::aead_aes_128_gcm, SrtpProfile::aead_aes_256_gcm,
                                         SrtpProfile::aes128_cm_hmac_sha1_80};
  std::size_t mtu = 1200;  ///< largest UDP payload sent, but for media; 228 to 16,384
  /// Largest IP packet of media, which cannot be cut: by default a UDP payload of 1,472 bytes over IPv4 and 1,452 over
  /// IPv6. At most 65,535.
  std::size_t max_media_packet = 1500;
  std::size_t max_peers = 10'000;            ///< accept and offer refuse beyond it
  std::size_t max_message_size = 1U << 20U;  ///< announced as a=max-message-size
  std::size_t receive_window = 5U << 20U;    ///< SCTP receive window per peer, allocated only as data arrives
  std::size_t send_buffer = 16U << 20U;      ///< bytes queued per peer before send() says would_block
  /// Bytes that all peers together may make us hold in data that is not complete yet. When half of them are in use,
  /// each peer has an even share of the rest: what does not fit is dropped, and the peer sends it again. The data
  /// channels of a peer that stays at its share for 5 s end with too_many, and its memory comes back.
  std::size_t memory_budget = 512U << 20U;
  /// Tells peers that SCTP packets need no checksum of their own (RFC 9653): faster between two Redans. Some older
  /// stacks do not answer to it.
  bool zero_checksum = false;
  bool announce_lite = true;  ///< false: we check connectivity too, as a full agent
};

struct AcceptOptions {
  DtlsRole dtls_role = DtlsRole::server;  ///< our role, where the offer leaves it to us (actpass)
  bool accept_media = true;               ///< false: audio and video sections are declined
  MediaSources sources{};                 ///< of what we send
};

struct Accepted {
  PeerId peer;
  std::string answer;
};

/// What our offer asks for.
struct MediaPlan {
  bool data = true;
  bool audio = false;
  bool video = false;
  std::optional<DtlsRole> dtls_role{};  ///< our role; absent: the answerer chooses (actpass), as RFC 8829 wants it
  MediaDirection direction = MediaDirection::sendrecv;  ///< of audio and video
  MediaSources sources{};
};

struct Offered {
  PeerId peer;
  std::string offer;
};

/// What was verified, for people to look at.
struct Security {
  DtlsRole dtls_role{};
  std::string_view dtls_version;      ///< "DTLS 1.2"
  std::string_view cipher_suite;      ///< "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
  std::string_view group;             ///< "x25519"
  std::string_view signature_scheme;  ///< the peer's: "ecdsa_secp256r1_sha256"
  bool extended_master_secret = false;
  std::optional<SrtpProfile> srtp_profile;
  Fingerprint local_fingerprint;
  Fingerprint remote_fingerprint;  ///< announced in the description, and proven by the handshake
  Path path;
};

class Endpoint {
 public:
  using Output = redan::Output;

  /// `provider` must outlive the endpoint.
  Endpoint(EndpointConfig config, Identity identity, Provider& provider);
  ~Endpoint();
  Endpoint(Endpoint&&) noexcept;
  Endpoint& operator=(Endpoint&&) noexcept;

  /// A remote offer in, our answer out. The detail of an error names the line of the offer that is wrong; so do those
  /// of complete() and renegotiate().
  Result<Accepted> accept(std::string_view offer, const AcceptOptions& options = {});
  /// Our offer; complete() takes the answer. Data channels may be opened before either.
  Result<Offered> offer(const MediaPlan& plan);
  Result<void> complete(PeerId peer, std::string_view answer);
  /// A new offer for a connected peer (ICE restart, media or data channels that come or go): the new answer. Media can
  /// be added only to a connection whose handshake made keys for it; it is declined otherwise. sdp_association_changed
  /// if the offer has other fingerprints or another SCTP port: that would be a new DTLS association (RFC 8842).
  Result<std::string> renegotiate(PeerId peer, std::string_view offer);

  void handle_input(TimePoint now, Datagram datagram);
  /// `buffer` holds one datagram: at least max_datagram() bytes.
  Output poll_output(TimePoint now, MutableBytes buffer);

  Result<ChannelId> open_channel(PeerId peer, std::string_view label, const ChannelOptions& options = {});
  Result<void> send(PeerId peer, ChannelId channel, MessageKind kind, Bytes payload);
  /// Payload bytes accepted by send() and not yet transmitted for the first time.
  [[nodiscard]] Result<std::size_t> buffered_amount(PeerId peer, ChannelId channel) const;
  Result<void> set_buffered_amount_low_threshold(PeerId peer, ChannelId channel, std::size_t bytes);
  Result<void> close_channel(PeerId peer, ChannelId channel);
  /// `packet` holds plain RTP or RTCP of `size` bytes with room for the tag behind it (kSrtpTrailer).
  /// srtp_packet_too_large: protected, it would exceed EndpointConfig::max_media_packet. would_block: poll first.
  /// srtp_index_reused: another packet had this SSRC and sequence number; only the same one may be sent again.
  /// too_many: a new SSRC after thousands of others. After an error the bytes are without meaning.
  Result<void> send_media(PeerId peer, MediaKind kind, MutableBytes packet, std::size_t size);
  /// Says goodbye to the peer (SCTP ABORT, close_notify); Closed follows.
  void close(PeerId peer);

  [[nodiscard]] Result<Security> security(PeerId peer) const;
  /// Keying material of the DTLS connection for a protocol of the application (RFC 5705), without a context; fills
  /// `out`. unknown_peer, not_connected.
  [[nodiscard]] Result<void> export_keying_material(PeerId peer, std::string_view label, MutableBytes out) const;
  /// The audio and video sections in use, in the order of the descriptions; those declined are not there. Errors:
  /// unknown_peer, sdp_wrong_state before both descriptions are known.
  [[nodiscard]] Result<std::vector<AgreedMedia>> media(PeerId peer) const;
  /// The largest message the peer takes (a=max-message-size; SIZE_MAX: no limit). unknown_peer, sdp_wrong_state before
  /// both descriptions are known, channel_unknown without a data section.
  [[nodiscard]] Result<std::size_t> max_message_size(PeerId peer) const;
  /// The largest datagram that poll_output writes.
  [[nodiscard]] std::size_t max_datagram() const;
  /// unknown_peer.
  [[nodiscard]] Result<PeerStatistics> statistics(PeerId peer) const;
  /// Takes time in proportion to the number of peers.
  [[nodiscard]] EndpointStatistics statistics() const;
  [[nodiscard]] std::size_t peer_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Room that send_media needs behind the packet, bytes.
inline constexpr std::size_t kSrtpTrailer = 32;

}  // namespace REDAN_PUBLIC
