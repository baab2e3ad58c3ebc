#include "cloud/bus/nats_connection.hpp"

#include <boost/asio/detached.hpp>

#include "cloud/errors.hpp"
#include "net/errors.hpp"

namespace redan::cloud::bus {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kGoodbye = 1s;
constexpr std::size_t kControlReserve = 1U << 20U;
constexpr std::size_t kKeptBuffer = 1U << 20U;
constexpr std::size_t kMaxDetail = 200;

/// CONNECT, which contains the token.
struct Wiped {
  std::string text;
  ~Wiped() { wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()}); }
};

NatsFailure failure_of(const net::HttpFailure& failure) {
  switch (failure.code.number()) {
    case net::errc::http_timeout.number():
      return {net::errc::connect_failed, "no answer in time"};
    case net::errc::tls_client_refused.number():
      return {errc::bus_refused, "our certificate: " + failure.detail};
    case Errc::closed_locally.number():
      return {errc::bus_disconnected, failure.detail};
    default:
      return {failure.code, failure.shown.empty() ? failure.detail : "it shows SHA-256 " + failure.shown};
  }
}

/// A text of the server, made safe for a log.
std::string printable(std::string_view text) {
  std::string out(text.substr(0, kMaxDetail));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

void append_all(std::string& out, std::string_view text) { out += text; }

}  // namespace

NatsConnection::NatsConnection(asio::io_context& io, const NatsConfig& config, NatsOwner& owner)
    : io_(io), config_(config), owner_(owner), ping_timer_(io) {}

net::Task<NatsFailure> NatsConnection::run(const net::Dialer& dialer) {
  const auto self = shared_from_this();
  auto failure = co_await dial(dialer);
  if (!failure) failure = co_await read();
  if (failure) close(std::move(*failure));
  co_return why_;
}

// Connecting.

net::Greeting NatsConnection::greeting() {
  return {kMaxNatsInfo, [this](std::string_view line) -> std::optional<net::HttpFailure> {
            const auto info = NatsInfo::parse_line(line);
            if (!info) return net::HttpFailure{errc::bus_protocol, false, "no INFO of a NATS server"};
            if (!info->tls_required)
              return net::HttpFailure{net::errc::tls_failed, false, "the server does not ask for TLS"};
            // Received in the clear: an attacker who alters it can make us refuse messages, or the server refuse ours,
            // but he could also cut the connection. A list of further servers would be more useful to him; it is
            // ignored.
            max_payload_ = info->max_payload;
            return std::nullopt;
          }};
}

net::Task<std::optional<NatsFailure>> NatsConnection::dial(const net::Dialer& dialer) {
  auto made = dialer.make_stream(io_.get_executor());
  if (!made) co_return failure_of(made.error());
  stream_ = std::move(*made);
  stream_->set_deadline(config_.connect_timeout);
  const net::Greeting hello = greeting();
  const auto failure = co_await dialer.connect(stream_, &hello);
  if (failure) co_return failure_of(*failure);
  if (state_ == State::closed) co_return why_;
  const Wiped connect{write_connect({config_.name, as_text(config_.token.expose())})};
  // If writing failed, what the server sent before it closed gives the reason.
  co_await stream_->write(connect.text);
  if (state_ == State::closed) co_return why_;
  state_ = State::open;
  owner_.on_open(control());
  ping();
  co_return std::nullopt;
}

// Incoming messages.

net::Task<std::optional<NatsFailure>> NatsConnection::read() {
  while (state_ != State::closed) {
    auto operation = parser_.next();
    if (!operation) co_return NatsFailure{operation.error(), "what the server sends is not NATS"};
    if (*operation) {
      handle(**operation);
      continue;
    }
    const std::span<char> space = parser_.space();
    const auto [error, size] = co_await stream_->read(asio::buffer(space.data(), space.size()));
    if (error) {
      NatsFailure failure = failure_of(net::failure_of(*stream_, error));
      if (failure.code == net::errc::connect_failed) failure.code = errc::bus_disconnected;
      if (!last_error_.empty()) failure.detail = last_error_;
      co_return failure;
    }
    parser_.received(size);
  }
  co_return std::nullopt;
}

