// Start, stop, and the copy of the store.
#include "cloud/gateway/service.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cloud/gateway/keys.hpp"
#include "cloud/store/shared_secret.hpp"

namespace redan::cloud::gateway {
namespace {

namespace asio = boost::asio;
namespace keys = keys;

constexpr std::chrono::seconds kCatchUp{2};

}  // namespace

Gateway::Gateway(asio::io_context& io, Config config, store::Store& store, bus::Bus& bus, Provider& provider)
    : io_(io),
      config_(std::move(config)),
      store_(store),
      bus_(bus),
      provider_(provider),
      relay_(io, bus, provider, config_.now, config_.relay),
      replica_(io, store, replica_parts()),
      sweep_timer_(io) {
  if (!config_.secrets_key) config_.secrets_key = store::SecretsKey::fresh(provider);
}

void Gateway::log(std::string_view line) const {
  if (config_.log) config_.log(line);
}

net::Task<Result<void>> Gateway::start() {
  if (auto key = co_await ensure_root_key(); !key) co_return key;
  if (auto loaded = co_await replica_.start(); !loaded) co_return loaded;
  if (auto listening = listen(); !listening) co_return listening;
  started_ = true;
  asio::co_spawn(io_, sweep(), asio::detached);
  // Asks agents that announced themselves before this unit subscribed to do so again.
  on_bus_connected();
  co_return Result<void>{};
}

void Gateway::on_bus_connected() {
  if (!started_ || stopped_) return;
  static_cast<void>(bus_.publish(api::subject::kHello, "{}"));
  relay_.retransmit_all_now();
}

void Gateway::stop() {
  stopped_ = true;
  subscriptions_.clear();
  relay_.end_all("the gateway is stopping; connect again");
  replica_.stop();
  sweep_timer_.cancel();
  for (const auto& timer : std::exchange(waiting_, {})) timer->cancel();
}

Result<void> Gateway::listen() {
  const auto heard = [this](std::string_view subject, auto handle) -> Result<void> {
    auto subscription = bus_.subscribe(
        std::string(subject),
        [this, handle](const bus::BusMessage& message) {
          asio::co_spawn(io_,
                         (this->*handle)(std::string(api::subject::agent_in(message.subject)),
                                         std::string(message.payload), std::string(message.reply_to)),
                         asio::detached);
        },
        std::string(api::subject::kGateways));
    if (!subscription) return refuse(subscription.error());
    subscriptions_.push_back(std::move(*subscription));
    return {};
  };
  if (auto claims = heard(api::subject::kClaims, &Gateway::on_claim); !claims) return claims;
  if (auto states = heard(api::subject::kStates, &Gateway::on_state); !states) return states;
  return heard(api::subject::kAnnouncements, &Gateway::on_announcement);
}

net::Task<Result<void>> Gateway::load() {
  REDAN_CO_TRY(auto all, co_await store::list_all(store_, std::string(keys::kRoot)));
  accounts_.clear();
  sessions_.clear();
  agents_.clear();
  shares_.clear();
  idempotency_.clear();
  settings_.clear();
  for (const store::Entry& entry : all) on_put(entry);
  cut_off();
  co_return Result<void>{};
}

store::ReplicaParts Gateway::replica_parts() {
  store::ReplicaParts parts;
  parts.prefix = keys::kRoot;
  parts.load = [this] { return load(); };
  parts.on_put = [this](const store::Entry& entry) { on_put(entry); };
  parts.on_erase = [this](const std::string& key) { on_erase(key); };
  parts.on_fresh = [this] { fresh_ = config_.now(); };
  parts.on_event = [this] {
    for (const auto& timer : std::exchange(waiting_, {})) timer->cancel();
  };
  parts.log = [this](std::string_view line) { log(line); };
  return parts;
}

net::Task<bool> Gateway::until(std::function<bool()> done, Duration timeout) {
  const TimePoint end = net::now() + timeout;
  const auto timer = std::make_shared<asio::steady_timer>(io_);
  while (!done()) {
    const TimePoint now = net::now();
    if (now >= end || stopped_) co_return false;
    waiting_.push_back(timer);
    timer->expires_after(end - now);
    co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return true;
}

net::Task<void> Gateway::caught_up(store::Revision revision) {
  std::function<bool()> told = [this, revision] { return replica_.seen() >= revision; };
  co_await until(std::move(told), kCatchUp);
}

void Gateway::on_put(const store::Entry& entry) {
  if (entry.key.starts_with(keys::kSessions)) {
    const auto session = api::session_from_record(entry.value);
    if (session) return remember(*session, entry.modified, entry.created);
    log("a damaged session record is left alone: " + entry.key);
  } else if (entry.key.starts_with(keys::kAgents)) {
    auto announcement = api::parse<api::Announcement>(entry.value);
    if (announcement) agents_.put(std::move(*announcement));
  } else if (entry.key.starts_with(keys::kAccounts)) {
    const std::string name(keys::below(keys::kAccounts, entry.key));
    auto account = api::account_from_record(entry.value);
    if (account && account->name == name) {
      accounts_.insert_or_assign(name, std::move(*account));
    } else {
      log("a damaged account record admits no caller: " + entry.key);
      accounts_.erase(name);
    }
  } else if (entry.key.starts_with(keys::kShares)) {
    auto share = api::share_from_record(entry.value);
    if (!share) return log("a damaged share record is left alone: " + entry.key);
    if (share->expiry_at <= seconds()) relay_.end_share(share->id, "the share has expired");
    std::string id = share->id;
    shares_.insert_or_assign(std::move(id), std::move(*share));
  } else if (entry.key.starts_with(keys::kIdempotency)) {
    auto record = api::idempotency_from_record(entry.value);
    const std::string id(keys::below(keys::kIdempotency, entry.key));
    if (record) idempotency_.insert_or_assign(id, std::move(*record));
  } else if (entry.key.starts_with(keys::kConfig)) {
    settings_.put(std::string(keys::below(keys::kConfig, entry.key)), entry.value);
  }
}

void Gateway::on_erase(const std::string& key) {
  if (key.starts_with(keys::kSessions)) {
    const std::string id(keys::below(keys::kSessions, key));
    relay_.end_session(id, "the session is over");
    sessions_.erase(id);
  } else if (key.starts_with(keys::kAgents)) {
    agents_.erase(std::string(keys::below(keys::kAgents, key)), wall_time());
  } else if (key.starts_with(keys::kAccounts)) {
    accounts_.erase(std::string(keys::below(keys::kAccounts, key)));
    cut_off();
  } else if (key.starts_with(keys::kShares)) {
    const std::string id(keys::below(keys::kShares, key));
    relay_.end_share(id, "the share was deleted");
    shares_.erase(id);
  } else if (key.starts_with(keys::kIdempotency)) {
    idempotency_.erase(std::string(keys::below(keys::kIdempotency, key)));
  } else if (key.starts_with(keys::kConfig)) {
    settings_.erase(std::string(keys::below(keys::kConfig, key)));
  }
}

net::Task<Result<void>> Gateway::ensure_root_key() {
  const auto log_line = [this](std::string_view line) { log(line); };
  REDAN_CO_TRY(auto secret, co_await store::sealed_secret(store_, std::string(keys::kRootKey), *config_.secrets_key,
                                                          provider_, log_line));
  REDAN_CO_TRY(auto tokens, Tokens::prepare(provider_, secret));
  tokens_.emplace(std::move(tokens));
  co_return Result<void>{};
}

}  // namespace redan::cloud::gateway
