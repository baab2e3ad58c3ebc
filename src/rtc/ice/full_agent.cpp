#include "rtc/ice/full_agent.hpp"

#include <algorithm>

namespace redan::ice {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTimeout = 30s;
constexpr Duration kPacing = 50ms;       // Ta, RFC 8445 section 14.2
constexpr Duration kInitialRto = 500ms;  // RFC 8445 section 14.3
constexpr Duration kMaxRto = 1s;         // a user is waiting; the cost is one small datagram a second
constexpr Duration kMinRto = 100ms;      // with a measured round trip
// Until a path is selected. For the peer the check may be what permits another one of its own: see kAmplification.
constexpr Duration kRecheck = 1s;
constexpr Duration kDirectWait = 500ms;    // how long a relayed path waits for a direct one
constexpr int kMaxTransmissions = 7;       // Rc, RFC 8489 section 6.2.1
constexpr Duration kConsentInterval = 5s;  // RFC 7675 section 5.1, times 0.8 to 1.2
constexpr Duration kConsentTimeout = 30s;
// The selected path is suspect after this many transmissions without an answer.
constexpr int kSuspectAfter = 3;
// An unproven address receives at most this many times the bytes it sent (as in RFC 9000 section 8).
constexpr std::size_t kAmplification = 3;

}  // namespace

FullAgent::FullAgent(Credentials local, Provider& provider)
    : provider_(&provider), responder_(std::move(local), provider), tie_breaker_(provider.random_u64()) {}

FullAgent::FullAgent(Credentials local, const std::vector<Candidate>& candidates, Provider& provider)
    : FullAgent(std::move(local), provider) {
  for (const Candidate& candidate : candidates) add_local(candidate);
}

FullAgent::FullAgent(Credentials local, const std::vector<Address>& addresses, Provider& provider)
    : FullAgent(std::move(local), provider) {
  for (std::size_t i = 0; i < addresses.size(); ++i) add_local(local_candidate(CandidateType::host, addresses[i], i));
}

void FullAgent::set_controlling(bool controlling) {
  controlling_ = controlling;
  list_.set_controlling(controlling);
}

void FullAgent::start(TimePoint now) {
  next_check_ = now;
  failure_ = now + kTimeout;
  for (Pair& pair : list_.pairs()) {
    if (!pair.valid) pair.schedule(now);
  }
}

void FullAgent::set_remote(Credentials remote, const std::vector<Candidate>& candidates) {
  remote_ = std::move(remote);
  remote_key_ = provider_->hmac(HashAlgorithm::sha1, as_bytes(remote_.pwd));
  responder_.set_remote_ufrag(remote_.ufrag);
  for (const Candidate& candidate : candidates) add_remote(candidate);
}

// RFC 8838 section 12: a candidate of another generation is of no use.
void FullAgent::add_remote(const Candidate& candidate) {
  const bool other = !candidate.ufrag.empty() && remote_key_ != nullptr && candidate.ufrag != remote_.ufrag;
  if (other || failed_ || !list_.add_remote(candidate, next_check_)) ++candidates_ignored_;
  count_removals();
}

void FullAgent::permitted(TimePoint now, const Address& relayed, const Address& ip) {
  for (Pair& pair : list_.pairs()) {
    if (pair.path.local != relayed || !std::ranges::equal(pair.path.remote.ip(), ip.ip()) || !pair.running) continue;
    pair.sent = 0;
    pair.due = now;
    pair.triggered = true;
  }
}

void FullAgent::restart(Credentials local, Credentials remote, const std::vector<Candidate>& candidates) {
  responder_.restart(std::move(local), *provider_);
  // The selected pair stays usable while it is checked again.
  list_.restart(selected_);
  count_removals();
  set_remote(std::move(remote), candidates);
  nominating_ = false;
  nomination_ = kNever;
  for (Pair& pair : list_.pairs()) {
    pair.nominate = false;
    pair.schedule(next_check_);
  }
}

void FullAgent::count_removals() { paths_version_ += list_.removals() - std::exchange(removals_, list_.removals()); }

void FullAgent::reject(const Path& path) {
  rejected_ = true;
  responder_.withdraw(path);
  list_.remove(path);
  lose_selected();
}

