#include <algorithm>

#include "rtc/peer/endpoint_impl.hpp"

namespace redan {

DropCounters& DropCounters::operator+=(const DropCounters& other) {
  malformed += other.malformed;
  unknown_source += other.unknown_source;
  unauthenticated += other.unauthenticated;
  replayed += other.replayed;
  path_in_use += other.path_in_use;
  return *this;
}

namespace {

using peer::DatagramKind;
using peer::Peer;

// After this many outputs of one peer it is the next one's turn. One GSO batch, enough for bulk sending.
constexpr int kTurn = 64;
// The limits of a DTLS record (RFC 6347 section 4.1) and of an IP packet.
constexpr std::size_t kMaxMtu = 16'384;
constexpr std::size_t kMaxIpPacket = 65'535;

}  // namespace

Endpoint::Impl::Impl(EndpointConfig endpoint_config, Identity endpoint_identity, Provider& crypto)
    : config(std::move(endpoint_config)), identity(std::move(endpoint_identity)), provider(crypto), router_(crypto) {
  config.mtu = std::clamp(config.mtu, dtls::ConnectionConfig::kMinMtu, kMaxMtu);
  config.max_media_packet = std::min(config.max_media_packet, kMaxIpPacket);
}

std::size_t Endpoint::Impl::max_datagram() const {
  const std::size_t overhead = gatherer_ ? ice::Gatherer::kOverhead : 0;
  return std::max(config.mtu, peer::media_payload_limit(config, Path{{}, Address::v4({}, 0)})) + overhead;
}

Peer* Endpoint::Impl::find(PeerId id) const {
  const auto found = peers_.find(id.value);
  return found == peers_.end() ? nullptr : &found->second->peer;
}

void Endpoint::Impl::remove(PeerId id) {
  const auto found = peers_.find(id.value);
  release_permissions(*found->second);
  held_ -= found->second->held;
  statistics_.dropped += found->second->peer.statistics().dropped;
  schedule_.remove(found->second->peer);
  peers_.erase(found);
}

EndpointStatistics Endpoint::Impl::statistics() const {
  EndpointStatistics sums = statistics_;
  for (const auto& [id, entry] : peers_) sums.dropped += entry->peer.statistics().dropped;
  return sums;
}

Path Endpoint::Impl::with_local(const Path& path) const {
  if (path.local.family() != Address::Family::unspecified) return path;
  for (const Address& local : config.local_addresses) {
    if (local.family() == path.remote.family()) return {local, path.remote};
  }
  return path;
}

// A check names its peer (RFC 8445 section 7.2.2) and a response its request, so several peers may share a path until
// one of them has proven itself on it. All other datagrams are routed by path, once a check has bound the path to a
// peer.
Peer* Endpoint::Impl::route(const Path& path, const std::optional<stun::Message>& stun) const {
  if (!stun) return router_.by_path(path);
  if (stun->message_class == stun::Class::request) {
    const std::string_view username = stun->username.value_or("");
    return router_.by_ufrag(username.substr(0, username.find(':')));
  }
  Peer* asked = router_.by_transaction(stun->transaction);
  return asked != nullptr ? asked : router_.by_path(path);
}

// The limit of one peer, in bytes. The first half of the budget is not divided. The second half is shared evenly, and a
// peer may hold twice its limit: see Association::set_memory_limit().
std::size_t Endpoint::Impl::memory_limit() const {
  if (held_ <= config.memory_budget / 2) return sctp::Association::kNoMemoryLimit;
  return config.memory_budget / (4 * peers_.size());
}

void Endpoint::Impl::account(PeerId id) {
  Entry& entry = *peers_.find(id.value)->second;
  const std::size_t held = entry.peer.held();
  held_ = held_ - std::exchange(entry.held, held) + held;
}

void Endpoint::Impl::handle_input(TimePoint now, Datagram datagram) {
  ++statistics_.datagrams_in;
  datagram.path = with_local(datagram.path);
  if (gatherer_ && gatherer_->handle_input(now, datagram.path, datagram.bytes)) return;
  // Only a relay can have received something there.
  if (gatherer_ && gatherer_->is_relayed(datagram.path.local)) {
    ++statistics_.dropped.unknown_source;
    return;
  }
  dispatch(now, datagram);
}

void Endpoint::Impl::dispatch(TimePoint now, Datagram datagram) {
  const DatagramKind kind = peer::classify(datagram.bytes);
  std::optional<stun::Message> stun;
  if (kind == DatagramKind::stun) stun = stun::Message::parse(datagram.bytes);
  if (kind == DatagramKind::other || (kind == DatagramKind::stun && !stun)) {
    ++statistics_.dropped.malformed;
    return;
  }
  Peer* peer = route(datagram.path, stun);
  if (peer == nullptr) {
    ++statistics_.dropped.unknown_source;
    return;
  }
  const std::size_t limit = memory_limit();
  if (limit != sctp::Association::kNoMemoryLimit && peer->held() > limit) ++statistics_.over_budget;
  peer->channels().set_memory_limit(limit);
  peer->handle_input(now, datagram, kind, stun);
  account(peer->id());
  wake(*peer);
}

Output Endpoint::Impl::poll_output(TimePoint now, MutableBytes buffer) {
  while (true) {
    if (auto output = poll_gatherer(now, buffer)) return *output;
    if (auto output = poll_peers(now, buffer)) return *output;
    // A peer may have asked for a permission meanwhile.
    if (gatherer_wake_ > now) return Wait{std::min(schedule_.next_deadline(), gatherer_wake_)};
  }
}

std::optional<Output> Endpoint::Impl::poll_peers(TimePoint now, MutableBytes buffer) {
  while (peer::ScheduleEntry* entry = schedule_.next_ready(now)) {
    Peer& peer = static_cast<Peer&>(*entry);
    if (outputs_in_turn_ == 0) peer.channels().set_memory_limit(memory_limit());
    Output output = peer.poll_output(now, buffer);
    if (const auto* wait = std::get_if<Wait>(&output)) {
      account(peer.id());
      schedule_.wait(peer, wait->until);
      outputs_in_turn_ = 0;
      continue;
    }
    if (++outputs_in_turn_ == kTurn) {
      schedule_.yield(peer);
      outputs_in_turn_ = 0;
    }
    if (auto* transmit = std::get_if<Transmit>(&output)) {
      if (gatherer_ && gatherer_->is_relayed(transmit->path.local)) {
        const auto relayed = relay(now, *peers_.find(peer.id().value)->second, *transmit, buffer);
        if (!relayed) continue;
        ++statistics_.datagrams_out;
        return *relayed;
      }
      ++statistics_.datagrams_out;
    } else if (const auto* selected = std::get_if<PathSelected>(&output); selected != nullptr && gatherer_) {
      gatherer_->bind(now, selected->path);
    }
    if (std::holds_alternative<Closed>(output)) remove(peer.id());
    return output;
  }
  return std::nullopt;
}

// Commands to one peer.

Endpoint::Endpoint(EndpointConfig config, Identity identity, Provider& provider)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(identity), provider)) {}
Endpoint::~Endpoint() = default;
Endpoint::Endpoint(Endpoint&&) noexcept = default;
Endpoint& Endpoint::operator=(Endpoint&&) noexcept = default;

