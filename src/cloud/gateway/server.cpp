#include "cloud/gateway/server.hpp"

#include <unistd.h>

#include <algorithm>

#include "cloud/api/metrics.hpp"
#include "cloud/api/rate_limit.hpp"
#include "cloud/gateway/routes.hpp"
#include "cloud/token/authorization.hpp"

namespace redan::cloud {
namespace {

// Room for what the relay refuses with a word of explanation; beyond it the socket just closes.
constexpr std::size_t kMaxSocketMessage = 128 * 1024;
constexpr std::size_t kMaxSocketBuffered = 512 * 1024;

/// The id of the session whose socket a path names: singular and plural, and both old names of the socket.
std::optional<std::string> socket_session(std::string_view path) {
  for (const std::string_view pattern : {"/1.0/session/{id}/sockets/slave", "/1.0/sessions/{id}/sockets/slave",
                                         "/1.0/session/{id}/sockets/master", "/1.0/sessions/{id}/sockets/master"}) {
    if (auto parameters = net::match_path(pattern, path)) return std::move(parameters->front());
  }
  return std::nullopt;
}

api::Refusal no_token() {
  return {401, "token_missing", "this route asks for a token",
          "send \"Authorization: macaroon root=<token>\"; redan gateway account create makes one", 0};
}

}  // namespace

class GatewayServer::Impl {
 public:
  Impl(boost::asio::io_context& io, Gateway& gateway, GatewayServerConfig config)
      : gateway_(gateway), config_(std::move(config)), limit_(config_.requests_per_second) {
    https_ = std::make_unique<net::HttpServer>(io, server_config(config_.https));
    if (config_.local) local_ = std::make_unique<net::HttpServer>(io, server_config(*config_.local));
  }

  [[nodiscard]] std::uint16_t port() const { return https_->port(); }
  void stop() {
    https_->stop();
    if (local_) local_->stop();
  }

 private:
  net::HttpServerConfig server_config(std::variant<net::TlsListener, net::UnixListener> listen) {
    net::HttpServerConfig config;
    config.listen = std::move(listen);
    config.handler = [this](net::HttpRequest request, const net::Connection& connection) {
      return handle(std::move(request), connection);
    };
    config.on_upgrade = [this](net::HttpRequest request, const net::Connection& connection) {
      return upgrade(std::move(request), connection);
    };
    config.error_response = [this](unsigned status, std::string_view text) {
      return with_cors(gateway_error({status, "bad_request", std::string(text), {}, 0}));
    };
    config.max_connections = config_.max_connections;
    config.max_connections_per_address = config_.max_connections_per_address;
    return config;
  }

  // ---- who calls

  Outcome<ApiCaller> identify(const net::HttpRequest& request, const net::Connection& connection) {
    if (connection.local_peer) return local_caller(*connection.local_peer);
    const auto header = net::find_header(request.headers, "Authorization");
    const auto parameter = header ? std::nullopt : net::query_value(request.query, "api_token");
    if (!header && !parameter) return api::refuse(no_token());
    std::string_view token = parameter ? std::string_view(*parameter) : std::string_view();
    if (header) {
      const auto presented = parse_authorization(*header);
      if (!presented) return api::refuse(api::refusal_of(presented.error()));
      if (presented->kind != PresentedToken::Kind::macaroon) return api::refuse(api::refusal_of(Errc::token_syntax));
      token = presented->text;
    }
    auto caller = gateway_.admit(token);
    if (caller) return std::move(*caller);
    api::Refusal refusal = api::refusal_of(caller.error());
    // Here the scope is not yet looked at: what is wrong is the token.
    if (refusal.status == 403) refusal.status = 401;
    return api::refuse(std::move(refusal));
  }

  Outcome<ApiCaller> local_caller(const net::LocalPeer& peer) const {
    const bool known =
        peer.uid == 0 || peer.uid == ::geteuid() ||
        std::find(config_.local_users.begin(), config_.local_users.end(), peer.uid) != config_.local_users.end();
    if (!known) return api::refuse(api::forbidden("this user may not use the socket"));
    return ApiCaller{"local-" + std::to_string(peer.uid), {}, {}, {}, {}};
  }

  // ---- requests

  net::Task<net::HttpResponse> handle(net::HttpRequest request, const net::Connection& connection) {
    const TimePoint begin = net::now();
    metrics_.begin();
    std::string_view label = "unknown";
    GatewayReply reply = co_await answer(request, connection, label);
    if (!reply) metrics_.refuse(reply.error().code);
    net::HttpResponse response = reply ? std::move(*reply) : gateway_error(reply.error());
    response.headers.push_back({"Cache-Control", "no-store"});
    metrics_.end();
    metrics_.record(std::string(label), response.status, net::now() - begin, request.body.size(), response.body.size());
    co_return with_cors(std::move(response));
  }

