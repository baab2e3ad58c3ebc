#include "rtc/ice/lite_agent.hpp"

#include <algorithm>

namespace redan::ice {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstCheckTimeout = 30s;
// RFC 7675 section 5.1: consent expires after 30 seconds. A lite agent asks for none; the peer's checks show that it is
// there.
constexpr Duration kConsentTimeout = 30s;

}  // namespace

void LiteAgent::start(TimePoint now) {
  if (path_count_ == 0) timers_.set(Timer::first_check, now + kFirstCheckTimeout);
}

void LiteAgent::restart(Credentials local, Credentials remote) {
  responder_.restart(std::move(local), *provider_);
  responder_.set_remote_ufrag(std::move(remote.ufrag));
}

void LiteAgent::handle_input(TimePoint now, const Address& remote, Bytes datagram) {
  if (failed_) return;
  const auto message = stun::Message::parse(datagram);
  if (!message || message->method != stun::kBinding) return drops_.add(Drop::malformed);
  // We sent no request, so no response is ours; indications are keep-alives.
  if (message->message_class != stun::Class::request) return drops_.add(Drop::unknown_transaction);
  if (responder_.authenticate(*message, drops_)) on_check(now, remote, *message);
}

void LiteAgent::on_check(TimePoint now, const Address& remote, const stun::Message& request) {
  if (request.unknown_count != 0) return responder_.refuse_unknown(remote, request, drops_);
  // RFC 8445 section 7.3.1.1: a lite agent stays controlled, so the peer has to take the other role.
  if (request.ice_controlled) return responder_.refuse_role(remote, request, drops_);
  responder_.succeed(remote, request, drops_);
  timers_.stop(Timer::first_check);
  remember(now, remote);
  if (request.use_candidate) nominate(remote);
  refresh_consent(now, remote);
}

void LiteAgent::remember(TimePoint now, const Address& remote) {
  const auto known = paths();
  auto path = std::find_if(known.begin(), known.end(), [&](const Path& p) { return p.remote == remote; });
  if (path != known.end()) {
    path->heard = now;
    return;
  }
  const Path fresh{remote, now, true};
  if (path_count_ < kMaxPaths) {
    paths_[path_count_++] = fresh;
    return;
  }
  *std::min_element(known.begin(), known.end(), [&](const Path& a, const Path& b) {
    return std::pair(a.remote == selected_, a.heard) < std::pair(b.remote == selected_, b.heard);
  }) = fresh;
}

// Aggressive nomination may nominate several paths; the last one is what the peer uses.
void LiteAgent::nominate(const Address& remote) {
  if (selected_ == remote) return;
  selected_ = remote;
  selection_to_report_ = true;
}

void LiteAgent::refresh_consent(TimePoint now, const Address& remote) {
  if (!selected_ || selected_ == remote) timers_.set(Timer::consent, now + kConsentTimeout);
}

bool LiteAgent::validated(const Address& remote) const {
  return std::any_of(paths_.begin(), paths_.begin() + static_cast<std::ptrdiff_t>(path_count_),
                     [&](const Path& path) { return path.remote == remote; });
}

Output LiteAgent::poll_output(TimePoint now, MutableBytes buffer) {
  if (auto answer = responder_.poll(buffer)) return *answer;
  for (Path& path : paths()) {
    if (std::exchange(path.to_report, false)) return Validated{path.remote};
  }
  if (std::exchange(selection_to_report_, false)) return Selected{*selected_};
  if (timers_.next() > now) return Wait{timers_.next()};
  failed_ = true;
  timers_.stop_all();
  return Failed{path_count_ == 0 ? Errc::ice_timeout : Errc::ice_consent_expired};
}

static_assert(Machine<LiteAgent>);

}  // namespace redan::ice
