// The Client of redan/wamp.hpp: a Connection, and another one after it was lost.
#include <redan/crypto.hpp>
#include <redan/wamp.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "wamp/client/back_off.hpp"
#include "wamp/client/connection.hpp"
#include "wamp/client/router_url.hpp"
#include "wamp/key_ring_file.hpp"

namespace redan::wamp {
namespace {

namespace asio = boost::asio;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

std::optional<Credential> credential_of(const Login& login) {
  const Bytes secret = login.secret.expose();
  switch (login.method) {
    case LoginMethod::anonymous:
      return Anonymous{};
    case LoginMethod::ticket:
      return Ticket{login.authid, Secret<4096>(secret)};
    case LoginMethod::wampcra:
      if (secret.size() > 256) return std::nullopt;
      return WampCra{login.authid, Secret<256>(secret)};
    case LoginMethod::cryptosign:
      if (secret.size() != kEd25519KeySize) return std::nullopt;
      return Cryptosign{login.authid, Ed25519Key(secret.first<kEd25519KeySize>())};
  }
  return std::nullopt;
}

Failure invalid(std::string why) { return {Errc::invalid_argument, {}, std::move(why)}; }

class Answer;
/// The invocations of one connection that are not answered yet.
using Answers = std::map<Id, std::weak_ptr<Answer>>;

class Answer final : public Client::Invocation {
 public:
  Answer(std::weak_ptr<Connection> connection, std::weak_ptr<Answers> answers, ClientSession::Invoked&& invoked)
      : connection_(std::move(connection)), answers_(std::move(answers)), id_(invoked.invocation) {
    procedure = std::move(invoked.procedure);
    payload = std::move(invoked.payload);
    encrypted = invoked.encrypted;
    wants_progress = invoked.receive_progress;
    details = std::move(invoked.details);
  }
  ~Answer() override {
    if (!answered_) (void)fail("redan.error.unanswered");
    if (const auto all = answers_.lock()) all->erase(id_);
  }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  redan::Result<void> progress(Payload part) override {
    if (!wants_progress || answered_) return refuse(Errc::invalid_argument);
    return send(std::move(part), {{"progress", true}});
  }
  redan::Result<void> yield(Payload result) override {
    if (std::exchange(answered_, true)) return refuse(Errc::invalid_argument);
    return send(std::move(result), {});
  }
  redan::Result<void> fail(std::string error, Payload about = {}) final {
    if (std::exchange(answered_, true)) return refuse(Errc::invalid_argument);
    const auto connection = connection_.lock();
    if (!connection) return refuse(Errc::not_connected);
    return connection->fail(id_, std::move(error), std::move(about));
  }

 private:
  redan::Result<void> send(Payload result, Dict options) {
    const auto connection = connection_.lock();
    if (!connection) return refuse(Errc::not_connected);
    return connection->yield(id_, std::move(result), std::move(options));
  }

  std::weak_ptr<Connection> connection_;
  std::weak_ptr<Answers> answers_;
  Id id_;
  bool answered_ = false;
};

/// A subscription or registration that each connection makes again.
struct Entry {
  std::string uri;
  Dict options;
  Client::OnEvent on_event;  ///< of a subscription
  Client::OnInvocation on_invocation;
  Id id = 0;  ///< on the present connection
  bool ended = false;
};

class JoiningClient final : public Client {
 public:
  JoiningClient(asio::io_context& io, ClientConfig config, TransportConfig transport)
      : io_(io),
        config_(std::move(config)),
        transport_(std::move(transport)),
        provider_(default_provider()),
        timer_(std::make_shared<asio::steady_timer>(io)),
        back_off_(config_.reconnection) {
    if (!config_.key_ring) config_.key_ring = std::make_shared<const KeyRing>();
  }
  ~JoiningClient() override { end(); }
  JoiningClient(const JoiningClient&) = delete;
  JoiningClient& operator=(const JoiningClient&) = delete;

  /// Connects, joins and makes all entries again; nullopt if that succeeded.
  Task<std::optional<Failure>> attempt() {
    const auto self = shared_from_this();
    auto credential = credential_of(config_.login);
    if (!credential) co_return invalid("the secret does not fit the method of the login");
    ConnectionConfig wanted = connection_config(std::move(*credential));
    auto joined = co_await Connection::join(io_, std::move(wanted), *provider_);
    if (!joined) co_return std::move(joined.error());
    const std::shared_ptr<Connection> connection = *joined;
    listen(connection);
    for (const auto& entry : entries_now()) {
      if (entry->ended) continue;
      auto refused = co_await enter(connection, entry);
      if (!refused) continue;
      connection->leave();
      co_return refused;
    }
    if (left_) connection->leave();
    if (left_) co_return Failure{Errc::closed_locally};
    if (!connection->joined()) co_return Failure{Errc::not_connected};
    connection->on_close = [weak = weak_self()](const Failure& why) {
      if (const auto client = weak.lock()) client->lose(why);
    };
    connection_ = connection;
    back_off_.reset();
    co_return std::nullopt;
  }

