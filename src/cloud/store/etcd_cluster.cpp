#include "cloud/store/etcd_cluster.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/assert.hpp"
#include "cloud/errors.hpp"
#include "net/clock.hpp"

namespace redan::cloud::store {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// A stream that is silent for this long is considered dead: our own beacon appears on it twice a second.
constexpr auto kStreamSilence = 3s;
constexpr auto kPause = 50ms;
constexpr auto kReportEvery = 1s;
constexpr std::size_t kMaxBody = 16 * 1024 * 1024;
constexpr std::size_t kMaxConnections = 32;

net::HttpClientConfig client_config(const EtcdConfig& config, const EtcdEndpoint& endpoint) {
  net::HttpClientConfig out;
  out.server = net::TlsRemote{endpoint.host, endpoint.port, net::TrustedAuthority{config.authority_pem, endpoint.host},
                              config.identity, config.allow_small_keys};
  out.timeout = config.deadline;
  out.stream_silence = kStreamSilence;
  out.max_body = kMaxBody;
  out.max_connections = kMaxConnections;
  return out;
}

}  // namespace

/// One request, which continues without us when our deadline passes.
struct EtcdCluster::Attempt {
  explicit Attempt(asio::io_context& io) : over(io) {}
  std::optional<net::HttpResult> result;
  asio::steady_timer over;  ///< cancelled when there is a result
};

EtcdCluster::EtcdCluster(asio::io_context& io, const EtcdConfig& config, Report report)
    : io_(io), report_(std::move(report)), deadline_(config.deadline), login_(config.user, config.password) {
  REDAN_ASSERT(!config.endpoints.empty());
  for (const EtcdEndpoint& endpoint : config.endpoints) {
    const net::HttpClientConfig client = client_config(config, endpoint);
    endpoints_.push_back(
        {std::make_shared<net::HttpClient>(io, client), std::make_shared<net::HttpClient>(io, client)});
  }
}

net::Task<EtcdAnswer> EtcdCluster::call(std::string path, Body body, TimePoint until) {
  EtcdFailure last{EtcdFailure::Kind::not_done, errc::store_no_majority, "no time left"};
  bool maybe_done = false;
  for (std::size_t attempts = 1; net::now() < until; ++attempts) {
    const std::size_t endpoint = preferred_;
    // Half of the remaining time for each attempt, as long as there is another node to try.
    const TimePoint now = net::now();
    const TimePoint attempt_until = endpoints_.size() > 1 ? now + (until - now) / 2 + kPause : until;
    EtcdAnswer answer = co_await attempt(endpoint, path, body(maybe_done), std::min(attempt_until, until));
    if (answer) {
      majority_seen_ = net::now();
      co_return answer;
    }
    const EtcdFailure::Kind kind = answer.error().kind;
    // An attempt cut short by our own deadline is less informative than the one before.
    if (attempts == 1 || kind == EtcdFailure::Kind::refused || net::now() < until) last = std::move(answer.error());
    if (kind == EtcdFailure::Kind::refused) break;
    maybe_done = maybe_done || kind == EtcdFailure::Kind::unknown;
    if (preferred_ == endpoint) preferred_ = (endpoint + 1) % endpoints_.size();
    if (attempts % endpoints_.size() == 0) co_await pause(until);
  }
  co_return tl::unexpected(given_up(std::move(last), maybe_done));
}

EtcdFailure EtcdCluster::given_up(EtcdFailure last, bool maybe_done) {
  if (last.kind != EtcdFailure::Kind::refused) majority_seen_.reset();
  if (maybe_done) last.kind = EtcdFailure::Kind::unknown;
  if (last.code == errc::store_failed || last.code == errc::store_no_majority) report({last.code, last.detail});
  return last;
}

