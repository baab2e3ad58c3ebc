// Offers and answers: from descriptions to peers and back.
#include <algorithm>

#include "rtc/ice/candidate.hpp"
#include "rtc/peer/endpoint_impl.hpp"

namespace redan {
namespace {

using peer::Agreement;
using peer::Peer;

std::vector<ice::Candidate> parse(const std::vector<std::string>& texts) {
  std::vector<ice::Candidate> candidates;
  for (const std::string& text : texts) {
    if (auto candidate = ice::Candidate::parse(text)) candidates.push_back(std::move(*candidate));
  }
  return candidates;
}

// RFC 5763 section 5: with actpass the answerer chooses.
DtlsRole our_role(sdp::Setup theirs, DtlsRole preferred) {
  if (theirs == sdp::Setup::actpass) return preferred;
  return theirs == sdp::Setup::active ? DtlsRole::server : DtlsRole::client;
}

// Names a change that would need a new DTLS association (RFC 8842 section 4, RFC 8841 section 9.3); nullptr if there is
// none.
const char* changed_association(const sdp::Remote& before, const sdp::Remote& after) {
  if (before.fingerprints != after.fingerprints) return "a=fingerprint changed: a new identity needs a new connection";
  if (before.data && after.data && before.data->sctp_port != after.data->sctp_port)
    return "a=sctp-port changed: the running SCTP association cannot move";
  return nullptr;
}

}  // namespace

sdp::Local Endpoint::Impl::make_local(bool ice_lite) const {
  const ice::Credentials credentials = ice::Credentials::make(provider);
  sdp::Local local;
  local.ufrag = credentials.ufrag;
  local.pwd = credentials.pwd;
  local.ice_lite = ice_lite;
  local.fingerprint = Fingerprint::of(provider, HashAlgorithm::sha256, identity.certificate_der).text();
  for (const ice::Candidate& candidate : candidates()) local.candidates.push_back(candidate.text());
  local.trickle = gatherer_ && !gatherer_->done();
  local.max_message_size = config.max_message_size;
  local.session_id = provider.random_u64() >> 2U;  // RFC 8829 section 5.2.1: 62 bits
  return local;
}

Endpoint::Impl::Entry& Endpoint::Impl::add(sdp::Local local) {
  const PeerId id{next_id_++};
  ice::Credentials credentials{local.ufrag, local.pwd};
  peer::Agent agent = local.ice_lite ? peer::Agent(ice::LiteAgent(std::move(credentials), provider))
                                     : peer::Agent(ice::FullAgent(std::move(credentials), bases(), provider));
  if (auto* full = std::get_if<ice::FullAgent>(&agent)) full->set_reach(config.remote_addresses);
  auto& slot = peers_[id.value];
  slot = std::make_unique<Entry>(id, *this, std::move(agent), std::move(local));
  slot->peer.routes().add_ufrag(slot->local.ufrag);
  wake(slot->peer);
  return *slot;
}

Result<Agreement> Endpoint::Impl::agree(const sdp::Remote& remote, DtlsRole role) const {
  Agreement agreement;
  agreement.dtls_role = role;
  agreement.media = !remote.media.empty();
  agreement.data = remote.data.has_value();
  agreement.max_send_message = remote.data ? remote.data->max_message_size : 0;
  agreement.remote_sctp_port = remote.data ? remote.data->sctp_port : std::uint16_t{5000};
  for (const std::string& value : remote.fingerprints) {
    if (const auto fingerprint = Fingerprint::parse(value)) agreement.remote_fingerprints.push_back(*fingerprint);
  }
  if (agreement.remote_fingerprints.empty())
    return refuse(Errc::sdp_no_fingerprint, "no a=fingerprint with sha-256 or sha-384 and a value of the right length");
  return agreement;
}

void Endpoint::Impl::set_remote(Peer& peer, const sdp::Remote& remote) {
  const std::vector<ice::Candidate> candidates = parse(remote.candidates);
  if (auto* controlling = std::get_if<ice::FullAgent>(&peer.agent())) {
    controlling->set_remote({remote.ufrag, remote.pwd}, candidates);
  } else {
    std::get<ice::LiteAgent>(peer.agent()).set_remote({remote.ufrag, remote.pwd});
  }
}

Result<Accepted> Endpoint::Impl::accept(std::string_view text, const AcceptOptions& options) {
  if (peers_.size() >= config.max_peers) return refuse(Errc::too_many);
  REDAN_TRY(const auto offer, sdp::SessionDescription::parse(text));
  REDAN_TRY(const auto remote, sdp::read_offer(offer, options.accept_media));
  const DtlsRole role = our_role(remote.setup, options.dtls_role);
  REDAN_TRY(auto agreement, agree(remote, role));

  // Two lite agents would never check; in that case we act as a full agent.
  sdp::Local local = make_local(config.announce_lite && !full_only() && !remote.ice_lite);
  local.setup = role == DtlsRole::client ? sdp::Setup::active : sdp::Setup::passive;
  local.accept_media = options.accept_media;
  local.sources = options.sources;
  Entry& entry = add(std::move(local));
  entry.remote = remote;
  // RFC 8445 section 6.1.1: of two full agents the offerer controls; a full agent controls a lite one.
  if (auto* full = std::get_if<ice::FullAgent>(&entry.peer.agent())) full->set_controlling(remote.ice_lite);
  set_remote(entry.peer, remote);
  entry.peer.agree(std::move(agreement));
  return Accepted{entry.peer.id(), sdp::make_answer(offer, entry.local)};
}

Result<Offered> Endpoint::Impl::offer(const MediaPlan& plan) {
  if (peers_.size() >= config.max_peers) return refuse(Errc::too_many);
  if (!plan.data && !plan.audio && !plan.video) return refuse(Errc::sdp_nothing_usable);
  sdp::Local local = make_local(config.announce_lite && !full_only());
  local.setup = !plan.dtls_role                       ? sdp::Setup::actpass
                : *plan.dtls_role == DtlsRole::client ? sdp::Setup::active
                                                      : sdp::Setup::passive;
  local.sources = plan.sources;
  Entry& entry = add(std::move(local));
  const std::string text = sdp::make_offer(entry.local, {plan.data, plan.audio, plan.video, plan.direction});
  entry.our_offer = *sdp::SessionDescription::parse(text);
  return Offered{entry.peer.id(), text};
}

Result<std::vector<AgreedMedia>> Endpoint::Impl::media(PeerId id) const {
  const auto found = peers_.find(id.value);
  if (found == peers_.end()) return refuse(Errc::unknown_peer);
  if (!found->second->peer.agreement()) return refuse(Errc::sdp_wrong_state);
  return found->second->remote.media;
}

Result<std::size_t> Endpoint::Impl::max_message_size(PeerId id) const {
  const auto found = peers_.find(id.value);
  if (found == peers_.end()) return refuse(Errc::unknown_peer);
  if (!found->second->peer.agreement()) return refuse(Errc::sdp_wrong_state);
  if (!found->second->remote.data) return refuse(Errc::channel_unknown);
  return found->second->remote.data->max_message_size;
}

Result<void> Endpoint::Impl::complete(PeerId id, std::string_view text) {
  const auto found_entry = peers_.find(id.value);
  if (found_entry == peers_.end()) return refuse(Errc::unknown_peer);
  Entry& entry = *found_entry->second;
  if (!entry.our_offer || entry.peer.closing()) return refuse(Errc::sdp_wrong_state);
  REDAN_TRY(const auto answer, sdp::SessionDescription::parse(text));
  REDAN_TRY(const auto remote, sdp::read_answer(*entry.our_offer, answer));
  if (entry.local.ice_lite && remote.ice_lite)
    return refuse(Errc::ice_both_lite, "the offer and the answer both have a=ice-lite");
  REDAN_TRY(auto agreement, agree(remote, our_role(remote.setup, DtlsRole::server)));
  entry.our_offer.reset();
  entry.remote = remote;
  set_remote(entry.peer, remote);
  entry.peer.agree(std::move(agreement));
  wake(entry.peer);
  return {};
}

Result<std::string> Endpoint::Impl::renegotiate(PeerId id, std::string_view text) {
  const auto found_entry = peers_.find(id.value);
  if (found_entry == peers_.end()) return refuse(Errc::unknown_peer);
  Entry& entry = *found_entry->second;
  if (entry.our_offer || !entry.peer.agreement() || entry.peer.closing()) return refuse(Errc::sdp_wrong_state);
  const bool accept_media = entry.local.accept_media && entry.peer.media_is_keyed().value_or(true);
  REDAN_TRY(const auto offer, sdp::SessionDescription::parse(text));
  REDAN_TRY(const auto remote, sdp::read_offer(offer, accept_media));
  if (const char* changed = changed_association(entry.remote, remote))
    return refuse(Errc::sdp_association_changed, changed);
  const DtlsRole role = entry.peer.agreement()->dtls_role;
  REDAN_TRY(auto agreement, agree(remote, role));
  // RFC 8839 section 4.4.3: changed credentials request an ICE restart.
  if (remote.ufrag != entry.remote.ufrag || remote.pwd != entry.remote.pwd) restart_ice(entry, remote);
  sdp::Local local = entry.local;
  local.setup = role == DtlsRole::client ? sdp::Setup::active : sdp::Setup::passive;
  local.accept_media = accept_media;
  local.version = ++entry.local.version;
  local.candidates.clear();
  for (const ice::Candidate& candidate : candidates()) local.candidates.push_back(candidate.text());
  local.trickle = gatherer_ && !gatherer_->done();
  entry.remote = remote;
  entry.peer.agree(std::move(agreement));
  wake(entry.peer);
  return sdp::make_answer(offer, local);
}

void Endpoint::Impl::restart_ice(Entry& entry, const sdp::Remote& remote) {
  const ice::Credentials ours = ice::Credentials::make(provider);
  const ice::Credentials theirs{remote.ufrag, remote.pwd};
  entry.local.ufrag = ours.ufrag;
  entry.local.pwd = ours.pwd;
  if (auto* controlling = std::get_if<ice::FullAgent>(&entry.peer.agent())) {
    controlling->restart(ours, theirs, parse(remote.candidates));
  } else {
    std::get<ice::LiteAgent>(entry.peer.agent()).restart(ours, theirs);
  }
  entry.peer.routes().add_ufrag(ours.ufrag);
  release_unused_permissions(entry);
}

}  // namespace redan
