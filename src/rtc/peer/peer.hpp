// One WebRTC peer, composed of ICE, DTLS, SRTP and data channels. These rooms do not know each other; Peer passes each
// datagram to the right one, and the output of one to the next:
//
//   STUN -> ice -> Validated, Selected       DTLS -> dtls -> ApplicationData -> channels -> Received
//   RTP, RTCP -> srtp                         channels -> packet -> dtls.seal -> Transmit
#pragma once

#include <optional>
#include <redan/endpoint.hpp>

#include "base/packet_queue.hpp"
#include "rtc/datachannel/channels.hpp"
#include "rtc/dtls/connection.hpp"
#include "rtc/ice/full_agent.hpp"
#include "rtc/ice/lite_agent.hpp"
#include "rtc/peer/classify.hpp"
#include "rtc/peer/early_datagrams.hpp"
#include "rtc/peer/router.hpp"
#include "rtc/peer/schedule.hpp"
#include "rtc/srtp/session.hpp"

namespace redan::peer {

using Agent = std::variant<ice::LiteAgent, ice::FullAgent>;

/// The agreement of both descriptions. Each later offer and answer makes a new one.
struct Agreement {
  DtlsRole dtls_role = DtlsRole::server;
  std::vector<Fingerprint> remote_fingerprints;
  bool media = false;
  bool data = false;
  std::uint16_t remote_sctp_port = 5000;
  std::size_t max_send_message = 65'536;
};

/// The largest UDP payload of media on this path, or the smaller limit of both families if there is no path.
std::size_t media_payload_limit(const EndpointConfig& config, const std::optional<Path>& path);

class Peer : public ScheduleEntry {
 public:
  using Output = redan::Output;

  /// The references must outlive the peer.
  Peer(PeerId id, const EndpointConfig& config, const Identity& identity, Provider& provider, Router& router,
       Agent agent);

  /// Both descriptions are known: the DTLS handshake may start once ICE has a path. Later calls change what a running
  /// connection can change: adding or removing data channels, the peer's message size, whether there is media.
  void agree(Agreement agreement);
  [[nodiscard]] const std::optional<Agreement>& agreement() const { return agreement_; }

  /// `datagram.path` has both ends. `stun` is the parsed datagram if it is a STUN message.
  void handle_input(TimePoint now, const Datagram& datagram, DatagramKind kind,
                    const std::optional<stun::Message>& stun);
  Output poll_output(TimePoint now, MutableBytes buffer);
  Result<void> send_media(MediaKind kind, MutableBytes packet, std::size_t size);
  void close();
  /// close() was called, or the peer has terminated.
  [[nodiscard]] bool closing() const { return close_reason_ || closed_; }

  /// Another peer has an authenticated check on this path, and this peer was not heard on it for long.
  void give_up(const Path& path);
  /// A candidate of ours, host or relayed, was found, or exists no more.
  void add_local(const ice::Candidate& candidate);
  void retire_local(const Address& address);
  void remove_local(TimePoint now, const Address& address);
  /// Permission to reach an IP address through a relay: see ice::FullAgent.
  void permitted(TimePoint now, const Address& relayed, const Address& ip);
  void add_remote(const ice::Candidate& candidate);
  [[nodiscard]] std::optional<TimePoint> last_heard(const Path& path) const {
    return std::visit([&](const auto& agent) { return agent.last_heard(path); }, agent_);
  }
  [[nodiscard]] PeerId id() const { return id_; }
  [[nodiscard]] Agent& agent() { return agent_; }
  [[nodiscard]] Routes& routes() { return routes_; }
  [[nodiscard]] datachannel::Channels& channels() { return *channels_; }
  [[nodiscard]] const datachannel::Channels& channels() const { return *channels_; }
  [[nodiscard]] Result<Security> security() const;
  [[nodiscard]] Result<void> export_keying_material(std::string_view label, MutableBytes out) const;
  /// Whether the handshake agreed on keys for media; nullopt before it completes.
  [[nodiscard]] std::optional<bool> media_is_keyed() const;
  [[nodiscard]] PeerStatistics statistics() const;
  /// Memory held for the peer's packets, in bytes.
  [[nodiscard]] std::size_t held() const;

 private:
  using Event = std::optional<Output>;  // nullopt: nothing to report, poll the next room

  void on_stun(TimePoint now, const Path& path, const stun::Message& message);
  Output count(Output output);
  Output next_output(TimePoint now, MutableBytes buffer);
  void follow_agent(TimePoint now);
  bool claim(TimePoint now, const Path& path);
  [[nodiscard]] bool keeps(TimePoint now, const Path& path, const Peer& newcomer) const;
  [[nodiscard]] std::size_t media_limit() const;
  [[nodiscard]] Output path_selected(const Path& path) const;
  [[nodiscard]] bool connected() const { return dtls_ && dtls_->connected(); }
  void on_dtls(TimePoint now, const Path& path, MutableBytes datagram);
  void use_dtls(TimePoint now, const Path& path, MutableBytes datagram);
  void on_media(TimePoint now, const Path& path, DatagramKind kind, MutableBytes packet);
  void heard(TimePoint now, const Path& path) {
    std::visit([&](auto& agent) { agent.heard(now, path); }, agent_);
  }
  [[nodiscard]] bool validated(const Path& path) const {
    return std::visit([&](const auto& agent) { return agent.validated(path); }, agent_);
  }
  Event poll_ice(TimePoint now, MutableBytes buffer, TimePoint& wake);
  Event poll_dtls(TimePoint now, MutableBytes buffer, TimePoint& wake);
  Event poll_channels(TimePoint now, MutableBytes buffer, TimePoint& wake);
  Event poll_media(MutableBytes buffer);
  Event on_transmit(const ice::Transmit& transmit);
  Event on_path(TimePoint now, const Path& path, bool selected);
  Event on_ice_failed(Errc reason);
  Event on_channels_closed(TimePoint now, MutableBytes buffer, TimePoint& wake, Errc reason);
  void start_channels(TimePoint now);
  void renew_channels();
  void start_dtls(TimePoint now);
  [[nodiscard]] std::optional<SrtpProfile> srtp_profile() const;
  bool open_srtp();
  void fail(Errc reason);

  PeerId id_;
  const EndpointConfig& config_;
  const Identity& identity_;
  Provider& provider_;
  Router& router_;
  PeerStatistics statistics_;                       // counted by this class itself
  datachannel::ChannelsStatistics ended_channels_;  // of previous associations

  Agent agent_;
  std::uint32_t paths_version_ = 0;  // the agent's version when the router was updated
  Routes routes_;
  TimePoint claimed_{};  // when a path was last claimed
  std::optional<Agreement> agreement_;
  std::optional<dtls::Connection> dtls_;
  std::optional<srtp::Session> srtp_;  // created with the first packet, because it is larger than the rest of a peer
  std::optional<datachannel::Channels> channels_;  // never empty; replaced for a new association
  PacketQueue media_in_;
  PacketQueue media_out_;

  EarlyDatagrams early_;

  bool started_ = false;
  bool channels_started_ = false;
  bool channels_ended_ = false;
  bool selected_ = false;  // ICE has selected our path
  bool closed_ = false;
  std::optional<Path> path_;          // where to send
  std::optional<Errc> close_reason_;  // why we are closing
};

}  // namespace redan::peer
