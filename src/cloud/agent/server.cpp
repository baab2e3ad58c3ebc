#include "cloud/agent/server.hpp"

#include <boost/json/serialize.hpp>

#include "cloud/errors.hpp"
#include "cloud/token/authorization.hpp"
#include "cloud/unit/routes.hpp"
#include "cloud/unit/server.hpp"

namespace redan::cloud::agent {
namespace {

namespace json = boost::json;

constexpr std::string_view kSupervisor = "/1.0/sessions/{id}/sockets/supervisor";
// One socket carries the frames of many clients.
constexpr std::size_t kMaxBuffered = 4 * 1024 * 1024;

// Per session, and per client network for requests without a session.
constexpr double kRequestsPerSecond = 20;

using unit::Reply;

net::HttpResponse error_reply(const api::Refusal& refusal) {
  net::HttpResponse response;
  response.status = refusal.status;
  response.body = api::error_body(refusal);
  if (refusal.retry_after != 0) response.headers.push_back({"Retry-After", std::to_string(refusal.retry_after)});
  if (refusal.status == 401) response.headers.push_back({"WWW-Authenticate", "macaroon"});
  return response;
}

net::HttpResponse ok(json::value metadata) {
  net::HttpResponse response;
  response.body = api::sync_body(std::move(metadata));
  return response;
}

/// The access that a route requires.
enum class Access : std::uint8_t {
  open,     ///< nothing
  local,    ///< the Unix socket
  runtime,  ///< the token of the session that the path names
};

Reply status(Agent& agent, const Agent::Runtime&) {
  return ok(json::object{{"agent", agent.settings().id}, {"region", agent.settings().region}});
}

Reply drain(Agent& agent, const Agent::Runtime&) {
  agent.drain();
  return ok(json::object());
}

Reply ice_servers(Agent& agent, const Agent::Runtime& runtime) {
  REDAN_TRY(const auto servers, agent.ice_servers(runtime.session + "-instance"));
  return ok(api::to_json(servers));
}

Reply metrics(Agent& agent, const Agent::Runtime&) {
  std::string out;
  api::write_type(out, "redan_stream_agent_sessions_total", "gauge");
  for (const auto& [state, count] : agent.sessions_by_status()) {
    api::write_sample(out, "redan_stream_agent_sessions_total", "status=\"" + std::string(name(state)) + "\"",
                      static_cast<double>(count));
  }
  api::write_type(out, "redan_stream_agent_runtimes_attached", "gauge");
  api::write_sample(out, "redan_stream_agent_runtimes_attached", "", static_cast<double>(agent.attached()));
  api::write_type(out, "redan_stream_agent_frames_relayed_total", "counter");
  api::write_sample(out, "redan_stream_agent_frames_relayed_total", "", static_cast<double>(agent.frames_relayed()));
  api::write_stream_figures(out, agent.stream_figures());
  return unit::metrics_page(std::move(out));
}

struct Route {
  std::string_view method;
  std::string_view pattern;
  Access access;
  std::string_view object;  ///< for the metrics
  Reply (*handler)(Agent&, const Agent::Runtime&);
};

constexpr std::array kRoutes{
    Route{"GET", "/1.0/status", Access::open, "status", status},
    Route{"GET", "/metrics", Access::local, "metrics", metrics},
    Route{"POST", "/1.0/drain", Access::local, "drain", drain},
    Route{"GET", "/1.0/sessions/{id}/ice-servers", Access::runtime, "ice_servers", ice_servers},
};

}  // namespace

class Server::Impl {
 public:
  Impl(boost::asio::io_context& io, Agent& agent, ServerConfig config)
      : agent_(agent), server_(io, server_config(std::move(config)), handlers()) {}
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  void stop() { server_.stop(); }

 private:
  static unit::ServerConfig server_config(ServerConfig config) {
    unit::ServerConfig server;
    server.https = std::move(config.https);
    server.local = std::move(config.local);
    server.metrics_prefix = "redan_stream_agent_http_";
    server.requests_per_second = kRequestsPerSecond;
    server.max_body = 4 * 1024;  // no route has a body
    server.max_connections = 16 * 1024;
    server.max_connections_per_address = 8 * 1024;  // one machine has many instances
    return server;
  }
  unit::Handlers handlers() {
    unit::Handlers handlers;
    handlers.answer = [this](const net::HttpRequest& request, const net::Connection& connection, std::string& label) {
      return answer(request, connection, label);
    };
    handlers.upgrade = [this](net::HttpRequest request, const net::Connection& connection) {
      return upgrade(std::move(request), connection);
    };
    handlers.error = error_reply;
    return handlers;
  }

  net::Task<Reply> answer(const net::HttpRequest& request, const net::Connection& connection, std::string& label) {
    const auto match = unit::find_route(std::span<const Route>(kRoutes), request.method, request.path);
    const Route* route = match.route;
    const bool local = connection.local_peer.has_value();
    if (route != nullptr && route->access == Access::local && !local) route = nullptr;
    label = std::string(route != nullptr ? route->object : "unknown") + "_" +
            std::string(api::method_label(request.method));
    Agent::Runtime runtime;
    if (route != nullptr && route->access == Access::runtime) {
      REDAN_CO_TRY(runtime, co_await admit(request, connection, match.parameters.front()));
    } else {
      REDAN_CO_CHECK(server_.take(connection.network, connection));
    }
    if (route == nullptr) co_return api::refuse(unit::no_route(request.method, match.path_exists && local));
    Reply reply = route->handler(agent_, runtime);
    if (reply && route->object == "metrics") server_.metrics().write(reply->body);
    co_return reply;
  }

  /// Identifies the runtime by its token. Runtimes on one machine share an address, so the rate is limited per runtime.
  net::Task<Outcome<Agent::Runtime>> admit(const net::HttpRequest& request, const net::Connection& connection,
                                           const std::string& session) {
    auto runtime = identify(request, session);
    REDAN_CO_CHECK(server_.take(runtime ? "session " + runtime->session : connection.network, connection));
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

  net::HttpResponse refuse_socket(const api::Refusal& refusal) {
    server_.metrics().refuse(refusal.code);
    return error_reply(refusal);
  }
  net::Task<net::UpgradeReply> upgrade(net::HttpRequest request, const net::Connection& connection) {
    const auto parameters = net::match_path(kSupervisor, request.path);
    if (!parameters) co_return refuse_socket(api::not_found("WebSocket"));
    const auto runtime = co_await admit(request, connection, parameters->front());
    if (!runtime) co_return refuse_socket(runtime.error());
    net::AcceptWebSocket accept;
    accept.limits.first_message_timeout = std::chrono::seconds(0);
    accept.limits.max_message = bus::kMaxBusPayload;
    accept.limits.max_buffered = kMaxBuffered;
    accept.limits.idle_timeout = std::chrono::seconds(10);  // detects a partition; the runtime then reconnects
    accept.on_open = [this, who = *runtime](const std::shared_ptr<net::WebSocket>& socket) {
      agent_.attach(who, socket);
    };
    co_return accept;
  }

  Agent& agent_;
  unit::Server server_;
};

Server::Server(boost::asio::io_context& io, Agent& agent, ServerConfig config)
    : impl_(std::make_unique<Impl>(io, agent, std::move(config))) {}
Server::~Server() = default;
std::uint16_t Server::port() const { return impl_->port(); }
void Server::stop() { impl_->stop(); }

}  // namespace redan::cloud::agent
