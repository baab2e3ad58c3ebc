#include "cloud/bus/nats.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <map>
#include <set>
#include <unordered_map>

#include "base/hex.hpp"
#include "cloud/bus/nats_connection.hpp"

namespace redan::cloud {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
// A connection that lived so long was a good one.
constexpr auto kStable = 10s;
// How long a server that is about to end is still given to answer.
constexpr auto kLameDuckStep = 50ms;
constexpr int kLameDuckSteps = 40;
constexpr unsigned kNoResponders = 503;
constexpr std::uint64_t kInboxSid = 1;
constexpr std::size_t kMaxReported = 64;

struct Entry {
  std::string pattern;
  std::string queue;
  std::function<void(const BusMessage&)> tell;
};

/// What bus and subscriptions share; it outlives the bus until its connection has ended.
class Core : public NatsOwner, public std::enable_shared_from_this<Core> {
 public:
  Core(asio::io_context& io, NatsConfig config, RandomSource& random)
      : io_(io), config_(std::move(config)), random_(random), pause_(io) {
    for (const net::TlsRemote& server : config_.servers) dialers_.emplace_back(server);
    for (net::TlsRemote& server : config_.servers) server.identity = nullptr;
  }

  [[nodiscard]] std::optional<Errc> problem() const {
    for (const net::Dialer& dialer : dialers_) {
      const auto made = dialer.make_stream(io_.get_executor());
      if (!made) return made.error().code;
    }
    return std::nullopt;
  }

  net::Task<void> run();
  void end();

  Result<void> send(std::string_view subject, std::string_view reply_to, std::string_view payload);
  std::uint64_t subscribe(Entry entry);
  void unsubscribe(std::uint64_t sid);
  static net::Task<Result<std::string>> request(std::shared_ptr<Core> self, std::string subject, std::string payload,
                                                milliseconds patience);
  [[nodiscard]] bool is_connected() const { return connection_ && connection_->is_ready(); }

 private:
  /// A request; it lives in its coroutine.
  class Waiting {
   public:
    Waiting(Core& core, std::string_view to)
        : subject(to), timer(core.io_), core_(core), number_(core.next_request_++) {
      core_.waiting_.emplace(number_, this);
    }
    ~Waiting() { core_.waiting_.erase(number_); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    void end(Result<std::string> with) {
      if (!outcome) outcome = std::move(with);
      timer.cancel();
    }
    [[nodiscard]] std::string reply_to() const { return core_.inbox_ + std::to_string(number_); }

    std::string_view subject;
    asio::steady_timer timer;
    std::optional<Result<std::string>> outcome;

   private:
    Core& core_;
    std::uint64_t number_;
  };

  void on_open(std::string& out) override;
  void on_ready() override;
  void on_message(const NatsMessage& message) override;
  void on_not_permitted(std::string_view what) override;
  void on_lame_duck() override;
  void on_reply(const NatsMessage& message);
  void on_end(const NatsFailure& failure);
  net::Task<void> leave(std::shared_ptr<NatsConnection> connection);
  net::Task<NatsFailure> connect();
  milliseconds next_pause(const NatsFailure& failure);
  void report(NatsStatus status);

  asio::io_context& io_;
  NatsConfig config_;
  RandomSource& random_;
  std::vector<net::Dialer> dialers_;
  std::size_t server_ = 0;
  std::shared_ptr<NatsConnection> connection_;
  std::optional<std::chrono::steady_clock::time_point> ready_since_;
  std::size_t in_vain_ = 0;  ///< attempts since a good connection
  std::size_t refused_ = 0;  ///< of them the latest
  asio::steady_timer pause_;
  bool leaving_ = false;
  bool ended_ = false;
  std::set<std::string> reported_;

