#include "cloud/gateway/server.hpp"

#include <unistd.h>

#include <algorithm>

#include "cloud/api/rate_limit.hpp"
#include "cloud/errors.hpp"
#include "cloud/gateway/metrics.hpp"
#include "cloud/gateway/routes.hpp"
#include "cloud/token/authorization.hpp"

namespace redan::cloud::gateway {
namespace {

// Room for what the relay refuses with a word of explanation; beyond it the socket just closes.
constexpr std::size_t kMaxSocketMessage = 128 * 1024;
constexpr std::size_t kMaxSocketBuffered = 512 * 1024;
// For the last answer to leave before its connection is cut.
constexpr std::chrono::milliseconds kLastAnswer{300};

/// The id of the session whose socket a path names: singular and plural, and both old names of the socket.
std::optional<std::string> socket_session(std::string_view path) {
  for (const std::string_view pattern : {"/1.0/session/{id}/sockets/slave", "/1.0/sessions/{id}/sockets/slave",
                                         "/1.0/session/{id}/sockets/master", "/1.0/sessions/{id}/sockets/master"}) {
    if (auto parameters = net::match_path(pattern, path)) return std::move(parameters->front());
  }
  return std::nullopt;
}

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

std::string origin_of(const net::HttpRequest& request) {
  return std::string(net::find_header(request.headers, "Origin").value_or(""));
}

}  // namespace

class Server::Impl {
 public:
  Impl(boost::asio::io_context& io, Gateway& gateway, ServerConfig config)
      : gateway_(gateway), config_(std::move(config)), limit_(config_.requests_per_second), drain_timer_(io) {
    https_ = std::make_unique<net::HttpServer>(io, server_config(config_.https));
    if (config_.local) local_ = std::make_unique<net::HttpServer>(io, server_config(*config_.local));
  }

  [[nodiscard]] std::uint16_t port() const { return https_->port(); }
  void drain(std::function<void()> drained) {
    drained_ = std::move(drained);
    https_->stop_accepting();
    if (local_) local_->stop_accepting();
    tell_if_drained();
  }
  void stop() {
    https_->stop();
    if (local_) local_->stop();
  }