void FullAgent::remove_local(const Address& address) {
  for (const Pair& pair : list_.pairs()) {
    if (pair.path.local == address) responder_.withdraw(pair.path);
  }
  list_.remove_local(address);
  lose_selected();
}

// If the selected pair was removed, any other working pair replaces it.
void FullAgent::lose_selected() {
  count_removals();
  if (selected_ && selected_pair() == nullptr) {
    selected_.reset();
    nominating_ = false;
    for (Pair& pair : list_.pairs()) pair.schedule(next_check_);
  }
  selection_to_report_ = selection_to_report_ && selected_;
}

// Input.

void FullAgent::handle_input(TimePoint now, const Path& path, const stun::Message& message) {
  if (failed_) return;
  if (message.method != stun::kBinding) return drops_.add(Drop::malformed);
  if (message.message_class == stun::Class::request) return on_request(now, path, message);
  if (message.message_class != stun::Class::indication) on_response(now, path, message);
}

void FullAgent::on_request(TimePoint now, const Path& path, const stun::Message& request) {
  const Authenticity authenticity = responder_.authenticate(request, drops_);
  if (authenticity == Authenticity::none) return;
  if (!list_.allows(path)) return drops_.add(Drop::forbidden);
  if (request.unknown_count != 0) return responder_.refuse_unknown(path, request, drops_);
  // RFC 8445 section 7.3.1.1.
  const auto theirs = controlling_ ? request.ice_controlling : request.ice_controlled;
  if (theirs) {
    const bool we_stay = controlling_ ? tie_breaker_ >= *theirs : tie_breaker_ < *theirs;
    if (we_stay) return responder_.refuse_role(path, request, drops_);
    if (authenticity == Authenticity::fresh) take_role(now, !controlling_);
  }
  responder_.succeed(path, request, drops_);
  if (authenticity == Authenticity::repeated) return;
  Pair* pair = list_.learn(path, request.priority.value_or(0), next_check_);
  count_removals();
  if (pair == nullptr) return;
  paths_version_ += pair->authenticated ? 0 : 1;
  pair->authenticated = true;
  pair->heard = now;
  pair->received_bytes += request.datagram.size();
  if (!pair->valid && (!pair->running || pair->due == kNever)) {  // section 7.3.1.4
    pair->schedule(now);
    pair->triggered = true;
    pair->checks = std::min(pair->checks, kMaxChecks - 1);  // each of the peer's checks permits one more of ours
  }
  if (request.use_candidate && !controlling_) {
    pair->nominate = true;
    // Consent consists of answers to our checks (RFC 7675 section 5.1), so a repeated nomination does not renew it.
    if (pair->valid && selected_ != path) select(now, *pair);
  }
}

// RFC 8445 section 7.2.5.2.1: the response must arrive on the path of its request.
void FullAgent::on_response(TimePoint now, const Path& path, const stun::Message& response) {
  Pair* pair = list_.running(response.transaction);
  if (pair == nullptr || pair->path != path || !remote_key_) return drops_.add(Drop::unknown_transaction);
  if (!response.verify_integrity(*remote_key_)) return drops_.add(Drop::wrong_integrity);
  ++responses_received_;
  if (response.message_class == stun::Class::success) return on_success(now, *pair);
  // RFC 8445 section 7.2.5.1; the response to another pair may have changed the role already.
  if (response.error_code == 487) take_role(now, !pair->controlling);
  pair->schedule(now + kPacing);
}

// Nominations made in the old role are void.
void FullAgent::take_role(TimePoint now, bool controlling) {
  if (controlling_ == controlling) return;
  set_controlling(controlling);
  nominating_ = false;
  nomination_ = kNever;
  for (Pair& pair : list_.pairs()) {
    pair.nominate = false;
    if (pair.valid) pair.schedule(now);
  }
}

