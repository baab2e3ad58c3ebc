// Applications. Their versions are made from a manifest, or from a package: an archive with a manifest and files.
#include <algorithm>
#include <array>
#include <fstream>

#include "base/words.hpp"
#include "cloud/ams/keys.hpp"
#include "cloud/ams/service.hpp"
#include "cloud/api/ids.hpp"
#include "cloud/api/manifest.hpp"
#include "cloud/errors.hpp"
#include "cloud/package/package.hpp"
#include "cloud/package/yaml.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr std::size_t kMaxVersions = 100;
/// Members of a manifest that belong to the application: a change of them makes no new version.
constexpr std::array<std::string_view, 6> kSettings{"image",  "instance-type", "tags",
                                                    "addons", "resources",     "node_selector"};

bool is_setting(std::string_view key) {
  return key == "instance_type" || key == "node-selector" ||
         std::find(kSettings.begin(), kSettings.end(), key) != kSettings.end();
}

/// Clients send null for what they do not change.
json::object without_nulls(const json::object& object) {
  json::object rest;
  for (const auto& member : object) {
    if (!member.value().is_null()) rest[member.key()] = member.value();
  }
  return rest;
}

api::Refusal application_has_changed() {
  return {412, "precondition_failed", "the application has changed since", {}, 0};
}

/// The file name of a package that was made from the version's manifest.
std::string manifest_archive(const api::ApplicationVersion& version) {
  return "manifest-" + std::to_string(version.number);
}

/// A directory that is removed with its content.
class Temporary {
 public:
  explicit Temporary(fs::path path) : path_(std::move(path)) {}
  ~Temporary() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::function<Outcome<api::Manifest>()> reading(fs::path archive, fs::path into) {
  return [archive = std::move(archive), into = std::move(into)]() -> Outcome<api::Manifest> {
    const Temporary unpacked(into);
    REDAN_TRY(auto package, package::open_package(archive, unpacked.path()));
    return std::move(package.manifest);
  };
}

}  // namespace

net::Task<Outcome<api::Manifest>> Ams::read_package(std::shared_ptr<unit::FileUpload> upload) {
  REDAN_CO_TRY(const auto directory, make_directory(context_, incoming(context_)));
  std::function<Outcome<api::Manifest>()> work = reading(upload->path(), directory / api::new_uuid(provider_));
  REDAN_CO_TRY(auto manifest, co_await context_.worker.run(std::move(work)));
  REDAN_CO_CHECK(api::report_unknown(manifest.ignored, config_.unknown_members));
  co_return std::move(manifest);
}

net::Task<Outcome<void>> Ams::check_addon(std::shared_ptr<unit::FileUpload> upload) {
  REDAN_CO_TRY(const auto directory, make_directory(context_, incoming(context_)));
  const fs::path into = directory / api::new_uuid(provider_);
  std::function<Outcome<void>()> work = [archive = upload->path(), into]() -> Outcome<void> {
    const Temporary unpacked(into);
    REDAN_CHECK(package::open_addon(archive, unpacked.path()));
    return {};
  };
  co_return co_await context_.worker.run(std::move(work));
}

Outcome<void> Ams::add_version(api::Application& application, const api::Manifest& manifest, unit::FileUpload* upload) {
  if (application.versions.size() >= kMaxVersions) {
    return api::refuse(api::conflict("the application has 100 versions; delete some first"));
  }
  api::ApplicationVersion version;
  const std::int64_t after_last = application.versions.empty() ? 0 : application.versions.back().number + 1;
  version.number = std::max(application.next_version, after_last);
  application.next_version = version.number + 1;
  version.published = config("application.auto_publish") == "true";
  version.created_at = net::wall_time().seconds_since_1970;
  version.manifest = to_json(manifest);
  if (upload != nullptr) {
    version.package_sha256 = upload->sha256();
    REDAN_TRY(const auto directory, make_directory(context_, fs::path("applications") / application.id));
    REDAN_CHECK(upload->keep(directory / version.package_sha256));
  } else if (!application.versions.empty()) {
    version.package_sha256 = application.versions.back().package_sha256;  // only the manifest is another
  }
  const std::int64_t number = version.number;
  application.versions.push_back(std::move(version));
  revoke_oldest(application, number);
  return {};
}

