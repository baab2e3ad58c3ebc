#include "cloud/bus/nats.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "cloud/bus/nats_core.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::bus {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr unsigned kNoResponders = 503;

}  // namespace

// Messages.

Result<void> NatsCore::send(std::string_view subject, std::string_view reply_to, std::string_view payload) {
  if (!is_subject(subject)) return refuse(Errc::invalid_argument);
  if (payload.size() > kMaxBusPayload) return refuse(errc::bus_too_large);
  if (!is_connected()) return refuse(errc::bus_disconnected);
  if (payload.size() > connection_->max_payload()) return refuse(errc::bus_too_large);
  std::string* out = connection_->outgoing(pub_size(subject, reply_to, payload));
  if (out == nullptr) return refuse(errc::bus_full);
  write_pub(*out, subject, reply_to, payload);
  return {};
}

std::uint64_t NatsCore::subscribe(NatsEntry entry) {
  const std::uint64_t sid = next_sid_++;
  if (connection_ && connection_->is_open()) write_sub(connection_->control(), entry.pattern, entry.queue, sid);
  subscriptions_.emplace(sid, std::make_shared<NatsEntry>(std::move(entry)));
  return sid;
}

void NatsCore::unsubscribe(std::uint64_t sid) {
  if (subscriptions_.erase(sid) == 0 || !connection_ || !connection_->is_open()) return;
  write_unsub(connection_->control(), sid);
}

void NatsCore::on_message(const NatsMessage& message) {
  if (message.sid == kInboxSid) return on_reply(message);
  const auto found = subscriptions_.find(message.sid);
  // A message with an invalid subject does not come from one of our units.
  const bool ours = is_subject(message.subject) && (message.reply_to.empty() || is_subject(message.reply_to));
  if (found == subscriptions_.end() || !ours) return;
  const std::shared_ptr<NatsEntry> entry = found->second;  // it may destroy itself
  entry->handler({message.subject, message.payload, message.reply_to});
}

void NatsCore::on_reply(const NatsMessage& message) {
  if (inbox_.empty() || !message.subject.starts_with(inbox_)) return;
  const std::string_view digits = message.subject.substr(inbox_.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const auto found = error == std::errc() ? waiting_.find(number) : waiting_.end();
  if (found == waiting_.end() || end != digits.data() + digits.size()) return;
  if (message.status == kNoResponders) return found->second->end(refuse(errc::bus_no_responders));
  found->second->end(std::string(message.payload));
}

net::Task<Result<std::string>> NatsCore::request(std::shared_ptr<NatsCore> self, std::string subject,
                                                 std::string payload, milliseconds timeout) {
  if (self->is_connected() && self->inbox_.empty()) co_return refuse(errc::bus_refused);
  Waiting waiting(*self, subject);
  const Result<void> sent = self->send(subject, waiting.reply_to(), payload);
  if (!sent) co_return refuse(sent.error());
  waiting.timer.expires_after(timeout);
  co_await waiting.timer.async_wait(kNoThrow);
  if (!waiting.outcome) co_return refuse(errc::bus_timeout);
  co_return std::move(*waiting.outcome);
}

namespace {

// The bus.

class NatsSubscription : public Subscription {
 public:
  NatsSubscription(std::shared_ptr<NatsCore> core, std::uint64_t sid) : core_(std::move(core)), sid_(sid) {}
  ~NatsSubscription() override { core_->unsubscribe(sid_); }
  NatsSubscription(const NatsSubscription&) = delete;
  NatsSubscription& operator=(const NatsSubscription&) = delete;

 private:
  std::shared_ptr<NatsCore> core_;
  std::uint64_t sid_;
};

class NatsBus : public Bus {
 public:
  explicit NatsBus(std::shared_ptr<NatsCore> core) : core_(std::move(core)) {}
  ~NatsBus() override { core_->end(); }
  NatsBus(const NatsBus&) = delete;
  NatsBus& operator=(const NatsBus&) = delete;

  Result<void> publish(std::string_view subject, std::string_view payload) override {
    return core_->send(subject, {}, payload);
  }
  Result<std::unique_ptr<Subscription>> subscribe(std::string subject, std::function<void(const BusMessage&)> handler,
                                                  std::string queue) override {
    if (!is_subject_pattern(subject) || (!queue.empty() && !is_subject_token(queue)) || !handler) {
      return refuse(Errc::invalid_argument);
    }
    return std::make_unique<NatsSubscription>(
        core_, core_->subscribe({std::move(subject), std::move(queue), std::move(handler)}));
  }
  net::Task<Result<std::string>> request(std::string subject, std::string payload, milliseconds timeout) override {
    return NatsCore::request(core_, std::move(subject), std::move(payload), timeout);
  }
  [[nodiscard]] bool is_connected() const override { return core_->is_connected(); }

 private:
  std::shared_ptr<NatsCore> core_;
};

}  // namespace

Result<std::unique_ptr<Bus>> nats_bus(asio::io_context& io, NatsConfig config, RandomSource& random) {
  if (config.servers.empty() || config.name.empty() || !is_nats_token(config.name) || !is_subject(config.inbox) ||
      !is_nats_token(as_text(config.token.expose()))) {
    return refuse(Errc::invalid_argument);
  }
  const auto core = std::make_shared<NatsCore>(io, std::move(config), random);
  if (const auto problem = core->problem()) return refuse(*problem);
  // Posted: within the loop, co_spawn would start immediately.
  asio::post(io, [core, &io] { asio::co_spawn(io, core->run(), [core](const std::exception_ptr&) {}); });
  return std::make_unique<NatsBus>(core);
}

}  // namespace redan::cloud::bus