  net::Task<GatewayReply> answer(const net::HttpRequest& request, const net::Connection& connection,
                                 std::string_view& label) {
    if (request.method == "OPTIONS") {
      label = "options";
      co_return preflight();
    }
    const GatewayRoute* route = nullptr;
    std::vector<std::string> parameters;
    bool path_exists = false;
    for (const GatewayRoute& candidate : gateway_routes()) {
      auto fitting = net::match_path(candidate.pattern, request.path);
      if (!fitting) continue;
      path_exists = true;
      if (candidate.method != (request.method == "HEAD" ? "GET" : request.method)) continue;
      route = &candidate;
      parameters = std::move(*fitting);
      break;
    }
    if (route != nullptr) label = route->label;
    Outcome<ApiCaller> caller = identify(request, connection);
    if (auto allowed = within_rate(caller, connection); !allowed) co_return api::refuse(allowed.error());
    const bool open = route != nullptr && route->access == GatewayAccess::open;
    if (!caller && !open) co_return api::refuse(caller.error());
    if (route == nullptr && path_exists) {
      co_return api::refuse({405, "method_not_allowed", "this path does not take " + request.method, {}, 0});
    }
    if (route == nullptr) co_return api::refuse(api::not_found("path"));
    if (route->access == GatewayAccess::local && !connection.local_peer) {
      co_return api::refuse(api::forbidden("only the Unix socket takes this"));
    }
    GatewayCall call{request, std::move(parameters), {}};
    if (caller) call.caller = std::move(*caller);
    co_return co_await route->handler(gateway_, std::move(call));
  }

  Outcome<void> within_rate(const Outcome<ApiCaller>& caller, const net::Connection& connection) {
    if (connection.local_peer) return {};
    // Strangers share their address, without its port.
    const std::string who =
        caller ? "account " + caller->account : connection.remote.substr(0, connection.remote.rfind(':'));
    if (limit_.take(who, net::now())) return {};
    return api::refuse({429, "rate_limited", "too many requests", "slow down", 1});
  }

  // ---- CORS: pages are anywhere, and what lets them in is a token, not a cookie.

  static net::HttpResponse with_cors(net::HttpResponse response) {
    response.headers.push_back({"Access-Control-Allow-Origin", "*"});
    return response;
  }
  static net::HttpResponse preflight() {
    net::HttpResponse response;
    response.status = 204;
    response.headers.push_back({"Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key"});
    response.headers.push_back({"Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE, OPTIONS"});
    response.headers.push_back({"Access-Control-Max-Age", "600"});
    return response;
  }

  // ---- sockets

  net::Task<net::UpgradeReply> upgrade(net::HttpRequest request, const net::Connection& connection) {
    const TimePoint begin = net::now();
    const bool master = request.path.find("/master") != std::string::npos;
    Outcome<SocketClaims> claims = admit(request, connection);
    const unsigned status = claims ? 101 : claims.error().status;
    metrics_.record(master ? "streaming_websocket_master" : "streaming_websocket_slave", status, net::now() - begin, 0,
                    0);
    if (!claims) {
      metrics_.refuse(claims.error().code);
      co_return with_cors(gateway_error(claims.error()));
    }
    net::AcceptWebSocket accept;
    accept.limits.max_message = kMaxSocketMessage;
    accept.limits.max_buffered = kMaxSocketBuffered;
    accept.limits.first_message_timeout = std::chrono::seconds(0);  // the relay has one, with words
    accept.on_open = [this, claims = std::move(*claims)](const std::shared_ptr<net::WebSocket>& socket) {
      open(claims, socket);
    };
    co_return accept;
  }

  Outcome<SocketClaims> admit(const net::HttpRequest& request, const net::Connection& connection) {
    const Outcome<ApiCaller> nobody = api::refuse(no_token());
    if (auto allowed = within_rate(nobody, connection); !allowed) return api::refuse(allowed.error());
    const auto session = socket_session(request.path);
    if (!session) return api::refuse(api::not_found("WebSocket"));
    const auto token = net::query_value(request.query, "token");
    if (!token) return api::refuse(no_token());
    return gateway_.admit_socket(*token, *session);
  }

  void open(const SocketClaims& claims, const std::shared_ptr<net::WebSocket>& socket) {
    RelayPort port{[socket](std::string text) { socket->send(std::move(text)); }, [socket] { socket->close(); }};
    const auto client = gateway_.relay().attach(claims, std::move(port));
    if (!client) {
      socket->send(signalling_error(text(client.error())));
      socket->close();
      return;
    }
    Relay& relay = gateway_.relay();
    socket->on_message = [&relay, id = *client](std::string_view message) { relay.receive(id, message); };
    socket->on_close = [&relay, id = *client] { relay.detach(id); };
  }

  Gateway& gateway_;
  GatewayServerConfig config_;
  RateLimit limit_;
  HttpMetrics metrics_{"anbox_stream_gateway_http_"};
  std::unique_ptr<net::HttpServer> https_, local_;
};

GatewayServer::GatewayServer(boost::asio::io_context& io, Gateway& gateway, GatewayServerConfig config)
    : impl_(std::make_unique<Impl>(io, gateway, std::move(config))) {}
GatewayServer::~GatewayServer() = default;
std::uint16_t GatewayServer::port() const { return impl_->port(); }
void GatewayServer::stop() { impl_->stop(); }

}  // namespace redan::cloud