// The setting limits the published versions.
void Ams::revoke_oldest(api::Application& application, std::int64_t kept) const {
  const auto limit = to_number<std::int64_t>(config("application.max_published_versions")).value_or(1);
  auto published = std::count_if(application.versions.begin(), application.versions.end(),
                                 [](const api::ApplicationVersion& version) { return version.published; });
  for (api::ApplicationVersion& version : application.versions) {
    if (published <= limit) return;
    if (!version.published || version.number == kept) continue;
    --published;
    version.published = false;
  }
}

net::Task<Outcome<api::Operation>> Ams::add_application(json::object manifest) {
  REDAN_CO_TRY(const auto parsed, api::parse_manifest(manifest));
  REDAN_CO_CHECK(api::report_unknown(parsed.ignored, config_.unknown_members));
  co_return co_await create_application(parsed, nullptr);
}

net::Task<Outcome<api::Operation>> Ams::add_application(std::shared_ptr<unit::FileUpload> upload) {
  REDAN_CO_TRY(const auto manifest, co_await read_package(upload));
  co_return co_await create_application(manifest, upload);
}

net::Task<Outcome<api::Operation>> Ams::create_application(api::Manifest manifest,
                                                           std::shared_ptr<unit::FileUpload> upload) {
  if (!api::is_name(manifest.name)) {
    co_return api::refuse(api::bad_request("\"name\" is 1 to 63 letters, digits, . _ -"));
  }
  auto known = co_await store_.get(keys::at(keys::kApplicationNames, manifest.name));
  if (!known) co_return api::refuse(api::refusal_of(known.error()));
  if (*known) co_return api::refuse(api::conflict("there is an application named " + manifest.name));
  api::Application application;
  application.id = api::new_id(provider_, net::wall_time());
  application.name = manifest.name;
  application.created_at = net::wall_time().seconds_since_1970;
  application.tags = manifest.tags;
  REDAN_CO_CHECK(add_version(application, manifest, upload.get()));
  api::Operation done = context_.completed("Create application", "applications", {application.id});
  std::vector<store::Change> changes;
  changes.emplace_back(
      store::Put{keys::at(keys::kApplicationNames, application.name), application.id, store::Absent{}, {}});
  changes.emplace_back(
      store::Put{keys::at(keys::kApplications, application.id), to_record(application), store::Absent{}, {}});
  changes.push_back(context_.record(done));
  auto committed = co_await store_.commit(std::move(changes));
  if (committed) co_return done;
  std::error_code ignored;
  const bool is_certain = committed.error() != errc::store_unknown_outcome;
  if (is_certain && upload) fs::remove_all(context_.directory / "applications" / application.id, ignored);
  if (committed.error() == errc::store_conflict) {
    co_return api::refuse(api::conflict("there is an application named " + manifest.name));
  }
  co_return api::refuse(api::refusal_of(committed.error()));
}

net::Task<Outcome<api::Operation>> Ams::write_application(Versioned<api::Application> changed,
                                                          std::string description) {
  api::Operation done = context_.completed(std::move(description), "applications", {changed.value.id});
  std::vector<store::Change> changes;
  changes.emplace_back(store::Put{keys::at(keys::kApplications, changed.value.id),
                                  to_record(changed.value),
                                  store::Unchanged{changed.revision},
                                  {}});
  changes.push_back(context_.record(done));
  auto committed = co_await store_.commit(std::move(changes));
  if (!committed) co_return api::refuse(api::refusal_of(committed.error()));
  co_return done;
}

net::Task<Outcome<api::Operation>> Ams::update_application(std::string which, std::shared_ptr<unit::FileUpload> upload,
                                                           std::optional<store::Revision> expected) {
  REDAN_CO_TRY(const auto manifest, co_await read_package(upload));
  REDAN_CO_TRY(auto found, co_await application(std::move(which)));
  if (expected && *expected != found.revision) co_return api::refuse(application_has_changed());
  if (manifest.name != found.value.name) {
    co_return api::refuse(api::bad_request("the package is of the application " + manifest.name));
  }
  REDAN_CO_CHECK(add_version(found.value, manifest, upload.get()));
  co_return co_await write_application(std::move(found), "Update application");
}

