#include "cloud/ams/keys.hpp"
#include "cloud/ams/service.hpp"
#include "cloud/api/ids.hpp"
#include "cloud/errors.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {
namespace {

constexpr std::size_t kMaxVersions = 100;

api::ApplicationVersion new_version(std::int64_t number, api::json::object manifest) {
  return {number, true, net::wall_time().seconds_since_1970, std::move(manifest)};
}

}  // namespace

net::Task<Outcome<api::Application>> Ams::add_application(api::json::object manifest) {
  REDAN_CO_TRY(auto label, api::string_member(manifest, "name"));
  if (!api::is_name(label)) co_return api::refuse(api::bad_request("\"name\" is 1 to 63 letters, digits, . _ -"));
  REDAN_CO_TRY(auto tags, api::strings_member(manifest, "tags"));
  REDAN_CO_CHECK(api::sealed_policy(manifest));
  api::Application application;
  application.id = api::new_id(provider_, net::wall_time());
  application.name = label;
  application.created_at = net::wall_time().seconds_since_1970;
  application.tags = std::move(tags);
  application.versions.push_back(new_version(0, std::move(manifest)));
  std::vector<store::Change> changes;
  changes.emplace_back(
      store::Put{keys::at(keys::kApplicationNames, application.name), application.id, store::Absent{}, {}});
  changes.emplace_back(
      store::Put{keys::at(keys::kApplications, application.id), to_record(application), store::Absent{}, {}});
  auto committed = co_await store_.commit(std::move(changes));
  if (committed) co_return application;
  if (committed.error() == errc::store_conflict) {
    co_return api::refuse(api::conflict("there is an application named " + application.name));
  }
  co_return api::refuse(api::refusal_of(committed.error()));
}

net::Task<Outcome<api::Application>> Ams::add_application_version(std::string which, api::json::object manifest) {
  REDAN_CO_CHECK(api::sealed_policy(manifest));
  REDAN_CO_TRY(auto found, co_await application(std::move(which)));
  api::Application& application = found.value;
  if (application.versions.size() >= kMaxVersions) co_return api::refuse(api::refusal_of(Errc::too_many));
  application.versions.push_back(new_version(application.versions.back().number + 1, std::move(manifest)));
  const store::Expect unchanged = store::Unchanged{found.revision};
  auto committed =
      co_await store_.put(keys::at(keys::kApplications, application.id), to_record(application), unchanged);
  if (!committed) co_return api::refuse(api::refusal_of(committed.error()));
  co_return application;
}

net::Task<Outcome<void>> Ams::publish_version(std::string which, std::int64_t number, bool published) {
  REDAN_CO_TRY(auto found, co_await application(std::move(which)));
  for (api::ApplicationVersion& version : found.value.versions) {
    if (version.number != number) continue;
    version.published = published;
    const store::Expect unchanged = store::Unchanged{found.revision};
    auto committed =
        co_await store_.put(keys::at(keys::kApplications, found.value.id), to_record(found.value), unchanged);
    if (!committed) co_return api::refuse(api::refusal_of(committed.error()));
    co_return Outcome<void>{};
  }
  co_return api::refuse(api::not_found("version"));
}

net::Task<Outcome<void>> Ams::remove_application(std::string which) {
  REDAN_CO_TRY(auto found, co_await application(std::move(which)));
  auto entries = co_await read_all(keys::kInstances);
  if (!entries) co_return api::refuse(api::refusal_of(entries.error()));
  for (const store::Entry& entry : *entries) {
    const auto instance = api::instance_from_record(entry.value);
    if (!instance || instance->app_id != found.value.id) continue;
    co_return api::refuse(api::conflict("instance " + instance->name + " is of this application; delete it first"));
  }
  std::vector<store::Change> changes;
  changes.emplace_back(store::Erase{keys::at(keys::kApplications, found.value.id), store::Unchanged{found.revision}});
  changes.emplace_back(store::Erase{keys::at(keys::kApplicationNames, found.value.name), store::Anything{}});
  auto committed = co_await store_.commit(std::move(changes));
  if (!committed) co_return api::refuse(api::refusal_of(committed.error()));
  co_return Outcome<void>{};
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
