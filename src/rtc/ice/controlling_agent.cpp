#include "rtc/ice/controlling_agent.hpp"

#include <algorithm>

#include "rtc/ice/candidate.hpp"

namespace redan::ice {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTimeout = 30s;
constexpr Duration kPacing = 50ms;         // Ta, RFC 8445 section 14.2
constexpr Duration kInitialRto = 500ms;    // RFC 8445 section 14.3
constexpr Duration kMaxRto = 1s;           // a person is waiting; one small datagram a second
constexpr Duration kMinRto = 100ms;        // with a measured round trip
constexpr int kMaxTransmissions = 7;       // Rc, RFC 8489 section 6.2.1
constexpr Duration kConsentInterval = 5s;  // RFC 7675 section 5.1, times 0.8 to 1.2
constexpr Duration kConsentTimeout = 30s;

}  // namespace

ControllingAgent::ControllingAgent(Credentials local, Provider& provider)
    : provider_(&provider), responder_(std::move(local), provider), tie_breaker_(provider.random_u64()) {}

void ControllingAgent::start(TimePoint now) {
  next_check_ = now;
  failure_ = now + kTimeout;
  for (Pair& pair : pairs_) schedule_check(pair, now);
}

void ControllingAgent::set_remote(Credentials remote, const std::vector<Address>& candidates) {
  remote_ = std::move(remote);
  remote_key_ = provider_->hmac(HashAlgorithm::sha1, as_bytes(remote_.pwd));
  responder_.set_remote_ufrag(remote_.ufrag);
  for (const Address& candidate : candidates) learn(candidate);
}

void ControllingAgent::restart(Credentials local, Credentials remote) {
  responder_.restart(std::move(local), *provider_);
  set_remote(std::move(remote), {});
  nominating_ = false;
  for (Pair& pair : pairs_) {
    pair.valid = pair.remote == selected_;  // what was proven stays usable while we check anew
    pair.to_report = pair.to_report && pair.valid;
    pair.nominate = false;
    schedule_check(pair, next_check_);
  }
}

ControllingAgent::Pair* ControllingAgent::find(const Address& remote) {
  const auto found =
      std::find_if(pairs_.begin(), pairs_.end(), [&](const Pair& pair) { return pair.remote == remote; });
  return found == pairs_.end() ? nullptr : &*found;
}

ControllingAgent::Pair* ControllingAgent::learn(const Address& remote) {
  if (Pair* known = find(remote)) return known;
  if (pairs_.size() == kMaxCandidates) return nullptr;
  pairs_.emplace_back();
  pairs_.back().remote = remote;
  schedule_check(pairs_.back(), next_check_);
  return &pairs_.back();
}

void ControllingAgent::schedule_check(Pair& pair, TimePoint due) {
  pair.running = false;
  pair.sent = 0;
  pair.due = due;
}

// ---- input ----------------------------------------------------------------------------------------------------------

void ControllingAgent::handle_input(TimePoint now, const Address& remote, Bytes datagram) {
  if (failed_) return;
  const auto message = stun::Message::parse(datagram);
  if (!message || message->method != stun::kBinding) return drops_.add(Drop::malformed);
  if (message->message_class == stun::Class::request) {
    if (responder_.authenticate(*message, drops_)) on_request(now, remote, *message);
  } else if (message->message_class != stun::Class::indication) {
    on_response(now, remote, *message);
  }
}

void ControllingAgent::on_request(TimePoint now, const Address& remote, const stun::Message& request) {
  if (request.unknown_count != 0) return responder_.refuse_unknown(remote, request, drops_);
  // RFC 8445 section 7.3.1.1.
  const auto theirs = controlling_ ? request.ice_controlling : request.ice_controlled;
  if (theirs) {
    const bool we_stay = controlling_ ? tie_breaker_ >= *theirs : tie_breaker_ < *theirs;
    if (we_stay) return responder_.refuse_role(remote, request, drops_);
    take_role(now, !controlling_);
  }
  responder_.succeed(remote, request, drops_);
  Pair* pair = learn(remote);
  if (pair == nullptr) return;
  if (!pair->valid && !pair->running) schedule_check(*pair, now);  // a triggered check, section 7.3.1.4
  if (request.use_candidate && !controlling_) {
    pair->nominate = true;
    // Consent is the answers to our checks (RFC 7675 section 5.1), so a repeated nomination does not renew it.
    if (pair->valid && selected_ != remote) select(now, *pair);
  }
}

