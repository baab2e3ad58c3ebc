#include "cloud/gateway/server.hpp"

#include "cloud/errors.hpp"
#include "cloud/gateway/metrics.hpp"
#include "cloud/gateway/routes.hpp"
#include "cloud/token/authorization.hpp"
#include "cloud/unit/routes.hpp"
#include "cloud/unit/server.hpp"

namespace redan::cloud::gateway {
namespace {

// Messages above the relay's limit but below this one are refused with an error message; above it the socket just
// closes.
constexpr std::size_t kMaxSocketMessage = 128 * 1024;
constexpr std::size_t kMaxSocketBuffered = 512 * 1024;

struct SocketPath {
  std::string session;  ///< its id
  bool is_adb = false;

  /// The path may be singular or plural; clients that stream use either of two names.
  static std::optional<SocketPath> parse(std::string_view path) {
    for (const std::string_view pattern : {"/1.0/session/{id}/sockets/{name}", "/1.0/sessions/{id}/sockets/{name}"}) {
      auto parameters = net::match_path(pattern, path);
      if (!parameters) continue;
      const std::string& name = parameters->at(1);
      if (name == "slave" || name == "master" || name == "adb") return SocketPath{parameters->at(0), name == "adb"};
    }
    return std::nullopt;
  }
};

bool is_api(std::string_view path) {
  return path.starts_with("/1.0") || path.starts_with("/internal/") || path == "/metrics";
}

api::Refusal no_token() {
  return {401, "token_missing", "this route asks for a token",
          "send \"Authorization: macaroon root=<token>\"; redan gateway account create makes one", 0};
}
api::Refusal no_socket_token() {
  return {401, "token_missing", "a socket is opened with the token in its URL",
          "take the URL that creating or joining a session gives", 0};
}

}  // namespace

class Server::Impl {
 public:
  Impl(boost::asio::io_context& io, Gateway& gateway, ServerConfig config)
      : gateway_(gateway), config_(std::move(config)), server_(io, server_config(config_), handlers()) {}

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  void drain(std::function<void()> drained) { server_.drain(std::move(drained)); }
  void stop() { server_.stop(); }

 private:
  static unit::ServerConfig server_config(const ServerConfig& config) {
    unit::ServerConfig server;
    server.https = config.https;
    server.local = config.local;
    server.local_users = config.local_users;
    server.metrics_prefix = std::string(kGatewayMetrics) + "http_";
    server.requests_per_second = config.requests_per_second;
    server.rate_setting = setting::kRate;
    server.max_connections = config.max_connections;
    server.max_connections_per_address = config.max_connections_per_address;
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
    handlers.error = gateway_error;
    handlers.finish = [this](net::HttpResponse& response, const std::string& origin) { add_cors(response, origin); };
    handlers.is_api = is_api;
    handlers.other_handler = config_.other_handler;
    handlers.other_upgrade = config_.other_upgrade;
    return handlers;
  }

  Outcome<ApiCaller> identify(const net::HttpRequest& request, const net::Connection& connection) {
    if (connection.local_peer) return local_caller(*connection.local_peer);
    const auto header = net::find_header(request.headers, "Authorization");
    const auto parameter = header ? std::nullopt : net::query_value(request.query, "api_token");
    if (!header && !parameter) return api::refuse(no_token());
    std::string_view token = parameter ? std::string_view(*parameter) : std::string_view();
    if (header) {
      const auto presented = token::parse_authorization(*header);
      if (!presented) return api::refuse(api::refusal_of(presented.error()));
      if (presented->kind != token::PresentedToken::Kind::macaroon)
        return api::refuse(api::refusal_of(errc::token_syntax));
      token = presented->text;
    }
    auto caller = gateway_.admit(token);
    if (caller) return std::move(*caller);
    api::Refusal refusal = api::refusal_of(caller.error());
    // The scope has not been checked at this point, so the fault is in the token.
    if (refusal.status == 403) refusal.status = 401;
    return api::refuse(std::move(refusal));
  }

  Outcome<ApiCaller> local_caller(const net::LocalPeer& peer) const {
    if (!server_.is_local_user(peer)) return api::refuse(api::forbidden("this user may not use the socket"));
    return ApiCaller{local_account(peer.uid), {GatewayOperation::admin}, {}, {}, {}};
  }

  net::Task<Reply> answer(const net::HttpRequest& request, const net::Connection& connection, std::string& label) {
    auto match = unit::find_route(gateway_routes(), request.method, request.path);
    const Route* route = match.route;
    if (route != nullptr) label = route->label;
    Outcome<ApiCaller> caller = identify(request, connection);
    if (caller) connection.admitted = true;
    REDAN_CO_CHECK(within_rate(caller, connection));
    // A preflight request carries no token, and its response does not reveal what exists.
    if (request.method == "OPTIONS") {
      label = "options";
      co_return preflight();
    }
    const bool open = route != nullptr && route->access == Access::open;
    if (!caller && !open) co_return api::refuse(caller.error());
    if (request.path == "/metrics" || request.path == "/internal/1.0/metrics") {
      label = "get_metrics";
      co_return metrics_page(*caller);
    }
    if (route == nullptr) co_return api::refuse(unit::no_route(request.method, match.path_exists));
    if (route->access == Access::local && !connection.local_peer) {
      co_return api::refuse(api::forbidden("only the Unix socket takes this"));
    }
    Call call{request, std::move(match.parameters), {}};
    if (caller) call.caller = std::move(*caller);
    co_return co_await route->handler(gateway_, std::move(call));
  }