net::Task<Outcome<api::Operation>> Ams::update_application(std::string which, json::object changes,
                                                           std::optional<store::Revision> expected) {
  REDAN_CO_TRY(auto found, co_await application(std::move(which)));
  if (expected && *expected != found.revision) co_return api::refuse(application_has_changed());
  api::Application& application = found.value;
  const api::ApplicationVersion& newest = application.versions.back();
  json::object wanted = without_nulls(changes);
  bool inhibit = application.inhibit_auto_updates;
  REDAN_CO_TRY(inhibit, api::bool_member(wanted, "inhibit_auto_updates", inhibit));
  wanted.erase("inhibit_auto_updates");
  REDAN_CO_TRY(auto manifest, api::parse_manifest(application.manifest(newest)));
  REDAN_CO_CHECK(api::patch(manifest, wanted));
  const json::object after = to_json(manifest);
  application.inhibit_auto_updates = inhibit;
  const bool has_settings =
      std::any_of(wanted.begin(), wanted.end(), [](const auto& m) { return is_setting(m.key()); });
  const bool has_others = std::any_of(wanted.begin(), wanted.end(), [](const auto& m) { return !is_setting(m.key()); });
  if (has_settings) {
    for (const std::string_view key : kSettings) {
      const json::value* member = after.if_contains(key);
      application.settings.erase(key);
      if (member != nullptr) application.settings[key] = *member;
    }
  }
  // No change at all makes a new version of what is there.
  const bool touched = has_settings || changes.contains("inhibit_auto_updates");
  if (has_others || !touched) REDAN_CO_CHECK(add_version(application, manifest, nullptr));
  co_return co_await write_application(std::move(found), "Update application");
}

net::Task<Outcome<api::Operation>> Ams::publish_version(std::string which, std::int64_t number, bool published) {
  REDAN_CO_TRY(auto found, co_await application(std::move(which)));
  for (api::ApplicationVersion& version : found.value.versions) {
    if (version.number != number) continue;
    version.published = published;
    if (published) revoke_oldest(found.value, number);
    std::string description = published ? "Publish application" : "Revoke application";
    co_return co_await write_application(std::move(found), std::move(description));
  }
  co_return api::refuse(api::not_found("version"));
}

net::Task<Outcome<api::Operation>> Ams::remove_version(std::string which, std::int64_t number) {
  REDAN_CO_TRY(auto found, co_await application(std::move(which)));
  auto& versions = found.value.versions;
  const auto version = std::find_if(versions.begin(), versions.end(),
                                    [number](const api::ApplicationVersion& one) { return one.number == number; });
  if (version == versions.end()) co_return api::refuse(api::not_found("version"));
  if (versions.size() == 1) {
    co_return api::refuse(api::conflict("this is its only version; delete the application"));
  }
  REDAN_CO_TRY(const auto users, co_await instances_of(found.value.id, number));
  if (!users.empty()) co_return api::refuse(api::conflict("instance " + users.front() + " is of this version"));
  versions.erase(version);
  const api::Application left = found.value;
  REDAN_CO_TRY(auto done, co_await write_application(std::move(found), "Delete application version"));
  remove_unused_archives(left);
  co_return done;
}

void Ams::remove_unused_archives(const api::Application& application) const {
  if (context_.directory.empty()) return;
  std::error_code error;
  for (const fs::directory_entry& file :
       fs::directory_iterator(context_.directory / "applications" / application.id, error)) {
    const std::string name = file.path().filename().string();
    const auto names_it = [&](const api::ApplicationVersion& version) {
      return version.package_sha256 == name || name == manifest_archive(version);
    };
    if (std::none_of(application.versions.begin(), application.versions.end(), names_it))
      fs::remove(file.path(), error);
  }
}

net::Task<Outcome<std::vector<std::string>>> Ams::instances_of(std::string application,
                                                               std::optional<std::int64_t> version) {
  auto entries = co_await read_all(keys::kInstances);
  if (!entries) co_return api::refuse(api::refusal_of(entries.error()));
  std::vector<std::string> names;
  for (const store::Entry& entry : *entries) {
    const auto instance = api::instance_from_record(entry.value);
    if (!instance || instance->app_id != application) continue;
    if (!version || instance->app_version == *version) names.push_back(instance->name);
  }
  co_return names;
}

