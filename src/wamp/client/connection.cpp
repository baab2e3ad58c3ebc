#include "wamp/client/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/clock.hpp"

namespace redan::wamp {
namespace {

namespace asio = boost::asio;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

}  // namespace

/// A pending request; owned by its coroutine, which keeps the client alive.
class Connection::Waiting {
 public:
  Waiting(std::shared_ptr<Connection> client, const redan::Result<Id>& request)
      : client_(std::move(client)), timer_(client_->io_, asio::steady_timer::time_point::max()) {
    if (!request) {
      failure = Failure{request.error()};
      return;
    }
    request_ = *request;
    client_->waiting_.emplace(request_, this);
  }
  ~Waiting() { client_->waiting_.erase(request_); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  [[nodiscard]] Id request() const { return request_; }
  [[nodiscard]] bool is_made() const { return request_ != 0; }
  /// Waits for the outcome.
  net::Task<void> outcome() {
    client_->pump();
    while (!failure && !result && granted == 0) co_await timer_.async_wait(kNoThrow);
  }
  void wake() { timer_.cancel(); }

  std::shared_ptr<OnEvent> on_event;
  std::shared_ptr<OnInvocation> on_invocation;
  std::function<void(Payload)> on_progress;
  std::optional<Failure> failure;
  std::optional<Payload> result;
  Id granted = 0;

 private:
  std::shared_ptr<Connection> client_;
  asio::steady_timer timer_;
  Id request_ = 0;
};

// Joining and leaving.

Connection::Connection(asio::io_context& io, ConnectionConfig config, Provider& provider)
    : io_(io),
      keeps_(config.keeps),
      key_ring_(config.key_ring),
      session_(net::now(), session_config(std::move(config)), provider),
      timer_(io),
      joining_(io, asio::steady_timer::time_point::max()) {}

SessionConfig Connection::session_config(ConnectionConfig&& config) {
  if (config.key_ring) config.session.key_ring = config.key_ring.get();
  return std::move(config.session);
}

Connection::~Connection() {
  if (transport_) transport_->close();
}

net::Task<Outcome<std::shared_ptr<Connection>>> Connection::join(asio::io_context& io, ConnectionConfig config,
                                                                 Provider& provider) {
  config.session.limits.decode.max_size = config.transport.max_message;
  auto opened = co_await open_transport(std::move(config.transport), config.session.serializer);
  if (!opened) co_return tl::unexpected(std::move(opened.error()));
  config.session.limits.max_sent = (*opened)->max_message();
  // The session's time begins here.
  const std::shared_ptr<Connection> client(new Connection(io, std::move(config), provider));
  client->attach(std::move(*opened));
  co_await client->wait_until_joined();
  if (client->ended_) co_return tl::unexpected(*client->ended_);
  co_return client;
}

void Connection::attach(std::shared_ptr<Transport> transport) {
  transport_ = std::move(transport);
  const auto weak = weak_from_this();
  transport_->on_message = [weak](Bytes message) {
    if (const auto self = weak.lock()) self->hear(message);
  };
  transport_->on_close = [weak] {
    const auto self = weak.lock();
    if (!self) return;
    const auto closed = std::exchange(self->transport_, nullptr);
    self->session_.handle_close({Errc::not_connected, {}, "the router closed the connection"});
    self->pump();
  };
}

net::Task<void> Connection::wait_until_joined() {
  pump();
  while (!session_.joined() && !ended_) co_await joining_.async_wait(kNoThrow);
}

void Connection::leave() {
  session_.leave(net::now());
  pump();
}

void Connection::set_key_ring(std::shared_ptr<const KeyRing> key_ring) {
  key_ring_ = std::move(key_ring);
  session_.set_key_ring(key_ring_.get());
}

void Connection::hear(Bytes message) {
  session_.handle_input(net::now(), message);
  pump();
}

// Requests.

net::Task<Outcome<Id>> Connection::subscribe(std::string topic, OnEvent on_event, Dict options) {
  Waiting waiting(shared_from_this(), session_.subscribe(net::now(), std::move(topic), std::move(options)));
  waiting.on_event = std::make_shared<OnEvent>(std::move(on_event));
  co_await waiting.outcome();
  if (waiting.failure) co_return tl::unexpected(std::move(*waiting.failure));
  co_return waiting.granted;
}

net::Task<Outcome<Id>> Connection::register_procedure(std::string procedure, OnInvocation on_invocation, Dict options) {
  Waiting waiting(shared_from_this(),
                  session_.register_procedure(net::now(), std::move(procedure), std::move(options)));
  waiting.on_invocation = std::make_shared<OnInvocation>(std::move(on_invocation));
  co_await waiting.outcome();
  if (waiting.failure) co_return tl::unexpected(std::move(*waiting.failure));
  co_return waiting.granted;
}

net::Task<Outcome<Id>> Connection::unsubscribe(Id subscription) {
  Waiting waiting(shared_from_this(), session_.unsubscribe(net::now(), subscription));
  co_await waiting.outcome();
  if (waiting.failure) co_return tl::unexpected(std::move(*waiting.failure));
  subscriptions_.erase(subscription);
  co_return waiting.granted;
}

net::Task<Outcome<Id>> Connection::unregister(Id registration) {
  Waiting waiting(shared_from_this(), session_.unregister(net::now(), registration));
  co_await waiting.outcome();
  if (waiting.failure) co_return tl::unexpected(std::move(*waiting.failure));
  registrations_.erase(registration);
  co_return waiting.granted;
}

redan::Result<void> Connection::publish(std::string topic, Payload payload, Dict options) {
  options.erase("acknowledge");
  const auto made = session_.publish(net::now(), std::move(topic), std::move(payload), std::move(options));
  pump();
  if (!made) return refuse(made.error());
  return {};
}

net::Task<Outcome<Id>> Connection::publish_acknowledged(std::string topic, Payload payload, Dict options) {
  options["acknowledge"] = true;
  Waiting waiting(shared_from_this(),
                  session_.publish(net::now(), std::move(topic), std::move(payload), std::move(options)));
  co_await waiting.outcome();
  if (waiting.failure) co_return tl::unexpected(std::move(*waiting.failure));
  co_return waiting.granted;
}

net::Task<Outcome<Payload>> Connection::call(std::string procedure, Payload payload, Dict options) {
  return call(std::move(procedure), std::move(payload), std::move(options), Progress());
}

net::Task<Outcome<Payload>> Connection::call(std::string procedure, Payload payload, Dict options, Progress progress) {
  Waiting waiting(shared_from_this(),
                  session_.call(net::now(), std::move(procedure), std::move(payload), std::move(options)));
  waiting.on_progress = std::move(progress.on_result);
  if (waiting.is_made() && progress.on_begin) progress.on_begin(waiting.request());
  co_await waiting.outcome();
  if (waiting.failure) co_return tl::unexpected(std::move(*waiting.failure));
  co_return std::move(*waiting.result);
}

redan::Result<void> Connection::cancel(Id request, std::string_view mode) {
  const auto canceled = session_.cancel(request, mode);
  pump();
  return canceled;
}

redan::Result<void> Connection::yield(Id invocation, Payload payload, Dict options) {
  const auto yielded = session_.yield(invocation, std::move(payload), std::move(options));
  pump();
  return yielded;
}

redan::Result<void> Connection::fail(Id invocation, std::string error, Payload payload) {
  const auto failed = session_.fail(invocation, std::move(error), std::move(payload));
  pump();
  return failed;
}

// What the machine wants done.

void Connection::pump() {
  // A request made by a handler is processed by the running loop below.
  if (std::exchange(pumping_, true)) return;
  const auto self = shared_from_this();
  for (;;) {
    ClientSession::Output output = session_.poll_output(net::now());
    if (const auto* wait = std::get_if<Wait>(&output)) {
      schedule(wait->until);
      break;
    }
    std::visit([this](auto& what) { on(std::move(what)); }, output);
  }
  pumping_ = false;
}

void Connection::schedule(TimePoint deadline) {
  if (deadline == kNever) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::max<Duration>(deadline - net::now(), Duration::zero()));
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = error ? nullptr : weak.lock();
    if (self) self->pump();
  });
}