  Outcome<void> within_rate(const Outcome<ApiCaller>& caller, const net::Connection& connection) {
    server_.set_rate(static_cast<double>(gateway_.config().number(setting::kRate)));
    return server_.take(caller ? "account " + caller->account : connection.network, connection);
  }

  Reply metrics_page(const ApiCaller& caller) const {
    REDAN_CHECK(caller.may(GatewayOperation::read));
    return unit::metrics_page(gateway_metrics(gateway_, server_.metrics()));
  }

  // CORS. Pages authenticate with a token, which they must possess, and not with a cookie, which the browser would
  // attach for any page.

  void add_cors(net::HttpResponse& response, const std::string& origin) const {
    std::string allowed = gateway_.config().allowed_origin(origin);
    if (allowed != "*") response.headers.push_back({"Vary", "Origin"});
    if (!allowed.empty()) response.headers.push_back({"Access-Control-Allow-Origin", std::move(allowed)});
  }
  net::HttpResponse preflight() const {
    net::HttpResponse response;
    response.status = 204;
    response.headers.push_back({"Access-Control-Allow-Headers", gateway_.config().text(setting::kHeaders)});
    response.headers.push_back({"Access-Control-Allow-Methods", gateway_.config().text(setting::kMethods)});
    response.headers.push_back({"Access-Control-Max-Age", "600"});
    return response;
  }

  // Sockets.

  net::Task<net::UpgradeReply> upgrade(net::HttpRequest request, const net::Connection& connection) {
    const TimePoint begin = net::now();
    const bool master = request.path.find("/master") != std::string::npos;
    const bool adb = request.path.ends_with("/adb");
    auto admitted = co_await admit(request, connection);
    const unsigned status = admitted ? 101 : admitted.error().status;
    const std::string label = adb      ? "streaming_websocket_adb"
                              : master ? "streaming_websocket_master"
                                       : "streaming_websocket_slave";
    server_.metrics().record(label, status, net::now() - begin, 0, 0);
    if (!admitted) {
      server_.metrics().refuse(admitted.error().code);
      net::HttpResponse refused = gateway_error(admitted.error());
      add_cors(refused, std::string(net::find_header(request.headers, "Origin").value_or("")));
      co_return refused;
    }
    net::AcceptWebSocket accept;
    accept.limits.max_message = kMaxSocketMessage;
    accept.limits.max_buffered = kMaxSocketBuffered;
    // The relay has its own timeout, and sends an error message.
    accept.limits.first_message_timeout = std::chrono::seconds(0);
    accept.on_open = [this, admission = std::move(*admitted)](const std::shared_ptr<net::WebSocket>& socket) {
      open(admission, socket);
    };
    co_return accept;
  }

  net::Task<Outcome<Gateway::SocketAdmission>> admit(const net::HttpRequest& request,
                                                     const net::Connection& connection) {
    const Outcome<ApiCaller> unauthenticated = api::refuse(no_socket_token());
    REDAN_CO_CHECK(within_rate(unauthenticated, connection));
    auto path = SocketPath::parse(request.path);
    if (!path) co_return api::refuse(api::not_found("WebSocket"));
    auto token = net::query_value(request.query, "token");
    if (!token) co_return api::refuse(no_socket_token());
    REDAN_CO_TRY(auto admission, co_await gateway_.admit_socket(std::move(*token), std::move(path->session)));
    const bool is_adb = admission.claims.role == api::LinkHello::Role::adb;
    if (is_adb != path->is_adb) co_return api::refuse(api::refusal_of(errc::token_scope));
    co_return std::move(admission);
  }

  void open(const Gateway::SocketAdmission& admission, const std::shared_ptr<net::WebSocket>& socket) {
    const auto turn_away = [&](std::string_view message) {
      socket->send(signalling_error(message));
      socket->close();
    };
    if (!admission.over.empty()) return turn_away(admission.over);
    // The session may have ended while the socket was being opened.
    const auto known = gateway_.sessions().find(admission.claims.session);
    if (known != gateway_.sessions().end() && known->second.session.over()) return turn_away("the session is over");
    if (!gateway_.stands(admission.claims)) return turn_away("the account or the share was deleted");
    Relay& relay = gateway_.relay();
    RelayPort port{[socket](std::string text) { socket->send(std::move(text)); }, [socket] { socket->close(); }};
    const auto client = relay.attach(admission.claims, std::move(port));
    if (!client) return turn_away(text(client.error()));
    socket->on_message = [&relay, id = *client](std::string_view message) { relay.receive(id, message); };
    socket->on_close = [&relay, id = *client] { relay.detach(id); };
  }

  Gateway& gateway_;
  ServerConfig config_;
  unit::Server server_;
};

Server::Server(boost::asio::io_context& io, Gateway& gateway, ServerConfig config)
    : impl_(std::make_unique<Impl>(io, gateway, std::move(config))) {}
Server::~Server() = default;
std::uint16_t Server::port() const { return impl_->port(); }
void Server::drain(std::function<void()> drained) { impl_->drain(std::move(drained)); }
void Server::stop() { impl_->stop(); }

}  // namespace redan::cloud::gateway
