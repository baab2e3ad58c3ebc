#include "cloud/agent/server.hpp"

#include <boost/json/serialize.hpp>

#include "cloud/api/metrics.hpp"
#include "cloud/api/rate_limit.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/authorization.hpp"
#include "net/clock.hpp"

namespace redan::cloud::agent {
namespace {

namespace json = boost::json;

constexpr std::string_view kSupervisor = "/1.0/sessions/{id}/sockets/supervisor";
constexpr std::string_view kIceServers = "/1.0/sessions/{id}/ice-servers";
// Frames of many clients pass through one socket.
constexpr std::size_t kMaxBuffered = 4 * 1024 * 1024;

net::HttpResponse refused(const api::Refusal& refusal) {
  net::HttpResponse response;
  response.status = refusal.status;
  response.body = api::error_body(refusal);
  if (refusal.status == 401) response.headers.push_back({"WWW-Authenticate", "macaroon"});
  return response;
}

net::HttpResponse ok(json::value metadata) {
  net::HttpResponse response;
  response.body = api::sync_body(std::move(metadata));
  return response;
}

// Of each session, and of each network of strangers.
constexpr double kRequestsPerSecond = 20;

api::Refusal too_many_requests() { return {429, "rate_limited", "too many requests", "slow down", 1}; }

}  // namespace

class Server::Impl {
 public:
  Impl(boost::asio::io_context& io, Agent& agent, ServerConfig config) : agent_(agent) {
    https_ = std::make_unique<net::HttpServer>(io, server_config(std::move(config.https)));
    if (config.local) local_ = std::make_unique<net::HttpServer>(io, server_config(std::move(*config.local)));
  }
  [[nodiscard]] std::uint16_t port() const { return https_->port(); }
  void stop() {
    https_->stop();
    if (local_) local_->stop();
  }

 private:
  net::HttpServerConfig server_config(net::ListenAt listen) {
    net::HttpServerConfig config;
    config.listen = std::move(listen);
    config.handler = [this](net::HttpRequest request, const net::Connection& connection) {
      return handle(std::move(request), connection);
    };
    config.on_upgrade = [this](net::HttpRequest request, const net::Connection& connection) {
      return upgrade(std::move(request), connection);
    };
    config.error_response = [](unsigned status, std::string_view text) {
      return refused({status, "bad_request", std::string(text), {}, 0});
    };
    config.max_body = 4 * 1024;  // no route has one
    config.max_connections = 16 * 1024;
    config.max_connections_per_address = 8 * 1024;  // one machine has many instances
    return config;
  }

  net::Task<net::HttpResponse> handle(net::HttpRequest request, const net::Connection& connection) {
    const TimePoint begin = net::now();
    metrics_.begin();
    std::string object = "unknown";
    net::HttpResponse response = co_await answer(request, connection, object);
    response.headers.push_back({"Cache-Control", "no-store"});
    metrics_.end();
    metrics_.record(object + "_" + std::string(api::method_label(request.method)), response.status, net::now() - begin,
                    request.body.size(), response.body.size());
    co_return response;
  }

  net::Task<net::HttpResponse> answer(const net::HttpRequest& request, const net::Connection& connection,
                                      std::string& object) {
    const bool local = connection.local_peer.has_value();
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (request.path == "/1.0/status" && reads) {
      if (!local && !limit_.take(connection.network, net::now())) co_return refused(too_many_requests());
      object = "status";
      co_return ok(json::object{{"agent", agent_.settings().id}, {"region", agent_.settings().region}});
    }
    if (request.path == "/metrics" && reads && local) {
      object = "metrics";
      co_return metrics_page();
    }
    if (request.path == "/1.0/drain" && request.method == "POST" && local) {
      object = "drain";
      agent_.drain();
      co_return ok(json::object());
    }
    if (const auto parameters = net::match_path(kIceServers, request.path); parameters && reads) {
      object = "ice_servers";
      const auto runtime = co_await admit(request, connection, parameters->front());
      if (!runtime) co_return refuse_with_count(runtime.error());
      const auto servers = agent_.ice_servers(runtime->session + "-instance");
      if (!servers) co_return refused(servers.error());
      co_return ok(api::to_json(*servers));
    }
    if (!local && !limit_.take(connection.network, net::now())) co_return refused(too_many_requests());
    co_return refused(api::not_found("path"));
  }

