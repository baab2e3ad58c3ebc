// Applications and their versions.
#include <fcntl.h>
#include <sys/stat.h>

#include <array>

#include "base/hex.hpp"
#include "cloud/ams/routes/routes.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;
using trust::Scope;

constexpr std::array<std::string_view, 12> kFilters{
    "id",        "name",   "status", "instance_type",        "published",           "abi", "boot_package",
    "immutable", "addons", "tags",   "inhibit_auto_updates", "parent_image_variant"};

// Without a filter only the objects of the page are built.
net::Task<Reply> list_applications(Ams& ams, Call call) {
  if (has_filter(call, kFilters)) {
    REDAN_CO_TRY(auto found, co_await ams.applications(kEverything));
    json::array objects;
    for (const api::Application& application : found.elements) objects.emplace_back(to_json(application));
    co_return list_reply(call, std::move(objects), "/1.0/applications", "id", kFilters);
  }
  REDAN_CO_CHECK(check_filters(call, kFilters));
  REDAN_CO_TRY(auto page, call.page());
  REDAN_CO_TRY(const auto found, co_await ams.applications(page));
  json::array elements;
  for (const api::Application& application : found.elements) {
    if (call.recursive()) {
      elements.emplace_back(to_json(application));
    } else {
      elements.emplace_back("/1.0/applications/" + application.id);
    }
  }
  co_return sync_reply(std::move(elements), found.total);
}

// A package as the body, or a manifest as JSON.
net::Task<Reply> add_application(Ams& ams, Call call) {
  if (call.query("vm") == "true") co_return api::refuse(api::not_implemented("applications in virtual machines"));
  REDAN_CO_TRY(auto upload, call.upload());
  if (upload) {
    REDAN_CO_TRY(auto added, co_await ams.add_application(std::move(upload)));
    co_return async_reply(added);
  }
  REDAN_CO_TRY(auto body, call.body());
  REDAN_CO_TRY(auto added, co_await ams.add_application(std::move(body)));
  co_return async_reply(added);
}

net::Task<Reply> show_application(Ams& ams, Call call) {
  REDAN_CO_TRY(auto found, co_await ams.application(call.parameters[0]));
  co_return with_etag(sync_reply(to_json(found.value)), found.revision);
}

/// Whether the changes could be made to an application that has nothing set.
Outcome<void> check_changes(const json::object& body, const api::UnknownMembers& unknown) {
  json::object changes;
  for (const auto& member : body) {
    if (!member.value().is_null()) changes[member.key()] = member.value();
  }
  REDAN_CHECK(api::bool_member(changes, "inhibit_auto_updates", false));
  changes.erase("inhibit_auto_updates");
  api::Manifest blank;
  blank.name = "blank";
  REDAN_CHECK(api::patch(blank, changes));
  return api::report_unknown(blank.ignored, unknown);
}

net::Task<Reply> update_application(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto expected, call.if_match());
  REDAN_CO_TRY(auto upload, call.upload());
  if (upload) {
    REDAN_CO_TRY(auto done, co_await ams.update_application(call.parameters[0], std::move(upload), expected));
    co_return async_reply(done);
  }
  REDAN_CO_TRY(auto body, call.body());
  REDAN_CO_CHECK(check_changes(body, call.unknown));
  REDAN_CO_TRY(auto done, co_await ams.update_application(call.parameters[0], std::move(body), expected));
  co_return async_reply(done);
}

// By force the application's instances are deleted too.
Outcome<void> check_force(const Call& call, bool force) {
  if (!force || call.caller->may(Scope::instance_write)) return {};
  return api::refuse(api::refusal_of(errc::trust_role));
}

net::Task<Reply> remove_application(Ams& ams, Call call) {
  REDAN_CO_TRY(const bool force, parse_force(call));
  REDAN_CO_CHECK(check_force(call, force));
  REDAN_CO_TRY(const auto expected, call.if_match());
  REDAN_CO_TRY(auto done, co_await ams.remove_application(call.parameters[0], force, expected));
  co_return async_reply(done);
}

net::Task<Reply> remove_applications(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  REDAN_CO_TRY(auto request, BulkRequest::parse(body, call.unknown));
  REDAN_CO_CHECK(check_force(call, request.force));
  REDAN_CO_TRY(auto done, co_await ams.remove_applications(std::move(request.ids), request.force));
  co_return async_reply(done);
}

struct FoundVersion {
  api::Application application;
  api::ApplicationVersion version;
};

/// `number` -1: the newest published one.
net::Task<Outcome<FoundVersion>> find_version(Ams& ams, std::string which, std::int64_t number) {
  REDAN_CO_TRY(auto found, co_await ams.application(std::move(which)));
  const api::ApplicationVersion* version = found.value.version(number);
  if (version == nullptr && number == -1) version = &found.value.versions.back();
  if (version == nullptr) co_return api::refuse(api::not_found("version"));
  api::ApplicationVersion copy = *version;
  co_return FoundVersion{std::move(found.value), std::move(copy)};
}

