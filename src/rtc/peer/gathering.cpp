// An endpoint's candidates: from its gatherer to its peers, and its relays.
#include <algorithm>

#include "rtc/ice/reach.hpp"
#include "rtc/peer/endpoint_impl.hpp"

namespace redan {
namespace {

// IP addresses that one peer may have permitted at relays, so that a description cannot use up a relay's table. Nor can
// many: a peer may have this part of what is still free, so that the share of each becomes smaller the more there are.
constexpr std::size_t kMaxPermissions = 2 * ice::CheckList::kMaxCandidates;
constexpr std::size_t kShareOfFree = 8;
// A candidate is one line: a foundation, numbers, an address and a few extensions.
constexpr std::size_t kLongestCandidate = 1024;

}  // namespace

Result<void> Endpoint::Impl::set_ice_servers(std::vector<IceServer> servers) {
  if (gatherer_ || !peers_.empty()) return refuse(Errc::invalid_argument, "set once, before the first peer");
  if (servers.size() > kMaxIceServers) return refuse(Errc::invalid_argument, "too many ICE servers");
  for (const IceServer& server : servers) {
    if (server.address.family() == Address::Family::unspecified || server.address.port() == 0)
      return refuse(Errc::invalid_argument, server.text() + ": resolve the host first");
  }
  gatherer_.emplace(std::move(servers), config.local_addresses, config.ice_transport == IceTransport::relay, provider);
  gatherer_wake_ = TimePoint::min();
  return {};
}

Result<void> Endpoint::Impl::add_remote_candidate(PeerId id, std::string_view text) {
  peer::Peer* peer = find(id);
  if (peer == nullptr) return refuse(Errc::unknown_peer);
  if (text.empty()) return {};  // the end: nothing waits for it (RFC 8863)
  if (text.size() > kLongestCandidate) return refuse(Errc::sdp_syntax, "a candidate of more than 1,024 bytes");
  const auto candidate = ice::Candidate::parse(text);
  if (!candidate) return refuse(Errc::sdp_syntax, "not a candidate");
  peer->add_remote(*candidate);
  wake(*peer);
  return {};
}

// From which checks are sent.
std::vector<ice::Candidate> Endpoint::Impl::bases() const {
  std::vector<ice::Candidate> bases;
  for (const ice::Candidate& candidate : candidates()) {
    if (candidate.type != CandidateType::server_reflexive) bases.push_back(candidate);
  }
  return bases;
}

// All that the peer may know.
std::vector<ice::Candidate> Endpoint::Impl::candidates() const {
  std::vector<ice::Candidate> all;
  for (std::size_t i = 0; i < config.local_addresses.size() && config.ice_transport == IceTransport::all; ++i)
    all.push_back(ice::local_candidate(CandidateType::host, config.local_addresses[i], i));
  if (!gatherer_) return all;
  for (const ice::Gathered& gathered : gatherer_->candidates()) all.push_back(gathered.candidate);
  return all;
}

std::vector<GatheredCandidate> Endpoint::Impl::local_candidates() const {
  std::vector<GatheredCandidate> all;
  for (const ice::Candidate& each : candidates()) {
    if (each.type == CandidateType::host) all.push_back({each.type, each.address, each.address});
  }
  if (!gatherer_) return all;
  for (const ice::Gathered& each : gatherer_->candidates())
    all.push_back({each.candidate.type, each.candidate.address, each.base, each.server, each.rtt});
  return all;
}

// Sockets to servers.

Result<void> Endpoint::Impl::renew_ice_server(IceServer server) {
  const std::string text = server.text();
  if (!gatherer_ || !gatherer_->renew(std::move(server)))
    return refuse(Errc::invalid_argument, text + ": no such server");
  gatherer_wake_ = TimePoint::min();
  return {};
}

void Endpoint::Impl::socket_opened(TimePoint now, SocketId socket, const Address& local) {
  if (!gatherer_) return;
  gatherer_->socket_opened(now, socket, local);
  gatherer_wake_ = TimePoint::min();
}

void Endpoint::Impl::handle_socket_input(TimePoint now, SocketId socket, Bytes bytes) {
  if (!gatherer_) return;
  gatherer_->handle_socket_input(now, socket, bytes);
  gatherer_wake_ = TimePoint::min();
}

void Endpoint::Impl::socket_closed(TimePoint now, SocketId socket, Errc reason, std::string_view detail) {
  if (!gatherer_) return;
  gatherer_->socket_closed(now, socket, reason, detail);
  gatherer_wake_ = TimePoint::min();
}

// What was found.

void Endpoint::Impl::on_found(const ice::Gathered& gathered) {
  for (const auto& [id, entry] : peers_) {
    if (gathered.candidate.type == CandidateType::relayed) entry->peer.add_local(gathered.candidate);
    ice::Candidate told = gathered.candidate;
    told.ufrag = entry->local.ufrag;
    untold_.emplace_back(PeerId{id}, told.text());
    wake(entry->peer);
  }
}

void Endpoint::Impl::on_lost(TimePoint now, const ice::Candidate& candidate) {
  if (candidate.type != CandidateType::relayed) return;
  for (const auto& [id, entry] : peers_) {
    std::erase_if(entry->permissions, [&](const Path& path) { return path.local == candidate.address; });
    entry->peer.remove_local(now, candidate.address);
    wake(entry->peer);
  }
}

std::optional<Output> Endpoint::Impl::tell_candidate() {
  while (!untold_.empty()) {
    const PeerId id = untold_.front().first;
    told_ = std::move(untold_.front().second);
    untold_.pop_front();
    if (find(id) != nullptr) return LocalCandidate{id, told_};
  }
  return std::nullopt;
}

std::optional<Output> Endpoint::Impl::poll_gatherer(TimePoint now, MutableBytes buffer) {
  if (!gatherer_) return std::nullopt;
  while (true) {
    if (auto told = tell_candidate()) return told;
    ice::Gatherer::Output output = gatherer_->poll_output(now, buffer);
    if (const auto* wait = std::get_if<Wait>(&output)) {
      gatherer_wake_ = wait->until;
      return std::nullopt;
    }
    if (auto result = on_gathered(now, output)) return result;
  }
}

/// What the application has to do or to know; nullopt: it was for the peers.
std::optional<Output> Endpoint::Impl::on_gathered(TimePoint now, ice::Gatherer::Output& output) {
  using ice::Gatherer;
  if (const auto* transmit = std::get_if<Gatherer::Transmit>(&output)) {
    ++statistics_.datagrams_out;
    return Transmit{transmit->path, transmit->bytes};
  }
  if (const auto* open = std::get_if<OpenSocket>(&output)) return *open;
  if (const auto* data = std::get_if<SocketData>(&output)) return *data;
  if (const auto* close = std::get_if<CloseSocket>(&output)) return *close;
  if (std::holds_alternative<Gatherer::Done>(output)) return GatheringDone{};
  if (auto* failed = std::get_if<Gatherer::ServerFailed>(&output)) {
    told_ = std::move(failed->server);
    told_detail_ = std::move(failed->detail);
    return IceServerFailed{told_, failed->reason, told_detail_};
  }
  if (auto* ending = std::get_if<Gatherer::CredentialsEnd>(&output)) {
    told_ = std::move(ending->server);
    return IceCredentialsEnd{told_, ending->until};
  }
  tell_peers(now, output);
  return std::nullopt;
}

void Endpoint::Impl::tell_peers(TimePoint now, const ice::Gatherer::Output& output) {
  using ice::Gatherer;
  if (const auto* received = std::get_if<Gatherer::Received>(&output)) {
    dispatch(now, {received->path, received->payload});
  } else if (const auto* found = std::get_if<Gatherer::Found>(&output)) {
    on_found(found->gathered);
  } else if (const auto* lost = std::get_if<Gatherer::Lost>(&output)) {
    on_lost(now, lost->candidate);
  } else if (const auto* retiring = std::get_if<Gatherer::Retiring>(&output)) {
    for (const auto& [id, entry] : peers_) entry->peer.retire_local(retiring->relayed);
  } else if (const auto* permitted = std::get_if<Gatherer::Permitted>(&output)) {
    for (const auto& [id, entry] : peers_) {
      entry->peer.permitted(now, permitted->relayed, permitted->ip);
      wake(entry->peer);
    }
  }
}

// What is sent before the server permits the address is lost; the check is sent again once it does.
std::optional<Output> Endpoint::Impl::relay(TimePoint now, Entry& entry, const Transmit& transmit,
                                            MutableBytes buffer) {
  if (!permit(now, entry, transmit.path)) return std::nullopt;
  const auto wrapped = gatherer_->wrap(now, transmit.path, buffer, transmit.bytes.size());
  if (!wrapped) return std::nullopt;
  if (const auto* data = std::get_if<SocketData>(&*wrapped)) return *data;
  const auto& datagram = std::get<ice::Gatherer::Transmit>(*wrapped);
  return Transmit{datagram.path, datagram.bytes, transmit.ecn};
}

bool Endpoint::Impl::permit(TimePoint now, Entry& entry, const Path& path) {
  const Path wanted{path.local, ice::ip_of(path.remote)};
  auto& permissions = entry.permissions;
  if (std::find(permissions.begin(), permissions.end(), wanted) != permissions.end()) return true;
  const std::size_t share = std::min(kMaxPermissions, gatherer_->free_permissions(path.local) / kShareOfFree);
  if (permissions.size() >= share || !gatherer_->permit(now, path)) return false;
  permissions.push_back(wanted);
  gatherer_wake_ = TimePoint::min();
  return true;
}

// After a restart the peer's earlier candidates are gone, but not the paths in use.
void Endpoint::Impl::release_unused_permissions(Entry& entry) {
  const std::vector<Path>& paths = entry.peer.routes().paths();
  std::erase_if(entry.permissions, [&](const Path& permission) {
    const bool used = std::any_of(paths.begin(), paths.end(), [&](const Path& path) {
      return path.local == permission.local && std::ranges::equal(path.remote.ip(), permission.remote.ip());
    });
    if (!used) gatherer_->release(permission);
    return !used;
  });
}

void Endpoint::Impl::release_permissions(Entry& entry) {
  for (const Path& path : std::exchange(entry.permissions, {})) gatherer_->release(path);
}

}  // namespace redan
