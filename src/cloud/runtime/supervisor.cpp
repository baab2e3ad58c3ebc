#include "cloud/runtime/supervisor.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cloud/bus/bus.hpp"
#include "cloud/errors.hpp"
#include "net/clock.hpp"

namespace redan::cloud::runtime {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{2'000};
constexpr std::chrono::milliseconds kDialTimeout{5'000};

}  // namespace

Supervisor::Supervisor(asio::io_context& io, SupervisorConfig config)
    : io_(io), config_(std::move(config)), links_(config_.limits), link_timer_(io), dial_timer_(io) {}

// The socket may live a little longer, until it has sent its final messages.
Supervisor::~Supervisor() {
  if (!socket_) return;
  socket_->on_message = nullptr;
  socket_->on_binary = nullptr;
  socket_->on_close = nullptr;
}

net::Task<Result<void>> Supervisor::run() {
  auto pause = kFirstPause;
  for (std::size_t which = 0; !stopped_; which = (which + 1) % config_.agents.size()) {
    const Result<void> attached = co_await attach(config_.agents[which]);
    if (stopped_) break;
    if (!attached && attached.error() == errc::token_scope) co_return refuse(errc::token_scope);
    if (attached) {
      // Until the connection breaks; then start again at once with the first agent.
      while (socket_ && !stopped_) {
        dial_timer_.expires_at(asio::steady_timer::time_point::max());
        co_await dial_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
      }
      which = config_.agents.size() - 1;
      pause = kFirstPause;
    }
    if (stopped_) break;
    dial_timer_.expires_after(pause);
    co_await dial_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    pause = std::min(pause * 2, kLongestPause);
  }
  co_return Result<void>{};
}

net::Task<Result<void>> Supervisor::attach(const AgentAddress& agent) {
  net::WebSocketClientConfig config;
  config.server = net::TlsRemote{agent.host, agent.port, agent.trust, nullptr, agent.allow_small_keys};
  config.target = "/1.0/sessions/" + config_.session + "/sockets/supervisor?instance=" + config_.instance;
  config.headers = {{"Authorization", "macaroon root=" + config_.token}};
  config.timeout = kDialTimeout;
  config.limits.first_message_timeout = std::chrono::seconds(0);
  config.limits.idle_timeout = std::chrono::seconds(10);
  config.limits.max_message = bus::kMaxBusPayload;
  config.limits.max_buffered = 4 * 1024 * 1024;
  auto opened = co_await net::open_websocket(std::move(config));
  if (!opened) {
    const net::HttpFailure& failure = opened.error();
    if (config_.log) {
      config_.log("agent " + agent.host + ":" + std::to_string(agent.port) + ": " + std::string(text(failure.code)) +
                  (failure.status != 0 ? " (" + std::to_string(failure.status) + ")" : "") +
                  (failure.code == net::errc::tls_key_too_small ? " (" + failure.detail + ")" : ""));
    }
    const bool refused = failure.status == 401 || failure.status == 403;
    co_return refuse(refused ? errc::token_scope : failure.code);
  }
  if (stopped_) {
    (*opened)->close();
    co_return Result<void>{};
  }
  socket_ = std::move(*opened);
  socket_->on_message = [this](std::string_view text) { on_command(text); };
  socket_->on_binary = [this](Bytes frame) { on_frame(frame); };
  socket_->on_close = [this, which = socket_.get()] {
    if (socket_.get() != which) return;
    socket_.reset();
    dial_timer_.cancel();
  };
  if (config_.log) config_.log("attached to agent " + agent.host + ":" + std::to_string(agent.port));
  socket_->send(api::message_text(report_));
  links_.retransmit_now(net::now());
  pump();
  co_return Result<void>{};
}

void Supervisor::stop() {
  if (stopped_) return;
  stopped_ = true;
  dial_timer_.cancel();
  link_timer_.cancel();
  if (socket_) socket_->close();
}

void Supervisor::report(api::RuntimeReport report) {
  report_ = std::move(report);
  if (socket_) socket_->send(api::message_text(report_));
}

// Incoming messages.

void Supervisor::on_command(std::string_view text) {
  const auto terminate = api::parse<api::Terminate>(text);
  if (terminate && on_terminate) on_terminate(terminate->reason);
}

void Supervisor::on_frame(Bytes bytes) {
  const auto frame = bus::LinkFrame::parse(as_text(bytes));
  if (!frame) return;
  links_.handle_input(net::now(), *frame);
  pump();
  if (frame->end == "revoked" && on_revoked) on_revoked(frame->link);
}

// The gateway sends the first message, which contains the kind of the client.
void Supervisor::deliver(const std::string& client, const std::string& body) {
  if (greeted_.contains(client)) {
    if (on_message) on_message(client, body);
    return;
  }
  const auto hello = api::parse<api::LinkHello>(body);
  if (!hello) return links_.close(client, "closed");
  greeted_.insert(client);
  if (on_open) on_open(client, *hello);
}

// Outgoing messages.

Result<void> Supervisor::send(const std::string& client, std::string message) {
  auto sent = links_.send(net::now(), client, std::move(message));
  pump();
  return sent;
}

void Supervisor::close(const std::string& client, std::string_view how) {
  links_.close(client, how);
  pump();
}

// Callbacks may send and close, which calls this function again: then the outer call continues with it.
void Supervisor::pump() {
  if (pumping_ || stopped_) return;
  pumping_ = true;
  TimePoint until = kNever;
  while (!stopped_) {
    bus::LinkAcceptor::Output output = links_.poll_output(net::now());
    if (const auto* wait = std::get_if<Wait>(&output)) {
      until = wait->until;
      break;
    }
    if (auto* transmit = std::get_if<bus::Link::Transmit>(&output)) {
      if (socket_) socket_->send_binary(transmit->frame.text());
    } else if (auto* delivered = std::get_if<bus::LinkAcceptor::Deliver>(&output)) {
      deliver(delivered->link, delivered->body);
    } else if (auto* ended = std::get_if<bus::LinkAcceptor::Ended>(&output)) {
      if (greeted_.erase(ended->link) != 0 && on_closed) on_closed(ended->link, ended->why);
    }
  }
  pumping_ = false;
  if (until == kNever || stopped_) {
    link_timer_.cancel();
    return;
  }
  link_timer_.expires_after(std::max(until - net::now(), Duration(0)));
  link_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) pump();
  });
}

}  // namespace redan::cloud::runtime