  Task<Outcome<Payload>> call(std::string procedure, Payload payload, Dict options) override {
    return call(std::move(procedure), std::move(payload), std::move(options), Progress());
  }

  Task<Outcome<Payload>> call(std::string procedure, Payload payload, Dict options, Progress progress) override {
    const auto self = shared_from_this();
    const auto connection = connection_;
    if (!connection) co_return tl::unexpected(unconnected());
    if (progress.on_result) options["receive_progress"] = true;
    Connection::Progress on;
    on.on_result = std::move(progress.on_result);
    if (progress.on_begin) {
      on.on_begin = [weak = std::weak_ptr(connection), begin = std::move(progress.on_begin)](Id request) {
        begin([weak, request] {
          if (const auto open = weak.lock()) (void)open->cancel(request);
        });
      };
    }
    co_return co_await connection->call(std::move(procedure), std::move(payload), std::move(options), std::move(on));
  }

  Task<Outcome<void>> publish(std::string topic, Payload payload, Dict options) override {
    const auto self = shared_from_this();
    const auto connection = connection_;
    if (!connection) co_return tl::unexpected(unconnected());
    auto published =
        co_await connection->publish_acknowledged(std::move(topic), std::move(payload), std::move(options));
    if (!published) co_return tl::unexpected(std::move(published.error()));
    co_return Outcome<void>();
  }

  redan::Result<void> publish_unconfirmed(std::string topic, Payload payload, Dict options) override {
    if (!connection_) return refuse(unconnected().code);
    return connection_->publish(std::move(topic), std::move(payload), std::move(options));
  }

  Task<Outcome<Handle>> subscribe(std::string topic, OnEvent on_event, Dict options) override {
    const auto entry = std::make_shared<Entry>();
    entry->uri = std::move(topic);
    entry->options = std::move(options);
    entry->on_event = std::move(on_event);
    return add(entry);
  }

  Task<Outcome<Handle>> register_procedure(std::string procedure, OnInvocation on_invocation, Dict options) override {
    const auto entry = std::make_shared<Entry>();
    entry->uri = std::move(procedure);
    entry->options = std::move(options);
    entry->on_invocation = std::move(on_invocation);
    return add(entry);
  }

  Task<Outcome<void>> unsubscribe(Handle subscription) override { return remove(subscription, true); }
  Task<Outcome<void>> unregister(Handle registration) override { return remove(registration, false); }

  void set_key_ring(std::shared_ptr<const KeyRing> key_ring) override {
    config_.key_ring = key_ring ? std::move(key_ring) : std::make_shared<const KeyRing>();
    if (connection_) connection_->set_key_ring(config_.key_ring);
  }

  void leave() override {
    end();
    on_lost = nullptr;
    on_rejoined = nullptr;
    on_refused = nullptr;
  }
  [[nodiscard]] bool connected() const override { return connection_ != nullptr; }
  [[nodiscard]] Dict welcome() const override { return connection_ ? connection_->welcome() : Dict(); }

 private:
  std::weak_ptr<JoiningClient> weak_self() { return std::static_pointer_cast<JoiningClient>(shared_from_this()); }
  [[nodiscard]] Failure unconnected() const { return {left_ ? Errc::closed_locally : Errc::not_connected}; }

  ConnectionConfig connection_config(Credential credential) {
    ConnectionConfig wanted;
    wanted.transport = transport_;
    wanted.session.realm = config_.realm;
    wanted.session.serializer = config_.serializer;
    wanted.session.credential = std::move(credential);
    wanted.session.limits.max_requests = config_.max_requests;
    wanted.session.limits.max_invocations = config_.max_invocations;
    wanted.session.limits.join_timeout = config_.connect_timeout;
    wanted.session.limits.request_timeout = config_.request_timeout;
    wanted.key_ring = config_.key_ring;
    wanted.keeps = provider_;
    return wanted;
  }

  void listen(const std::shared_ptr<Connection>& connection) {
    answers_ = std::make_shared<Answers>();
    connection->on_refused = [weak = weak_self()](const ClientSession::Refused& refused) {
      const auto client = weak.lock();
      if (client && client->on_refused) client->on_refused(refused.why, refused.uri);
    };
    connection->on_interrupt = [answers = answers_](const ClientSession::Interrupted& interrupted) {
      const auto at = answers->find(interrupted.invocation);
      const auto answer = at == answers->end() ? nullptr : at->second.lock();
      if (answer && answer->on_cancel) answer->on_cancel();
    };
  }

  // Entries.

  [[nodiscard]] std::vector<std::shared_ptr<Entry>> entries_now() const {
    std::vector<std::shared_ptr<Entry>> all;
    for (const auto& [handle, entry] : entries_) all.push_back(entry);
    return all;
  }

