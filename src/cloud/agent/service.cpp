// The agent's service to gateways, and the recovery of its sessions. supervision.cpp contains the lifecycle of a
// session.
#include "cloud/agent/service.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>

#include "cloud/agent/session.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/rfc3339.hpp"
#include "net/clock.hpp"

namespace redan::cloud::agent {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

// The lifetime of AMS's own tokens for instances.
constexpr std::int64_t kTokenLife = 365LL * 24 * 3600;
constexpr std::size_t kMaxNeighbours = 4;

api::Refusal busy(std::string message) { return {503, "agent_busy", std::move(message), {}, 1}; }

}  // namespace

Agent::Agent(asio::io_context& io, Config config, bus::Bus& bus, AmsClient& ams, Provider& provider,
             token::MacaroonKey token_key, std::optional<token::TurnKey> turn)
    : io_(io),
      config_(std::move(config)),
      bus_(bus),
      ams_(ams),
      provider_(provider),
      token_key_(std::move(token_key)),
      turn_(std::move(turn)),
      announce_timer_(io),
      watch_timer_(io) {}

Result<void> Agent::start() {
  if (!bus::is_subject_token(config_.id)) return refuse(Errc::invalid_argument);
  const auto subscribe = [this](std::string subject, std::function<void(const bus::BusMessage&)> handler) {
    auto made = bus_.subscribe(std::move(subject), std::move(handler), {});
    if (made) subscriptions_.push_back(std::move(*made));
  };
  subscribe(api::subject::agent(config_.id, "create"), [this](const bus::BusMessage& message) {
    asio::co_spawn(io_, create(std::string(message.payload), std::string(message.reply_to)), asio::detached);
  });
  subscribe(std::string(api::subject::kHello), [this](const bus::BusMessage&) { announce(); });
  subscribe(std::string(api::subject::kAnnouncements), [this](const bus::BusMessage& message) {
    auto other = api::parse<api::Announcement>(message.payload);
    if (!other || other->agent != api::subject::agent_in(message.subject) || other->agent == config_.id ||
        other->region != config_.region)
      return;
    if (other->draining) {
      neighbours_.erase(other->agent);
    } else if (neighbours_.size() < kMaxNeighbours || neighbours_.contains(other->agent)) {
      neighbours_[other->agent] = std::move(*other);
    }
  });
  asio::co_spawn(io_, announce_regularly(), asio::detached);
  asio::co_spawn(io_, adopt(), asio::detached);
  asio::co_spawn(io_, watch_instances(), asio::detached);
  return {};
}

void Agent::drain() {
  draining_ = true;
  announce();
}

void Agent::stop() {
  if (stopped_) return;
  drain();
  stopped_ = true;
  subscriptions_.clear();
  announce_timer_.cancel();
  if (events_) events_->connection().close();
  watch_timer_.cancel();
  for (const auto& [id, session] : sessions_) {
    session->commands.reset();
    session->frames.reset();
    if (session->socket) session->socket->close(1001, "the agent restarts");
    session->wake();
  }
}

// Announcements to the gateways.

void Agent::announce() {
  api::Announcement mine;
  mine.agent = config_.id;
  mine.region = config_.region;
  mine.cluster = config_.cluster;
  mine.url = config_.url;
  mine.fingerprint = config_.fingerprint;
  mine.applications = applications_;
  mine.capacity = config_.capacity;
  mine.sessions = static_cast<std::int64_t>(sessions_.size());
  mine.draining = draining_;
  (void)bus_.publish(api::subject::agent(config_.id, "announce"), api::message_text(mine));
}