Result<void> Endpoint::set_ice_servers(std::vector<IceServer> servers) {
  return impl_->set_ice_servers(std::move(servers));
}
Result<void> Endpoint::add_remote_candidate(PeerId peer, std::string_view candidate) {
  return impl_->add_remote_candidate(peer, candidate);
}
std::vector<GatheredCandidate> Endpoint::local_candidates() const { return impl_->local_candidates(); }
Result<void> Endpoint::renew_ice_server(IceServer server) { return impl_->renew_ice_server(std::move(server)); }
void Endpoint::socket_opened(TimePoint now, SocketId socket, const Address& local) {
  impl_->socket_opened(now, socket, local);
}
void Endpoint::handle_socket_input(TimePoint now, SocketId socket, Bytes bytes) {
  impl_->handle_socket_input(now, socket, bytes);
}
void Endpoint::socket_closed(TimePoint now, SocketId socket, Errc reason, std::string_view detail) {
  impl_->socket_closed(now, socket, reason, detail);
}

void Endpoint::handle_input(TimePoint now, Datagram datagram) { impl_->handle_input(now, datagram); }
Output Endpoint::poll_output(TimePoint now, MutableBytes buffer) { return impl_->poll_output(now, buffer); }

Result<ChannelId> Endpoint::open_channel(PeerId id, std::string_view label, const ChannelOptions& options) {
  Peer* peer = impl_->find(id);
  if (peer == nullptr) return refuse(Errc::unknown_peer);
  impl_->wake(*peer);
  return peer->channels().open(label, options);
}