net::Task<EtcdAnswer> EtcdCluster::attempt(std::size_t endpoint, const std::string& path, std::string body,
                                           TimePoint until) {
  // At most twice: a newly issued token is valid.
  for (int tries = 0;; ++tries) {
    if (auto known = co_await log_in(endpoint, until); !known) co_return tl::unexpected(std::move(known.error()));
    const std::string token = login_.token();
    EtcdAnswer answer = co_await send(endpoint, etcd_request(path, body, token), until);
    if (answer || answer.error().kind != EtcdFailure::Kind::stranger) co_return answer;
    login_.forget(token);
    if (tries != 0 || !login_.wants_token()) {
      answer.error().kind = EtcdFailure::Kind::refused;
      co_return answer;
    }
  }
}

net::Task<tl::expected<void, EtcdFailure>> EtcdCluster::log_in(std::size_t endpoint, TimePoint until) {
  using Known = tl::expected<void, EtcdFailure>;
  if (!login_.wants_token()) co_return Known();
  const EtcdAnswer answer = co_await send(endpoint, etcd_request("/v3/auth/authenticate", login_.request(), ""), until);
  if (answer && login_.accept(*answer)) co_return Known();
  if (answer) {
    co_return tl::unexpected(EtcdFailure{EtcdFailure::Kind::not_done, errc::store_failed, "etcd gave no token"});
  }
  EtcdFailure failure = answer.error();
  // Whatever the result of the login, the operation itself was not carried out.
  if (failure.kind == EtcdFailure::Kind::unknown) failure.kind = EtcdFailure::Kind::not_done;
  failure.detail = "login: " + failure.detail;
  co_return tl::unexpected(std::move(failure));
}

net::Task<EtcdAnswer> EtcdCluster::send(std::size_t endpoint, net::HttpRequest what, TimePoint until) {
  const auto attempt = std::make_shared<Attempt>(io_);
  attempt->over.expires_after(until - net::now());
  auto request = [](std::shared_ptr<net::HttpClient> client, net::HttpRequest sent,
                    std::shared_ptr<Attempt> mine) -> net::Task<void> {
    mine->result = co_await client->request(std::move(sent));
    mine->over.cancel();
  };
  asio::co_spawn(io_, request(endpoints_[endpoint].calls, std::move(what), attempt), asio::detached);
  co_await attempt->over.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!attempt->result) {
    co_return tl::unexpected(EtcdFailure{EtcdFailure::Kind::unknown, errc::store_no_majority, "no answer in time"});
  }
  net::HttpResult& result = *attempt->result;
  if (!result) co_return tl::unexpected(failure_of(result.error()));
  if (result->status != 200) co_return tl::unexpected(failure_of(*result));
  co_return std::move(result->body);
}

net::Task<std::optional<net::HttpRequest>> EtcdCluster::stream_request(std::string path, std::string body) {
  const auto known = co_await log_in(stream_endpoint_, deadline());
  if (!known) {
    report({known.error().code, known.error().detail});
    co_return std::nullopt;
  }
  co_return etcd_request(std::move(path), std::move(body), login_.token());
}

net::Task<void> EtcdCluster::pause(TimePoint until) {
  asio::steady_timer timer(io_, std::min<Duration>(kPause, std::max(until - net::now(), Duration(0))));
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

bool EtcdCluster::majority_seen_within(Duration time) const {
  return majority_seen_ && net::now() - *majority_seen_ <= time;
}

TimePoint EtcdCluster::deadline() const { return net::now() + deadline_; }

std::shared_ptr<net::HttpClient> EtcdCluster::stream_client() const { return endpoints_[stream_endpoint_].streams; }

void EtcdCluster::leave_stream_endpoint() { stream_endpoint_ = (stream_endpoint_ + 1) % endpoints_.size(); }

void EtcdCluster::report(const StoreFailure& failure) {
  if (!report_ || (reported_ && net::now() - *reported_ < kReportEvery)) return;
  reported_ = net::now();
  report_(failure);
}

}  // namespace redan::cloud::store