 private:
  net::HttpServerConfig server_config(net::ListenAt listen) {
    net::HttpServerConfig config;
    config.listen = std::move(listen);
    config.handler = [this](net::HttpRequest request, const net::Connection& connection) {
      if (config_.other_handler && !is_api(request.path)) return config_.other_handler(std::move(request), connection);
      return handle(std::move(request), connection);
    };
    config.on_upgrade = [this](net::HttpRequest request, const net::Connection& connection) {
      if (config_.other_upgrade && !is_api(request.path)) return config_.other_upgrade(std::move(request), connection);
      return upgrade(std::move(request), connection);
    };
    config.error_response = [this](unsigned status, std::string_view text) {
      return with_cors(gateway_error({status, "bad_request", std::string(text), {}, 0}), {});
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
      const auto presented = token::parse_authorization(*header);
      if (!presented) return api::refuse(api::refusal_of(presented.error()));
      if (presented->kind != token::PresentedToken::Kind::macaroon)
        return api::refuse(api::refusal_of(errc::token_syntax));
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
    return ApiCaller{local_account(peer.uid), {GatewayOperation::admin}, {}, {}, {}};
  }

  // ---- requests

  net::Task<net::HttpResponse> handle(net::HttpRequest request, const net::Connection& connection) {
    const TimePoint begin = net::now();
    ++in_flight_;
    metrics_.begin();
    std::string_view label = "unknown";
    Reply reply = co_await answer(request, connection, label);
    if (!reply) metrics_.refuse(reply.error().code);
    net::HttpResponse response = reply ? std::move(*reply) : gateway_error(reply.error());
    response.headers.push_back({"Cache-Control", "no-store"});
    metrics_.end();
    metrics_.record(std::string(label), response.status, net::now() - begin, request.body.size(), response.body.size());
    --in_flight_;
    if (drained_) response.headers.push_back({"Connection", "close"});
    if (drained_) tell_if_drained();
    co_return with_cors(std::move(response), origin_of(request));
  }

  void tell_if_drained() {
    if (in_flight_ != 0) return;
    drain_timer_.expires_after(kLastAnswer);
    drain_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error && in_flight_ == 0) drained_();
    });
  }

  struct Target {
    const Route* route = nullptr;
    std::vector<std::string> parameters{};
    bool path_exists = false;
  };
  static Target find_route(const net::HttpRequest& request) {
    Target target;
    const std::string_view method = request.method == "HEAD" ? std::string_view("GET") : request.method;
    for (const Route& candidate : gateway_routes()) {
      auto fitting = net::match_path(candidate.pattern, request.path);
      if (!fitting) continue;
      target.path_exists = true;
      if (candidate.method != method) continue;
      target.route = &candidate;
      target.parameters = std::move(*fitting);
      break;
    }
    return target;
  }

  net::Task<Reply> answer(const net::HttpRequest& request, const net::Connection& connection, std::string_view& label) {
    Target target = find_route(request);
    if (target.route != nullptr) label = target.route->label;
    Outcome<ApiCaller> caller = identify(request, connection);
    if (caller) connection.admitted = true;
    REDAN_CO_CHECK(within_rate(caller, connection));
    // A preflight brings no token, and says nothing about what is there.
    if (request.method == "OPTIONS") {
      label = "options";
      co_return preflight();
    }
    const bool open = target.route != nullptr && target.route->access == Access::open;
    if (!caller && !open) co_return api::refuse(caller.error());
    if (request.path == "/metrics" || request.path == "/internal/1.0/metrics") {
      label = "get_metrics";
      co_return metrics_page(*caller);
    }
    if (target.route == nullptr && target.path_exists) {
      co_return api::refuse({405, "method_not_allowed", "this path does not take " + request.method, {}, 0});
    }
    if (target.route == nullptr) co_return api::refuse(api::not_found("path"));
    if (target.route->access == Access::local && !connection.local_peer) {
      co_return api::refuse(api::forbidden("only the Unix socket takes this"));
    }
    Call call{request, std::move(target.parameters), {}};
    if (caller) call.caller = std::move(*caller);
    co_return co_await target.route->handler(gateway_, std::move(call));
  }

  Outcome<void> within_rate(const Outcome<ApiCaller>& caller, const net::Connection& connection) {
    if (connection.local_peer) return {};
    const std::int64_t set = gateway_.config().number(setting::kRate);
    limit_.set(set > 0 ? static_cast<double>(set) : config_.requests_per_second);
    const std::string who = caller ? "account " + caller->account : connection.network;
    if (limit_.take(who, net::now())) return {};
    return api::refuse(
        {429, "rate_limited", "too many requests", "slow down, or raise core.max_http_requests_per_second", 1});
  }

  Reply metrics_page(const ApiCaller& caller) const {
    REDAN_CHECK(caller.may(GatewayOperation::read));
    net::HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = gateway_metrics(gateway_, metrics_);
    return response;
  }

  // ---- CORS: what lets a page in is a token, which it must have, not a cookie, which it would have anyway.

  net::HttpResponse with_cors(net::HttpResponse response, const std::string& origin) const {
    std::string allowed = gateway_.config().allowed_origin(origin);
    if (allowed != "*") response.headers.push_back({"Vary", "Origin"});
    if (!allowed.empty()) response.headers.push_back({"Access-Control-Allow-Origin", std::move(allowed)});
    return response;
  }
  net::HttpResponse preflight() const {
    net::HttpResponse response;
    response.status = 204;
    response.headers.push_back({"Access-Control-Allow-Headers", gateway_.config().text(setting::kHeaders)});
    response.headers.push_back({"Access-Control-Allow-Methods", gateway_.config().text(setting::kMethods)});
    response.headers.push_back({"Access-Control-Max-Age", "600"});
    return response;
  }

  // ---- sockets

  net::Task<net::UpgradeReply> upgrade(net::HttpRequest request, const net::Connection& connection) {
    const TimePoint begin = net::now();
    const bool master = request.path.find("/master") != std::string::npos;
    auto admitted = co_await admit(request, connection);
    const unsigned status = admitted ? 101 : admitted.error().status;
    metrics_.record(master ? "streaming_websocket_master" : "streaming_websocket_slave", status, net::now() - begin, 0,
                    0);
    if (!admitted) {
      metrics_.refuse(admitted.error().code);
      co_return with_cors(gateway_error(admitted.error()), origin_of(request));
    }
    net::AcceptWebSocket accept;
    accept.limits.max_message = kMaxSocketMessage;
    accept.limits.max_buffered = kMaxSocketBuffered;
    accept.limits.first_message_timeout = std::chrono::seconds(0);  // the relay has one, with words
    accept.on_open = [this, admission = std::move(*admitted)](const std::shared_ptr<net::WebSocket>& socket) {
      open(admission, socket);
    };
    co_return accept;
  }

  net::Task<Outcome<Gateway::SocketAdmission>> admit(const net::HttpRequest& request,
                                                     const net::Connection& connection) {
    const Outcome<ApiCaller> nobody = api::refuse(no_socket_token());
    REDAN_CO_CHECK(within_rate(nobody, connection));
    auto session = socket_session(request.path);
    if (!session) co_return api::refuse(api::not_found("WebSocket"));
    auto token = net::query_value(request.query, "token");
    if (!token) co_return api::refuse(no_socket_token());
    co_return co_await gateway_.admit_socket(std::move(*token), std::move(*session));
  }

  void open(const Gateway::SocketAdmission& admission, const std::shared_ptr<net::WebSocket>& socket) {
    const auto turn_away = [&](std::string_view message) {
      socket->send(signalling_error(message));
      socket->close();
    };
    if (!admission.over.empty()) return turn_away(admission.over);
    // It may have ended while the socket was being opened.
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
  api::RateLimit limit_;
  api::HttpMetrics metrics_{std::string(kGatewayMetrics) + "http_"};
  std::size_t in_flight_ = 0;
  std::function<void()> drained_;  ///< empty: it is not to end
  boost::asio::steady_timer drain_timer_;
  std::unique_ptr<net::HttpServer> https_, local_;
};

Server::Server(boost::asio::io_context& io, Gateway& gateway, ServerConfig config)
    : impl_(std::make_unique<Impl>(io, gateway, std::move(config))) {}
Server::~Server() = default;
std::uint16_t Server::port() const { return impl_->port(); }
void Server::drain(std::function<void()> drained) { impl_->drain(std::move(drained)); }
void Server::stop() { impl_->stop(); }

}  // namespace redan::cloud::gateway
