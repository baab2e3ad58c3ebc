// One WebRTC peer: ICE, DTLS, SRTP and data channels, composed. The rooms know nothing of each other; here a datagram
// goes to the right one, and what comes out of one goes into the next:
//
//   STUN -> ice -> Validated, Selected       DTLS -> dtls -> ApplicationData -> channels -> Received
//   RTP, RTCP -> srtp                         channels -> packet -> dtls.seal -> Transmit
#pragma once

#include <optional>
#include <redan/endpoint.hpp>

#include "base/packet_queue.hpp"
#include "rtc/datachannel/channels.hpp"
#include "rtc/dtls/connection.hpp"
#include "rtc/ice/controlling_agent.hpp"
#include "rtc/ice/lite_agent.hpp"
#include "rtc/peer/classify.hpp"
#include "rtc/peer/schedule.hpp"
#include "rtc/srtp/session.hpp"

namespace redan::peer {

using Agent = std::variant<ice::LiteAgent, ice::ControllingAgent>;

/// What both descriptions agreed on; complete once offer and answer are known.
struct Agreement {
  DtlsRole dtls_role = DtlsRole::server;
  std::vector<Fingerprint> remote_fingerprints;
  bool media = false;
  std::size_t max_send_message = 65'536;
};

class Peer : public ScheduleEntry {
 public:
  using Output = redan::Output;

  /// The references must outlive the peer. `counters` are the endpoint's.
  Peer(PeerId id, const EndpointConfig& config, const Identity& identity, Provider& provider, Agent agent,
       EndpointCounters& counters);

  /// Both descriptions are known: the DTLS handshake may start once ICE has a path.
  void agree(Agreement agreement);
  [[nodiscard]] const std::optional<Agreement>& agreement() const { return agreement_; }

  void handle_input(TimePoint now, const Address& remote, DatagramKind kind, MutableBytes datagram);
  Output poll_output(TimePoint now, MutableBytes buffer);
  Result<void> send_media(MediaKind kind, MutableBytes packet, std::size_t size);
  void close();

  /// An authenticated connectivity check came from here.
  [[nodiscard]] bool validated(const Address& remote) const {
    return std::visit([&](const auto& a) { return a.validated(remote); }, agent_);
  }
  [[nodiscard]] PeerId id() const { return id_; }
  [[nodiscard]] Agent& agent() { return agent_; }
  [[nodiscard]] datachannel::Channels& channels() { return channels_; }
  [[nodiscard]] const datachannel::Channels& channels() const { return channels_; }
  [[nodiscard]] Result<Security> security() const;
  [[nodiscard]] Result<void> export_keying_material(std::string_view label, MutableBytes out) const;

 private:
  using Event = std::optional<Output>;  // nullopt: nothing to report, ask the next room

  void on_dtls(TimePoint now, const Address& remote, MutableBytes datagram);
  void on_media(const Address& remote, DatagramKind kind, MutableBytes packet);
  Event poll_ice(TimePoint now, MutableBytes buffer, TimePoint& wake);
  Event poll_dtls(TimePoint now, MutableBytes buffer, TimePoint& wake);
  Event poll_channels(TimePoint now, MutableBytes buffer, TimePoint& wake);
  Event poll_media(MutableBytes buffer);
  Event on_path(TimePoint now, const Address& remote, bool selected);
  Event on_connected(TimePoint now);
  void start_dtls(TimePoint now);
  [[nodiscard]] std::optional<SrtpProfile> srtp_profile() const;
  bool open_srtp();
  void fail(Errc reason);

  PeerId id_;
  const EndpointConfig& config_;
  const Identity& identity_;
  Provider& provider_;
  EndpointCounters& counters_;

  Agent agent_;
  std::optional<Agreement> agreement_;
  std::optional<dtls::Connection> dtls_;
  std::optional<srtp::Session> srtp_;  // opened by the first packet: it is larger than all the rest of a peer
  datachannel::Channels channels_;
  PacketQueue media_in_;
  PacketQueue media_out_;

  bool started_ = false;
  bool closed_ = false;
  std::optional<Address> path_;       // where we send
  std::optional<Errc> close_reason_;  // why we are saying goodbye
};

}  // namespace redan::peer