Result<void> Endpoint::send(PeerId id, ChannelId channel, MessageKind kind, Bytes payload) {
  Peer* peer = impl_->find(id);
  if (peer == nullptr) return refuse(Errc::unknown_peer);
  impl_->wake(*peer);
  return peer->channels().send(channel, kind, payload);
}

Result<std::size_t> Endpoint::buffered_amount(PeerId id, ChannelId channel) const {
  const Peer* peer = impl_->find(id);
  if (peer == nullptr) return refuse(Errc::unknown_peer);
  return peer->channels().buffered_amount(channel);
}

Result<void> Endpoint::set_buffered_amount_low_threshold(PeerId id, ChannelId channel, std::size_t bytes) {
  Peer* peer = impl_->find(id);
  if (peer == nullptr) return refuse(Errc::unknown_peer);
  return peer->channels().set_buffered_amount_low_threshold(channel, bytes);
}

Result<void> Endpoint::close_channel(PeerId id, ChannelId channel) {
  Peer* peer = impl_->find(id);
  if (peer == nullptr) return refuse(Errc::unknown_peer);
  impl_->wake(*peer);
  return peer->channels().close(channel);
}

Result<void> Endpoint::send_media(PeerId id, MediaKind kind, MutableBytes packet, std::size_t size) {
  Peer* peer = impl_->find(id);
  if (peer == nullptr) return refuse(Errc::unknown_peer);
  impl_->wake(*peer);
  return peer->send_media(kind, packet, size);
}

void Endpoint::close(PeerId id) {
  Peer* peer = impl_->find(id);
  if (peer == nullptr) return;
  peer->close();
  impl_->wake(*peer);
}

Result<Security> Endpoint::security(PeerId id) const {
  const Peer* peer = impl_->find(id);
  if (peer == nullptr) return refuse(Errc::unknown_peer);
  return peer->security();
}

Result<void> Endpoint::export_keying_material(PeerId id, std::string_view label, MutableBytes out) const {
  const Peer* peer = impl_->find(id);
  if (peer == nullptr) return refuse(Errc::unknown_peer);
  return peer->export_keying_material(label, out);
}

Result<std::vector<AgreedMedia>> Endpoint::media(PeerId peer) const { return impl_->media(peer); }

Result<std::size_t> Endpoint::max_message_size(PeerId peer) const { return impl_->max_message_size(peer); }
std::size_t Endpoint::max_datagram() const { return impl_->max_datagram(); }

EndpointStatistics Endpoint::statistics() const { return impl_->statistics(); }
Result<PeerStatistics> Endpoint::statistics(PeerId id) const {
  const Peer* peer = impl_->find(id);
  if (peer == nullptr) return refuse(Errc::unknown_peer);
  return peer->statistics();
}
std::size_t Endpoint::peer_count() const { return impl_->peer_count(); }

Result<Accepted> Endpoint::accept(std::string_view offer, const AcceptOptions& options) {
  return impl_->accept(offer, options);
}
Result<Offered> Endpoint::offer(const MediaPlan& plan) { return impl_->offer(plan); }
Result<void> Endpoint::complete(PeerId peer, std::string_view answer) { return impl_->complete(peer, answer); }
Result<std::string> Endpoint::renegotiate(PeerId peer, std::string_view offer) {
  return impl_->renegotiate(peer, offer);
}

}  // namespace redan
