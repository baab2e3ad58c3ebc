#include "rtc/ice/full_agent.hpp"

#include <algorithm>

#include "rtc/ice/candidate.hpp"

namespace redan::ice {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTimeout = 30s;
constexpr Duration kPacing = 50ms;         // Ta, RFC 8445 section 14.2
constexpr Duration kInitialRto = 500ms;    // RFC 8445 section 14.3
constexpr Duration kMaxRto = 1s;           // a user is waiting; the cost is one small datagram a second
constexpr Duration kMinRto = 100ms;        // with a measured round trip
constexpr int kMaxTransmissions = 7;       // Rc, RFC 8489 section 6.2.1
constexpr Duration kConsentInterval = 5s;  // RFC 7675 section 5.1, times 0.8 to 1.2
constexpr Duration kConsentTimeout = 30s;
// The selected path is suspect after this many transmissions without an answer.
constexpr int kSuspectAfter = 3;
// An unproven address receives at most this many times the bytes it sent (as in RFC 9000 section 8).
constexpr std::size_t kAmplification = 3;

}  // namespace

FullAgent::FullAgent(Credentials local, std::vector<Address> addresses, Provider& provider)
    : provider_(&provider),
      responder_(std::move(local), provider),
      addresses_(std::move(addresses)),
      tie_breaker_(provider.random_u64()) {}

void FullAgent::start(TimePoint now) {
  next_check_ = now;
  failure_ = now + kTimeout;
  for (Pair& pair : pairs_) {
    if (!pair.valid) schedule_check(pair, now);
  }
}

void FullAgent::set_remote(Credentials remote, const std::vector<Address>& candidates) {
  remote_ = std::move(remote);
  remote_key_ = provider_->hmac(HashAlgorithm::sha1, as_bytes(remote_.pwd));
  responder_.set_remote_ufrag(remote_.ufrag);
  describe(candidates);
}

// RFC 8445 section 6.1.2.2: pairs each candidate with each of our addresses of its family.
void FullAgent::describe(const std::vector<Address>& candidates) {
  const std::size_t used = std::min(candidates.size(), kMaxCandidates);
  for (std::size_t i = 0; i < used; ++i) {
    for (const Address& local : addresses_) {
      if (local.family() == candidates[i].family()) learn({local, candidates[i]}, false);
    }
  }
}

void FullAgent::restart(Credentials local, Credentials remote, const std::vector<Address>& candidates) {
  responder_.restart(std::move(local), *provider_);
  // Validated pairs stay usable while they are checked again.
  std::erase_if(pairs_, [&](const Pair& pair) { return pair.path != selected_; });
  ++paths_version_;
  set_remote(std::move(remote), candidates);
  nominating_ = false;
  for (Pair& pair : pairs_) {
    pair.nominate = false;
    schedule_check(pair, next_check_);
  }
}

const FullAgent::Pair* FullAgent::find(const Path& path) const {
  const auto found = std::find_if(pairs_.begin(), pairs_.end(), [&](const Pair& pair) { return pair.path == path; });
  return found == pairs_.end() ? nullptr : &*found;
}

FullAgent::Pair* FullAgent::running(const stun::TransactionId& transaction) {
  const auto found = std::find_if(pairs_.begin(), pairs_.end(),
                                  [&](const Pair& pair) { return pair.running && pair.transaction == transaction; });
  return found == pairs_.end() ? nullptr : &*found;
}

FullAgent::Pair* FullAgent::learn(const Path& path, bool reflexive) {
  if (Pair* known = find(path)) return known;
  if (pairs_.size() == kMaxPairs && !make_room()) return nullptr;
  Pair& pair = pairs_.emplace_back();
  pair.path = path;
  pair.reflexive = reflexive;
  schedule_check(pair, next_check_);
  return &pair;
}

// Of the unproven pairs, drops the one that was not heard for the longest time.
bool FullAgent::make_room() {
  const auto oldest = std::min_element(pairs_.begin(), pairs_.end(), [](const Pair& a, const Pair& b) {
    return std::pair(a.valid, a.heard) < std::pair(b.valid, b.heard);
  });
  if (oldest->valid) return false;
  pairs_.erase(oldest);
  ++paths_version_;
  return true;
}

void FullAgent::schedule_check(Pair& pair, TimePoint due) {
  pair.running = false;
  pair.sent = 0;
  pair.due = due;
}