  std::map<std::uint64_t, std::shared_ptr<Entry>> subscriptions_;
  std::uint64_t next_sid_ = kInboxSid + 1;
  std::string inbox_;  ///< of this connection, with a dot at its end; empty: not permitted
  std::unordered_map<std::uint64_t, Waiting*> waiting_;
  std::uint64_t next_request_ = 1;
};

// ---- the connection -------------------------------------------------------------------------------------------------

net::Task<void> Core::run() {
  const auto self = shared_from_this();
  server_ = random_.random_u32() % dialers_.size();
  while (!ended_) {
    const NatsFailure failure = co_await connect();
    on_end(failure);
    if (ended_) break;
    pause_.expires_after(next_pause(failure));
    server_ = (server_ + 1) % dialers_.size();
    co_await pause_.async_wait(kNoThrow);
  }
}

net::Task<NatsFailure> Core::connect() {
  connection_ = std::make_shared<NatsConnection>(io_, config_, *this);
  ready_since_.reset();
  leaving_ = false;
  try {
    co_return co_await connection_->run(dialers_[server_]);
  } catch (const boost::system::system_error& error) {
    co_return NatsFailure{Errc::bus_disconnected, error.what()};
  }
}

// Their messages may have been told, and their replies on the way.
void Core::on_end(const NatsFailure& failure) {
  connection_.reset();
  for (const auto& [number, waiting] : waiting_) waiting->end(refuse(Errc::bus_disconnected));
  if (ended_) return;
  NatsStatus status;
  status.server = dialers_[server_].host();
  status.why = failure.code;
  status.detail = failure.detail;
  report(std::move(status));
}

milliseconds Core::next_pause(const NatsFailure& failure) {
  const bool good = ready_since_ && std::chrono::steady_clock::now() - *ready_since_ >= kStable;
  in_vain_ = good ? 0 : in_vain_ + 1;
  refused_ = failure.code == Errc::bus_refused ? refused_ + 1 : 0;
  milliseconds longest = config_.first_pause;
  for (std::size_t round = in_vain_ / dialers_.size(); round > 0 && longest < config_.longest_pause; --round)
    longest *= 2;
  longest = std::min(longest, config_.longest_pause);
  if (refused_ >= dialers_.size()) longest = config_.refused_pause;
  // Units that have lost the same server come back one after the other.
  return longest / 2 + milliseconds(random_.random_u32() % (longest.count() / 2 + 1));
}

void Core::end() {
  ended_ = true;
  pause_.cancel();
  subscriptions_.clear();
  for (const auto& [number, waiting] : waiting_) waiting->end(refuse(Errc::bus_disconnected));
  if (connection_) connection_->leave({Errc::closed_locally});
}

void Core::on_open(std::string& out) {
  std::array<std::uint8_t, 16> random;
  random_.random(random);
  inbox_ = config_.inbox + "." + to_hex(random) + ".";
  write_sub(out, inbox_ + "*", {}, kInboxSid);
  for (const auto& [sid, entry] : subscriptions_) write_sub(out, entry->pattern, entry->queue, sid);
}

void Core::on_ready() {
  ready_since_ = std::chrono::steady_clock::now();
  reported_.clear();
  NatsStatus status;
  status.connected = true;
  status.server = dialers_[server_].host();
  report(std::move(status));
}

void Core::on_not_permitted(std::string_view what) {
  // Nobody could reply.
  if (what.ends_with("Subscription to \"" + inbox_ + "*\"")) inbox_.clear();
  for (const auto& [number, waiting] : waiting_) {
    if (inbox_.empty() || what.ends_with("Publish to \"" + std::string(waiting->subject) + "\"")) {
      waiting->end(refuse(Errc::bus_refused));
    }
  }
  NatsStatus status;
  status.connected = true;
  status.server = dialers_[server_].host();
  status.why = Errc::bus_refused;
  status.detail = what;
  report(std::move(status));
}

void Core::on_lame_duck() {
  if (leaving_ || dialers_.size() == 1) return;
  leaving_ = true;
  asio::co_spawn(
      io_, [](std::shared_ptr<Core> self) { return self->leave(self->connection_); }(shared_from_this()),
      [](const std::exception_ptr&) {});
}

// After the requests that wait, if they take no longer than it does.
net::Task<void> Core::leave(std::shared_ptr<NatsConnection> connection) {
  asio::steady_timer timer(io_);
  for (int step = 0; step < kLameDuckSteps && !waiting_.empty() && connection == connection_; ++step) {
    timer.expires_after(kLameDuckStep);
    co_await timer.async_wait(kNoThrow);
  }
  connection->leave({Errc::bus_disconnected, "the server is about to end"});
}

void Core::report(NatsStatus status) {
  if (reported_.size() >= kMaxReported) reported_.clear();
  const bool is_new =
      reported_.insert(status.server + " " + std::string(redan::name(status.why)) + status.detail).second;
  if (ended_ || !config_.on_status || !(is_new || (status.connected && status.why == Errc{}))) return;
  config_.on_status(status);
}

// ---- messages -------------------------------------------------------------------------------------------------------

Result<void> Core::send(std::string_view subject, std::string_view reply_to, std::string_view payload) {
  if (!is_subject(subject)) return refuse(Errc::invalid_argument);
  if (payload.size() > kMaxBusPayload) return refuse(Errc::bus_too_large);
  if (!is_connected()) return refuse(Errc::bus_disconnected);
  if (payload.size() > connection_->max_payload()) return refuse(Errc::bus_too_large);
  std::string* out = connection_->outgoing(pub_size(subject, reply_to, payload));
  if (out == nullptr) return refuse(Errc::bus_full);
  write_pub(*out, subject, reply_to, payload);
  return {};
}

std::uint64_t Core::subscribe(Entry entry) {
  const std::uint64_t sid = next_sid_++;
  if (connection_ && connection_->is_open()) write_sub(connection_->control(), entry.pattern, entry.queue, sid);
  subscriptions_.emplace(sid, std::make_shared<Entry>(std::move(entry)));
  return sid;
}

void Core::unsubscribe(std::uint64_t sid) {
  if (subscriptions_.erase(sid) == 0 || !connection_ || !connection_->is_open()) return;
  write_unsub(connection_->control(), sid);
}

void Core::on_message(const NatsMessage& message) {
  if (message.sid == kInboxSid) return on_reply(message);
  const auto found = subscriptions_.find(message.sid);
  // What is no subject of ours has not come from one of us.
  const bool ours = is_subject(message.subject) && (message.reply_to.empty() || is_subject(message.reply_to));
  if (found == subscriptions_.end() || !ours) return;
  const std::shared_ptr<Entry> entry = found->second;  // it may end itself
  entry->tell({message.subject, message.payload, message.reply_to});
}

void Core::on_reply(const NatsMessage& message) {
  if (inbox_.empty() || !message.subject.starts_with(inbox_)) return;
  const std::string_view digits = message.subject.substr(inbox_.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const auto found = error == std::errc() ? waiting_.find(number) : waiting_.end();
  if (found == waiting_.end() || end != digits.data() + digits.size()) return;
  if (message.status == kNoResponders) return found->second->end(refuse(Errc::bus_no_responders));
  found->second->end(std::string(message.payload));
}

net::Task<Result<std::string>> Core::request(std::shared_ptr<Core> self, std::string subject, std::string payload,
                                             milliseconds patience) {
  if (self->is_connected() && self->inbox_.empty()) co_return refuse(Errc::bus_refused);
  Waiting waiting(*self, subject);
  const Result<void> sent = self->send(subject, waiting.reply_to(), payload);
  if (!sent) co_return refuse(sent.error());
  waiting.timer.expires_after(patience);
  co_await waiting.timer.async_wait(kNoThrow);
  if (!waiting.outcome) co_return refuse(Errc::bus_timeout);
  co_return std::move(*waiting.outcome);
}

// ---- the bus --------------------------------------------------------------------------------------------------------

class NatsSubscription : public Subscription {
 public:
  NatsSubscription(std::shared_ptr<Core> core, std::uint64_t sid) : core_(std::move(core)), sid_(sid) {}
  ~NatsSubscription() override { core_->unsubscribe(sid_); }
  NatsSubscription(const NatsSubscription&) = delete;
  NatsSubscription& operator=(const NatsSubscription&) = delete;

 private:
  std::shared_ptr<Core> core_;
  std::uint64_t sid_;
};

class NatsBus : public Bus {
 public:
  explicit NatsBus(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  ~NatsBus() override { core_->end(); }
  NatsBus(const NatsBus&) = delete;
  NatsBus& operator=(const NatsBus&) = delete;

  Result<void> publish(std::string_view subject, std::string_view payload) override {
    return core_->send(subject, {}, payload);
  }
  Result<std::unique_ptr<Subscription>> subscribe(std::string subject, std::function<void(const BusMessage&)> tell,
                                                  std::string queue) override {
    if (!is_subject_pattern(subject) || (!queue.empty() && !is_subject_token(queue)) || !tell) {
      return refuse(Errc::invalid_argument);
    }
    return std::make_unique<NatsSubscription>(
        core_, core_->subscribe({std::move(subject), std::move(queue), std::move(tell)}));
  }
  net::Task<Result<std::string>> request(std::string subject, std::string payload, milliseconds patience) override {
    return Core::request(core_, std::move(subject), std::move(payload), patience);
  }
  [[nodiscard]] bool is_connected() const override { return core_->is_connected(); }

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace

Result<std::unique_ptr<Bus>> nats_bus(asio::io_context& io, NatsConfig config, RandomSource& random) {
  if (config.servers.empty() || config.name.empty() || !is_nats_token(config.name) || !is_subject(config.inbox) ||
      !is_nats_token(as_text(config.token.expose()))) {
    return refuse(Errc::invalid_argument);
  }
  const auto core = std::make_shared<Core>(io, std::move(config), random);
  if (const auto problem = core->problem()) return refuse(*problem);
  // Later: within the loop, co_spawn would begin here and now.
  asio::post(io, [core, &io] { asio::co_spawn(io, core->run(), [core](const std::exception_ptr&) {}); });
  return std::make_unique<NatsBus>(core);
}

}  // namespace redan::cloud
