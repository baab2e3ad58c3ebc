#include "cloud/runtime/runtime.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cloud/errors.hpp"
#include "net/clock.hpp"

namespace redan::cloud::runtime {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::milliseconds kLongestPause{10'000};
// Of metrics; important changes are reported at once.
constexpr std::chrono::seconds kReportPeriod{5};

}  // namespace

Runtime::Runtime(asio::io_context& io, UserData data, RuntimeConfig config, Provider& provider)
    : io_(io),
      data_(std::move(data)),
      config_(std::move(config)),
      ams_(io, {.server = net::TlsRemote{data_.ams.server.host, data_.ams.server.port, net::PinnedSha256{data_.ams.pin},
                                         &data_.ams.identity}}),
      ams_timer_(io),
      report_timer_(io),
      seal_timer_(io) {
  if (!data_.session) return;
  config_.streamer.screen = data_.session->screen;
  config_.streamer.adb = data_.adb;
  streamer_ = std::make_unique<Streamer>(io_, config_.streamer, provider);
  Secret<sealed::kEd25519KeySize> seed;
  provider.random(seed.fill(sealed::kEd25519KeySize));
  seal_ = std::make_unique<SealIdentity>(provider, seed.expose());
  seal_->authorities = data_.seal.authorities;
  seal_->policy = data_.seal.policy;
  seal_->session = data_.session->id;
  seal_->instance = data_.id;
  SupervisorConfig supervisor;
  supervisor.session = data_.session->id;
  supervisor.instance = data_.name;
  supervisor.agents = data_.session->agents;
  supervisor.token = data_.session->token;
  supervisor.log = config_.log;
  supervisor_ = std::make_unique<Supervisor>(io_, std::move(supervisor));
}

void Runtime::start() {
  const auto spawn = [this](net::Task<void> task) {
    ++tasks_;
    asio::co_spawn(io_, std::move(task), [this](const std::exception_ptr&) { --tasks_; });
  };
  spawn(tell_ams());
  if (!supervisor_) return;
  if (seal_->policy != api::SealedPolicy::off) spawn(keep_certificate());
  supervisor_->on_open = [this](const std::string& client, const api::LinkHello& hello) {
    if (!joins_.admit(hello)) return supervisor_->close(client, "displaced");
    open_client(client, hello);
  };
  supervisor_->on_message = [this](const std::string& client, std::string_view message) {
    const auto found = clients_.find(client);
    if (found == clients_.end()) return;
    const auto kept = found->second;  // it may end itself within the call
    kept->on_message(message, net::wall_time());
  };
  supervisor_->on_closed = [this](const std::string& client, Errc) { clients_.erase(client); };
  supervisor_->on_revoked = [this](const std::string& client) {
    log("client " + client + " may be here no longer");
    const auto kept = clients_.extract(client);
    streamer_->close(client);
  };
  supervisor_->on_terminate = [this](const std::string& reason) {
    log("terminated by request: " + reason);
    finish(Errc::closed_locally);
  };
  streamer_->on_client = [this](const std::string& client, ClientState state, Errc why) {
    if (state == ClientState::connected) connected_.insert(client);
    if (state == ClientState::left) {
      connected_.erase(client);
      clients_.erase(client);
      supervisor_->close(client, why == errc::link_displaced ? "displaced" : "closed");
    }
    report_soon();
  };
  report();
  report_regularly();
  spawn(supervise());
}

net::Task<void> Runtime::supervise() {
  const Result<void> over = co_await supervisor_->run();
  if (over || ended_) co_return;
  log("the agent refuses this instance: " + std::string(text(over.error())));
  finish(over.error());
}

void Runtime::report() {
  supervisor_->report({api::SessionStatus::active, "", static_cast<std::int64_t>(connected_.size()),
                       streamer_->statistics(), streamer_->user()});
}

// After the current event: a client that displaces another is one change, not a user that leaves.
void Runtime::report_soon() {
  if (std::exchange(report_posted_, true)) return;
  ++tasks_;
  asio::post(io_, [this] {
    --tasks_;
    report_posted_ = false;
    if (!ended_) report();
  });
}

void Runtime::report_regularly() {
  report_timer_.expires_after(kReportPeriod);
  report_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || ended_) return;
    if (!connected_.empty()) report();
    report_regularly();
  });
}

void Runtime::stop() {
  ended_ = true;
  ams_.cancel();
  ams_timer_.cancel();
  report_timer_.cancel();
  seal_timer_.cancel();
  if (streamer_) streamer_->stop();
  if (supervisor_) supervisor_->stop();
}

void Runtime::finish(Errc why) {
  if (ended_) return;
  stop();
  if (on_end) on_end(why);
}

// Repeats until AMS has received it, because AMS may be restarting.
net::Task<void> Runtime::tell_ams() {
  for (auto pause = kFirstPause; !ended_; pause = std::min(pause * 2, kLongestPause)) {
    net::HttpRequest request;
    request.method = "PATCH";
    request.path = "/1.0/instances/" + data_.id;
    request.headers = {{"Authorization", "bearer " + data_.ams.token}, {"Content-Type", "application/json"}};
    request.body = R"({"status":"running"})";
    const net::HttpResult reply = co_await ams_.request(std::move(request));
    if (ended_) co_return;
    if (reply && reply->status == 200) {
      log("AMS knows that this instance runs");
      co_return;
    }
    if (reply && (reply->status == 401 || reply->status == 403 || reply->status == 404)) {
      log("AMS refused this instance: " + reply->body);
      co_return finish(errc::trust_unknown);
    }
    log(reply ? "AMS answered " + std::to_string(reply->status) + "; trying again"
              : std::string(text(reply.error().code)) + "; trying again");
    ams_timer_.expires_after(pause);
    co_await ams_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void Runtime::log(std::string_view line) const {
  if (config_.log) config_.log(line);
}

}  // namespace redan::cloud::runtime