net::HttpResponse manifest_reply(Ams& ams, const FoundVersion& found) {
  net::HttpResponse response;
  response.content_type = "application/yaml";
  response.body = Ams::manifest_yaml(found.version);
  response.headers.push_back({"X-AMS-ManifestSha256", to_hex(ams.sha256(response.body).bytes())});
  return response;
}

net::Task<Reply> show_newest_manifest(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto found, co_await find_version(ams, call.parameters[0], -1));
  co_return manifest_reply(ams, found);
}

net::Task<Reply> show_manifest(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto number, call.number(1));
  REDAN_CO_TRY(const auto found, co_await find_version(ams, call.parameters[0], number));
  co_return manifest_reply(ams, found);
}

// The version as a package. Clients that ask for JSON get its description.
net::Task<Reply> export_version(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto number, call.number(1));
  REDAN_CO_TRY(const auto found, co_await find_version(ams, call.parameters[0], number));
  if (net::find_header(call.http.headers, "Accept") == "application/json") co_return sync_reply(to_json(found.version));
  REDAN_CO_TRY(const auto path, co_await ams.archive(found.application, found.version));
  const auto file = std::make_shared<const net::Descriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts {};
  if (!file->ok() || ::fstat(file->get(), &facts) != 0)
    co_return api::refuse(api::not_found("package of this version"));
  net::HttpResponse response;
  response.content_type = "application/octet-stream";
  response.file = file;
  response.file_size = static_cast<std::uint64_t>(facts.st_size);
  const std::string name = found.application.name + "-" + std::to_string(number);
  response.headers.push_back({"Content-Disposition", "attachment; filename=\"" + name + ".tar.bz2\""});
  if (!found.version.package_sha256.empty()) {
    response.headers.push_back({"X-AMS-Fingerprint", found.version.package_sha256});
  }
  co_return response;
}

net::Task<Reply> publish_version(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  bool published = true;
  REDAN_CO_CHECK(api::Members(body).boolean("published", published).end(call.unknown));
  REDAN_CO_TRY(const auto number, call.number(1));
  REDAN_CO_TRY(auto done, co_await ams.publish_version(call.parameters[0], number, published));
  co_return async_reply(done);
}

net::Task<Reply> remove_version(Ams& ams, Call call) {
  REDAN_CO_CHECK(parse_force(call));
  REDAN_CO_TRY(const auto number, call.number(1));
  REDAN_CO_TRY(auto done, co_await ams.remove_version(call.parameters[0], number));
  co_return async_reply(done);
}

// For agents, which poll every few seconds. Returns names and published versions without the manifests, from memory,
// and an empty response if nothing has changed.
net::Task<Reply> list_offers(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto page, call.page());
  json::array elements;
  std::size_t at = 0;
  for (const auto& [id, offer] : ams.offers()) {
    if (at++ < page.offset || elements.size() >= page.limit) continue;
    json::array versions;
    for (const std::int64_t number : offer.versions) versions.emplace_back(number);
    elements.emplace_back(json::object{{"name", offer.name}, {"versions", std::move(versions)}});
  }
  net::HttpResponse response = sync_reply(std::move(elements), ams.offers().size());
  const std::string etag = "\"" + to_hex(ams.sha256(response.body).bytes().first(16)) + "\"";
  if (net::find_header(call.http.headers, "If-None-Match") == etag) {
    response.status = 304;
    response.body.clear();
  }
  response.headers.push_back({"ETag", etag});
  co_return response;
}

constexpr std::array kRoutes{
    Route{"GET", "/1.0/applications", Scope::application_read, "applications", list_applications},
    Route{"GET", "/internal/1.0/applications", Scope::application_read, "offers", list_offers},
    Route{"POST", "/1.0/applications", Scope::application_write, "applications", add_application, true},
    Route{"DELETE", "/1.0/applications", Scope::application_write, "applications", remove_applications},
    Route{"GET", "/1.0/applications/{id}", Scope::application_read, "application", show_application},
    Route{"PATCH", "/1.0/applications/{id}", Scope::application_write, "application", update_application, true},
    Route{"DELETE", "/1.0/applications/{id}", Scope::application_write, "application", remove_application},
    Route{"GET", "/1.0/applications/{id}/manifest", Scope::application_read, "manifest", show_newest_manifest},
    Route{"GET", "/1.0/applications/{id}/{version}", Scope::application_read, "version", export_version},
    Route{"PATCH", "/1.0/applications/{id}/{version}", Scope::application_write, "version", publish_version},
    Route{"DELETE", "/1.0/applications/{id}/{version}", Scope::application_write, "version", remove_version},
    Route{"GET", "/1.0/applications/{id}/{version}/manifest", Scope::application_read, "manifest", show_manifest},
};

}  // namespace

std::span<const Route> application_routes() { return kRoutes; }

}  // namespace redan::cloud::ams
