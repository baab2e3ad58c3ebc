#include "rtc/turn/requests.hpp"

#include <algorithm>

#include "rtc/turn/errors.hpp"

namespace redan::turn {
namespace {

// Fits the largest user name, realm, nonce and ticket together.
constexpr std::size_t kMaxRequest = 4096;
// coturn refuses some requests without message integrity. Such a refusal may be forged, so a genuine response is
// awaited for this long, with retransmissions, before the refusal counts.
constexpr Duration kProofTimeout = std::chrono::seconds(5);

Errc reason_of(stun::Verdict verdict) {
  switch (verdict) {
    case stun::Verdict::wrong_credentials:
      return errc::turn_credentials;
    case stun::Verdict::unprotected:
      return errc::turn_unprotected;
    case stun::Verdict::downgraded:
      return errc::turn_downgraded;
    case stun::Verdict::unsupported:
      return errc::turn_unsupported_algorithm;
    default:
      return errc::turn_bad_response;
  }
}

}  // namespace

Requests::Requests(std::optional<stun::Credentials> credentials, Provider& provider) : provider_(&provider) {
  if (credentials) long_term_.emplace(std::move(*credentials), provider);
}

void Requests::start(TimePoint now, const Task& task, stun::Transport layer, const Writer& writer,
                     const stun::Timing& timing) {
  Request& request = running_.emplace_back();
  request.task = task;
  request.layer = layer;
  request.timing = timing;
  write(now, request, writer);
}

void Requests::write(TimePoint now, Request& request, const Writer& writer) {
  request.transaction = stun::Transaction(now, request.layer, *provider_, request.timing);
  request.is_signed = long_term_ && long_term_->challenged();
  request.bytes.resize(kMaxRequest);
  stun::MessageBuilder builder(request.bytes, stun::Class::request, request.transaction.id(),
                               static_cast<std::uint16_t>(request.task.method()));
  writer(request.task, builder);
  const Bytes written = long_term_ ? long_term_->finish(builder) : builder.finish();
  request.bytes.resize(written.size());
  request.bytes.shrink_to_fit();
}

void Requests::forget_challenge() {
  running_.clear();
  accepted_ = false;
  if (long_term_) long_term_->reset();
}

void Requests::wipe() {
  running_.clear();
  long_term_.reset();
}

Requests::Handled Requests::handle_input(TimePoint now, const stun::Message& response, const Writer& writer) {
  const auto found = std::find_if(running_.begin(), running_.end(), [&](const Request& request) {
    return request.transaction.id() == response.transaction && request.first_sent != kNever &&
           static_cast<std::uint16_t>(request.task.method()) == response.method;
  });
  if (found == running_.end()) return {Kind::unexpected};
  Handled result = judge(now, *found, response, writer);
  if (result.outcome) running_.erase(found);
  return result;
}

// RFC 8489 sections 6.3.3, 6.3.4 and 9.2.5.
Requests::Handled Requests::judge(TimePoint now, Request& request, const stun::Message& response,
                                  const Writer& writer) {
  const bool error = response.message_class == stun::Class::error;
  const auto verdict = long_term_ ? long_term_->judge(response, request.is_signed) : stun::Verdict::accepted;
  if (verdict == stun::Verdict::ignored) {
    const bool refused = error && response.error_code;
    const Errc reason = refused ? turn::reason_of(*response.error_code) : errc::turn_forged;
    return hold(now, request, refusal(request, reason, response));
  }
  ++answered_;
  if (const auto rtt = request.transaction.rtt(now)) rtt_ = rtt;
  if (verdict == stun::Verdict::retry) return retry(now, request, response, writer);

  Outcome ended = refusal(request, Errc{}, response);
  if (verdict != stun::Verdict::accepted) {
    ended.reason = reason_of(verdict);
    // No 401 and 438 can be proven. Once these credentials were accepted, another refusal of them may be forged.
    if (accepted_) return hold(now, request, ended);
  } else if (response.unknown_count != 0 || (error && ended.server_code == 0)) {
    ended.reason = errc::turn_bad_response;
  } else if (error) {
    ended.reason = turn::reason_of(ended.server_code);
  }
  accepted_ = accepted_ || (request.is_signed && verdict == stun::Verdict::accepted);
  return {Kind::answer, ended};
}

Requests::Outcome Requests::refusal(const Request& request, Errc reason, const stun::Message& response) {
  Outcome refused = outcome(request, reason);
  if (response.message_class != stun::Class::error) return refused;
  refused.server_code = response.error_code.value_or(0);
  refused.server_reason = response.error_reason;
  return refused;
}

// Over a stream the response will not come again, so the request ends at once (RFC 8489 section 9.2.5).
Requests::Handled Requests::hold(TimePoint now, Request& request, Outcome unproven) {
  unproven.proven = false;
  if (request.layer == stun::Transport::stream) return {Kind::unproven, unproven};
  if (unproven.server_code != 0 && !request.unproven) {
    request.unproven = unproven;
    request.proof_until = now + kProofTimeout;
  }
  return {Kind::unproven};
}

// One answer to each kind of challenge: a server that challenges forever is not followed.
Requests::Handled Requests::retry(TimePoint now, Request& request, const stun::Message& response,
                                  const Writer& writer) {
  const bool stale = response.error_code == 438;
  if (stale ? request.stale : request.redone) {
    const Outcome refused = refusal(request, stale ? errc::turn_stale_nonce : errc::turn_credentials, response);
    return accepted_ ? hold(now, request, refused) : Handled{Kind::answer, refused};
  }
  (stale ? request.stale : request.redone) = true;
  request.first_sent = request.proof_until = kNever;
  request.unproven.reset();
  write(now, request, writer);
  return {Kind::answer};
}

std::variant<MutableBytes, Requests::Outcome> Requests::poll(TimePoint now, MutableBytes buffer) {
  for (auto request = running_.begin(); request != running_.end(); ++request) {
    const auto due = request->transaction.poll(now);
    if (due == stun::Transaction::Due::timeout || request->proof_until <= now) {
      Outcome ended = request->unproven.value_or(outcome(*request, errc::turn_timeout));
      running_.erase(request);
      return ended;
    }
    if (due == stun::Transaction::Due::transmit && request->bytes.size() <= buffer.size()) {
      request->first_sent = std::min(request->first_sent, now);
      ++sent_;
      if (request->transaction.transmissions() > 1) ++retransmitted_;
      std::copy(request->bytes.begin(), request->bytes.end(), buffer.begin());
      return buffer.first(request->bytes.size());
    }
  }
  return MutableBytes{};
}

TimePoint Requests::deadline() const {
  TimePoint next = kNever;
  for (const Request& request : running_) {
    next = std::min({next, request.transaction.deadline(), request.proof_until});
  }
  return next;
}

}  // namespace redan::turn