void FullAgent::on_success(TimePoint now, Pair& pair) {
  measure(now, pair);
  pair.running = false;
  pair.due = kNever;
  pair.answered = pair.heard = now;
  pair.to_report = pair.to_report || !pair.valid;
  paths_version_ += pair.valid ? 0 : 1;
  pair.valid = true;
  failure_ = now + kConsentTimeout;
  if (pair.nominate) return select(now, pair);
  if (controlling_) consider(now, pair);
  if (pair.nominate) return;
  if (!selected_) return pair.schedule(now + kRecheck);
  if (selected_ == pair.path) return keep_consent(now, pair);
  // The peer may have moved to this path: check whether the selected path still answers.
  if (Pair* current = selected_pair(); current != nullptr && !current->running) current->schedule(now);
  check_alternatives(now);
}

// A pair answered: whether it is to be nominated. A later nomination has a higher priority than the one before, so it
// also wins with a peer that expects aggressive nomination (RFC 8445 section 8.1.1, appendix B.4 of RFC 5245).
void FullAgent::consider(TimePoint now, Pair& pair) {
  const Pair* current = selected_pair();
  const bool upgrade = current != nullptr && current->gives_way_to(pair);
  if (nominating_ && !upgrade) return;
  if (!pair.relayed() || !list_.better_awaited(pair)) return nominate(now, pair);
  nomination_ = std::min(nomination_, now + kDirectWait);
}

void FullAgent::nominate(TimePoint now, Pair& pair) {
  nominating_ = true;
  nomination_ = kNever;
  for (Pair& other : list_.pairs()) other.nominate = false;
  pair.nominate = true;
  pair.schedule(now);
}

// The selected path leaves checks unanswered: the path that answered last replaces it.
void FullAgent::check_alternatives(TimePoint now) {
  const Pair* current = selected_pair();
  if (current == nullptr || !current->running || current->sent < kSuspectAfter) return;
  for (Pair& other : list_.pairs()) {
    if (!other.running && (other.valid || other.authenticated)) other.schedule(now);
  }
  const auto latest = std::max_element(list_.pairs().begin(), list_.pairs().end(), [](const Pair& a, const Pair& b) {
    return std::pair(a.valid, a.answered) < std::pair(b.valid, b.answered);
  });
  if (&*latest == current || !latest->valid || latest->answered <= current->answered) return;
  select(now, *latest);
  if (!controlling_) return;
  latest->nominate = true;
  latest->schedule(now);
}

void FullAgent::select(TimePoint now, Pair& pair) {
  selection_to_report_ = selection_to_report_ || selected_ != pair.path;
  selected_ = pair.path;
  had_selection_ = true;
  nomination_ = kNever;
  for (Pair& other : list_.pairs()) {
    other.nominate = false;
    if (!other.valid && !pair.gives_way_to(other)) other.due = kNever;
  }
  keep_consent(now, pair);
}

void FullAgent::keep_consent(TimePoint now, Pair& pair) { pair.schedule(now + consent_interval()); }

// Smoothed as in RFC 6298; the response to a retransmitted request is ambiguous (Karn's algorithm).
void FullAgent::measure(TimePoint now, const Pair& pair) {
  if (pair.sent != 1) return;
  const Duration sample = now - pair.first_sent;
  rtt_ = rtt_ ? (*rtt_ * 7 + sample) / 8 : sample;
}

Duration FullAgent::consent_interval() {
  return kConsentInterval * (800 + static_cast<std::int64_t>(provider_->random_u32() % 401)) / 1000;
}

Statistics FullAgent::statistics() const {
  Statistics statistics = responder_.statistics();
  statistics.requests_sent = requests_sent_;
  statistics.responses_received = responses_received_;
  statistics.candidates_ignored = candidates_ignored_;
  return statistics;
}

bool FullAgent::validated(const Path& path) const {
  const Pair* pair = list_.find(path);
  return pair != nullptr && pair->valid;
}

std::optional<TimePoint> FullAgent::last_heard(const Path& path) const {
  const Pair* pair = list_.find(path);
  return pair == nullptr || pair->heard == TimePoint::min() ? std::nullopt : std::optional(pair->heard);
}

std::vector<Path> FullAgent::paths() const {
  std::vector<Path> paths;
  for (const Pair& pair : list_.pairs()) {
    if (pair.authenticated || pair.valid) paths.push_back(pair.path);
  }
  return paths;
}

