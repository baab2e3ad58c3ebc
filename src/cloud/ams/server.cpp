#include "cloud/ams/server.hpp"

#include <boost/json/serialize.hpp>
#include <charconv>

#include "base/hex.hpp"
#include "cloud/ams/routes/routes.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/rfc3339.hpp"
#include "cloud/unit/routes.hpp"
#include "cloud/unit/server.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {
namespace {

constexpr std::string_view kContainers = "/1.0/containers";
constexpr std::string_view kRateSetting = "core.max_requests_per_second";
constexpr std::string_view kEvents = "/1.0/events";
constexpr std::size_t kMaxUpload = std::size_t{4} << 30;
constexpr std::size_t kMaxUploads = 4;            // at once
constexpr std::uint16_t kPolicyViolation = 1008;  // RFC 6455 section 7.4.1

// Maps the older name of /1.0/instances to the current one.
std::string canonical(std::string_view path) {
  if (path != kContainers && !path.starts_with("/1.0/containers/")) return std::string(path);
  return "/1.0/instances" + std::string(path.substr(kContainers.size()));
}

bool are_event_types(std::string_view list) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(one.size() + 1, list.size()));
    if (one != "operation" && one != "lifecycle" && one != "all") return false;
  }
  return true;
}

}  // namespace

class Server::Impl {
 public:
  Impl(boost::asio::io_context& io, Ams& ams, ServerConfig config)
      : ams_(ams), server_(io, server_config(std::move(config)), handlers()) {
    ams_.on_event = [this](const Event& event) { publish(event); };
    ams_.on_distrust = [this] { cut_distrusted(); };
  }
  ~Impl() {
    ams_.on_event = {};
    ams_.on_distrust = {};
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  void stop() { server_.stop(); }

 private:
  static unit::ServerConfig server_config(ServerConfig config) {
    unit::ServerConfig server;
    server.https = std::move(config.https);
    server.https.client_certificates = net::ClientCertificates::requested;
    server.local = std::move(config.local);
    server.local_users = std::move(config.local_users);
    server.metrics_prefix = "ams_http_";
    server.max_upload = kMaxUpload;
    server.requests_per_second = config.requests_per_second;
    server.rate_setting = kRateSetting;
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
    handlers.upload = [this](const net::HttpRequest& request, const net::Connection& connection) {
      return upload(request, connection);
    };
    handlers.error = error_reply;
    return handlers;
  }

  /// The body of a request that its caller may make, for a route that takes archives. Others stay small, and their
  /// handlers refuse them.
  std::shared_ptr<net::Upload> upload(const net::HttpRequest& request, const net::Connection& connection) {
    const auto type = net::find_header(request.headers, "Content-Type");
    if (!type || !type->starts_with("application/octet-stream")) return nullptr;
    const Result<trust::Caller> caller = identify(connection);
    const auto match = unit::find_route(routes(), request.method, canonical(request.path));
    if (!caller || match.route == nullptr || !match.route->takes_upload) return nullptr;
    connection.admitted = true;  // the body takes its time
    const auto* scope = std::get_if<trust::Scope>(&match.route->access);
    if (scope == nullptr || !caller->may(*scope)) return nullptr;
    std::erase_if(uploads_, [](const auto& one) { return one.expired(); });
    const auto directory = make_directory(ams_.context(), incoming(ams_.context()));
    if (uploads_.size() >= kMaxUploads || !directory) return nullptr;
    const auto upload = unit::FileUpload::make(*directory, kMaxUpload, ams_.context().provider);
    if (upload) uploads_.push_back(upload);
    return upload;
  }

  // Authentication.

  Result<trust::Caller> identify(const net::Connection& connection) {
    if (connection.local_peer) return local_caller(*connection.local_peer);
    if (!connection.certificate) return refuse(errc::trust_unknown);
    const net::ClientCertificate& shown = *connection.certificate;
    return ams_.verifier().admit(shown.sha256, shown.der, shown.chain, net::wall_time(), net::now());
  }
  Result<trust::Caller> local_caller(const net::LocalPeer& peer) const {
    if (!server_.is_local_user(peer)) return refuse(errc::trust_unknown);
    return trust::Caller{"local-" + std::to_string(peer.uid), {}, trust::Role::admin, {}};
  }
  // Closes open connections whose certificate is no longer in the trust store, including idle ones and sockets.
  // Connections of untrusted clients, which present a certificate in order to join, are also closed; they lose nothing.
  void cut_distrusted() {
    for (const Listener& listener : listeners_) {
      const bool trusted = may_listen(listener.trusted_by);
      if (const auto socket = trusted ? nullptr : listener.socket.lock()) socket->close(kPolicyViolation, {});
    }
    server_.close_if([this](const net::Connection& connection) {
      if (!connection.certificate || is_instance(connection)) return false;
      const net::ClientCertificate& shown = *connection.certificate;
      return !ams_.verifier().admit(shown.sha256, shown.der, shown.chain, net::wall_time(), net::now());
    });
  }

  /// Whether the record of the trust store still permits it; local users need none.
  bool may_listen(const std::string& trusted_by) const {
    if (trusted_by.empty()) return true;
    const auto record = ams_.verifier().all().find(trusted_by);
    if (record == ams_.verifier().all().end()) return false;
    return trust::Caller{{}, {}, record->second.role, record->second.scopes}.may(trust::Scope::events_read);
  }

  // Requests.

  net::Task<Reply> answer(const net::HttpRequest& request, const net::Connection& connection, std::string& label) {
    const auto count_as = [&](std::string_view object) {
      label = (connection.local_peer ? "unix_" : "https_") + std::string(object) + "_" +
              std::string(api::method_label(request.method));
    };
    const Result<trust::Caller> caller = identify(connection);
    if (caller || is_instance(connection)) connection.admitted = true;
    REDAN_CO_CHECK(within_rate(caller, connection));
    const std::string path = canonical(request.path);
    if (path == "/1.0/metrics" || path == "/internal/1.0/metrics") {
      count_as("metrics");
      REDAN_CO_CHECK(permit(caller, trust::Scope::metrics_read));
      co_return metrics_page();
    }
    auto match = unit::find_route(routes(), request.method, path);
    const Route* route = match.route;
    // An instance reports its status on the path on which clients change it; the presence of a token distinguishes the
    // two.
    if (route != nullptr && route->method == "PATCH" && route->object == "instance" &&
        net::find_header(request.headers, "Authorization")) {
      route = &status_report_route();
    }
    if (route == nullptr && !caller) co_return api::refuse(api::refusal_of(caller.error()));
    if (route == nullptr) co_return api::refuse(unit::no_route(request.method, match.path_exists));
    count_as(route->object);
    if (const auto* scope = std::get_if<trust::Scope>(&route->access)) REDAN_CO_CHECK(permit(caller, *scope));
    Call call{request,
              connection,
              std::move(match.parameters),
              {},
              {},
              ams_.settings().unknown_members,
              request.path.starts_with(kContainers)};
    if (caller) call.caller = *caller;
    if (connection.certificate) call.certificate_fingerprint = to_hex(connection.certificate->sha256.bytes());
    co_return co_await route->handler(ams_, std::move(call));
  }

  static Outcome<void> permit(const Result<trust::Caller>& caller, trust::Scope scope) {
    if (!caller) return api::refuse(api::refusal_of(caller.error()));
    if (!caller->may(scope)) return api::refuse(api::refusal_of(errc::trust_role));
    return {};
  }

  static std::string fingerprint_of(const net::Connection& connection) {
    return connection.certificate ? to_hex(connection.certificate->sha256.bytes()) : std::string();
  }
  /// Whether the certificate is an instance's. Its token determines what it may do.
  bool is_instance(const net::Connection& connection) const {
    return ams_.is_instance_certificate(fingerprint_of(connection));
  }

  Outcome<void> within_rate(const Result<trust::Caller>& caller, const net::Connection& connection) {
    const std::string text = ams_.config(std::string(kRateSetting));
    unsigned rate = 0;
    std::from_chars(text.data(), text.data() + text.size(), rate);
    server_.set_rate(rate);
    return server_.take(caller || is_instance(connection) ? fingerprint_of(connection) : connection.network,
                        connection);
  }

  net::HttpResponse metrics_page() const {
    std::string out;
    const auto counts = ams_.instances_by_status();
    std::size_t total = 0;
    for (const auto& [status, count] : counts) total += count;
    api::write_type(out, "ams_cluster_instances_total", "gauge");
    api::write_sample(out, "ams_cluster_instances_total", "", static_cast<double>(total));
    api::write_type(out, "ams_cluster_instances_per_status_total", "gauge");
    for (const auto& [status, count] : counts) {
      api::write_sample(out, "ams_cluster_instances_per_status_total", "status=\"" + std::string(name(status)) + "\"",
                        static_cast<double>(count));
    }
    api::write_type(out, "ams_cluster_applications_total", "gauge");
    api::write_sample(out, "ams_cluster_applications_total", "", static_cast<double>(ams_.offers().size()));
    server_.metrics().write(out);
    return unit::metrics_page(std::move(out));
  }

  // Events.

  net::Task<net::UpgradeReply> upgrade(net::HttpRequest request, const net::Connection& connection) {
    if (const auto operation = net::match_path("/1.0/operations/{id}/websocket", request.path)) {
      co_return attach(operation->front(), net::query_value(request.query, "secret").value_or(""));
    }
    if (canonical(request.path) != kEvents) co_return error_reply(api::not_found("WebSocket"));
    if (!net::same_origin(request)) co_return error_reply(api::forbidden("a page from elsewhere may not listen"));
    const Result<trust::Caller> caller = identify(connection);
    if (auto allowed = within_rate(caller, connection); !allowed) co_return error_reply(allowed.error());
    const auto token = net::query_value(request.query, "token");
    std::string trusted_by = caller ? caller->trusted_by : std::string();
    if (token) {
      auto holder = co_await ams_.use_events_token(*token);
      if (!holder) co_return error_reply(holder.error());
      trusted_by = std::move(*holder);
      if (!may_listen(trusted_by)) co_return error_reply(api::refusal_of(errc::trust_role));
    } else if (auto allowed = permit(caller, trust::Scope::events_read); !allowed) {
      co_return error_reply(allowed.error());
    }
    const std::string kinds = net::query_value(request.query, "type").value_or("");
    if (!are_event_types(kinds)) {
      co_return error_reply(api::bad_request("\"type\" is operation, lifecycle or all; commas separate several"));
    }
    net::AcceptWebSocket accept;
    accept.limits.first_message_timeout = std::chrono::seconds(0);  // listeners do not send messages
    accept.on_open = [this, kinds, trusted_by](const std::shared_ptr<net::WebSocket>& socket) {
      std::erase_if(listeners_, [](const Listener& listener) { return listener.socket.expired(); });
      listeners_.push_back({socket, kinds, trusted_by});
    };
    co_return accept;
  }

  // Its secret authenticates the client: the operation's owner may have given it to another program.
  net::UpgradeReply attach(const std::string& operation, const std::string& secret) {
    auto taker = ams_.executions().attach(operation, secret);
    if (!taker) return error_reply(taker.error());
    net::AcceptWebSocket accept;
    accept.limits.first_message_timeout = std::chrono::seconds(0);
    accept.on_open = std::move(*taker);
    return accept;
  }

  void publish(const Event& event) {
    if (listeners_.empty()) return;
    boost::json::object message{
        {"type", event.type}, {"timestamp", token::to_rfc3339(net::wall_time())}, {"metadata", event.metadata}};
    const std::string text = boost::json::serialize(message);
    for (const Listener& listener : listeners_) {
      if (listener.kinds.find(event.type) == std::string::npos && !listener.hears_all()) continue;
      if (const auto socket = listener.socket.lock()) socket->send(text);
    }
  }

  struct Listener {
    std::weak_ptr<net::WebSocket> socket;
    [[nodiscard]] bool hears_all() const { return kinds.empty() || kinds.find("all") != std::string::npos; }
    std::string kinds;       ///< "operation,lifecycle"; empty or with "all": all
    std::string trusted_by;  ///< Caller::trusted_by; the holder of a token presents no certificate
  };

  Ams& ams_;
  std::vector<std::weak_ptr<net::Upload>> uploads_;
  std::vector<Listener> listeners_;
  unit::Server server_;
};

Server::Server(boost::asio::io_context& io, Ams& ams, ServerConfig config)
    : impl_(std::make_unique<Impl>(io, ams, std::move(config))) {}
Server::~Server() = default;
std::uint16_t Server::port() const { return impl_->port(); }
void Server::stop() { impl_->stop(); }

}  // namespace redan::cloud::ams