net::Task<void> Agent::announce_regularly() {
  bool ams_answers = true;
  while (!stopped_) {
    auto found = co_await ams_.applications();
    if (found.has_value() != ams_answers) {
      ams_answers = found.has_value();
      log(ams_answers ? "AMS answers again" : "AMS: " + found.error().message);
    }
    if (found && *found != applications_) {
      applications_ = std::move(*found);
      is_launch_due_ = true;
      watch_timer_.cancel();
    }
    if (stopped_) co_return;
    announce();
    announce_timer_.expires_after(api::kAnnouncePeriod);
    co_await announce_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

// New sessions.

net::Task<void> Agent::create(std::string text, std::string reply_to) {
  auto spec = api::parse<api::SessionSpec>(text);
  if (!spec || !bus::is_subject_token(spec->session)) co_return;
  Outcome<api::Created> made = co_await make(std::move(*spec));
  if (stopped_ || reply_to.empty()) co_return;
  (void)bus_.publish(reply_to, made ? api::reply_text(to_json(*made)) : api::reply_text(made.error()));
}

net::Task<Outcome<api::Created>> Agent::make(api::SessionSpec spec) {
  if (draining_) co_return api::refuse(busy("this agent takes no new sessions"));
  api::Created created{config_.id, api::instance_name(spec.session), config_.cluster, {}};
  if (!spec.client.empty()) {
    REDAN_CO_TRY(auto servers, ice_servers(spec.client));
    created.ice_servers = std::move(servers);
  }
  if (sessions_.contains(spec.session)) co_return created;  // a repeated request
  if (static_cast<std::int64_t>(sessions_.size()) >= config_.capacity) {
    co_return api::refuse(busy("this agent has all the sessions that it can have"));
  }
  if (std::find(applications_.begin(), applications_.end(), spec.app) == applications_.end()) {
    co_return api::refuse(api::not_found("application " + spec.app));
  }
  const SessionPtr session = add(std::move(spec), created.instance);
  listen(session);  // before the reply: messages that immediately follow it must be received
  NewInstance instance;
  instance.name = session->instance;
  instance.app = session->spec.app;
  instance.app_version = session->spec.app_version;
  instance.tags = {api::session_tag(session->spec.session), std::string(api::kAgentTag) + config_.id};
  instance.user_data = user_data(*session);
  auto launched = co_await ams_.launch(std::move(instance));
  if (!launched) {
    // Unless AMS clearly refused, the instance may have been recorded. If it refused, an instance of this name does not
    // belong to this agent.
    if (launched.error().status >= 500) {
      end(session, launched.error().message, api::SessionStatus::error, true);
    } else {
      drop(session);
    }
    co_return api::refuse(launched.error());
  }
  log("session " + session->spec.session + " created for " + session->spec.app);
  co_return created;
}

Agent::SessionPtr Agent::add(api::SessionSpec spec, std::string instance) {
  const std::string id = spec.session;
  const auto session = std::make_shared<Session>(io_, std::move(spec), std::move(instance));
  session->detached_at = session->idle_since = session->next_look = net::now();
  session->confirm_at = net::now() + config_.confirm_interval;
  await_user(*session, session->spec.user_timeout);
  sessions_[id] = session;
  asio::co_spawn(io_, supervise(session), asio::detached);
  return session;
}

void Agent::listen(const SessionPtr& session) {
  const std::weak_ptr<Session> weak = session;
  auto commands =
      bus_.subscribe(api::subject::session(session->spec.session, "ctl"), [this, weak](const bus::BusMessage& message) {
        if (const SessionPtr mine = weak.lock()) on_command(mine, message);
      });
  auto frames = bus_.subscribe(api::subject::session(session->spec.session, "down"),
                               [this, weak](const bus::BusMessage& message) {
                                 const SessionPtr mine = weak.lock();
                                 if (!mine || !mine->socket) return;  // the gateway retransmits it
                                 ++frames_;
                                 mine->socket->send_binary(std::string(message.payload));
                               });
  if (commands) session->commands = std::move(*commands);
  if (frames) session->frames = std::move(*frames);
}

std::string Agent::user_data(const Session& session) {
  auto token = token::Macaroon::mint(token_key_, kAgentLocation, session.spec.session);
  if (!token) return {};
  const WallTime expires{net::wall_time().seconds_since_1970 + kTokenLife};
  for (const std::string& caveat :
       {"instance=" + session.instance, std::string("op=signal"), token::to_rfc3339(expires)}) {
    if (!token->add_first_party(provider_, caveat)) return {};
  }
  json::array agents{json::object{{"url", config_.url}, {"fingerprint", config_.fingerprint}}};
  for (const auto& [id, other] : neighbours_) {
    agents.push_back(json::object{{"url", other.url}, {"fingerprint", other.fingerprint}});
  }
  return json::serialize(json::object{{"session", session.spec.session},
                                      {"agents", std::move(agents)},
                                      {"token", token->text()},
                                      {"screen", api::to_json(session.spec.screen)},
                                      {"extra_data", session.spec.extra_data}});
}

// Commands.

void Agent::on_command(const SessionPtr& session, const bus::BusMessage& message) {
  const auto command = api::parse<api::Command>(message.payload);
  if (!command) return;
  const auto reply = [&](const std::string& text) {
    if (!message.reply_to.empty()) (void)bus_.publish(message.reply_to, text);
  };
  if (command->fence < session->spec.fence) return reply(api::reply_text(api::refusal_of(errc::session_fenced)));
  if (command->fence > session->spec.fence) {
    reply(api::reply_text(api::refusal_of(errc::session_fenced)));
    return drop(session);
  }
  if (command->kind == api::Command::Kind::remove) {
    end(session, command->reason, api::SessionStatus::terminated, command->force);
    return reply(api::reply_text(to_json(api::CommandReply{})));
  }
  if (session->ending) return reply(api::reply_text(api::refusal_of(errc::session_wrong_state)));
  if (command->kind == api::Command::Kind::check) return reply(api::reply_text(to_json(api::CommandReply{})));
  if (command->user_timeout) await_user(*session, *command->user_timeout);
  auto servers = ice_servers(command->client);
  if (!servers) return reply(api::reply_text(servers.error()));
  reply(api::reply_text(to_json(api::CommandReply{std::move(*servers)})));
}

// Runtimes.

// Each join gets its own user name, because TURN servers count and limit by user name.
Outcome<std::vector<api::IceServer>> Agent::ice_servers(const std::string& whose) {
  std::vector<api::IceServer> servers;
  if (!config_.stun_urls.empty()) servers.push_back({config_.stun_urls, {}, {}});
  if (!turn_ || config_.turn_urls.empty()) return servers;
  const WallTime expires{net::wall_time().seconds_since_1970 + config_.turn_lifetime.count()};
  auto credential = turn_->mint(whose, expires);
  if (!credential) return api::refuse(api::refusal_of(credential.error()));
  servers.push_back({config_.turn_urls, std::move(credential->username), std::move(credential->password)});
  return servers;
}

// Recovery after a restart.

// Adopts instances that this agent created before a restart. Most runtimes reconnect by themselves; the others are
// checked.
net::Task<void> Agent::adopt() {
  asio::steady_timer timer(io_);
  while (!stopped_) {
    auto listed = co_await ams_.list();
    if (!listed) {
      timer.expires_after(std::chrono::seconds(1));
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
      continue;
    }
    const std::string mine = std::string(api::kAgentTag) + config_.id;
    for (const ListedInstance& instance : *listed) {
      if (std::find(instance.tags.begin(), instance.tags.end(), mine) == instance.tags.end()) continue;
      const auto tag = std::find_if(instance.tags.begin(), instance.tags.end(),
                                    [](const std::string& text) { return text.starts_with(api::kSessionTag); });
      if (tag == instance.tags.end()) continue;
      api::SessionSpec spec;
      spec.session = tag->substr(api::kSessionTag.size());
      if (!bus::is_subject_token(spec.session) || sessions_.contains(spec.session)) continue;
      const SessionPtr session = add(std::move(spec), instance.name);
      session->owned = Session::Owned::unclaimed;
    }
    co_return;
  }
}

std::map<api::SessionStatus, std::size_t> Agent::sessions_by_status() const {
  std::map<api::SessionStatus, std::size_t> counts;
  for (const auto& [id, session] : sessions_) ++counts[session->status];
  return counts;
}

std::size_t Agent::attached() const {
  return static_cast<std::size_t>(std::count_if(sessions_.begin(), sessions_.end(),
                                                [](const auto& entry) { return entry.second->socket != nullptr; }));
}

std::vector<api::LabelledFigures> Agent::stream_figures() const {
  std::vector<api::LabelledFigures> all;
  for (const auto& [id, session] : sessions_) all.emplace_back("session=\"" + id + "\"", session->figures);
  return all;
}

void Agent::log(std::string_view line) const {
  if (config_.log) config_.log(line);
}

}  // namespace redan::cloud::agent
