// An endpoint's candidates: from its gatherer to its peers, and its relays.
#include <algorithm>

#include "rtc/ice/reach.hpp"
#include "rtc/peer/endpoint_impl.hpp"

namespace redan {
namespace {

// IP addresses that one peer may have permitted at relays, so that a description cannot use up a relay's table.
constexpr std::size_t kMaxPermissions = 2 * ice::CheckList::kMaxCandidates;
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
    if (const auto* transmit = std::get_if<ice::Gatherer::Transmit>(&output)) {
      ++statistics_.datagrams_out;
      return Transmit{transmit->path, transmit->bytes};
    }
    if (const auto* received = std::get_if<ice::Gatherer::Received>(&output)) {
      dispatch(now, {received->path, received->payload});
    } else if (const auto* found = std::get_if<ice::Gatherer::Found>(&output)) {
      on_found(found->gathered);
    } else if (const auto* lost = std::get_if<ice::Gatherer::Lost>(&output)) {
      on_lost(now, lost->candidate);
    } else if (const auto* permitted = std::get_if<ice::Gatherer::Permitted>(&output)) {
      for (const auto& [id, entry] : peers_) {
        entry->peer.permitted(now, permitted->relayed, permitted->ip);
        wake(entry->peer);
      }
    } else if (const auto* failed = std::get_if<ice::Gatherer::ServerFailed>(&output)) {
      told_ = failed->server;
      told_detail_ = failed->detail;
      return IceServerFailed{told_, failed->reason, told_detail_};
    } else if (std::holds_alternative<ice::Gatherer::Done>(output)) {
      return GatheringDone{};
    }
  }
}

// What is sent before the server permits the address is lost; the check is sent again once it does.
std::optional<Transmit> Endpoint::Impl::relay(TimePoint now, Entry& entry, const Transmit& transmit,
                                              MutableBytes buffer) {
  Path wanted = transmit.path;
  wanted.remote = ice::ip_of(wanted.remote);
  const bool known = std::find(entry.permissions.begin(), entry.permissions.end(), wanted) != entry.permissions.end();
  if (!known) {
    if (entry.permissions.size() == kMaxPermissions || !gatherer_->permit(now, transmit.path)) return std::nullopt;
    entry.permissions.push_back(wanted);
    gatherer_wake_ = TimePoint::min();
  }
  const auto wrapped = gatherer_->wrap(now, transmit.path, buffer, transmit.bytes.size());
  if (!wrapped) return std::nullopt;
  return Transmit{wrapped->path, wrapped->bytes, transmit.ecn};
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