net::Task<Outcome<api::Operation>> Ams::remove_application(std::string which, bool force,
                                                           std::optional<store::Revision> expected) {
  REDAN_CO_TRY(auto found, co_await application(std::move(which)));
  if (expected && *expected != found.revision) co_return api::refuse(application_has_changed());
  REDAN_CO_TRY(auto users, co_await instances_of(found.value.id, std::nullopt));
  if (!users.empty() && !force) {
    co_return api::refuse(
        api::conflict("instance " + users.front() + " is of this application; delete it first, or use force"));
  }
  if (!users.empty()) REDAN_CO_CHECK(co_await remove_all(std::move(users)));
  api::Operation done = context_.completed("Delete application", "applications", {found.value.id});
  std::vector<store::Change> changes;
  changes.emplace_back(store::Erase{keys::at(keys::kApplications, found.value.id), store::Unchanged{found.revision}});
  changes.emplace_back(store::Erase{keys::at(keys::kApplicationNames, found.value.name), store::Anything{}});
  changes.push_back(context_.record(done));
  auto committed = co_await store_.commit(std::move(changes));
  if (!committed) co_return api::refuse(api::refusal_of(committed.error()));
  std::error_code ignored;  // what is left costs space only
  if (!context_.directory.empty()) fs::remove_all(context_.directory / "applications" / found.value.id, ignored);
  co_return done;
}

net::Task<Outcome<api::Operation>> Ams::remove_applications(std::vector<std::string> which, bool force) {
  std::vector<std::string> ids;
  for (const std::string& one : which) {
    REDAN_CO_TRY(const auto found, co_await application(one));
    REDAN_CO_TRY(const auto users, co_await instances_of(found.value.id, std::nullopt));
    if (!users.empty() && !force) {
      co_return api::refuse(api::conflict("instance " + users.front() + " is of application " + found.value.name));
    }
    ids.push_back(found.value.id);
  }
  for (const std::string& id : ids) REDAN_CO_CHECK(co_await remove_application(id, force, std::nullopt));
  api::Operation done = context_.completed("Delete applications", "applications", std::move(ids));
  std::vector<store::Change> changes;
  changes.push_back(context_.record(done));
  auto committed = co_await store_.commit(std::move(changes));
  if (!committed) co_return api::refuse(api::refusal_of(committed.error()));
  co_return done;
}

// A version without a package is exported as a package that has only its manifest.
net::Task<Outcome<fs::path>> Ams::archive(const api::Application& application, const api::ApplicationVersion& version) {
  REDAN_CO_TRY(const auto directory, make_directory(context_, fs::path("applications") / application.id));
  if (!version.package_sha256.empty()) co_return directory / version.package_sha256;
  const fs::path archive = directory / manifest_archive(version);
  if (fs::exists(archive)) co_return archive;
  REDAN_CO_TRY(const auto unpacked, make_directory(context_, incoming(context_) / api::new_uuid(provider_)));
  std::function<Outcome<void>()> work = [archive, unpacked, yaml = manifest_yaml(version)]() -> Outcome<void> {
    const Temporary temporary(unpacked);
    std::ofstream(unpacked / package::kManifestFile) << yaml;
    // Complete before it has its name: another request may read it.
    const fs::path packed = unpacked.string() + ".tar.bz2";
    REDAN_CHECK(package::pack(unpacked, packed));
    std::error_code error;
    fs::rename(packed, archive, error);
    if (error) return api::refuse({500, "upload_failed", "cannot keep the package: " + error.message(), {}, 0});
    return {};
  };
  REDAN_CO_CHECK(co_await context_.worker.run(std::move(work)));
  co_return archive;
}

std::string Ams::manifest_yaml(const api::ApplicationVersion& version) {
  const auto manifest = api::parse_manifest(version.manifest);
  return package::to_yaml(manifest ? to_json(*manifest, api::Spelling::yaml) : version.manifest);
}

net::Task<Outcome<Versioned<api::Application>>> Ams::application(std::string which) {
  auto entry = co_await find_named(keys::kApplications, keys::kApplicationNames, std::move(which));
  if (!entry) co_return api::refuse(api::refusal_of(entry.error()));
  if (!*entry) co_return api::refuse(api::not_found("application"));
  auto application = api::application_from_record((*entry)->value);
  if (!application) co_return api::refuse(api::refusal_of(errc::store_failed));
  co_return Versioned<api::Application>{std::move(*application), (*entry)->modified};
}

net::Task<Outcome<Page<api::Application>>> Ams::applications(PageRequest page) {
  auto entries = co_await read_all(keys::kApplications);
  if (!entries) co_return api::refuse(api::refusal_of(entries.error()));
  Page<api::Application> found;
  found.total = entries->size();
  for (std::size_t i = page.offset; i < entries->size() && found.elements.size() < page.limit; ++i) {
    if (auto application = api::application_from_record((*entries)[i].value)) {
      found.elements.push_back(std::move(*application));
    }
  }
  co_return found;
}

}  // namespace redan::cloud::ams
