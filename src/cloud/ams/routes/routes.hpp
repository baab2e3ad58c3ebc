// The table of routes: paths, the required access, and handlers.
#pragma once

#include <span>

#include "cloud/ams/server.hpp"

namespace redan::cloud::ams {

/// The access that a route requires.
struct Open {};     ///< nothing
struct Joining {};  ///< the handler decides: adding a certificate
struct Internal {   ///< an instance: its certificate and its token, with this scope
  std::string_view scope;
};
using Access = std::variant<Open, Joining, trust::Scope, Internal>;

/// A request and its context.
struct Call {
  const net::HttpRequest& http;
  const net::Connection& connection;
  std::vector<std::string> parameters;  ///< of the path, decoded
  std::optional<trust::Caller> caller;  ///< absent on open routes
  std::string certificate_fingerprint;  ///< of the certificate presented, trusted or not

  /// recursion=1: objects instead of their paths.
  [[nodiscard]] bool recursive() const;
  [[nodiscard]] Outcome<PageRequest> page() const;
  [[nodiscard]] Outcome<std::optional<store::Revision>> if_match() const;
};

using Reply = Outcome<net::HttpResponse>;
using Handler = net::Task<Reply> (*)(Ams&, Call);

struct Route {
  std::string_view method;
  std::string_view pattern;  ///< of net::match_path
  Access access;
  std::string_view object;  ///< for the metrics: "instances"
  Handler handler;
};

/// Authenticates an instance that calls about itself: by its certificate and its token, with this scope. `which` is
/// empty if the path does not name the instance.
net::Task<Outcome<api::Instance>> admit(Ams& ams, const Call& call, std::string which, std::string_view scope);

// Applications (application_routes.cpp).
net::Task<Reply> list_applications(Ams& ams, Call call);
net::Task<Reply> add_application(Ams& ams, Call call);
net::Task<Reply> show_application(Ams& ams, Call call);
net::Task<Reply> add_application_version(Ams& ams, Call call);
net::Task<Reply> remove_application(Ams& ams, Call call);
net::Task<Reply> show_version(Ams& ams, Call call);
net::Task<Reply> publish_version(Ams& ams, Call call);
net::Task<Reply> list_offers(Ams& ams, Call call);

// Sealed channels (sealing_routes.cpp).
net::Task<Reply> show_seal(Ams& ams, Call call);
net::Task<Reply> certify_runtime(Ams& ams, Call call);
net::Task<Reply> new_grant(Ams& ams, Call call);

std::span<const Route> routes();
/// The route on which an instance reports its own status.
const Route& status_report_route();

std::string etag(store::Revision revision);
net::HttpResponse with_etag(net::HttpResponse response, store::Revision revision);
net::HttpResponse sync_reply(api::json::value metadata, std::optional<std::size_t> total = std::nullopt);
net::HttpResponse async_reply(const api::Operation& operation);
net::HttpResponse error_reply(const api::Refusal& refusal);

}  // namespace redan::cloud::ams
