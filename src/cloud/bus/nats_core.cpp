#include "cloud/bus/nats_core.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/hex.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::bus {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
// A connection that lasted this long was a good one.
constexpr auto kStable = 10s;
// Time for a server that is about to stop to answer pending requests.
constexpr auto kLameDuckStep = 50ms;
constexpr int kLameDuckSteps = 40;
constexpr std::size_t kMaxReported = 64;

}  // namespace

NatsCore::NatsCore(asio::io_context& io, NatsConfig config, RandomSource& random)
    : io_(io), config_(std::move(config)), random_(random), pause_(io) {
  for (const net::TlsRemote& server : config_.servers) dialers_.emplace_back(server);
  for (net::TlsRemote& server : config_.servers) server.identity = nullptr;
}

std::optional<Errc> NatsCore::problem() const {
  for (const net::Dialer& dialer : dialers_) {
    const auto made = dialer.make_stream(io_.get_executor());
    if (!made) return made.error().code;
  }
  return std::nullopt;
}

// The connection.

net::Task<void> NatsCore::run() {
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

net::Task<NatsFailure> NatsCore::connect() {
  connection_ = std::make_shared<NatsConnection>(io_, config_, *this);
  ready_since_.reset();
  leaving_ = false;
  try {
    co_return co_await connection_->run(dialers_[server_]);
  } catch (const boost::system::system_error& error) {
    co_return NatsFailure{errc::bus_disconnected, error.what()};
  }
}

// Their messages may have been delivered, and their replies may be on the way.
void NatsCore::on_end(const NatsFailure& failure) {
  connection_.reset();
  for (const auto& [number, waiting] : waiting_) waiting->end(refuse(errc::bus_disconnected));
  if (ended_) return;
  NatsStatus status;
  status.server = dialers_[server_].host();
  status.why = failure.code;
  status.detail = failure.detail;
  report(std::move(status));
}

milliseconds NatsCore::next_pause(const NatsFailure& failure) {
  const bool good = ready_since_ && std::chrono::steady_clock::now() - *ready_since_ >= kStable;
  in_vain_ = good ? 0 : in_vain_ + 1;
  refused_ = failure.code == errc::bus_refused ? refused_ + 1 : 0;
  milliseconds longest = config_.first_pause;
  for (std::size_t round = in_vain_ / dialers_.size(); round > 0 && longest < config_.longest_pause; --round)
    longest *= 2;
  longest = std::min(longest, config_.longest_pause);
  if (refused_ >= dialers_.size()) longest = config_.refused_pause;
  // Units that lost the same server reconnect one after the other.
  return longest / 2 + milliseconds(random_.random_u32() % (longest.count() / 2 + 1));
}

void NatsCore::end() {
  ended_ = true;
  pause_.cancel();
  subscriptions_.clear();
  for (const auto& [number, waiting] : waiting_) waiting->end(refuse(errc::bus_disconnected));
  if (connection_) connection_->leave({Errc::closed_locally});
}

void NatsCore::on_open(std::string& out) {
  std::array<std::uint8_t, 16> random;
  random_.random(random);
  inbox_ = config_.inbox + "." + to_hex(random) + ".";
  write_sub(out, inbox_ + "*", {}, kInboxSid);
  for (const auto& [sid, entry] : subscriptions_) write_sub(out, entry->pattern, entry->queue, sid);
}

void NatsCore::on_ready() {
  ready_since_ = std::chrono::steady_clock::now();
  reported_.clear();
  NatsStatus status;
  status.connected = true;
  status.server = dialers_[server_].host();
  report(std::move(status));
}

void NatsCore::on_not_permitted(std::string_view what) {
  // No reply could arrive.
  if (what.ends_with("Subscription to \"" + inbox_ + "*\"")) inbox_.clear();
  for (const auto& [number, waiting] : waiting_) {
    if (inbox_.empty() || what.ends_with("Publish to \"" + std::string(waiting->subject) + "\"")) {
      waiting->end(refuse(errc::bus_refused));
    }
  }
  NatsStatus status;
  status.connected = true;
  status.server = dialers_[server_].host();
  status.why = errc::bus_refused;
  status.detail = what;
  report(std::move(status));
}

void NatsCore::on_lame_duck() {
  if (leaving_ || dialers_.size() == 1) return;
  leaving_ = true;
  asio::co_spawn(
      io_, [](std::shared_ptr<NatsCore> self) { return self->leave(self->connection_); }(shared_from_this()),
      [](const std::exception_ptr&) {});
}

// Leaves after pending requests, if they take no longer than the server does.
net::Task<void> NatsCore::leave(std::shared_ptr<NatsConnection> connection) {
  asio::steady_timer timer(io_);
  for (int step = 0; step < kLameDuckSteps && !waiting_.empty() && connection == connection_; ++step) {
    timer.expires_after(kLameDuckStep);
    co_await timer.async_wait(kNoThrow);
  }
  connection->leave({errc::bus_disconnected, "the server is about to end"});
}

void NatsCore::report(NatsStatus status) {
  if (reported_.size() >= kMaxReported) reported_.clear();
  const bool is_new =
      reported_.insert(status.server + " " + std::string(redan::name(status.why)) + status.detail).second;
  if (ended_ || !config_.on_status || !(is_new || (status.connected && status.why == Errc{}))) return;
  config_.on_status(status);
}

}  // namespace redan::cloud::bus
