// Endpoint: many WebRTC peers behind one UDP port, without sockets, clocks or threads.
//
//   bytes and the current time go in:   handle_input(now, {path, bytes})
//   bytes and events come out:          poll_output(now, buffer) until it returns Wait
//
// No function here throws. Noise from the network is dropped and counted; when a peer terminates, Closed has the
// reason. There are no locks: an endpoint, with its provider, is called by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <redan/channel.hpp>
#include <redan/crypto.hpp>
#include <redan/error.hpp>
#include <redan/export.hpp>
#include <redan/ice.hpp>
#include <redan/media.hpp>
#include <redan/srtp_profile.hpp>
#include <redan/statistics.hpp>
#include <redan/types.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace redan REDAN_PUBLIC {

/// Identifies a peer of one endpoint. Never reused within an endpoint's lifetime.
struct PeerId {
  std::uint64_t value = 0;
  friend auto operator<=>(const PeerId&, const PeerId&) = default;
};

enum class DtlsRole : std::uint8_t { client, server };

/// `path.local` is the entry of EndpointConfig::local_addresses at which the datagram arrived. If unspecified, the
/// first entry of the family of `path.remote` is assumed, which is correct if there is one address per family.
struct Datagram {
  Path path;
  MutableBytes bytes;  ///< borrowed for the call; decrypted in place
  Ecn ecn = Ecn::not_ect;
};

// Outputs. What they borrow (spans, labels) is valid until the next call on the endpoint.

/// To be sent from `path.local`, one of EndpointConfig::local_addresses. On a relayed path the datagram goes to the
/// TURN server.
struct Transmit {
  Path path;
  Bytes bytes;  ///< at the start of the buffer given to poll_output
  Ecn ecn = Ecn::not_ect;
};
/// ICE found a path. Repeated when the path changes.
struct PathSelected {
  PeerId peer;
  Path path;  ///< `local` is the relayed address if local_type is relayed
  CandidateType local_type = CandidateType::host;
  CandidateType remote_type = CandidateType::host;
};
/// A candidate was found after our description was made: tell the peer, whose side calls add_remote_candidate.
struct LocalCandidate {
  PeerId peer;
  std::string_view candidate;  ///< "candidate:...", RTCIceCandidate's candidate
};
/// Every ICE server has answered or failed: descriptions made from now on have all candidates. Follows only after
/// set_ice_servers().
struct GatheringDone {};
/// An ICE server gives no candidate, or lost its relayed one; it is asked again later.
struct IceServerFailed {
  std::string_view server;  ///< IceServer::text()
  Errc reason;              ///< io_failed: a STUN server did not answer; otherwise an error of TURN
  std::string_view detail;  ///< in words
};
/// The credentials for this TURN server end: renew_ice_server() with new ones moves the sessions to a new relayed
/// candidate. Without, the relayed candidate ends at `until` or later.
struct IceCredentialsEnd {
  std::string_view server;  ///< IceServer::text()
  TimePoint until;
};
/// The DTLS handshake is complete and the peer proved the fingerprint of its description. See Endpoint::security.
struct Connected {
  PeerId peer;
};
struct ChannelOpened {
  PeerId peer;
  ChannelId channel;
  std::string_view label;
  ChannelParameters parameters;
};
/// The peer is closing the channel: nothing more can be sent on it. ChannelClosed follows.
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
/// The last event of a peer; afterwards its id is unknown.
struct Closed {
  PeerId peer;
  Errc reason;
  std::uint8_t alert = 0;  ///< the TLS alert description, with dtls_peer_alert
};

using Output = std::variant<Wait, Transmit, PathSelected, Connected, ChannelOpened, Message, BufferedAmountLow,
                            MediaPacket, ChannelClosing, ChannelClosed, Closed, LocalCandidate, GatheringDone,
                            IceServerFailed, IceCredentialsEnd, OpenSocket, SocketData, CloseSocket>;

// Inputs.

/// How the data channels of a peer share the path with others.
enum class CongestionControl : std::uint8_t {
  rfc9260,  ///< as TCP Reno: slow where packets are lost
  cubic,    ///< RFC 9438, as most TCP: faster on long paths, slow where packets are lost
  /// Sends at the rate that the path delivers (draft-ietf-ccwg-bbr). Fast where packets are lost, and keeps queues
  /// short. It takes more than half of a bottleneck that it shares with one flow of another kind.
  bbr,
};