void Connection::on(ClientSession::Transmit&& output) {
  if (transport_) transport_->send(std::string(as_text(output.message)));
}

void Connection::on(ClientSession::Joined&& output) {
  session_id_ = output.session;
  welcome_ = std::move(output.details);
  joining_.cancel();
}

void Connection::on(ClientSession::Granted&& output) {
  const auto at = waiting_.find(output.request);
  if (at == waiting_.end()) return;
  Waiting& waiting = *at->second;
  waiting.granted = output.id;
  // Stored now, and not when the coroutine resumes, because the first event may arrive before.
  if (waiting.on_event) subscriptions_.emplace(output.id, waiting.on_event);
  if (waiting.on_invocation) registrations_.insert_or_assign(output.id, waiting.on_invocation);
  waiting.wake();
}

void Connection::on(ClientSession::Returned&& output) {
  const auto at = waiting_.find(output.request);
  if (at == waiting_.end()) return;
  if (!output.progress) {
    at->second->result = std::move(output.payload);
    return at->second->wake();
  }
  const auto on_progress = at->second->on_progress;
  if (on_progress) on_progress(std::move(output.payload));
}

void Connection::on(ClientSession::Failed&& output) {
  const auto at = waiting_.find(output.request);
  if (at == waiting_.end()) return;
  at->second->failure = std::move(output.failure);
  at->second->wake();
}

void Connection::on(ClientSession::Delivered&& output) {
  // A handler may unsubscribe.
  std::vector<std::shared_ptr<OnEvent>> handlers;
  const auto [begin, end] = subscriptions_.equal_range(output.subscription);
  for (auto at = begin; at != end; ++at) handlers.push_back(at->second);
  for (const auto& handler : handlers) (*handler)(handler == handlers.back() ? std::move(output) : output);
}

void Connection::on(ClientSession::Invoked&& output) {
  const auto at = registrations_.find(output.registration);
  if (at == registrations_.end()) {
    (void)session_.fail(output.invocation, "wamp.error.no_such_procedure");
    return;
  }
  const auto handler = at->second;
  (*handler)(std::move(output));
}

void Connection::on(ClientSession::Interrupted&& output) {
  if (on_interrupt) on_interrupt(output);
}

void Connection::on(ClientSession::Revoked&& output) {
  if (output.registration) {
    registrations_.erase(output.id);
  } else {
    subscriptions_.erase(output.id);
  }
}

void Connection::on(ClientSession::Refused&& output) {
  if (on_refused) on_refused(output);
}

void Connection::on(ClientSession::Closed&& output) {
  ended_ = std::move(output.failure);
  timer_.cancel();
  joining_.cancel();
  if (transport_) transport_->close();
  // Handlers may own the client, so break the cycle.
  subscriptions_.clear();
  registrations_.clear();
  on_refused = nullptr;
  on_interrupt = nullptr;
  if (const auto told = std::exchange(on_close, nullptr)) told(*ended_);
}

}  // namespace redan::wamp