void ControllingAgent::on_response(TimePoint now, const Address& remote, const stun::Message& response) {
  Pair* pair = find(remote);
  if (pair == nullptr || !pair->running || pair->transaction != response.transaction || !remote_key_) {
    return drops_.add(Drop::unknown_transaction);
  }
  if (!response.verify_integrity(*remote_key_)) return drops_.add(Drop::wrong_integrity);
  if (response.message_class == stun::Class::success) return on_success(now, *pair);
  // RFC 8445 section 7.2.5.1; another pair's response may have made the change already.
  if (response.error_code == 487) take_role(now, !pair->controlling);
  schedule_check(*pair, now + kPacing);
}

// What the old role nominated counts no more.
void ControllingAgent::take_role(TimePoint now, bool controlling) {
  if (controlling_ == controlling) return;
  controlling_ = controlling;
  nominating_ = false;
  for (Pair& pair : pairs_) {
    pair.nominate = false;
    if (pair.valid) schedule_check(pair, now);
  }
}

void ControllingAgent::on_success(TimePoint now, Pair& pair) {
  measure(now, pair);
  pair.running = false;
  pair.due = kNever;
  pair.to_report = pair.to_report || !pair.valid;
  pair.valid = true;
  if (pair.nominate) return select(now, pair);
  if (controlling_ && !nominating_) {
    nominating_ = true;
    pair.nominate = true;
    return schedule_check(pair, now);
  }
  if (selected_ == pair.remote) keep_consent(now, pair);
}

void ControllingAgent::select(TimePoint now, Pair& pair) {
  selection_to_report_ = selection_to_report_ || selected_ != pair.remote;
  selected_ = pair.remote;
  for (Pair& other : pairs_) {
    other.nominate = false;
    if (!other.valid) other.due = kNever;
  }
  keep_consent(now, pair);
}

void ControllingAgent::keep_consent(TimePoint now, Pair& pair) {
  failure_ = now + kConsentTimeout;
  schedule_check(pair, now + consent_interval());
}

// RFC 6298's smoothing; a repeated request's response is ambiguous (Karn).
void ControllingAgent::measure(TimePoint now, const Pair& pair) {
  if (pair.sent != 1) return;
  const Duration sample = now - pair.first_sent;
  rtt_ = rtt_ ? (*rtt_ * 7 + sample) / 8 : sample;
}

Duration ControllingAgent::consent_interval() {
  return kConsentInterval * (800 + static_cast<std::int64_t>(provider_->random_u32() % 401)) / 1000;
}

bool ControllingAgent::validated(const Address& remote) const {
  return std::any_of(pairs_.begin(), pairs_.end(),
                     [&](const Pair& pair) { return pair.valid && pair.remote == remote; });
}

// ---- output ---------------------------------------------------------------------------------------------------------

ControllingAgent::Pair* ControllingAgent::next_due(TimePoint now) {
  const auto earliest =
      std::min_element(pairs_.begin(), pairs_.end(), [](const Pair& a, const Pair& b) { return a.due < b.due; });
  return earliest == pairs_.end() || earliest->due > now ? nullptr : &*earliest;
}

Output ControllingAgent::poll_output(TimePoint now, MutableBytes buffer) {
  if (auto answer = responder_.poll(buffer)) return *answer;
  for (Pair& pair : pairs_) {
    if (std::exchange(pair.to_report, false)) return Validated{pair.remote};
  }
  if (std::exchange(selection_to_report_, false)) return Selected{*selected_};
  if (failure_ <= now) {
    fail();
    return Failed{selected_ ? Errc::ice_consent_expired : Errc::ice_timeout};
  }
  TimePoint wake = failure_;
  if (remote_key_ != nullptr) {
    if (now >= next_check_) {
      if (Pair* pair = next_due(now)) return Transmit{pair->remote, write_check(*pair, now, buffer)};
    }
    for (const Pair& pair : pairs_) {
      if (pair.due != kNever) wake = std::min(wake, std::max(pair.due, next_check_));
    }
  }
  return Wait{wake};
}

// RFC 7675 section 5.1: without consent nothing more is sent.
void ControllingAgent::fail() {
  failed_ = true;
  failure_ = kNever;
  for (Pair& pair : pairs_) pair.due = kNever;
}

MutableBytes ControllingAgent::write_check(Pair& pair, TimePoint now, MutableBytes buffer) {
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

  stun::MessageBuilder builder(buffer, stun::Class::request, pair.transaction);
  builder.username(remote_.ufrag + ":" + responder_.local().ufrag);
  builder.priority(priority_of(CandidateType::peer_reflexive, 65'535));  // RFC 8445 section 7.1.1
  if (pair.controlling) {
    builder.ice_controlling(tie_breaker_);
    if (pair.nominate) builder.use_candidate();
  } else {
    builder.ice_controlled(tie_breaker_);
  }
  return builder.finish(*remote_key_);
}

static_assert(Machine<ControllingAgent>);

}  // namespace redan::ice
