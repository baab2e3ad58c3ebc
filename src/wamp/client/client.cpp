#include "wamp/client/client.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/clock.hpp"

namespace redan::wamp {
namespace {

namespace asio = boost::asio;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::uint16_t kNormalClosure = 1000;  // RFC 6455 section 7.4.1

}  // namespace

/// A pending request; owned by its coroutine, which keeps the client alive.
class Client::Waiting {
 public:
  Waiting(std::shared_ptr<Client> client, const redan::Result<Id>& request)
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
  std::shared_ptr<Client> client_;
  asio::steady_timer timer_;
  Id request_ = 0;
};

// Joining and leaving.

Client::Client(asio::io_context& io, SessionConfig config, Provider& provider)
    : io_(io),
      serializer_(config.serializer),
      session_(net::now(), std::move(config), provider),
      timer_(io),
      joining_(io, asio::steady_timer::time_point::max()) {}

Client::~Client() {
  if (socket_) socket_->close(kNormalClosure, {});
}

net::Task<Outcome<std::shared_ptr<Client>>> Client::join(asio::io_context& io, ClientConfig config,
                                                         Provider& provider) {
  net::WebSocketClientConfig socket;
  socket.server = std::move(config.router);
  socket.target = std::move(config.target);
  socket.subprotocol = subprotocol(config.session.serializer);
  socket.timeout = config.connect_timeout;
  socket.limits.max_message = config.max_message;
  socket.limits.max_buffered = config.max_buffered;
  auto opened = co_await net::open_websocket(std::move(socket));
  if (!opened) {
    Failure failure{opened.error().code, {}, std::move(opened.error().detail)};
    co_return tl::unexpected(std::move(failure));
  }
  config.session.limits.decode.max_size = config.max_message;
  // The session's time begins here.
  const std::shared_ptr<Client> client(new Client(io, std::move(config.session), provider));
  client->attach(std::move(*opened));
  co_await client->wait_until_joined();
  if (client->ended_) co_return tl::unexpected(*client->ended_);
  co_return client;
}

void Client::attach(std::shared_ptr<net::WebSocket> socket) {
  socket_ = std::move(socket);
  const auto weak = weak_from_this();
  const bool text = serializer_ == Serializer::json;
  // A message in the other kind of frame does not belong to this serializer, so it does not parse.
  socket_->on_message = [weak, text](std::string_view message) {
    if (const auto self = weak.lock()) self->hear(text ? as_bytes(message) : Bytes());
  };
  socket_->on_binary = [weak, text](Bytes message) {
    if (const auto self = weak.lock()) self->hear(text ? Bytes() : message);
  };
  socket_->on_close = [weak] {
    const auto self = weak.lock();
    if (!self) return;
    self->socket_ = nullptr;
    self->session_.handle_close({Errc::not_connected, {}, "the router closed the connection"});
    self->pump();
  };
}

net::Task<void> Client::wait_until_joined() {
  pump();
  while (!session_.joined() && !ended_) co_await joining_.async_wait(kNoThrow);
}

void Client::leave() {
  session_.leave(net::now());
  pump();
}

void Client::hear(Bytes message) {
  session_.handle_input(net::now(), message);
  pump();
}

// Requests.

net::Task<Outcome<Id>> Client::subscribe(std::string topic, OnEvent on_event, Dict options) {
  Waiting waiting(shared_from_this(), session_.subscribe(net::now(), std::move(topic), std::move(options)));
  waiting.on_event = std::make_shared<OnEvent>(std::move(on_event));
  co_await waiting.outcome();
  if (waiting.failure) co_return tl::unexpected(std::move(*waiting.failure));
  co_return waiting.granted;
}

net::Task<Outcome<Id>> Client::register_procedure(std::string procedure, OnInvocation on_invocation, Dict options) {
  Waiting waiting(shared_from_this(),
                  session_.register_procedure(net::now(), std::move(procedure), std::move(options)));
  waiting.on_invocation = std::make_shared<OnInvocation>(std::move(on_invocation));
  co_await waiting.outcome();
  if (waiting.failure) co_return tl::unexpected(std::move(*waiting.failure));
  co_return waiting.granted;
}

net::Task<Outcome<Id>> Client::unsubscribe(Id subscription) {
  Waiting waiting(shared_from_this(), session_.unsubscribe(net::now(), subscription));
  co_await waiting.outcome();
  if (waiting.failure) co_return tl::unexpected(std::move(*waiting.failure));
  subscriptions_.erase(subscription);
  co_return waiting.granted;
}

net::Task<Outcome<Id>> Client::unregister(Id registration) {
  Waiting waiting(shared_from_this(), session_.unregister(net::now(), registration));
  co_await waiting.outcome();
  if (waiting.failure) co_return tl::unexpected(std::move(*waiting.failure));
  registrations_.erase(registration);
  co_return waiting.granted;
}

redan::Result<void> Client::publish(std::string topic, Payload payload, Dict options) {
  options.erase("acknowledge");
  const auto made = session_.publish(net::now(), std::move(topic), std::move(payload), std::move(options));
  pump();
  if (!made) return refuse(made.error());
  return {};
}

net::Task<Outcome<Id>> Client::publish_acknowledged(std::string topic, Payload payload, Dict options) {
  options["acknowledge"] = true;
  Waiting waiting(shared_from_this(),
                  session_.publish(net::now(), std::move(topic), std::move(payload), std::move(options)));
  co_await waiting.outcome();
  if (waiting.failure) co_return tl::unexpected(std::move(*waiting.failure));
  co_return waiting.granted;
}

net::Task<Outcome<Payload>> Client::call(std::string procedure, Payload payload, Dict options) {
  return call(std::move(procedure), std::move(payload), std::move(options), Progress());
}

net::Task<Outcome<Payload>> Client::call(std::string procedure, Payload payload, Dict options, Progress progress) {
  Waiting waiting(shared_from_this(),
                  session_.call(net::now(), std::move(procedure), std::move(payload), std::move(options)));
  waiting.on_progress = std::move(progress.on_result);
  if (waiting.is_made() && progress.on_begin) progress.on_begin(waiting.request());
  co_await waiting.outcome();
  if (waiting.failure) co_return tl::unexpected(std::move(*waiting.failure));
  co_return std::move(*waiting.result);
}

redan::Result<void> Client::cancel(Id request, std::string_view mode) {
  const auto canceled = session_.cancel(request, mode);
  pump();
  return canceled;
}

redan::Result<void> Client::yield(Id invocation, Payload payload, Dict options) {
  const auto yielded = session_.yield(invocation, std::move(payload), std::move(options));
  pump();
  return yielded;
}

redan::Result<void> Client::fail(Id invocation, std::string error, Payload payload) {
  const auto failed = session_.fail(invocation, std::move(error), std::move(payload));
  pump();
  return failed;
}

// What the machine wants done.

void Client::pump() {
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

void Client::schedule(TimePoint deadline) {
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

void Client::on(ClientSession::Transmit&& output) {
  if (!socket_) return;
  std::string message(as_text(output.message));
  if (serializer_ == Serializer::json) {
    socket_->send(std::move(message));
  } else {
    socket_->send_binary(std::move(message));
  }
}

void Client::on(ClientSession::Joined&& output) {
  session_id_ = output.session;
  welcome_ = std::move(output.details);
  joining_.cancel();
}

void Client::on(ClientSession::Granted&& output) {
  const auto at = waiting_.find(output.request);
  if (at == waiting_.end()) return;
  Waiting& waiting = *at->second;
  waiting.granted = output.id;
  // Stored now, and not when the coroutine resumes, because the first event may arrive before.
  if (waiting.on_event) subscriptions_.emplace(output.id, waiting.on_event);
  if (waiting.on_invocation) registrations_.insert_or_assign(output.id, waiting.on_invocation);
  waiting.wake();
}

void Client::on(ClientSession::Returned&& output) {
  const auto at = waiting_.find(output.request);
  if (at == waiting_.end()) return;
  if (!output.progress) {
    at->second->result = std::move(output.payload);
    return at->second->wake();
  }
  const auto on_progress = at->second->on_progress;
  if (on_progress) on_progress(std::move(output.payload));
}

void Client::on(ClientSession::Failed&& output) {
  const auto at = waiting_.find(output.request);
  if (at == waiting_.end()) return;
  at->second->failure = std::move(output.failure);
  at->second->wake();
}

void Client::on(ClientSession::Delivered&& output) {
  // A handler may unsubscribe.
  std::vector<std::shared_ptr<OnEvent>> handlers;
  const auto [begin, end] = subscriptions_.equal_range(output.subscription);
  for (auto at = begin; at != end; ++at) handlers.push_back(at->second);
  for (const auto& handler : handlers) (*handler)(handler == handlers.back() ? std::move(output) : output);
}

void Client::on(ClientSession::Invoked&& output) {
  const auto at = registrations_.find(output.registration);
  if (at == registrations_.end()) {
    (void)session_.fail(output.invocation, "wamp.error.no_such_procedure");
    return;
  }
  const auto handler = at->second;
  (*handler)(std::move(output));
}

void Client::on(ClientSession::Interrupted&& output) {
  if (on_interrupt) on_interrupt(output);
}

void Client::on(ClientSession::Revoked&& output) {
  if (output.registration) {
    registrations_.erase(output.id);
  } else {
    subscriptions_.erase(output.id);
  }
}

void Client::on(ClientSession::Refused&& output) {
  if (on_refused) on_refused(output);
}

void Client::on(ClientSession::Closed&& output) {
  ended_ = std::move(output.failure);
  timer_.cancel();
  joining_.cancel();
  if (socket_) socket_->close(kNormalClosure, {});
  // Handlers may own the client, so break the cycle.
  subscriptions_.clear();
  registrations_.clear();
  on_refused = nullptr;
  on_interrupt = nullptr;
  if (const auto told = std::exchange(on_close, nullptr)) told(*ended_);
}

}  // namespace redan::wamp