  Task<std::optional<Failure>> enter(std::shared_ptr<Connection> connection, std::shared_ptr<Entry> entry) {
    Outcome<Id> made = 0;
    if (entry->on_event) {
      const Connection::OnEvent on_event = [weak = std::weak_ptr(entry)](ClientSession::Delivered delivered) {
        const auto live = weak.lock();
        if (!live || live->ended) return;
        live->on_event({std::move(delivered.topic), std::move(delivered.payload), delivered.encrypted,
                        std::move(delivered.details)});
      };
      made = co_await connection->subscribe(entry->uri, on_event, entry->options);
    } else {
      const Connection::OnInvocation on_invocation = [weak = std::weak_ptr(entry), of = std::weak_ptr(connection),
                                                      answers = answers_](ClientSession::Invoked invoked) {
        const Id id = invoked.invocation;
        const auto answer = std::make_shared<Answer>(of, answers, std::move(invoked));
        answers->insert_or_assign(id, answer);
        const auto live = weak.lock();
        if (live && !live->ended) live->on_invocation(answer);
      };
      made = co_await connection->register_procedure(entry->uri, on_invocation, entry->options);
    }
    if (!made) co_return std::move(made.error());
    entry->id = *made;
    co_return std::nullopt;
  }

  Task<Outcome<Handle>> add(std::shared_ptr<Entry> entry) {
    const auto self = shared_from_this();
    const auto connection = connection_;
    if (!connection) co_return tl::unexpected(unconnected());
    auto refused = co_await enter(connection, entry);
    if (refused) co_return tl::unexpected(std::move(*refused));
    if (left_) co_return tl::unexpected(unconnected());
    entries_.emplace(++last_handle_, entry);
    co_return last_handle_;
  }

  Task<Outcome<void>> remove(Handle handle, bool subscription) {
    const auto self = shared_from_this();
    const auto at = entries_.find(handle);
    if (at == entries_.end() || (at->second->on_event != nullptr) != subscription) {
      co_return tl::unexpected(invalid("no such subscription or registration"));
    }
    const std::shared_ptr<Entry> entry = at->second;
    entry->ended = true;
    entries_.erase(at);
    const auto connection = connection_;
    if (!connection) co_return Outcome<void>();  // the next connection does not make it
    Outcome<Id> undone = 0;
    if (!subscription) {
      undone = co_await connection->unregister(entry->id);
    } else if (!is_shared(entry->id)) {
      undone = co_await connection->unsubscribe(entry->id);
    }
    if (!undone) co_return tl::unexpected(std::move(undone.error()));
    co_return Outcome<void>();
  }

  /// Whether another entry has the same subscription.
  [[nodiscard]] bool is_shared(Id subscription) const {
    return std::any_of(entries_.begin(), entries_.end(), [&](const auto& each) {
      return each.second->on_event != nullptr && each.second->id == subscription;
    });
  }

  // Ends and returns.

  void end() {
    left_ = true;
    timer_->cancel();
    for (const auto& [handle, entry] : entries_) entry->ended = true;
    entries_.clear();
    const auto connection = std::exchange(connection_, nullptr);
    if (!connection) return;
    connection->on_close = nullptr;
    connection->leave();
  }

  void lose(const Failure& why) {
    connection_ = nullptr;
    if (config_.reconnection.enabled) asio::co_spawn(io_, rejoin(weak_self()), asio::detached);
    if (const auto told = on_lost) told(why);
  }

  static Task<void> rejoin(std::weak_ptr<JoiningClient> weak) {
    for (;;) {
      const auto timer = next_wait(weak);
      if (!timer) co_return;
      auto [stopped] = co_await timer->async_wait(kNoThrow);
      const auto client = weak.lock();
      if (stopped || !client || client->left_) co_return;
      const auto failed = co_await client->attempt();
      if (client->left_) co_return;
      const auto told = client->on_rejoined;
      if (!failed && told) told();
      if (!failed) co_return;
      if (const auto lost = client->on_lost) lost(*failed);
    }
  }

  static std::shared_ptr<asio::steady_timer> next_wait(const std::weak_ptr<JoiningClient>& weak) {
    const auto client = weak.lock();
    if (!client || client->left_) return nullptr;
    client->timer_->expires_after(client->back_off_.next(*client->provider_));
    return client->timer_;
  }

  asio::io_context& io_;
  ClientConfig config_;
  TransportConfig transport_;
  std::shared_ptr<Provider> provider_;
  std::shared_ptr<asio::steady_timer> timer_;
  BackOff back_off_;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<Answers> answers_;
  std::map<Handle, std::shared_ptr<Entry>> entries_;
  Handle last_handle_ = 0;
  bool left_ = false;
};

}  // namespace

tl::expected<std::shared_ptr<const KeyRing>, std::string> parse_key_ring(std::string_view json) {
  auto ring = read_key_ring(json);
  if (!ring) return tl::unexpected(std::move(ring.error()));
  return std::make_shared<const KeyRing>(std::move(*ring));
}

Client::Task<Outcome<std::shared_ptr<Client>>> Client::join(asio::io_context& io, ClientConfig config) {
  auto transport = transport_of(config);
  if (!transport) co_return tl::unexpected(invalid(std::move(transport.error())));
  const auto client = std::make_shared<JoiningClient>(io, std::move(config), std::move(*transport));
  auto failed = co_await client->attempt();
  if (failed) co_return tl::unexpected(std::move(*failed));
  co_return client;
}

}  // namespace redan::wamp
