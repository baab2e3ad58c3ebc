#include "rtc/ice/lite_agent.hpp"

#include <algorithm>
#include <utility>

namespace redan::ice {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstCheckTimeout = 30s;
// A single packet on another path may be a late one.
constexpr unsigned kHeardBeforeMoving = 2;
// A nominated path that carried nothing while data came on another path is not nominated again within this time.
constexpr Duration kDistrust = 10s;

}  // namespace

void LiteAgent::start(TimePoint now) {
  started_ = true;
  timers_.set(Timer::first_check, now + kFirstCheckTimeout);
  if (count_ != 0) timers_.set(Timer::silence, now + kSilenceLimit);
}

void LiteAgent::restart(Credentials local, Credentials remote) {
  responder_.restart(std::move(local), *provider_);
  responder_.set_remote_ufrag(std::move(remote.ufrag));
}

void LiteAgent::handle_input(TimePoint now, const Path& path, const stun::Message& message) {
  if (failed_) return;
  if (message.method != stun::kBinding) return drops_.add(Drop::malformed);
  // We send no requests, so no response is valid; indications are unauthenticated keep-alives.
  if (message.message_class != stun::Class::request) return drops_.add(Drop::unknown_transaction);
  switch (responder_.authenticate(message, drops_)) {
    case Authenticity::none:
      return;
    case Authenticity::repeated:
      return responder_.succeed(path, message, drops_);
    case Authenticity::fresh:
      return on_check(now, path, message);
  }
}

void LiteAgent::on_check(TimePoint now, const Path& path, const stun::Message& request) {
  if (request.unknown_count != 0) return responder_.refuse_unknown(path, request, drops_);
  // RFC 8445 section 7.3.1.1: a lite agent stays controlled, so the peer must take the controlling role.
  if (request.ice_controlled) return responder_.refuse_role(path, request, drops_);
  responder_.succeed(path, request, drops_);
  learn(now, path);
  // Aggressive nomination may nominate several paths; the peer uses the last one.
  if (request.use_candidate && find(path)->nominable <= now) select(now, path);
  note(now, *find(path));
}

void LiteAgent::learn(TimePoint now, const Path& path) {
  if (find(path) != nullptr) return;
  const auto is_old = [&](const Known& each) { return each.path != selected_ && each.heard + kSilenceLimit <= now; };
  count_ = static_cast<std::size_t>(std::remove_if(known().begin(), known().end(), is_old) - known().begin());
  if (count_ == kMaxPaths) {
    std::iter_swap(std::min_element(known().begin(), known().end(),
                                    [&](const Known& a, const Known& b) {
                                      return std::pair(a.path == selected_, a.heard) <
                                             std::pair(b.path == selected_, b.heard);
                                    }),
                   known().end() - 1);
    --count_;
  }
  known_[count_++] = Known{.path = path, .heard = now, .to_report = true};
  ++paths_version_;
}

void LiteAgent::select(TimePoint now, const Path& path) {
  find(path)->heard = now;
  if (selected_ == path) return;
  for (Known& each : known()) each.ahead = each.data_ahead = 0;
  selected_ = path;
  selected_at_ = now;
  had_selection_ = true;
  selection_to_report_ = true;
}

// Unlike checks, data cannot be replayed, so it comes from where the peer is.
void LiteAgent::heard(TimePoint now, const Path& path) {
  Known* speaking = find(path);
  if (speaking == nullptr || failed_) return;
  speaking->data = now;
  speaking->nominable = now;
  if (path == selected_) {
    for (Known& each : known()) each.data_ahead = 0;
  } else if (selected_ && ++speaking->data_ahead >= kHeardBeforeMoving) {
    Known& current = *find(*selected_);
    if (now - std::max(current.data, selected_at_) >= kGivesWayAfter) {
      current.nominable = now + kDistrust;
      select(now, path);
    }
  }
  note(now, *speaking);
}

// The peer was heard on this path.
void LiteAgent::note(TimePoint now, Known& speaking) {
  speaking.heard = now;
  if (started_) timers_.set(Timer::silence, now + kSilenceLimit);
  // The selected path was taken away: the session continues where the peer is heard.
  if (!selected_ && had_selection_) return select(now, speaking.path);
  if (!selected_) return;
  if (speaking.path == *selected_) {
    for (Known& each : known()) each.ahead = 0;
    return;
  }
  ++speaking.ahead;
  if (speaking.ahead >= kHeardBeforeMoving && now - find(*selected_)->heard >= kGivesWayAfter)
    select(now, speaking.path);
}

void LiteAgent::reject(const Path& path) {
  rejected_ = true;
  responder_.withdraw(path);
  count_ = static_cast<std::size_t>(
      std::remove_if(known().begin(), known().end(), [&](const Known& each) { return each.path == path; }) -
      known().begin());
  ++paths_version_;
  if (selected_ == path) selected_.reset();
  selection_to_report_ = selection_to_report_ && selected_;
}

const LiteAgent::Known* LiteAgent::find(const Path& path) const {
  const auto found = std::find_if(known().begin(), known().end(), [&](const Known& each) { return each.path == path; });
  return found == known().end() ? nullptr : &*found;
}

std::optional<TimePoint> LiteAgent::last_heard(const Path& path) const {
  const Known* known = find(path);
  return known == nullptr ? std::nullopt : std::optional(known->heard);
}

std::vector<Path> LiteAgent::paths() const {
  std::vector<Path> paths;
  for (const Known& each : known()) paths.push_back(each.path);
  return paths;
}

Output LiteAgent::poll_output(TimePoint now, MutableBytes buffer) {
  if (auto answer = responder_.poll(buffer)) return *answer;
  for (Known& each : known()) {
    if (!std::exchange(each.to_report, false)) continue;
    had_path_ = true;
    return Validated{each.path};
  }
  if (std::exchange(selection_to_report_, false)) return Selected{*selected_};
  const bool no_check = timers_.expired(Timer::first_check, now) && !had_path_;
  if (!no_check && timers_.next() > now) return Wait{timers_.next()};
  failed_ = true;
  timers_.stop_all();
  if (!no_check) return Failed{Errc::ice_consent_expired};
  return Failed{rejected_ ? Errc::ice_path_in_use : Errc::ice_timeout};
}

static_assert(Machine<LiteAgent>);

}  // namespace redan::ice
