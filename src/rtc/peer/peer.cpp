#include "rtc/peer/peer.hpp"

#include "base/assert.hpp"

namespace redan::peer {
namespace {

// Media between an input and the next poll, each way. More than this nobody drains in time.
constexpr std::size_t kMaxMediaQueue = 256 * 1024;

datachannel::ChannelsConfig channels_config(const EndpointConfig& config) {
  datachannel::ChannelsConfig channels;
  channels.max_packet = config.mtu - dtls::kMaxRecordOverhead;
  channels.receive_window = config.receive_window;
  channels.send_buffer = config.send_buffer;
  channels.max_receive_message = config.max_message_size;
  return channels;
}

}  // namespace

Peer::Peer(PeerId id, const EndpointConfig& config, const Identity& identity, Provider& provider, Agent agent,
           EndpointCounters& counters)
    : id_(id),
      config_(config),
      identity_(identity),
      provider_(provider),
      counters_(counters),
      agent_(std::move(agent)),
      channels_(channels_config(config), provider),
      media_in_(kMaxMediaQueue),
      media_out_(kMaxMediaQueue) {}

void Peer::agree(Agreement agreement) {
  channels_.set_max_send_message(agreement.max_send_message);
  dtls::ConnectionConfig dtls;
  dtls.role = agreement.dtls_role == DtlsRole::client ? dtls::Role::client : dtls::Role::server;
  dtls.peer_fingerprints = agreement.remote_fingerprints;
  for (const SrtpProfile profile : config_.srtp_profiles)
    dtls.srtp_profiles.push_back(static_cast<std::uint16_t>(profile));
  dtls.require_srtp = agreement.media;
  dtls.mtu = config_.mtu;
  dtls_.emplace(std::move(dtls), identity_, provider_);
  agreement_ = std::move(agreement);
}

// ---- input ----------------------------------------------------------------------------------------------------------

void Peer::handle_input(TimePoint now, const Address& remote, DatagramKind kind, MutableBytes datagram) {
  switch (kind) {
    case DatagramKind::stun:
      return std::visit([&](auto& agent) { agent.handle_input(now, remote, datagram); }, agent_);
    case DatagramKind::dtls:
      return on_dtls(now, remote, datagram);
    case DatagramKind::rtp:
    case DatagramKind::rtcp:
      return on_media(remote, kind, datagram);
    case DatagramKind::other:
      ++counters_.malformed;
  }
}

// Only a remote address that passed an authenticated check may speak to DTLS or SRTP: no state for anybody else.
void Peer::on_dtls(TimePoint now, const Address& remote, MutableBytes datagram) {
  if (!validated(remote) || !dtls_) {
    ++counters_.unknown_source;
    return;
  }
  // The first flight may come in the same batch as the check that validated its path.
  start_dtls(now);
  const std::uint64_t unauthenticated = dtls_->drops()[dtls::Drop::bad_tag];
  const std::uint64_t replayed = dtls_->drops()[dtls::Drop::replayed];
  dtls_->handle_input(now, datagram);
  counters_.unauthenticated += dtls_->drops()[dtls::Drop::bad_tag] - unauthenticated;
  counters_.replayed += dtls_->drops()[dtls::Drop::replayed] - replayed;
  // Straight on, so that a burst of datagrams between two polls piles up in SCTP's receive window and nowhere else.
  while (const auto data = dtls_->take_application_data()) channels_.handle_input(now, data->payload);
}

void Peer::on_media(const Address& remote, DatagramKind kind, MutableBytes packet) {
  if (!validated(remote) || close_reason_ || !open_srtp()) {
    ++counters_.unknown_source;
    return;
  }
  const std::uint64_t replayed = srtp_->drops()[srtp::Drop::replayed];
  const auto plain = kind == DatagramKind::rtp ? srtp_->unprotect_rtp(packet) : srtp_->unprotect_rtcp(packet);
  if (!plain) {
    ++(srtp_->drops()[srtp::Drop::replayed] != replayed ? counters_.replayed : counters_.unauthenticated);
    return;
  }
  media_in_.push(static_cast<std::uint8_t>(kind == DatagramKind::rtp ? MediaKind::rtp : MediaKind::rtcp), *plain);
}

// Browsers offer use_srtp for data alone, too; without media in both descriptions it means nothing.
std::optional<SrtpProfile> Peer::srtp_profile() const {
  if (!dtls_ || !dtls_->connected() || !agreement_->media || !dtls_->session().srtp_profile) return std::nullopt;
  return static_cast<SrtpProfile>(*dtls_->session().srtp_profile);
}

// RFC 5764 section 4.2. False if no media was agreed.
bool Peer::open_srtp() {
  if (srtp_) return true;
  const auto agreed = srtp_profile();
  if (!agreed) return false;
  const SrtpProfile profile = *agreed;
  Secret<srtp::kMaxExporterSize> exported;
  const bool done =
      dtls_->export_keying_material(srtp::kExporterLabel, std::nullopt, exported.fill(srtp::exporter_size(profile)));
  REDAN_ASSERT(done);
  const srtp::Keys keys = srtp::split(profile, exported.expose());
  const bool client = agreement_->dtls_role == DtlsRole::client;
  auto session = srtp::Session::create(profile, client ? keys.client : keys.server, client ? keys.server : keys.client);
  if (session) srtp_ = std::move(*session);
  return srtp_.has_value();
}

Result<void> Peer::send_media(MediaKind kind, MutableBytes packet, std::size_t size) {
  if (close_reason_ || !open_srtp()) return refuse(Errc::srtp_not_negotiated);
  const auto protected_size =
      kind == MediaKind::rtp ? srtp_->protect_rtp(packet, size) : srtp_->protect_rtcp(packet, size);
  if (!protected_size) return refuse(protected_size.error());
  if (*protected_size > config_.mtu) return refuse(Errc::invalid_argument);
  if (!media_out_.push(0, packet.first(*protected_size))) return refuse(Errc::would_block);
  return {};
}

// ---- output ---------------------------------------------------------------------------------------------------------

Output Peer::poll_output(TimePoint now, MutableBytes buffer) {
  if (closed_) return Wait{kNever};
  if (!started_) {
    started_ = true;
    std::visit([&](auto& agent) { agent.start(now); }, agent_);
  }
  TimePoint wake = kNever;
  if (Event event = poll_ice(now, buffer, wake)) return *event;
  if (Event event = poll_dtls(now, buffer, wake)) return *event;
  // Media is small and late is worthless: bulk data waits for it.
  if (Event event = poll_media(buffer)) return *event;
  if (Event event = poll_channels(now, buffer, wake)) return *event;
  return Wait{wake};
}

Peer::Event Peer::poll_ice(TimePoint now, MutableBytes buffer, TimePoint& wake) {
  while (true) {
    const ice::Output output = std::visit([&](auto& agent) { return agent.poll_output(now, buffer); }, agent_);
    if (const auto* wait = std::get_if<Wait>(&output)) {
      wake = std::min(wake, wait->until);
      return std::nullopt;
    }
    if (const auto* transmit = std::get_if<ice::Transmit>(&output)) return Transmit{transmit->remote, transmit->bytes};
    if (const auto* validated_path = std::get_if<ice::Validated>(&output)) {
      if (Event event = on_path(now, validated_path->remote, false)) return event;
    } else if (const auto* selected = std::get_if<ice::Selected>(&output)) {
      if (Event event = on_path(now, selected->remote, true)) return event;
    } else if (const auto* failed = std::get_if<ice::Failed>(&output)) {
      // Without consent nothing may be sent, not even a farewell (RFC 7675 section 5.1).
      closed_ = true;
      return Closed{id_, failed->reason};
    }
  }
}

// The first path that validates carries the handshake; the one that is nominated carries everything.
Peer::Event Peer::on_path(TimePoint now, const Address& remote, bool selected) {
  if (!path_ || selected) path_ = remote;
  start_dtls(now);
  if (!selected) return std::nullopt;
  return PathSelected{id_, remote};
}

void Peer::start_dtls(TimePoint now) {
  if (!dtls_ || !path_) return;
  if (const auto rtt = std::visit([](const auto& agent) { return agent.rtt(); }, agent_))
    dtls_->set_round_trip_time(*rtt);
  dtls_->start(now);
}

Peer::Event Peer::poll_dtls(TimePoint now, MutableBytes buffer, TimePoint& wake) {
  if (!dtls_) return std::nullopt;
  // The answer may have come after the path.
  start_dtls(now);
  while (true) {
    const dtls::Output output = dtls_->poll_output(now, buffer);
    if (const auto* wait = std::get_if<Wait>(&output)) {
      wake = std::min(wake, wait->until);
      return std::nullopt;
    }
    if (const auto* transmit = std::get_if<dtls::Transmit>(&output)) return Transmit{*path_, transmit->datagram};
    if (std::holds_alternative<dtls::Connected>(output)) return on_connected(now);
    if (const auto* data = std::get_if<dtls::ApplicationData>(&output)) {
      channels_.handle_input(now, data->payload);
    } else if (const auto* ended = std::get_if<dtls::Closed>(&output)) {
      closed_ = true;
      const Errc reason = close_reason_.value_or(ended->reason);
      return Closed{id_, reason,
                    reason == Errc::dtls_peer_alert ? static_cast<std::uint8_t>(ended->alert) : std::uint8_t{0}};
    }
  }
}

Peer::Event Peer::on_connected(TimePoint now) {
  const bool client = agreement_->dtls_role == DtlsRole::client;
  // RFC 8832 section 6: the DTLS client opens even streams.
  channels_.start(now, client ? datachannel::StreamParity::even : datachannel::StreamParity::odd);
  return Connected{id_};
}

Peer::Event Peer::poll_channels(TimePoint now, MutableBytes buffer, TimePoint& wake) {
  if (!dtls_ || !dtls_->connected()) return std::nullopt;
  const std::size_t headroom = dtls_->headroom();
  const MutableBytes space = buffer.subspan(headroom, std::min(buffer.size(), config_.mtu) - dtls_->overhead());
  const datachannel::Output output = channels_.poll_output(now, space);
  if (const auto* wait = std::get_if<Wait>(&output)) {
    wake = std::min(wake, wait->until);
    return std::nullopt;
  }
  if (const auto* transmit = std::get_if<datachannel::Transmit>(&output)) {
    const MutableBytes datagram = dtls_->seal(buffer, transmit->packet.size());
    if (!datagram.empty()) return Transmit{*path_, datagram};
    return poll_dtls(now, buffer, wake);  // the sequence numbers are used up: it says so
  }
  if (const auto* opened = std::get_if<datachannel::Opened>(&output)) {
    return ChannelOpened{id_, opened->channel, opened->label, opened->protocol};
  }
  if (const auto* received = std::get_if<datachannel::Received>(&output)) {
    return Message{id_, received->channel, received->kind, received->payload};
  }
  if (const auto* low = std::get_if<datachannel::BufferedAmountLow>(&output))
    return BufferedAmountLow{id_, low->channel};
  if (const auto* closed = std::get_if<datachannel::ChannelClosed>(&output)) return ChannelClosed{id_, closed->channel};
  if (const auto* ended = std::get_if<datachannel::Closed>(&output)) {
    fail(ended->reason);
    return poll_dtls(now, buffer, wake);
  }
  return poll_channels(now, buffer, wake);  // datachannel::Connected: Opened events tell the application
}

Peer::Event Peer::poll_media(MutableBytes buffer) {
  if (const auto packet = media_out_.pop()) {
    std::copy(packet->bytes.begin(), packet->bytes.end(), buffer.begin());
    return Transmit{*path_, buffer.first(packet->bytes.size())};
  }
  if (const auto packet = media_in_.pop()) return MediaPacket{id_, static_cast<MediaKind>(packet->tag), packet->bytes};
  return std::nullopt;
}

// ---- the end --------------------------------------------------------------------------------------------------------

void Peer::fail(Errc reason) {
  if (!close_reason_) close_reason_ = reason;
  dtls_->close();
}

void Peer::close() {
  if (close_reason_ || closed_) return;
  close_reason_ = Errc::closed_locally;
  if (!dtls_) {
    // Nobody is there to be told. A DTLS connection that never started says Closed at the next poll.
    dtls_.emplace(dtls::ConnectionConfig{}, identity_, provider_);
  }
  if (dtls_->connected()) return channels_.abort();  // its Closed ends DTLS
  dtls_->close();
}

Result<Security> Peer::security() const {
  if (!dtls_ || !dtls_->connected()) return refuse(Errc::not_connected);
  const dtls::Session& session = dtls_->session();
  Security security;
  security.dtls_role = agreement_->dtls_role;
  security.dtls_version = "DTLS 1.2";
  security.cipher_suite = session.suite->name;
  security.group = dtls::name_of(session.group);
  security.signature_scheme = dtls::name_of(session.peer_signature_scheme);
  security.extended_master_secret = true;  // without it there is no connection
  security.srtp_profile = srtp_profile();
  security.local_fingerprint = Fingerprint::of(provider_, HashAlgorithm::sha256, identity_.certificate_der);
  security.remote_fingerprint = session.peer_fingerprint;
  security.remote = *path_;
  return security;
}

Result<void> Peer::export_keying_material(std::string_view label, MutableBytes out) const {
  if (!dtls_ || !dtls_->export_keying_material(label, std::nullopt, out)) return refuse(Errc::not_connected);
  return {};
}

}  // namespace redan::peer
