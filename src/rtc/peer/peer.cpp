#include "rtc/peer/peer.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "rtc/ice/gatherer.hpp"

namespace redan::peer {
namespace {

// Limit on media between an input and the next poll, in each direction. More could not be processed in time.
constexpr std::size_t kMaxMediaQueue = 256 * 1024;
// How long after it was last heard a peer keeps a path that another peer claims. Longer than the interval between two
// checks or keep-alives (libjuice: at most 15 s while other data is exchanged), shorter than the time for which a peer
// tries to connect.
constexpr Duration kKeepsPathFor = std::chrono::seconds(15);
// The same for a peer that is not connected.
constexpr Duration kTimeToConnect = std::chrono::seconds(5);

sctp::ControllerKind controller_kind(CongestionControl chosen) {
  switch (chosen) {
    case CongestionControl::cubic:
      return sctp::ControllerKind::cubic;
    case CongestionControl::bbr:
      return sctp::ControllerKind::bbr;
    default:
      return sctp::ControllerKind::rfc9260;
  }
}

datachannel::ChannelsConfig channels_config(const EndpointConfig& config) {
  datachannel::ChannelsConfig channels;
  channels.max_packet = config.mtu - dtls::kMaxRecordOverhead;
  channels.receive_window = config.receive_window;
  channels.send_buffer = config.send_buffer;
  channels.max_receive_message = config.max_message_size;
  channels.accept_zero_checksum = config.zero_checksum;
  channels.controller = controller_kind(config.congestion_control);
  return channels;
}

}  // namespace

std::size_t media_payload_limit(const EndpointConfig& config, const std::optional<Path>& path) {
  const bool ipv4 = path && path->remote.family() == Address::Family::ipv4;
  const std::size_t headers = ipv4 ? 20 + 8 : 40 + 8;  // IP and UDP
  return config.max_media_packet - std::min(config.max_media_packet, headers);
}

Peer::Peer(PeerId id, const EndpointConfig& config, const Identity& identity, Provider& provider, Router& router,
           Agent agent)
    : id_(id),
      config_(config),
      identity_(identity),
      provider_(provider),
      router_(router),
      agent_(std::move(agent)),
      routes_(router, *this),
      channels_(std::in_place, channels_config(config), provider),
      media_in_(kMaxMediaQueue),
      media_out_(kMaxMediaQueue) {}

// A data section after the association has terminated requests a new one (RFC 8841 section 9.3).
void Peer::renew_channels() {
  datachannel::ChannelsConfig config = channels_config(config_);
  config.first_channel = channels_->next_channel();
  ended_channels_ += channels_->statistics();
  channels_.emplace(config, provider_);
  channels_started_ = channels_ended_ = false;
}

void Peer::agree(Agreement agreement) {
  if (channels_ended_ && agreement.data) renew_channels();
  channels_->set_max_send_message(agreement.max_send_message);
  if (!channels_started_) channels_->set_remote_port(agreement.remote_sctp_port);
  if (!dtls_) {
    dtls::ConnectionConfig dtls;
    dtls.role = agreement.dtls_role == DtlsRole::client ? dtls::Role::client : dtls::Role::server;
    dtls.peer_fingerprints = agreement.remote_fingerprints;
    for (const SrtpProfile profile : config_.srtp_profiles)
      dtls.srtp_profiles.push_back(static_cast<std::uint16_t>(profile));
    dtls.require_srtp = agreement.media;
    dtls.mtu = config_.mtu;
    dtls_.emplace(std::move(dtls), identity_, provider_);
  }
  // RFC 8841 section 9.2: removing the section terminates its association.
  if (channels_started_ && !agreement.data) channels_->abort();
  agreement_ = std::move(agreement);
}

std::size_t Peer::held() const { return channels_->association().receive_memory() + media_in_.held() + early_.held(); }

// Input.

void Peer::handle_input(TimePoint now, const Datagram& datagram, DatagramKind kind,
                        const std::optional<stun::Message>& stun) {
  ++statistics_.packets_received;
  statistics_.bytes_received += datagram.bytes.size();
  statistics_.packets_received_with_ect1 += datagram.ecn == Ecn::ect1 ? 1 : 0;
  statistics_.packets_received_with_ce += datagram.ecn == Ecn::ce ? 1 : 0;
  switch (kind) {
    case DatagramKind::stun:
      return on_stun(now, datagram.path, *stun);
    case DatagramKind::dtls:
      return on_dtls(now, datagram.path, datagram.bytes);
    case DatagramKind::rtp:
    case DatagramKind::rtcp:
      return on_media(now, datagram.path, kind, datagram.bytes);
    case DatagramKind::other:
      ++statistics_.dropped.malformed;
  }
}

void Peer::on_stun(TimePoint now, const Path& path, const stun::Message& message) {
  std::visit([&](auto& agent) { agent.handle_input(now, path, message); }, agent_);
  follow_agent(now);
}

// The router has exactly the paths that the agent has.
void Peer::follow_agent(TimePoint now) {
  const auto version = [&] { return std::visit([](const auto& agent) { return agent.paths_version(); }, agent_); };
  while (paths_version_ != version()) {
    paths_version_ = version();
    const std::vector<Path> paths = std::visit([](const auto& agent) { return agent.paths(); }, agent_);
    const std::vector<Path> routed = routes_.paths();
    for (const Path& path : routed) {
      if (std::find(paths.begin(), paths.end(), path) == paths.end()) routes_.remove_path(path);
    }
    for (const Path& path : paths) {
      // A check alone may have a forged address; it takes nothing from another peer until an answer has arrived from
      // that address.
      if (router_.by_path(path) != nullptr && !validated(path)) continue;
      if (claim(now, path)) continue;
      ++statistics_.dropped.path_in_use;
      std::visit([&](auto& agent) { agent.reject(path); }, agent_);
    }
  }
}

// One pair of addresses serves one peer, because DTLS has no other way to tell peers apart.
bool Peer::claim(TimePoint now, const Path& path) {
  Peer* owner = router_.by_path(path);
  if (owner == this) return true;
  if (owner != nullptr) {
    if (owner->keeps(now, path, *this)) return false;
    owner->give_up(path);
  }
  routes_.add_path(path);
  claimed_ = now;
  return true;
}

// A completed handshake proves that the peer receives here; a check alone does not. So a connected peer keeps the path
// while it is heard, and takes it back from a peer that is not connected. A connected peer that is silent has probably
// crashed, and the new peer is its successor.
bool Peer::keeps(TimePoint now, const Path& path, const Peer& newcomer) const {
  if (!connected()) return !newcomer.connected() && now - claimed_ < kTimeToConnect;
  const auto heard = last_heard(path);
  return heard && now - *heard < kKeepsPathFor;
}

void Peer::give_up(const Path& path) {
  routes_.remove_path(path);
  std::visit([&](auto& agent) { agent.reject(path); }, agent_);
  if (path_ != path) return;
  path_.reset();
  selected_ = false;
}

void Peer::add_local(const ice::Candidate& candidate) {
  if (auto* full = std::get_if<ice::FullAgent>(&agent_)) full->add_local(candidate);
}

void Peer::retire_local(const Address& address) {
  if (auto* full = std::get_if<ice::FullAgent>(&agent_)) full->retire_local(address);
}

void Peer::remove_local(TimePoint now, const Address& address) {
  auto* full = std::get_if<ice::FullAgent>(&agent_);
  if (full == nullptr) return;
  full->remove_local(address);
  follow_agent(now);
  if (!path_ || path_->local != address) return;
  path_.reset();
  selected_ = false;
}

void Peer::permitted(TimePoint now, const Address& relayed, const Address& ip) {
  if (auto* full = std::get_if<ice::FullAgent>(&agent_)) full->permitted(now, relayed, ip);
}

// A lite agent sends no checks, so it needs no candidates.
void Peer::add_remote(const ice::Candidate& candidate) {
  if (auto* full = std::get_if<ice::FullAgent>(&agent_)) full->add_remote(candidate);
}

void Peer::on_dtls(TimePoint now, const Path& path, MutableBytes datagram) {
  if (closing()) return;
  if (!dtls_ || !path_) return early_.push(path, datagram);
  start_dtls(now);
  use_dtls(now, path, datagram);
}

void Peer::use_dtls(TimePoint now, const Path& path, MutableBytes datagram) {
  // Until a path is nominated, send where the peer was heard.
  if (!selected_ && validated(path)) path_ = path;
  dtls_->handle_input(now, datagram);
  // Process immediately, so that a burst of datagrams between two polls accumulates only in SCTP's receive window.
  while (const auto data = dtls_->take_application_data()) {
    heard(now, path);
    channels_->handle_input(now, data->payload);
  }
}

void Peer::on_media(TimePoint now, const Path& path, DatagramKind kind, MutableBytes packet) {
  if (closing() || !open_srtp()) {
    ++statistics_.dropped.unknown_source;
    return;
  }
  const auto plain = kind == DatagramKind::rtp ? srtp_->unprotect_rtp(packet) : srtp_->unprotect_rtcp(packet);
  if (!plain) return;
  heard(now, path);
  media_in_.push(static_cast<std::uint8_t>(kind == DatagramKind::rtp ? MediaKind::rtp : MediaKind::rtcp), *plain);
}

// Browsers offer use_srtp also for data only; it has no effect without media in both descriptions.
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

// A relay's header takes part of the packet.
std::size_t Peer::media_limit() const {
  const std::size_t limit = media_payload_limit(config_, path_);
  const auto* full = std::get_if<ice::FullAgent>(&agent_);
  const ice::Pair* pair = full != nullptr && path_ ? full->pair(*path_) : nullptr;
  const bool relayed = pair != nullptr && pair->local_type == CandidateType::relayed;
  return relayed ? limit - std::min(limit, ice::Gatherer::kOverhead) : limit;
}

Result<void> Peer::send_media(MediaKind kind, MutableBytes packet, std::size_t size) {
  if (closing() || !open_srtp()) return refuse(Errc::srtp_not_negotiated);
  // Check both before the packet is protected, which uses up its index.
  const bool rtp = kind == MediaKind::rtp;
  const std::size_t wanted = rtp ? srtp_->protected_rtp_size(size) : srtp_->protected_rtcp_size(size);
  if (wanted > media_limit()) return refuse(Errc::srtp_packet_too_large);
  if (!media_out_.has_room(wanted)) return refuse(Errc::would_block);
  REDAN_TRY(const auto protected_size, rtp ? srtp_->protect_rtp(packet, size) : srtp_->protect_rtcp(packet, size));
  media_out_.push(0, packet.first(protected_size));
  return {};
}

// Output.

Output Peer::poll_output(TimePoint now, MutableBytes buffer) { return count(next_output(now, buffer)); }

Output Peer::count(Output output) {
  if (const auto* transmit = std::get_if<Transmit>(&output)) {
    ++statistics_.packets_sent;
    statistics_.bytes_sent += transmit->bytes.size();
  } else if (std::holds_alternative<PathSelected>(output)) {
    ++statistics_.selected_candidate_pair_changes;
  }
  return output;
}

Output Peer::next_output(TimePoint now, MutableBytes buffer) {
  if (closed_) return Wait{kNever};
  if (close_reason_ && !(dtls_ && path_)) {
    // Without a connection there is no peer to notify.
    closed_ = true;
    return Closed{id_, *close_reason_};
  }
  // The time that the remote user takes to answer does not count.
  if (agreement_ && !started_) {
    started_ = true;
    std::visit([&](auto& agent) { agent.start(now); }, agent_);
  }
  TimePoint wake = kNever;
  if (Event event = poll_ice(now, buffer, wake)) return *event;
  if (path_) {
    if (Event event = poll_dtls(now, buffer, wake)) return *event;
    // Media is small and useless when late, so it has priority over bulk data.
    if (Event event = poll_media(buffer)) return *event;
    if (Event event = poll_channels(now, buffer, wake)) return *event;
  }
  return Wait{wake};
}

Peer::Event Peer::poll_ice(TimePoint now, MutableBytes buffer, TimePoint& wake) {
  while (true) {
    const ice::Output output = std::visit([&](auto& agent) { return agent.poll_output(now, buffer); }, agent_);
    if (const auto* wait = std::get_if<Wait>(&output)) {
      wake = std::min(wake, wait->until);
      return std::nullopt;
    }
    if (const auto* transmit = std::get_if<ice::Transmit>(&output)) return on_transmit(*transmit);
    if (const auto* validated_path = std::get_if<ice::Validated>(&output)) {
      if (Event event = on_path(now, validated_path->path, false)) return event;
    } else if (const auto* selected = std::get_if<ice::Selected>(&output)) {
      if (Event event = on_path(now, selected->path, true)) return event;
    } else if (const auto* failed = std::get_if<ice::Failed>(&output)) {
      return on_ice_failed(failed->reason);
    }
  }
}

// A response on a path that is not routed yet is found by its transaction id: octets 8 to 19 (RFC 8489 section 5).
Peer::Event Peer::on_transmit(const ice::Transmit& transmit) {
  if (transmit.request && router_.by_path(transmit.path) != this) {
    stun::TransactionId id{};
    std::copy_n(transmit.bytes.begin() + 8, id.size(), id.begin());
    routes_.add_transaction(id);
  }
  return Transmit{transmit.path, transmit.bytes};
}

// The first validated path carries the handshake; the nominated path carries everything.
Peer::Event Peer::on_path(TimePoint now, const Path& path, bool selected) {
  if (!path_ || selected) path_ = path;
  start_dtls(now);
  if (!selected) return std::nullopt;
  selected_ = true;
  routes_.remove_transactions();
  return path_selected(path);
}

Output Peer::path_selected(const Path& path) const {
  PathSelected selected{id_, path};
  if (const auto* full = std::get_if<ice::FullAgent>(&agent_)) {
    if (const ice::Pair* pair = full->pair(path)) {
      selected.local_type = pair->local_type;
      selected.remote_type = pair->remote_type;
    }
  } else {
    selected.remote_type = CandidateType::peer_reflexive;  // a lite agent knows the peer's checks only
  }
  return selected;
}

// Nothing may be sent without consent, not even close_notify (RFC 7675 section 5.1).
Peer::Event Peer::on_ice_failed(Errc reason) {
  closed_ = true;
  if (const auto* agent = std::get_if<ice::FullAgent>(&agent_); agent != nullptr && reason == Errc::ice_timeout) {
    for (const Path& path : agent->checked()) {
      const Peer* owner = router_.by_path(path);
      if (owner != nullptr && owner != this) reason = Errc::ice_path_in_use;
    }
  }
  return Closed{id_, close_reason_.value_or(reason)};
}

void Peer::start_dtls(TimePoint now) {
  if (!dtls_ || !path_) return;
  if (const auto rtt = std::visit([](const auto& agent) { return agent.rtt(); }, agent_))
    dtls_->set_round_trip_time(*rtt);
  dtls_->start(now);
  for (EarlyDatagrams::Entry& early : early_.take()) use_dtls(now, early.path, early.bytes);
}

Peer::Event Peer::poll_dtls(TimePoint now, MutableBytes buffer, TimePoint& wake) {
  if (!dtls_) return std::nullopt;
  // The answer may have arrived after the path.
  start_dtls(now);
  while (true) {
    const dtls::Output output = dtls_->poll_output(now, buffer);
    if (const auto* wait = std::get_if<Wait>(&output)) {
      wake = std::min(wake, wait->until);
      return std::nullopt;
    }
    if (const auto* transmit = std::get_if<dtls::Transmit>(&output)) return Transmit{*path_, transmit->datagram};
    if (std::holds_alternative<dtls::Connected>(output)) {
      start_channels(now);
      return Connected{id_};
    }
    if (const auto* data = std::get_if<dtls::ApplicationData>(&output)) {
      channels_->handle_input(now, data->payload);
    } else if (const auto* ended = std::get_if<dtls::Closed>(&output)) {
      closed_ = true;
      const Errc reason = close_reason_.value_or(ended->reason);
      return Closed{id_, reason,
                    reason == Errc::dtls_peer_alert ? static_cast<std::uint8_t>(ended->alert) : std::uint8_t{0}};
    }
  }
}

// Only if both descriptions have a data section. RFC 8832 section 6: the DTLS client opens even streams.
void Peer::start_channels(TimePoint now) {
  if (channels_started_ || !agreement_->data) return;
  channels_started_ = true;
  const bool client = agreement_->dtls_role == DtlsRole::client;
  channels_->start(now, client ? datachannel::StreamParity::even : datachannel::StreamParity::odd);
}

Peer::Event Peer::poll_channels(TimePoint now, MutableBytes buffer, TimePoint& wake) {
  if (!dtls_ || !dtls_->connected() || channels_ended_) return std::nullopt;
  start_channels(now);
  const std::size_t headroom = dtls_->headroom();
  const MutableBytes space = buffer.subspan(headroom, std::min(buffer.size(), config_.mtu) - dtls_->overhead());
  const datachannel::Output output = channels_->poll_output(now, space);
  if (const auto* wait = std::get_if<Wait>(&output)) {
    wake = std::min(wake, wait->until);
    return std::nullopt;
  }
  if (const auto* transmit = std::get_if<datachannel::Transmit>(&output)) {
    const MutableBytes datagram = dtls_->seal(buffer, transmit->packet.size());
    if (!datagram.empty()) return Transmit{*path_, datagram};
    return poll_dtls(now, buffer, wake);  // the sequence numbers are used up: dtls_ reports it
  }
  if (const auto* opened = std::get_if<datachannel::Opened>(&output)) {
    return ChannelOpened{id_, opened->channel, opened->label, opened->parameters};
  }
  if (const auto* received = std::get_if<datachannel::Received>(&output)) {
    return Message{id_, received->channel, received->kind, received->payload};
  }
  if (const auto* low = std::get_if<datachannel::BufferedAmountLow>(&output))
    return BufferedAmountLow{id_, low->channel};
  if (const auto* closing = std::get_if<datachannel::ChannelClosing>(&output))
    return ChannelClosing{id_, closing->channel};
  if (const auto* closed = std::get_if<datachannel::ChannelClosed>(&output))
    return ChannelClosed{id_, closed->channel, closed->reason};
  if (const auto* ended = std::get_if<datachannel::Closed>(&output))
    return on_channels_closed(now, buffer, wake, ended->reason);
  // datachannel::Connected is not reported: the application receives Opened events.
  return poll_channels(now, buffer, wake);
}

// Media continues when the association has terminated.
Peer::Event Peer::on_channels_closed(TimePoint now, MutableBytes buffer, TimePoint& wake, Errc reason) {
  channels_ended_ = true;
  if (agreement_->media && !close_reason_) return std::nullopt;
  fail(reason);
  return poll_dtls(now, buffer, wake);
}

Peer::Event Peer::poll_media(MutableBytes buffer) {
  while (const auto packet = media_out_.pop()) {
    if (packet->bytes.size() > buffer.size()) continue;  // the caller's buffer is smaller than max_datagram()
    std::copy(packet->bytes.begin(), packet->bytes.end(), buffer.begin());
    return Transmit{*path_, buffer.first(packet->bytes.size())};
  }
  if (const auto packet = media_in_.pop()) return MediaPacket{id_, static_cast<MediaKind>(packet->tag), packet->bytes};
  return std::nullopt;
}

// Termination.

void Peer::fail(Errc reason) {
  if (!close_reason_) close_reason_ = reason;
  dtls_->close();
}

void Peer::close() {
  if (closing()) return;
  close_reason_ = Errc::closed_locally;
  if (!dtls_) return;  // the next poll returns Closed
  // Closed from the channels ends DTLS.
  if (dtls_->connected() && channels_started_ && !channels_ended_) return channels_->abort();
  dtls_->close();
}

std::optional<bool> Peer::media_is_keyed() const {
  if (!dtls_ || !dtls_->connected()) return std::nullopt;
  return dtls_->session().srtp_profile.has_value();
}

PeerStatistics Peer::statistics() const {
  PeerStatistics sums = statistics_;
  std::visit(
      [&](const auto& agent) {
        const ice::Statistics& ice = agent.statistics();
        sums.requests_sent = ice.requests_sent;
        sums.responses_received = ice.responses_received;
        sums.requests_received = ice.requests_received;
        sums.responses_sent = ice.responses_sent;
        sums.remote_candidates_ignored = ice.candidates_ignored;
        sums.current_round_trip_time = agent.rtt();
        sums.dropped.malformed += agent.drops()[ice::Drop::malformed];
        sums.dropped.unauthenticated +=
            agent.drops()[ice::Drop::wrong_integrity] + agent.drops()[ice::Drop::wrong_username];
      },
      agent_);
  if (dtls_) {
    sums.dropped.malformed += dtls_->drops()[dtls::Drop::malformed_record];
    sums.dropped.unauthenticated += dtls_->drops()[dtls::Drop::bad_tag];
    sums.dropped.replayed += dtls_->drops()[dtls::Drop::replayed];
  }
  if (srtp_) {
    sums.dropped.malformed += srtp_->drops()[srtp::Drop::malformed];
    sums.dropped.unauthenticated +=
        srtp_->drops()[srtp::Drop::unauthenticated] + srtp_->drops()[srtp::Drop::too_many_sources];
    sums.dropped.replayed += srtp_->drops()[srtp::Drop::replayed];
  }
  datachannel::ChannelsStatistics channels = ended_channels_;
  channels += channels_->statistics();
  sums.data_channels_opened = channels.channels_opened;
  sums.data_channels_closed = channels.channels_closed;
  sums.messages_sent = channels.messages_sent;
  sums.messages_received = channels.messages_received;
  sums.message_bytes_sent = channels.bytes_sent;
  sums.message_bytes_received = channels.bytes_received;
  sums.congestion_window = channels_->association().cwnd();
  sums.chunks_retransmitted = channels.chunks_retransmitted;
  return sums;
}

Result<Security> Peer::security() const {
  if (!dtls_ || !dtls_->connected()) return refuse(Errc::not_connected);
  const dtls::Session& session = dtls_->session();
  Security security;
  security.dtls_role = agreement_->dtls_role;
  security.dtls_version = session.version == dtls::kDtls13 ? "DTLS 1.3" : "DTLS 1.2";
  security.cipher_suite = session.suite->name;
  security.group = dtls::name_of(session.group);
  security.signature_scheme = dtls::name_of(session.peer_signature_scheme);
  security.extended_master_secret = true;  // it is mandatory
  security.srtp_profile = srtp_profile();
  security.local_fingerprint = Fingerprint::of(provider_, HashAlgorithm::sha256, identity_.certificate_der);
  security.remote_fingerprint = session.peer_fingerprint;
  if (path_) security.path = *path_;
  return security;
}

Result<void> Peer::export_keying_material(std::string_view label, MutableBytes out) const {
  if (label.size() > dtls::Connection::kMaxExporterLabel || out.size() > dtls::Connection::kMaxExported) {
    return refuse(Errc::invalid_argument);
  }
  if (!dtls_ || !dtls_->export_keying_material(label, std::nullopt, out)) return refuse(Errc::not_connected);
  return {};
}

}  // namespace redan::peer
