// Offers and answers: from descriptions to peers and back.
#include "rtc/ice/candidate.hpp"
#include "rtc/peer/endpoint_impl.hpp"

namespace redan {
namespace {

using peer::Agreement;
using peer::Peer;

void explain(std::string* problem, const sdp::Problem& found) {
  if (problem != nullptr) *problem = found.text();
}

std::vector<Address> usable_addresses(const std::vector<std::string>& candidates) {
  std::vector<Address> addresses;
  for (const std::string& text : candidates) {
    const auto candidate = ice::Candidate::parse(text);
    if (candidate && candidate->usable()) addresses.push_back(candidate->address);
  }
  return addresses;
}

// RFC 5763 section 5: actpass leaves it to the answerer.
DtlsRole our_role(sdp::Setup theirs, DtlsRole preferred) {
  if (theirs == sdp::Setup::actpass) return preferred;
  return theirs == sdp::Setup::active ? DtlsRole::server : DtlsRole::client;
}

}  // namespace

sdp::Local Endpoint::Impl::make_local(bool ice_lite) const {
  const ice::Credentials credentials = ice::Credentials::make(provider);
  sdp::Local local;
  local.ufrag = credentials.ufrag;
  local.pwd = credentials.pwd;
  local.ice_lite = ice_lite;
  local.fingerprint = Fingerprint::of(provider, HashAlgorithm::sha256, identity.certificate_der).text();
  for (std::size_t i = 0; i < config.local_addresses.size(); ++i) {
    local.candidates.push_back(ice::host_candidate(config.local_addresses[i], i).text());
  }
  local.max_message_size = config.max_message_size;
  local.session_id = provider.random_u64() >> 2U;  // RFC 8829 section 5.2.1: 62 bits
  return local;
}

Endpoint::Impl::Entry& Endpoint::Impl::add(sdp::Local local) {
  const PeerId id{next_id_++};
  ice::Credentials credentials{local.ufrag, local.pwd};
  peer::Agent agent = local.ice_lite ? peer::Agent(ice::LiteAgent(std::move(credentials), provider))
                                     : peer::Agent(ice::ControllingAgent(std::move(credentials), provider));
  auto& slot = peers_[id.value];
  slot = std::make_unique<Entry>(id, *this, std::move(agent), std::move(local));
  router_.add_ufrag(slot->local.ufrag, slot->peer);
  wake(slot->peer);
  return *slot;
}

Result<Agreement> Endpoint::Impl::agree(const sdp::Remote& remote, DtlsRole role, std::string* problem) const {
  Agreement agreement;
  agreement.dtls_role = role;
  agreement.media = !remote.media.empty();
  agreement.max_send_message = remote.data ? remote.data->max_message_size : 0;
  for (const std::string& value : remote.fingerprints) {
    if (const auto fingerprint = Fingerprint::parse(value)) agreement.remote_fingerprints.push_back(*fingerprint);
  }
  if (agreement.remote_fingerprints.empty()) {
    explain(problem, {0, "no a=fingerprint with sha-256 or sha-384 and a value of the right length"});
    return refuse(Errc::sdp_no_fingerprint);
  }
  return agreement;
}

void Endpoint::Impl::set_remote(Peer& peer, const sdp::Remote& remote) {
  const std::vector<Address> addresses = usable_addresses(remote.candidates);
  if (auto* controlling = std::get_if<ice::ControllingAgent>(&peer.agent())) {
    controlling->set_remote({remote.ufrag, remote.pwd}, addresses);
    // Responses carry no USERNAME: they are found by where we sent the request.
    for (const Address& address : addresses) router_.add_address(address, peer);
  } else {
    std::get<ice::LiteAgent>(peer.agent()).set_remote({remote.ufrag, remote.pwd});
  }
}

Result<Accepted> Endpoint::Impl::accept(std::string_view text, const AcceptOptions& options, std::string* problem) {
  if (peers_.size() >= config.max_peers) return refuse(Errc::too_many);
  sdp::Problem found;
  const auto offer = sdp::SessionDescription::parse(text, &found);
  const auto remote = offer ? sdp::read_offer(*offer, options.accept_media, &found) : refuse(offer.error());
  if (!remote) {
    explain(problem, found);
    return refuse(remote.error());
  }
  const DtlsRole role = our_role(remote->setup, options.dtls_role);
  auto agreement = agree(*remote, role, problem);
  if (!agreement) return refuse(agreement.error());

  // Of two lite agents neither would check; then we do.
  sdp::Local local = make_local(!remote->ice_lite);
  local.setup = role == DtlsRole::client ? sdp::Setup::active : sdp::Setup::passive;
  local.accept_media = options.accept_media;
  local.sources = options.sources;
  Entry& entry = add(std::move(local));
  entry.remote = *remote;
  set_remote(entry.peer, *remote);
  entry.peer.agree(std::move(*agreement));
  return Accepted{entry.peer.id(), sdp::make_answer(*offer, entry.local)};
}

Result<Offered> Endpoint::Impl::offer(const MediaPlan& plan) {
  if (peers_.size() >= config.max_peers) return refuse(Errc::too_many);
  if (!plan.data && !plan.audio && !plan.video) return refuse(Errc::sdp_nothing_usable);
  sdp::Local local = make_local(config.announce_lite);
  local.setup = !plan.dtls_role                       ? sdp::Setup::actpass
                : *plan.dtls_role == DtlsRole::client ? sdp::Setup::active
                                                      : sdp::Setup::passive;
  local.sources = plan.sources;
  Entry& entry = add(std::move(local));
  const std::string text = sdp::make_offer(entry.local, {plan.data, plan.audio, plan.video, plan.direction});
  entry.our_offer = *sdp::SessionDescription::parse(text, nullptr);
  return Offered{entry.peer.id(), text};
}

Result<std::vector<AgreedMedia>> Endpoint::Impl::media(PeerId id) const {
  const auto found = peers_.find(id.value);
  if (found == peers_.end()) return refuse(Errc::unknown_peer);
  if (!found->second->peer.agreement()) return refuse(Errc::sdp_wrong_state);
  return found->second->remote.media;
}

Result<void> Endpoint::Impl::complete(PeerId id, std::string_view text, std::string* problem) {
  const auto found_entry = peers_.find(id.value);
  if (found_entry == peers_.end()) return refuse(Errc::unknown_peer);
  Entry& entry = *found_entry->second;
  if (!entry.our_offer) return refuse(Errc::sdp_wrong_state);
  sdp::Problem found;
  const auto answer = sdp::SessionDescription::parse(text, &found);
  const auto remote = answer ? sdp::read_answer(*entry.our_offer, *answer, &found) : refuse(answer.error());
  if (!remote) {
    explain(problem, found);
    return refuse(remote.error());
  }
  auto agreement = agree(*remote, our_role(remote->setup, DtlsRole::server), problem);
  if (!agreement) return refuse(agreement.error());
  entry.our_offer.reset();
  entry.remote = *remote;
  set_remote(entry.peer, *remote);
  entry.peer.agree(std::move(*agreement));
  wake(entry.peer);
  return {};
}

Result<std::string> Endpoint::Impl::renegotiate(PeerId id, std::string_view text, std::string* problem) {
  const auto found_entry = peers_.find(id.value);
  if (found_entry == peers_.end()) return refuse(Errc::unknown_peer);
  Entry& entry = *found_entry->second;
  if (entry.our_offer || !entry.peer.agreement()) return refuse(Errc::sdp_wrong_state);
  sdp::Problem found;
  const auto offer = sdp::SessionDescription::parse(text, &found);
  const auto remote = offer ? sdp::read_offer(*offer, entry.local.accept_media, &found) : refuse(offer.error());
  if (!remote) {
    explain(problem, found);
    return refuse(remote.error());
  }
  // The DTLS association goes on (RFC 8842 section 4): the peer must be who it was.
  if (remote->fingerprints != entry.remote.fingerprints) {
    explain(problem, {0, "a=fingerprint changed: a new identity needs a new connection"});
    return refuse(Errc::dtls_fingerprint_mismatch);
  }
  // RFC 8839 section 4.4.3: changed credentials ask for an ICE restart.
  if (remote->ufrag != entry.remote.ufrag || remote->pwd != entry.remote.pwd) {
    const ice::Credentials fresh = ice::Credentials::make(provider);
    entry.local.ufrag = fresh.ufrag;
    entry.local.pwd = fresh.pwd;
    std::visit([&](auto& agent) { agent.restart(fresh, {remote->ufrag, remote->pwd}); }, entry.peer.agent());
    router_.add_ufrag(fresh.ufrag, entry.peer);
  }
  entry.local.setup = entry.peer.agreement()->dtls_role == DtlsRole::client ? sdp::Setup::active : sdp::Setup::passive;
  ++entry.local.version;
  entry.remote = *remote;
  wake(entry.peer);
  return sdp::make_answer(*offer, entry.local);
}

}  // namespace redan