void NatsConnection::handle(const NatsOperation& operation) {
  if (const auto* message = std::get_if<NatsMessage>(&operation)) {
    owner_.on_message(*message);
  } else if (std::holds_alternative<NatsPing>(operation)) {
    append_all(control(), kNatsPong);
  } else if (std::holds_alternative<NatsPong>(operation)) {
    on_pong();
  } else if (const auto* info = std::get_if<NatsInfo>(&operation)) {
    on_info(*info);
  } else if (const auto* error = std::get_if<NatsError>(&operation)) {
    on_error(error->text);
  }
}

void NatsConnection::on_info(const NatsInfo& info) {
  max_payload_ = info.max_payload;
  if (info.lame_duck) owner_.on_lame_duck();
}

void NatsConnection::on_error(std::string_view text) {
  if (text.starts_with("Permissions Violation")) return owner_.on_not_permitted(printable(text));
  last_error_ = printable(text);
  if (text.find("Auth") != std::string_view::npos) close({errc::bus_refused, last_error_});
}

void NatsConnection::on_pong() {
  if (unanswered_pings_ > 0) --unanswered_pings_;
  if (unanswered_pings_ > 0) return;
  if (state_ == State::leaving) return close(std::move(why_));
  if (state_ != State::open) return;
  state_ = State::ready;
  stream_->clear_deadline();
  schedule_ping();
  owner_.on_ready();
}

void NatsConnection::ping() {
  ++unanswered_pings_;
  append_all(control(), kNatsPing);
}

void NatsConnection::schedule_ping() {
  ping_timer_.expires_after(config_.ping_interval);
  ping_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = error ? nullptr : weak.lock();
    if (!self || self->state_ != State::ready) return;
    if (self->unanswered_pings_ >= 2) return self->close({errc::bus_disconnected, "no answer to pings"});
    self->ping();
    self->schedule_ping();
  });
}

// Outgoing messages.

std::string* NatsConnection::outgoing(std::size_t size) {
  if (outgoing_.size() + leaving_.size() + size > config_.max_outgoing) return nullptr;
  schedule_write();
  return &outgoing_;
}

std::string& NatsConnection::control() {
  if (outgoing_.size() + leaving_.size() > config_.max_outgoing + kControlReserve) {
    close({errc::bus_disconnected, "the server does not read"});
  }
  schedule_write();
  return outgoing_;
}

void NatsConnection::schedule_write() {
  if (write_scheduled_ || writing_ || state_ == State::closed) return;
  write_scheduled_ = true;
  asio::post(io_, [self = shared_from_this()] {
    self->write_scheduled_ = false;
    self->writing_ = true;
    asio::co_spawn(
        self->io_, [](std::shared_ptr<NatsConnection> connection) { return connection->write(); }(self),
        [self](const std::exception_ptr& error) {
          if (error) self->close({errc::bus_disconnected, "no memory"});
        });
  });
}

net::Task<void> NatsConnection::write() {
  while (!outgoing_.empty() && state_ != State::closed) {
    leaving_.swap(outgoing_);
    const net::Stream::Error error = co_await stream_->write(leaving_);
    leaving_.clear();
    if (leaving_.capacity() > kKeptBuffer) leaving_.shrink_to_fit();
    if (!error) continue;
    // The server may have sent the reason. Nothing more is written.
    if (state_ != State::closed) stream_->set_deadline(kGoodbye);
    co_return;
  }
  writing_ = false;
}

// Termination.

void NatsConnection::close(NatsFailure why) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  why_ = std::move(why);
  ping_timer_.cancel();
  if (stream_) stream_->close();
}

void NatsConnection::leave(NatsFailure why) {
  if (state_ != State::ready) return close(std::move(why));
  ping();
  if (state_ == State::closed) return;
  state_ = State::leaving;
  why_ = std::move(why);
  stream_->set_deadline(kGoodbye);
}

}  // namespace redan::cloud::bus