struct EndpointConfig {
  /// Addresses at which this endpoint can be reached: the host candidates of every description. At least one.
  std::vector<Address> local_addresses{};
  /// SRTP profiles, best first.
  std::vector<SrtpProfile> srtp_profiles{SrtpProfile::aead_aes_128_gcm, SrtpProfile::aead_aes_256_gcm,
                                         SrtpProfile::aes128_cm_hmac_sha1_80};
  std::size_t mtu = 1200;  ///< largest UDP payload sent, except for media; 228 to 16,384
  /// Largest IP packet of media, which cannot be fragmented: by default a UDP payload of 1,472 bytes over IPv4 and
  /// 1,452 over IPv6. At most 65,535.
  std::size_t max_media_packet = 1500;
  std::size_t max_peers = 10'000;            ///< accept and offer are refused beyond it
  std::size_t max_message_size = 1U << 20U;  ///< announced as a=max-message-size
  std::size_t receive_window = 5U << 20U;    ///< SCTP receive window per peer, allocated only as data arrives
  std::size_t send_buffer = 16U << 20U;      ///< bytes queued per peer before send() returns would_block
  /// Limit in bytes on the incomplete data of all peers together. When half of it is in use, each peer has an even
  /// share of the rest: data beyond the share is dropped, and the peer retransmits it. The data channels of a peer that
  /// stays at its share for 5 s are closed with too_many, and their memory is freed.
  std::size_t memory_budget = 512U << 20U;
  /// Announces that SCTP packets need no checksum of their own (RFC 9653): faster between two Redan peers. Some older
  /// stacks do not answer to it.
  bool zero_checksum = false;
  CongestionControl congestion_control = CongestionControl::rfc9260;
  /// False: Redan also checks connectivity, as a full agent. Without effect, and full, with ICE servers or `relay`.
  bool announce_lite = true;
  IceTransport ice_transport = IceTransport::all;
  RemoteAddresses remote_addresses = RemoteAddresses::any;
};

/// One of our candidates, for display.
struct GatheredCandidate {
  CandidateType type{};
  Address address;
  Address base;                   ///< the entry of EndpointConfig::local_addresses behind it
  std::string server{};           ///< that gave it; empty for a host candidate
  std::optional<Duration> rtt{};  ///< to the server
};

struct AcceptOptions {
  DtlsRole dtls_role = DtlsRole::server;  ///< our role if the offer leaves the choice to us (actpass)
  bool accept_media = true;               ///< false: audio and video sections are declined
  MediaSources sources{};                 ///< of what we send
};

struct Accepted {
  PeerId peer;
  std::string answer;
};

/// What our offer requests.
struct MediaPlan {
  bool data = true;
  bool audio = false;
  bool video = false;
  std::optional<DtlsRole> dtls_role{};  ///< our role; absent: the answerer chooses (actpass), as RFC 8829 recommends
  MediaDirection direction = MediaDirection::sendrecv;  ///< of audio and video
  MediaSources sources{};
};

struct Offered {
  PeerId peer;
  std::string offer;
};