  /// The runtime, by its token. Runtimes of one machine share an address: each has a rate of its own.
  net::Task<Outcome<Agent::Runtime>> admit(const net::HttpRequest& request, const net::Connection& connection,
                                           const std::string& session) {
    auto runtime = identify(request, session);
    const std::string who = runtime ? "session " + runtime->session : connection.network;
    if (!connection.local_peer && !limit_.take(who, net::now())) co_return api::refuse(too_many_requests());
    if (!runtime) co_return runtime;
    REDAN_CO_CHECK(co_await agent_.may_attach(*runtime));
    connection.admitted = true;
    co_return runtime;
  }

  Outcome<Agent::Runtime> identify(const net::HttpRequest& request, const std::string& session) {
    std::string token;
    if (const auto header = net::find_header(request.headers, "Authorization")) {
      const auto presented = token::parse_authorization(*header);
      if (!presented) return api::refuse(api::refusal_of(presented.error()));
      if (presented->kind != token::PresentedToken::Kind::macaroon)
        return api::refuse(api::refusal_of(errc::token_syntax));
      token = presented->text;
    } else if (auto in_query = net::query_value(request.query, "token")) {
      token = std::move(*in_query);
    }
    if (token.empty()) {
      return api::refuse({401, "token_missing", "this route asks for the token of the session's user data", {}, 0});
    }
    return agent_.identify(session, net::query_value(request.query, "instance").value_or(""), token);
  }

  net::HttpResponse refuse_with_count(const api::Refusal& refusal) {
    metrics_.refuse(refusal.code);
    return refused(refusal);
  }

  net::Task<net::UpgradeReply> upgrade(net::HttpRequest request, const net::Connection& connection) {
    const auto parameters = net::match_path(kSupervisor, request.path);
    if (!parameters) co_return refused(api::not_found("WebSocket"));
    const auto runtime = co_await admit(request, connection, parameters->front());
    if (!runtime) co_return refuse_with_count(runtime.error());
    net::AcceptWebSocket accept;
    accept.limits.first_message_timeout = std::chrono::seconds(0);
    accept.limits.max_message = bus::kMaxBusPayload;
    accept.limits.max_buffered = kMaxBuffered;
    accept.limits.idle_timeout = std::chrono::seconds(10);  // a partition is noticed, and the runtime dials anew
    accept.on_open = [this, who = *runtime](const std::shared_ptr<net::WebSocket>& socket) {
      agent_.attach(who, socket);
    };
    co_return accept;
  }

  net::HttpResponse metrics_page() const {
    net::HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    std::string& out = response.body;
    api::write_type(out, "redan_stream_agent_sessions_total", "gauge");
    for (const auto& [status, count] : agent_.sessions_by_status()) {
      api::write_sample(out, "redan_stream_agent_sessions_total", "status=\"" + std::string(name(status)) + "\"",
                        static_cast<double>(count));
    }
    api::write_type(out, "redan_stream_agent_runtimes_attached", "gauge");
    api::write_sample(out, "redan_stream_agent_runtimes_attached", "", static_cast<double>(agent_.attached()));
    api::write_type(out, "redan_stream_agent_frames_relayed_total", "counter");
    api::write_sample(out, "redan_stream_agent_frames_relayed_total", "", static_cast<double>(agent_.frames_relayed()));
    api::write_stream_figures(out, agent_.stream_figures());
    metrics_.write(out);
    return response;
  }

  Agent& agent_;
  api::RateLimit limit_{kRequestsPerSecond};
  api::HttpMetrics metrics_{"redan_stream_agent_http_"};
  std::unique_ptr<net::HttpServer> https_, local_;
};

Server::Server(boost::asio::io_context& io, Agent& agent, ServerConfig config)
    : impl_(std::make_unique<Impl>(io, agent, std::move(config))) {}
Server::~Server() = default;
std::uint16_t Server::port() const { return impl_->port(); }
void Server::stop() { impl_->stop(); }

}  // namespace redan::cloud::agent
