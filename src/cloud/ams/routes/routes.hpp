// The table of routes: paths, the required access, and handlers. Each resource has its own file.
#pragma once

#include <span>

#include "cloud/ams/server.hpp"
#include "cloud/unit/upload.hpp"

namespace redan::cloud::ams {

/// The access that a route requires.
struct Open {};      ///< nothing
struct Joining {};   ///< the handler decides: adding a certificate
struct Internal {};  ///< an instance, by its certificate and its token: the handler calls admit()
using Access = std::variant<Open, Joining, trust::Scope, Internal>;

/// A request and its context.
struct Call {
  const net::HttpRequest& http;
  const net::Connection& connection;
  std::vector<std::string> parameters;  ///< of the path, decoded
  std::optional<trust::Caller> caller;  ///< absent on open routes
  std::string certificate_fingerprint;  ///< of the certificate presented, trusted or not
  const api::UnknownMembers& unknown;   ///< for api::Members::end
  bool containers = false;              ///< the path is that of older clients, /1.0/containers

  [[nodiscard]] Outcome<api::json::object> body() const { return api::parse_body(http.body); }
  [[nodiscard]] std::optional<std::string> query(std::string_view name) const {
    return net::query_value(http.query, name);
  }
  /// recursion=1 or true: objects instead of their paths.
  [[nodiscard]] bool recursive() const;
  [[nodiscard]] Outcome<PageRequest> page() const;
  [[nodiscard]] Outcome<std::optional<store::Revision>> if_match() const;
  /// The parameter of that index as a number; 404 "no such version" if it is none.
  [[nodiscard]] Outcome<std::int64_t> number(std::size_t index) const;
  /// The uploaded archive; null if the body is JSON. 400 if its SHA-256 is not X-AMS-Fingerprint.
  [[nodiscard]] Outcome<std::shared_ptr<unit::FileUpload>> upload() const;
  /// The JSON in X-AMS-Request, which describes an upload.
  [[nodiscard]] Outcome<api::json::object> upload_request() const;
};

using Reply = Outcome<net::HttpResponse>;
using Handler = net::Task<Reply> (*)(Ams&, Call);

struct Route {
  std::string_view method;
  std::string_view pattern;  ///< of net::match_path
  Access access;
  std::string_view object;  ///< for the metrics: "instances"
  Handler handler;
  bool takes_upload = false;  ///< a body of type application/octet-stream is an archive
};

/// The body of a bulk deletion.
struct BulkRequest {
  std::vector<std::string> ids;  ///< ids or names; at least one, each once
  bool force = false;
  static Outcome<BulkRequest> parse(const api::json::object& body, const api::UnknownMembers& unknown);
};

/// The body of a deletion: {"force": bool}, or nothing.
Outcome<bool> parse_force(const Call& call);

/// Authenticates an instance that calls about itself: by its certificate and its token, with this scope. `which` is
/// empty if the path does not name the instance.
net::Task<Outcome<api::Instance>> admit(Ams& ams, const Call& call, std::string which, std::string_view scope);

/// All routes, by resource.
std::span<const Route> routes();
/// The route on which an instance reports its own status.
const Route& status_report_route();

std::span<const Route> service_routes();
std::span<const Route> trust_routes();
std::span<const Route> auth_routes();
std::span<const Route> application_routes();
std::span<const Route> instance_routes();
std::span<const Route> exec_routes();
std::span<const Route> share_routes();
std::span<const Route> internal_routes();
std::span<const Route> sealing_routes();
std::span<const Route> stream_routes();
std::span<const Route> image_routes();
std::span<const Route> addon_routes();
std::span<const Route> node_routes();
std::span<const Route> operation_routes();
/// Documented routes of features that are not implemented.
std::span<const Route> refused_routes();

/// The exact match of the documented filters: a query's value equals the member of that name; of a list, the list has
/// each of the comma-separated values. `filters`: those that this resource has.
bool passes(const api::json::object& object, const Call& call, std::span<const std::string_view> filters);
/// 400 for a query that is neither one of these filters nor common to all lists.
Outcome<void> check_filters(const Call& call, std::span<const std::string_view> filters);
bool has_filter(const Call& call, std::span<const std::string_view> filters);

/// A page of a list of objects: the objects, or "<path>/<id>".
Reply list_reply(const Call& call, api::json::array objects, std::string_view path, std::string_view id,
                 std::span<const std::string_view> filters);

std::string etag(store::Revision revision);
net::HttpResponse with_etag(net::HttpResponse response, store::Revision revision);
net::HttpResponse sync_reply(api::json::value metadata, std::optional<std::size_t> total = std::nullopt);
net::HttpResponse async_reply(const api::Operation& operation);
net::HttpResponse error_reply(const api::Refusal& refusal);

}  // namespace redan::cloud::ams