/// What was verified, for display.
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

  /// Takes a remote offer, returns our answer. The detail of an error names the faulty line of the offer; likewise for
  /// complete() and renegotiate().
  Result<Accepted> accept(std::string_view offer, const AcceptOptions& options = {});
  /// Returns our offer; complete() takes the answer. Data channels may be opened before either.
  Result<Offered> offer(const MediaPlan& plan);
  Result<void> complete(PeerId peer, std::string_view answer);
  /// Takes a new offer for a connected peer (ICE restart; media or data channels added or removed) and returns the new
  /// answer. Media can be added only to a connection whose handshake made keys for it; otherwise it is declined.
  /// sdp_association_changed if the offer has other fingerprints or another SCTP port, which would need a new DTLS
  /// association (RFC 8842).
  Result<std::string> renegotiate(PeerId peer, std::string_view offer);

  /// The servers are asked from each of our addresses once poll_output is called. At most kMaxIceServers, once, and
  /// before the first peer. For an offer with all candidates (half trickle), make it after GatheringDone; one made
  /// earlier is completed by LocalCandidate events. invalid_argument: too many, again, or a server without an address.
  Result<void> set_ice_servers(std::vector<IceServer> servers);
  /// A candidate of the peer that is not in its description, with or without "candidate:"; empty: there will be no
  /// more. May come before the answer. There is one transport, so its mid is not needed. Candidates that cannot be used
  /// (TCP, mDNS names, forbidden addresses, another ufrag, too many) are counted and ignored; sdp_syntax for text that
  /// is no candidate.
  Result<void> add_remote_candidate(PeerId peer, std::string_view candidate);
  /// Those known so far.
  [[nodiscard]] std::vector<GatheredCandidate> local_candidates() const;
  /// New credentials for the server with the same text(): a new relayed candidate is made with them, each peer is told
  /// (LocalCandidate), and the sessions move to it; the old one ends some seconds later. The new allocation needs a
  /// socket of its own (OpenSocket). invalid_argument: there is no such TURN server.
  Result<void> renew_ice_server(IceServer server);

  // The answers to OpenSocket. An unknown socket is ignored: it may have been closed meanwhile.

  /// `local` is the socket's own address.
  void socket_opened(TimePoint now, SocketId socket, const Address& local);
  /// A datagram, or any part of the stream.
  void handle_socket_input(TimePoint now, SocketId socket, Bytes bytes);
  /// It could not be opened, or has ended. `detail` says why, for display.
  void socket_closed(TimePoint now, SocketId socket, Errc reason, std::string_view detail);

  void handle_input(TimePoint now, Datagram datagram);
  /// `buffer` must hold one datagram: at least max_datagram() bytes.
  Output poll_output(TimePoint now, MutableBytes buffer);

  Result<ChannelId> open_channel(PeerId peer, std::string_view label, const ChannelOptions& options = {});
  Result<void> send(PeerId peer, ChannelId channel, MessageKind kind, Bytes payload);
  /// Payload bytes accepted by send(), which has copied them, and not yet transmitted.
  [[nodiscard]] Result<std::size_t> buffered_amount(PeerId peer, ChannelId channel) const;
  Result<void> set_buffered_amount_low_threshold(PeerId peer, ChannelId channel, std::size_t bytes);
  Result<void> close_channel(PeerId peer, ChannelId channel);
  /// `packet` holds plain RTP or RTCP of `size` bytes, followed by room for the tag (kSrtpTrailer).
  /// srtp_packet_too_large: the protected packet would exceed EndpointConfig::max_media_packet. would_block: poll
  /// first. srtp_index_reused: another packet had this SSRC and sequence number; only the identical packet may be sent
  /// again. too_many: a new SSRC after thousands of others. After an error the content of `packet` is unspecified.
  Result<void> send_media(PeerId peer, MediaKind kind, MutableBytes packet, std::size_t size);
  /// Closes the connection to the peer (SCTP ABORT, close_notify); Closed follows.
  void close(PeerId peer);

  [[nodiscard]] Result<Security> security(PeerId peer) const;
  /// Exports keying material of the DTLS connection for a protocol of the application (RFC 5705), without a context,
  /// into `out`. Errors: unknown_peer, not_connected; invalid_argument for a label above 249 bytes or more than 8,160
  /// bytes.
  [[nodiscard]] Result<void> export_keying_material(PeerId peer, std::string_view label, MutableBytes out) const;
  /// The audio and video sections in use, in the order of the descriptions, without the declined ones. Errors:
  /// unknown_peer; sdp_wrong_state before both descriptions are known.
  [[nodiscard]] Result<std::vector<AgreedMedia>> media(PeerId peer) const;
  /// The largest message that the peer accepts (a=max-message-size; SIZE_MAX: no limit). Errors: unknown_peer;
  /// sdp_wrong_state before both descriptions are known; channel_unknown without a data section.
  [[nodiscard]] Result<std::size_t> max_message_size(PeerId peer) const;
  /// The size of the largest datagram that poll_output writes. It grows with set_ice_servers().
  [[nodiscard]] std::size_t max_datagram() const;
  /// Error: unknown_peer.
  [[nodiscard]] Result<PeerStatistics> statistics(PeerId peer) const;
  /// Takes time proportional to the number of peers.
  [[nodiscard]] EndpointStatistics statistics() const;
  [[nodiscard]] std::size_t peer_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The most servers that set_ice_servers takes.
inline constexpr std::size_t kMaxIceServers = 8;
/// Bytes that send_media needs behind the packet.
inline constexpr std::size_t kSrtpTrailer = 32;

}  // namespace REDAN_PUBLIC
