// What AMS is.
#include <array>

#include "cloud/ams/groups.hpp"
#include "cloud/ams/routes/routes.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;
/// What clients look for before they use a call. The first two are ours.
constexpr std::array<std::string_view, 21> kExtensions{"redan_join_tokens",
                                                       "redan_error_codes",
                                                       "instance_support",
                                                       "instance_share_support",
                                                       "instance_exec",
                                                       "container_exec",
                                                       "container_logs",
                                                       "zip_archive_support",
                                                       "application_image_export",
                                                       "application_manifest_download",
                                                       "application_manifest_version",
                                                       "application_partial_updates",
                                                       "application_resource_customization",
                                                       "application_services_configuration",
                                                       "application_watchdog_settings",
                                                       "bulk_delete.applications",
                                                       "bulk_delete.instances",
                                                       "bulk_delete.containers",
                                                       "metrics_api_endpoint",
                                                       "auth.groups",
                                                       "oidc_support"};  // clients use identities only if it is listed

net::Task<Reply> root(Ams&, Call) { co_return sync_reply(json::array{"/1.0"}); }

net::Task<Reply> service(Ams& ams, Call call) {
  json::array extensions;
  for (const std::string_view extension : kExtensions) extensions.emplace_back(extension);
  json::array permissions;
  for (const Entitlement& entitlement : entitlements()) {
    permissions.emplace_back(
        json::object{{"entitlement_name", entitlement.name}, {"description", entitlement.description}});
  }
  json::object metadata{{"api_extensions", std::move(extensions)},
                        {"api_status", "stable"},
                        {"api_version", "1.0"},
                        {"auth", call.caller ? "trusted" : "untrusted"},
                        {"auth_methods", json::array{"2waySSL"}},
                        {"auth_permissions", {{"server", std::move(permissions)}}},
                        {"cluster_id", ""},
                        {"cluster_name", ""}};
  if (call.caller) {
    metadata["auth_name"] = call.caller->name;
    metadata["auth_role"] = name(call.caller->role);
    metadata["server_name"] = ams.settings().unit;
  }
  co_return sync_reply(std::move(metadata));
}

net::Task<Reply> version(Ams&, Call) { co_return sync_reply(json::object{{"version", REDAN_VERSION}}); }

constexpr std::array kRoutes{
    Route{"GET", "/", Open{}, "root", root},
    Route{"GET", "/1.0", Open{}, "service", service},
    Route{"GET", "/1.0/version", Open{}, "version", version},
};

}  // namespace

std::span<const Route> service_routes() { return kRoutes; }

}  // namespace redan::cloud::ams