std::vector<Path> FullAgent::checked() const {
  std::vector<Path> paths;
  for (const Pair& pair : list_.pairs()) paths.push_back(pair.path);
  return paths;
}

// Output.

bool FullAgent::may_check(const Pair& pair) const {
  return pair.valid || !pair.reflexive || pair.sent_bytes + check_size_ <= kAmplification * pair.received_bytes;
}

Pair* FullAgent::next_due(TimePoint now) {
  for (Pair& pair : list_.pairs()) {
    // An address that proved nothing waits for the peer's next check; a pair beside the selected one is given up.
    const bool given_up = !pair.valid && selected_ && pair.running && pair.sent == kMaxTransmissions;
    const bool exhausted = !pair.valid && pair.checks >= kMaxChecks;
    if (pair.due <= now && (!may_check(pair) || given_up || exhausted)) pair.due = kNever;
  }
  return list_.next_due(now);
}

TimePoint FullAgent::next_wake() const {
  TimePoint wake = std::min(failure_, nomination_);
  if (remote_key_ == nullptr) return wake;
  for (const Pair& pair : list_.pairs()) {
    if (pair.due != kNever) wake = std::min(wake, std::max(pair.due, next_check_));
  }
  return wake;
}

Output FullAgent::poll_output(TimePoint now, MutableBytes buffer) {
  if (auto answer = responder_.poll(buffer)) {
    if (Pair* pair = list_.find(answer->path)) pair->sent_bytes += answer->bytes.size();
    return *answer;
  }
  for (Pair& pair : list_.pairs()) {
    if (std::exchange(pair.to_report, false)) return Validated{pair.path};
  }
  if (std::exchange(selection_to_report_, false)) return Selected{*selected_};
  if (failure_ <= now) {
    fail();
    if (selected_ || (had_selection_ && !rejected_)) return Failed{Errc::ice_consent_expired};
    return Failed{rejected_ ? Errc::ice_path_in_use : Errc::ice_timeout};
  }
  if (nomination_ <= now) {
    nomination_ = kNever;
    if (Pair* best = list_.best_valid()) nominate(now, *best);
  }
  if (remote_key_ != nullptr && now >= next_check_) {
    if (Pair* pair = next_due(now)) {
      const Path path = pair->path;
      const MutableBytes request = write_check(*pair, now, buffer);
      check_alternatives(now);
      return Transmit{path, request, true};
    }
  }
  return Wait{next_wake()};
}

// RFC 7675 section 5.1: nothing is sent without consent.
void FullAgent::fail() {
  failed_ = true;
  failure_ = nomination_ = kNever;
  for (Pair& pair : list_.pairs()) pair.due = kNever;
}

MutableBytes FullAgent::write_check(Pair& pair, TimePoint now, MutableBytes buffer) {
  next_check_ = now + kPacing;
  if (!pair.running || pair.sent == kMaxTransmissions) {
    pair.running = true;
    pair.sent = 0;
    pair.controlling = controlling_;
    provider_->random(pair.transaction);
  }
  if (pair.sent == 0) pair.first_sent = now;
  const Duration rto = rtt_ ? std::max(2 * *rtt_, kMinRto) : kInitialRto;
  pair.due = now + std::min(rto * (1 << pair.sent), std::max(rto, kMaxRto));
  ++pair.sent;
  ++pair.checks;
  pair.triggered = false;
  ++requests_sent_;

  stun::MessageBuilder builder(buffer, stun::Class::request, pair.transaction);
  builder.username(remote_.ufrag + ":" + responder_.local().ufrag);
  builder.priority(priority_of(CandidateType::peer_reflexive, 65'535));  // RFC 8445 section 7.1.1
  if (pair.controlling) {
    builder.ice_controlling(tie_breaker_);
    if (pair.nominate) builder.use_candidate();
  } else {
    builder.ice_controlled(tie_breaker_);
  }
  const MutableBytes request = builder.finish(*remote_key_);
  check_size_ = request.size();
  pair.sent_bytes += check_size_;
  return request;
}

static_assert(Machine<FullAgent>);

}  // namespace redan::ice
