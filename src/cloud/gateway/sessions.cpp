// Creates sessions, joins them, and reads them.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <set>

#include "base/hex.hpp"
#include "cloud/api/ids.hpp"
#include "cloud/errors.hpp"
#include "cloud/gateway/keys.hpp"
#include "cloud/gateway/service.hpp"

namespace redan::cloud::gateway {
namespace {

namespace asio = boost::asio;
namespace keys = keys;

using api::Session;
using api::SessionStatus;

constexpr int kMaxAttempts = 20;       // to change a session that other writers keep changing
constexpr std::size_t kMaxAgents = 8;  // tried in turn
constexpr std::int64_t kIdempotencyKept = 600;
constexpr int kMaxRepeats = 4;
constexpr std::string_view kBusy = "agent_busy";
constexpr store::Revision kLatest{UINT64_MAX};

/// The agent certainly did nothing, so the next one can be tried.
bool is_safe_to_repeat(Errc code) {
  return code == errc::bus_no_responders || code == errc::bus_refused || code == errc::bus_full ||
         code == Errc::invalid_argument;
}

bool is_idempotency_key(std::string_view text) {
  return text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string sha256(Provider& provider, std::string_view text) {
  return to_hex(provider.hash(HashAlgorithm::sha256, as_bytes(text)).bytes());
}

api::Refusal too_many_sessions(std::size_t quota) {
  return {403, "too_many_sessions", "the account has " + std::to_string(quota) + " sessions already",
          "delete one first, or make the account with a larger --max-sessions", 0};
}

api::Refusal no_agent_answered(Errc code) {
  api::Refusal refusal = api::refusal_of(code);
  refusal.message = "the session's agent does not answer: " + refusal.message;
  return refusal;
}

}  // namespace

void Gateway::remember(const Session& session, store::Revision revision, store::Revision created) {
  Known& known = sessions_[session.id];
  if (known.revision >= revision) return;
  known = {session, revision, created};
  if (session.over() || session.status == SessionStatus::terminating) {
    relay_.end_session(session.id, session.status_message.empty()
                                       ? "the session is " + std::string(name(session.status))
                                       : session.status_message);
  }
}

net::Task<Outcome<Gateway::Known>> Gateway::read_session(std::string id) {
  if (!api::is_name(id)) co_return api::refuse(api::refusal_of(errc::session_unknown));
  auto entry = co_await store_.get(keys::at(keys::kSessions, id));
  if (!entry) co_return api::refuse(api::refusal_of(entry.error()));
  if (!*entry) co_return api::refuse(api::refusal_of(errc::session_unknown));
  auto session = api::session_from_record((*entry)->value);
  if (!session) co_return api::refuse(api::refusal_of(errc::store_failed));
  co_return Known{std::move(*session), (*entry)->modified, (*entry)->created};
}

net::Task<Outcome<Session>> Gateway::edit_session(std::string id, Editing edit, std::vector<store::Change> also) {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    REDAN_CO_TRY(auto known, co_await read_session(id));
    Session& session = known.session;
    REDAN_CO_TRY(const auto decided, edit(session));
    if (decided == Edit::nothing) co_return std::move(session);
    session.updated_at = seconds();
    std::vector<store::Change> changes = also;
    changes.emplace_back(
        store::Put{keys::at(keys::kSessions, id), to_record(session), store::Unchanged{known.revision}, {}});
    auto committed = co_await store_.commit(std::move(changes));
    if (committed) {
      if (*committed > replica_.seen()) remember(session, *committed, known.created);
      co_return std::move(session);
    }
    if (committed.error() != errc::store_conflict) co_return api::refuse(api::refusal_of(committed.error()));
  }
  co_return api::refuse(api::refusal_of(errc::store_conflict));
}

api::SessionSpec Gateway::spec_of(const Session& session) const {
  const api::SessionRequest& wanted = session.wanted;
  api::SessionSpec spec;
  spec.session = session.id;
  spec.fence = session.fence;
  spec.app = wanted.app;
  spec.app_version = wanted.app_version;
  spec.region = session.region;
  spec.screen = wanted.screen;
  spec.ephemeral = wanted.ephemeral;
  spec.joinable = wanted.joinable;
  spec.idle_time_min = wanted.idle_time_min;
  spec.extra_data = wanted.extra_data;
  spec.user_timeout = std::max<std::int64_t>(session.user_until - seconds(), 0);
  return spec;
}

// Creating sessions.

net::Task<Outcome<api::SessionGrant>> Gateway::create(ApiCaller caller, api::SessionRequest request,
                                                      std::string idempotency_key) {
  if (request.region.empty() && caller.region) request.region = *caller.region;
  if (auto allowed = caller.may(GatewayOperation::create, {}, request.region); !allowed) {
    co_return api::refuse(allowed.error());
  }
  if (stopped_) co_return api::refuse({503, "stopping", "this gateway is stopping", {}, 1});
  if (idempotency_key.empty()) co_return co_await create_new(std::move(caller), std::move(request), {}, {});
  if (!is_idempotency_key(idempotency_key)) {
    co_return api::refuse(api::bad_request("Idempotency-Key is 1 to 255 printable ASCII characters"));
  }
  const std::string id = sha256(provider_, caller.account + "\n" + idempotency_key);
  const std::string wanted = sha256(provider_, canonical(request));
  for (int attempt = 0; attempt < kMaxRepeats; ++attempt) {
    REDAN_CO_TRY(auto made, co_await repeat(id, wanted));
    if (made) co_return std::move(*made);
    auto created = co_await create_new(caller, request, id, wanted);
    // Another request with the same key was faster.
    const bool raced = !created && created.error().code == name(errc::store_conflict);
    if (!raced) co_return created;
  }
  co_return api::refuse(api::refusal_of(errc::store_conflict));
}

net::Task<Outcome<api::SessionGrant>> Gateway::create_new(ApiCaller caller, api::SessionRequest request,
                                                          std::string idempotency, std::string request_sha256) {
  if (sessions_.size() >= config_.max_sessions) co_return api::refuse(api::refusal_of(Errc::too_many));
  const std::size_t quota = caller.quota.max_sessions;
  if (count_sessions(caller.account, kLatest) >= quota) co_return api::refuse(too_many_sessions(quota));
  std::vector<std::string> agents = agents_.candidates(request.app, request.region);
  if (agents.empty()) co_return api::refuse(agents_.no_candidate(request.app));
  Session session;
  session.id = api::new_id(provider_, wall_time());
  session.account = caller.account;
  session.region = request.region;
  session.wanted = std::move(request);
  session.fence = 1;
  session.client = api::new_id(provider_, wall_time());
  session.idempotency = idempotency;
  session.created_at = session.updated_at = seconds();
  session.user_until = session.created_at + settings_.number(setting::kSocketTokenLife);
  std::vector<store::Change> changes;
  changes.emplace_back(store::Put{keys::at(keys::kSessions, session.id), to_record(session), store::Absent{}, {}});
  if (!idempotency.empty()) {
    const api::IdempotencyRecord record{session.id, std::move(request_sha256), session.created_at};
    changes.emplace_back(store::Put{keys::at(keys::kIdempotency, idempotency), to_record(record), store::Absent{}, {}});
  }
  auto stored = co_await store_.commit(std::move(changes));
  if (!stored) co_return api::refuse(api::refusal_of(stored.error()));
  remember(session, *stored, *stored);
  // Concurrent requests, possibly at other units, can all pass the first check; the store's order decides which was
  // first.
  co_await caught_up(*stored);
  if (count_sessions(caller.account, *stored) >= quota) {
    co_await forget(session);
    co_return api::refuse(too_many_sessions(quota));
  }
  REDAN_CO_TRY(auto ice_servers, co_await place(session, std::move(agents)));
  REDAN_CO_TRY(auto placed, co_await read_session(session.id));
  SocketClaims claims;
  claims.client = session.client;
  claims.screen = session.wanted.screen;
  claims.account = caller.account;
  co_return grant(std::move(placed.session), std::move(claims), std::move(ice_servers));
}

// A client that repeats its request is the same client and receives fresh credentials: the first response may have been
// lost.
net::Task<Outcome<std::optional<api::SessionGrant>>> Gateway::repeat(std::string idempotency,
                                                                     std::string request_sha256) {
  auto entry = co_await store_.get(keys::at(keys::kIdempotency, idempotency));
  if (!entry) co_return api::refuse(api::refusal_of(entry.error()));
  const auto record = *entry ? api::idempotency_from_record((*entry)->value) : std::nullopt;
  if (!record) co_return std::nullopt;
  if (record->request_sha256 != request_sha256) {
    co_return api::refuse(api::conflict("this Idempotency-Key was used for another request"));
  }
  const std::string id = record->session;
  const store::Revision made = (*entry)->created;
  std::function<bool()> settled = [this, id, made] {
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return replica_.seen() >= made;  // the session has been given up
    return found->second.session.over() || !found->second.session.instance.empty();
  };
  co_await until(std::move(settled), config_.create_timeout);
  auto known = co_await read_session(id);
  const bool gone = !known && known.error().status == 404;
  if (!known && !gone) co_return api::refuse(known.error());
  const bool expired = record->created_at + kIdempotencyKept <= seconds();
  const bool failed = gone || (known->session.over() && known->session.instance.empty());
  if (expired || failed) {
    const store::Expect unchanged = store::Unchanged{(*entry)->modified};
    const auto erased = co_await store_.erase(keys::at(keys::kIdempotency, idempotency), unchanged);
    if (!erased && erased.error() != errc::store_conflict) co_return api::refuse(api::refusal_of(erased.error()));
    co_return std::nullopt;
  }
  Session& session = known->session;
  if (session.instance.empty()) {
    co_return api::refuse({503, "still_creating", "the session is still being created", "ask again", 2});
  }
  SocketClaims claims;
  claims.client = session.client;
  claims.screen = session.wanted.screen;
  claims.account = session.account;
  std::vector<api::IceServer> ice_servers;
  if (!session.over()) {
    const std::int64_t life = settings_.number(setting::kSocketTokenLife);
    auto awaited = co_await edit_session(id, [&](Session& now) -> Outcome<Edit> {
      now.user_until = seconds() + life;
      return Edit::write;
    });
    if (!awaited) co_return api::refuse(awaited.error());
    api::Command wanted{api::Command::Kind::join, session.fence, session.client, false, {}, life};
    REDAN_CO_TRY(auto reply, co_await command(id, std::move(wanted)));
    auto answer = api::parse<api::CommandReply>(reply);
    if (!answer) co_return api::refuse(api::refusal_of(errc::bus_protocol));
    ice_servers = std::move(answer->ice_servers);
  }
  REDAN_CO_TRY(auto granted, grant(std::move(session), std::move(claims), std::move(ice_servers)));
  co_return std::move(granted);
}

net::Task<void> Gateway::forget(const Session& session) {
  std::vector<store::Change> changes;
  changes.emplace_back(store::Erase{keys::at(keys::kSessions, session.id), store::Anything{}});
  if (!session.idempotency.empty()) {
    changes.emplace_back(store::Erase{keys::at(keys::kIdempotency, session.idempotency), store::Anything{}});
  }
  const auto erased = co_await store_.commit(std::move(changes));
  if (!erased) log("a session that no agent took stays in the store: " + session.id);
}

// Tries one agent after another as long as each certainly did nothing. After a timeout the outcome is unknown: trying
// another agent then could create two instances of one session. An AMS that answers 404 is not asked again, because
// its agent may still be cleaning up under the same name.
net::Task<Outcome<std::vector<api::IceServer>>> Gateway::place(Session session, std::vector<std::string> agents) {
  if (agents.size() > kMaxAgents) agents.resize(kMaxAgents);
  api::SessionSpec spec = spec_of(session);
  spec.client = session.client;
  std::set<std::string> done_clusters;
  api::Refusal last = api::refusal_of(errc::session_no_agent);
  for (const std::string& agent : agents) {
    const api::Announcement* announced = agents_.find(agent);
    if (announced == nullptr || done_clusters.contains(announced->cluster)) continue;
    spec.region = announced->region;
    const std::string cluster = announced->cluster;
    agents_.note_placed(agent);
    auto text = co_await bus_.request(api::subject::agent(agent, "create"), message_text(spec), config_.create_timeout);
    if (!text) {
      last = api::refusal_of(text.error());
      if (is_safe_to_repeat(text.error())) continue;
      co_await give_up(session, "agent " + agent + " did not answer in time");
      co_return api::refuse(last);
    }
    auto reply = api::parse_reply(*text);
    auto created = reply ? api::parse<api::Created>(*reply) : std::nullopt;
    if (created) {
      std::vector<api::IceServer> ice_servers = created->ice_servers;
      REDAN_CO_CHECK(co_await settle(session, std::move(*created), spec.region));
      co_return ice_servers;
    }
    last = reply ? api::refusal_of(errc::bus_protocol) : reply.error();
    if (last.code == kBusy) continue;
    if (last.status == 404) {
      done_clusters.insert(cluster);
      continue;
    }
    co_await give_up(session, "agent " + agent + " could not create it: " + last.message);
    last.status = 500;
    co_return api::refuse(last);
  }
  // No agent has the session.
  co_await forget(session);
  if (last.status == 404) last = api::refusal_of(errc::session_no_agent);
  co_return api::refuse(last);
}

// The agent has created the session; records this unless the session was deleted or given up meanwhile.
net::Task<Outcome<void>> Gateway::settle(Session session, api::Created created, std::string region) {
  auto settled = co_await edit_session(session.id, [&](Session& now) -> Outcome<Edit> {
    if (now.over() || now.status == SessionStatus::terminating) {
      return api::refuse(api::conflict("the session was ended while it was being created: " + now.status_message));
    }
    // Its runtime has already moved to another agent, which has claimed the session.
    if (now.fence != session.fence) return Edit::nothing;
    now.agent = created.agent;
    now.instance = created.instance;
    now.cluster = created.cluster;
    now.region = region;
    return Edit::write;
  });
  if (settled) co_return Outcome<void>{};
  api::Command removal{api::Command::Kind::remove, session.fence, {}, true, "it was ended while it was being created"};
  co_await command(session.id, std::move(removal));
  co_return api::refuse(settled.error());
}

// The fence increases, so later messages of the agent have no effect. The command carries the old fence, which the
// agent knows: if it has created the session after all, it ends it.
net::Task<void> Gateway::give_up(Session session, std::string why) {
  const auto edited = co_await edit_session(session.id, [&](Session& now) -> Outcome<Edit> {
    if (now.status == SessionStatus::terminated) return Edit::nothing;
    now.status = SessionStatus::error;
    now.status_message = why;
    ++now.fence;
    return Edit::write;
  });
  if (!edited) log("session " + session.id + " could not be marked as failed: " + edited.error().message);
  log("session " + session.id + ": " + why);
  api::Command removal{api::Command::Kind::remove, session.fence, {}, true, why};
  asio::co_spawn(io_, command(session.id, std::move(removal)), asio::detached);
}

net::Task<Outcome<std::string>> Gateway::command(std::string session, api::Command command) {
  auto text =
      co_await bus_.request(api::subject::session(session, "ctl"), message_text(command), config_.command_timeout);
  if (!text) co_return api::refuse(no_agent_answered(text.error()));
  co_return api::parse_reply(*text);
}

Outcome<api::SessionGrant> Gateway::grant(Session session, SocketClaims claims,
                                          std::vector<api::IceServer> ice_servers) {
  claims.session = session.id;
  const auto token = tokens_->mint_socket(claims, WallTime{seconds() + settings_.number(setting::kSocketTokenLife)});
  if (!token) return api::refuse(api::refusal_of(token.error()));
  const std::string socket = claims.role == api::LinkHello::Role::adb ? "adb" : "slave";
  std::string url = config_.url + "/1.0/session/" + session.id + "/sockets/" + socket + "?token=" + *token;
  return api::SessionGrant{std::move(session), std::move(url), std::move(ice_servers)};
}

// Joining and reading sessions.

// The order number is assigned before the agent is asked: when two clients join at once, the runtime can then tell
// which joined last.
net::Task<Outcome<api::SessionGrant>> Gateway::join(ApiCaller caller, std::string id, api::json::object screen) {
  REDAN_CO_TRY(auto known, co_await session(caller, std::move(id)));
  REDAN_CO_CHECK(caller.may(GatewayOperation::join, known.id, known.region));
  auto joined = co_await edit_session(known.id, [&](Session& now) -> Outcome<Edit> {
    if (!now.wanted.joinable) return api::refuse(api::bad_request("the session was not created as joinable"));
    if (now.status != SessionStatus::created && now.status != SessionStatus::active) {
      return api::refuse(api::bad_request("the session is " + std::string(name(now.status))));
    }
    REDAN_TRY(now.wanted.screen, api::parse_screen(screen, now.wanted.screen));
    ++now.joins;
    return Edit::write;
  });
  if (!joined) co_return api::refuse(joined.error());
  SocketClaims claims;
  claims.client = api::new_id(provider_, wall_time());
  claims.screen = joined->wanted.screen;
  claims.account = caller.account;
  claims.order = joined->joins;
  api::Command wanted{api::Command::Kind::join, joined->fence, claims.client, false, {}};
  REDAN_CO_TRY(auto reply, co_await command(joined->id, std::move(wanted)));
  auto answer = api::parse<api::CommandReply>(reply);
  if (!answer) co_return api::refuse(api::refusal_of(errc::bus_protocol));
  co_return grant(std::move(*joined), std::move(claims), std::move(answer->ice_servers));
}

// A caller without read permission may still perform the operations that its token permits on a session that it names;
// the calling function checks this. A session of another account is reported as nonexistent.
net::Task<Outcome<Session>> Gateway::session(ApiCaller caller, std::string id) {
  REDAN_CO_TRY(auto known, co_await read_session(std::move(id)));
  if (!caller.reaches(known.session)) co_return api::refuse(api::refusal_of(errc::session_unknown));
  if (!caller.sees(known.session)) co_return api::refuse(api::refusal_of(errc::token_scope));
  co_return std::move(known.session);
}

Session Gateway::shown(Session session) const {
  const bool lost = !session.over() && !session.agent.empty() && agents_.find(session.agent) == nullptr;
  if (lost) session.status_message = "its agent is lost";
  return session;
}

std::size_t Gateway::count_sessions(const std::string& account, store::Revision before) const {
  return static_cast<std::size_t>(std::count_if(sessions_.begin(), sessions_.end(), [&](const auto& one) {
    const Known& known = one.second;
    return known.session.account == account && !known.session.over() && known.created < before;
  }));
}

std::vector<Session> Gateway::visible(const ApiCaller& caller) const {
  std::vector<Session> all;
  for (const auto& [id, known] : sessions_) {
    if (caller.sees(known.session)) all.push_back(shown(known.session));
  }
  return all;
}

}  // namespace redan::cloud::gateway