void FullAgent::reject(const Path& path) {
  rejected_ = true;
  responder_.withdraw(path);
  std::erase_if(pairs_, [&](const Pair& pair) { return pair.path == path; });
  ++paths_version_;
  if (selected_ == path) {
    // Any other working pair replaces it.
    selected_.reset();
    nominating_ = false;
    for (Pair& pair : pairs_) schedule_check(pair, next_check_);
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
  Pair* pair = learn(path, true);
  if (pair == nullptr) return;
  paths_version_ += pair->authenticated ? 0 : 1;
  pair->authenticated = true;
  pair->heard = now;
  pair->received_bytes += request.datagram.size();
  if (!pair->valid && (!pair->running || pair->due == kNever)) schedule_check(*pair, now);  // section 7.3.1.4
  if (request.use_candidate && !controlling_) {
    pair->nominate = true;
    // Consent consists of answers to our checks (RFC 7675 section 5.1), so a repeated nomination does not renew it.
    if (pair->valid && selected_ != path) select(now, *pair);
  }
}

// RFC 8445 section 7.2.5.2.1: the response must arrive on the path of its request.
void FullAgent::on_response(TimePoint now, const Path& path, const stun::Message& response) {
  Pair* pair = running(response.transaction);
  if (pair == nullptr || pair->path != path || !remote_key_) return drops_.add(Drop::unknown_transaction);
  if (!response.verify_integrity(*remote_key_)) return drops_.add(Drop::wrong_integrity);
  ++responses_received_;
  if (response.message_class == stun::Class::success) return on_success(now, *pair);
  // RFC 8445 section 7.2.5.1; the response to another pair may have changed the role already.
  if (response.error_code == 487) take_role(now, !pair->controlling);
  schedule_check(*pair, now + kPacing);
}

// Nominations made in the old role are void.
void FullAgent::take_role(TimePoint now, bool controlling) {
  if (controlling_ == controlling) return;
  controlling_ = controlling;
  nominating_ = false;
  for (Pair& pair : pairs_) {
    pair.nominate = false;
    if (pair.valid) schedule_check(pair, now);
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
  if (controlling_ && !nominating_) {
    nominating_ = true;
    pair.nominate = true;
    return schedule_check(pair, now);
  }
  if (selected_ == pair.path) return keep_consent(now, pair);
  // The peer may have moved to this path: check whether the selected path still answers.
  if (Pair* current = selected_pair(); current != nullptr && !current->running) schedule_check(*current, now);
  check_alternatives(now);
}

// The selected path leaves checks unanswered: the path that answered last replaces it.
void FullAgent::check_alternatives(TimePoint now) {
  const Pair* current = selected_pair();
  if (current == nullptr || !current->running || current->sent < kSuspectAfter) return;
  for (Pair& other : pairs_) {
    if (!other.running && (other.valid || other.authenticated)) schedule_check(other, now);
  }
  const auto latest = std::max_element(pairs_.begin(), pairs_.end(), [](const Pair& a, const Pair& b) {
    return std::pair(a.valid, a.answered) < std::pair(b.valid, b.answered);
  });
  if (&*latest == current || !latest->valid || latest->answered <= current->answered) return;
  select(now, *latest);
  if (!controlling_) return;
  latest->nominate = true;
  schedule_check(*latest, now);
}

void FullAgent::select(TimePoint now, Pair& pair) {
  selection_to_report_ = selection_to_report_ || selected_ != pair.path;
  selected_ = pair.path;
  for (Pair& other : pairs_) {
    other.nominate = false;
    if (!other.valid) other.due = kNever;
  }
  keep_consent(now, pair);
}

void FullAgent::keep_consent(TimePoint now, Pair& pair) { schedule_check(pair, now + consent_interval()); }

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
  return statistics;
}

bool FullAgent::validated(const Path& path) const {
  const Pair* pair = find(path);
  return pair != nullptr && pair->valid;
}

std::optional<TimePoint> FullAgent::last_heard(const Path& path) const {
  const Pair* pair = find(path);
  return pair == nullptr || pair->heard == TimePoint::min() ? std::nullopt : std::optional(pair->heard);
}

std::vector<Path> FullAgent::paths() const {
  std::vector<Path> paths;
  for (const Pair& pair : pairs_) {
    if (pair.authenticated || pair.valid) paths.push_back(pair.path);
  }
  return paths;
}

std::vector<Path> FullAgent::checked() const {
  std::vector<Path> paths;
  for (const Pair& pair : pairs_) paths.push_back(pair.path);
  return paths;
}

// Output.

bool FullAgent::may_check(const Pair& pair) const {
  return pair.valid || !pair.reflexive || pair.sent_bytes + check_size_ <= kAmplification * pair.received_bytes;
}

FullAgent::Pair* FullAgent::next_due(TimePoint now) {
  for (Pair& pair : pairs_) {
    if (pair.due <= now && !may_check(pair)) pair.due = kNever;  // until the peer's next check from that address
  }
  const auto earliest =
      std::min_element(pairs_.begin(), pairs_.end(), [](const Pair& a, const Pair& b) { return a.due < b.due; });
  return earliest == pairs_.end() || earliest->due > now ? nullptr : &*earliest;
}

Output FullAgent::poll_output(TimePoint now, MutableBytes buffer) {
  if (auto answer = responder_.poll(buffer)) {
    if (Pair* pair = find(answer->path)) pair->sent_bytes += answer->bytes.size();
    return *answer;
  }
  for (Pair& pair : pairs_) {
    if (std::exchange(pair.to_report, false)) return Validated{pair.path};
  }
  if (std::exchange(selection_to_report_, false)) return Selected{*selected_};
  if (failure_ <= now) {
    fail();
    if (selected_) return Failed{Errc::ice_consent_expired};
    return Failed{rejected_ ? Errc::ice_path_in_use : Errc::ice_timeout};
  }
  TimePoint wake = failure_;
  if (remote_key_ != nullptr) {
    if (now >= next_check_) {
      if (Pair* pair = next_due(now)) {
        const Path path = pair->path;
        const MutableBytes request = write_check(*pair, now, buffer);
        check_alternatives(now);
        return Transmit{path, request, true};
      }
    }
    for (const Pair& pair : pairs_) {
      if (pair.due != kNever) wake = std::min(wake, std::max(pair.due, next_check_));
    }
  }
  return Wait{wake};
}

// RFC 7675 section 5.1: nothing is sent without consent.
void FullAgent::fail() {
  failed_ = true;
  failure_ = kNever;
  for (Pair& pair : pairs_) pair.due = kNever;
}

MutableBytes FullAgent::write_check(Pair& pair, TimePoint now, MutableBytes buffer) {
  next_check_ = now + kPacing;
  if (!pair.running || pair.sent == kMaxTransmissions) {
    pair.running = true;
    pair.sent = 0;
    pair.first_sent = now;
    pair.controlling = controlling_;
    provider_->random(pair.transaction);
  }
  const Duration rto = rtt_ ? std::max(2 * *rtt_, kMinRto) : kInitialRto;
  pair.due = now + std::min(rto * (1 << pair.sent), std::max(rto, kMaxRto));
  ++pair.sent;
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
