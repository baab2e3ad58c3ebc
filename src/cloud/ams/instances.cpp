// Requests about instances. operations.cpp carries out the operations on them.
#include <boost/json/serialize.hpp>

#include "cloud/ams/keys.hpp"
#include "cloud/ams/service.hpp"
#include "cloud/api/ids.hpp"
#include "cloud/errors.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {
namespace {

constexpr std::size_t kMaxUserData = 10 * 1024;
// The limit for each object in a launch request; a list of instances contains them all.
constexpr std::size_t kMaxPart = 16 * 1024;
constexpr std::size_t kLogLimit = 256 * 1024;
// To change an instance that other writers keep changing.
constexpr int kMaxAttempts = 20;

api::Refusal has_changed() { return {412, "precondition_failed", "the instance has changed since", {}, 0}; }

/// Sets the desired state of the instance, if the operation is permitted.
Outcome<void> decide(api::Instance& instance, api::OperationKind kind) {
  using Status = api::InstanceStatus;
  if (instance.damaged && kind != api::OperationKind::remove) return api::refuse(api::conflict(instance.error_message));
  if (kind == api::OperationKind::remove) {
    if (instance.delete_protected()) return api::refuse(api::forbidden("the instance is protected against deletion"));
    instance.desired_status = Status::deleted;
    return {};
  }
  if (instance.desired_status == Status::deleted) return api::refuse(api::conflict("the instance is being deleted"));
  instance.desired_status = kind == api::OperationKind::stop ? Status::stopped : Status::running;
  return {};
}

api::Instance read_instance(const store::Entry& entry, const std::string& this_node) {
  if (auto instance = api::instance_from_record(entry.value)) return std::move(*instance);
  auto left = api::instance_from_damaged_record(std::string(keys::below(keys::kInstances, entry.key)), entry.value);
  if (left.node.empty()) left.node = this_node;
  return left;
}

/// Parses the record again before it is written: an unreadable record must not enter the store.
Outcome<store::Change> put_instance(const api::Instance& instance, store::Expect expect) {
  std::string record = to_record(instance);
  if (!api::instance_from_record(record)) return api::refuse(api::bad_request("a text of the instance is not UTF-8"));
  return store::Change(store::Put{keys::at(keys::kInstances, instance.id), std::move(record), expect, {}});
}

}  // namespace

Outcome<InstanceRequest> InstanceRequest::parse(const api::json::object& body) {
  InstanceRequest request;
  auto name = api::string_member(body, "name");
  if (!name) return api::refuse(name.error());
  if (!name->empty() && !api::is_name(*name)) {
    return api::refuse(api::bad_request("\"name\" is 1 to 63 letters, digits, . _ -"));
  }
  auto app = api::string_member(body, "app_id");
  auto version = api::integer_member(body, "app_version", -1);
  auto image = api::string_member(body, "image_id");
  auto node = api::string_member(body, "node");
  auto tags = api::strings_member(body, "tags");
  auto user_data = api::string_member(body, "user_data", kMaxUserData);
  auto config = api::object_member(body, "config");
  auto resources = api::object_member(body, "resources");
  auto no_start = api::bool_member(body, "no_start", false);
  for (const auto* text : {&app, &image, &node, &user_data}) {
    if (!*text) return api::refuse(text->error());
  }
  if (!version) return api::refuse(version.error());
  if (!tags) return api::refuse(tags.error());
  if (!config) return api::refuse(config.error());
  if (!resources) return api::refuse(resources.error());
  if (!no_start) return api::refuse(no_start.error());
  if (app->empty() && image->empty()) return api::refuse(api::bad_request("name an app_id or an image_id"));
  if (const auto* services = body.if_contains("services"); services != nullptr && services->is_array()) {
    request.services = services->get_array();
  }
  const auto is_large = [](const auto& part) { return boost::json::serialize(part).size() > kMaxPart; };
  if (is_large(*config) || is_large(*resources) || is_large(request.services)) {
    return api::refuse(api::bad_request("\"config\", \"resources\" and \"services\" have at most 16 KiB each"));
  }
  request.name = *name;
  request.app_id = *app;
  request.app_version = *version;
  request.image_id = *image;
  request.node = *node;
  request.tags = std::move(*tags);
  request.user_data = std::move(*user_data);
  request.config = std::move(*config);
  request.resources = std::move(*resources);
  request.no_start = *no_start;
  return request;
}

// The instance, its name and the operation are created in one commit.
net::Task<Outcome<api::Operation>> Ams::launch(InstanceRequest request) {
  if (instances_.size() >= config_.max_instances) co_return api::refuse(api::refusal_of(Errc::too_many));
  api::Instance instance;
  std::optional<api::SealedPolicy> sealed_policy;  // from the application; the request cannot override it
  if (!request.app_id.empty()) {
    REDAN_CO_TRY(auto found, co_await application(request.app_id));
    const api::ApplicationVersion* version = found.value.version(request.app_version);
    if (version == nullptr) co_return api::refuse(api::not_found("published version of this application"));
    instance.app_id = found.value.id;
    instance.app_name = found.value.name;
    instance.app_version = version->number;
    sealed_policy = api::sealed_policy(version->manifest).value_or(api::SealedPolicy::required);
    auto image = api::string_member(version->manifest, "image");
    if (image) instance.image_id = *image;
    if (auto resources = api::object_member(version->manifest, "resources")) instance.resources = *resources;
  }
  if (!request.image_id.empty()) instance.image_id = request.image_id;
  if (!request.resources.empty()) instance.resources = std::move(request.resources);
  instance.id = api::new_id(provider_, net::wall_time());
  instance.name = request.name.empty() ? "ams-" + instance.id : request.name;
  instance.node = request.node.empty() ? config_.unit : request.node;
  if (instance.node != config_.unit) {
    auto node = co_await store_.get(keys::at(keys::kNodes, instance.node));
    if (!node) co_return api::refuse(api::refusal_of(node.error()));
    if (!*node) co_return api::refuse(api::not_found("node"));
  }
  instance.created_at = net::wall_time().seconds_since_1970;
  instance.tags = std::move(request.tags);
  instance.user_data = std::move(request.user_data);
  instance.config = std::move(request.config);
  if (sealed_policy) instance.config["sealed"] = name(*sealed_policy);
  instance.services = std::move(request.services);
  if (request.no_start) instance.desired_status = api::InstanceStatus::created;

  api::Operation operation;
  operation.id = api::new_uuid(provider_);
  operation.kind = api::OperationKind::launch;
  operation.resource = instance.id;
  operation.unit = instance.node;
  operation.created_at = instance.created_at;
  std::vector<store::Change> changes;
  REDAN_CO_TRY(auto record, put_instance(instance, store::Absent{}));
  changes.push_back(std::move(record));
  changes.emplace_back(store::Put{keys::at(keys::kInstanceNames, instance.name), instance.id, store::Absent{}, {}});
  changes.push_back(put_operation(operation));
  auto committed = co_await store_.commit(std::move(changes));
  if (committed) co_return operation;
  if (committed.error() == errc::store_conflict) {
    co_return api::refuse(api::conflict("there is an instance named " + instance.name));
  }
  co_return api::refuse(api::refusal_of(committed.error()));
}

// A request that does not name an expected revision is retried when AMS itself changes the record meanwhile.
net::Task<Outcome<api::Operation>> Ams::change(std::string which, api::OperationKind kind,
                                               std::optional<store::Revision> expected) {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    REDAN_CO_TRY(auto found, co_await instance(which));
    api::Instance& instance = found.value;
    if (expected && *expected != found.revision) co_return api::refuse(has_changed());
    REDAN_CO_CHECK(decide(instance, kind));
    if (instance.damaged) co_await restore_name(instance);
    api::Operation operation;
    operation.id = api::new_uuid(provider_);
    operation.kind = kind;
    operation.resource = instance.id;
    operation.unit = instance.node;
    operation.created_at = net::wall_time().seconds_since_1970;
    std::vector<store::Change> changes;
    auto record = put_instance(instance, store::Unchanged{found.revision});
    if (!record) co_return api::refuse(record.error());
    changes.push_back(std::move(*record));
    changes.push_back(put_operation(operation));
    auto committed = co_await store_.commit(std::move(changes));
    if (committed) co_return operation;
    if (committed.error() != errc::store_conflict) co_return api::refuse(api::refusal_of(committed.error()));
  }
  co_return api::refuse(api::refusal_of(errc::store_conflict));
}

// Its name must become free again when the instance is deleted.
net::Task<void> Ams::restore_name(api::Instance& damaged) {
  const auto names = co_await read_all(keys::kInstanceNames);
  if (!names) co_return;
  const auto its =
      std::find_if(names->begin(), names->end(), [&](const store::Entry& name) { return name.value == damaged.id; });
  if (its != names->end()) damaged.name = keys::below(keys::kInstanceNames, its->key);
}

net::Task<Outcome<void>> Ams::protect(std::string which, bool is_protected, std::optional<store::Revision> expected) {
  REDAN_CO_TRY(auto found, co_await instance(std::move(which)));
  if (expected && *expected != found.revision) co_return api::refuse(has_changed());
  std::function<bool(api::Instance&)> edit = [is_protected](api::Instance& instance) {
    instance.config["security.delete_protected"] = is_protected;
    return true;
  };
  co_return co_await edit_instance(found.value.id, std::move(edit));
}

net::Task<Outcome<Versioned<api::Instance>>> Ams::instance(std::string which) {
  auto entry = co_await find_named(keys::kInstances, keys::kInstanceNames, std::move(which));
  if (!entry) co_return api::refuse(api::refusal_of(entry.error()));
  if (!*entry) co_return api::refuse(api::not_found("instance"));
  co_return Versioned<api::Instance>{read_instance(**entry, config_.unit), (*entry)->modified};
}

net::Task<Outcome<Page<api::Instance>>> Ams::instances(PageRequest page) {
  auto entries = co_await read_all(keys::kInstances);
  if (!entries) co_return api::refuse(api::refusal_of(entries.error()));
  Page<api::Instance> found;
  found.total = entries->size();
  for (std::size_t i = page.offset; i < entries->size() && found.elements.size() < page.limit; ++i) {
    found.elements.push_back(read_instance((*entries)[i], config_.unit));
  }
  co_return found;
}

net::Task<Outcome<std::string>> Ams::instance_log(std::string which) {
  REDAN_CO_TRY(auto found, co_await instance(std::move(which)));
  if (found.value.node != config_.unit) {
    co_return api::refuse(api::conflict("the log is on node " + found.value.node + "; ask there"));
  }
  auto log = co_await launcher_.log(found.value.id, kLogLimit);
  if (!log) co_return api::refuse({500, "launcher_failed", log.error().message, {}, 0});
  co_return std::move(*log);
}

net::Task<Outcome<void>> Ams::edit_instance(std::string id, std::function<bool(api::Instance&)> edit,
                                            std::vector<store::Change> also) {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    REDAN_CO_TRY(auto found, co_await instance(id));
    if (found.value.damaged) co_return api::refuse(api::conflict(found.value.error_message));
    const bool changed = edit(found.value);
    if (!changed && also.empty()) co_return Outcome<void>{};
    std::vector<store::Change> changes = also;
    if (changed) {
      auto record = put_instance(found.value, store::Unchanged{found.revision});
      if (!record) co_return api::refuse(record.error());
      changes.push_back(std::move(*record));
    }
    auto committed = co_await store_.commit(std::move(changes));
    if (committed) co_return Outcome<void>{};
    if (committed.error() != errc::store_conflict) co_return api::refuse(api::refusal_of(committed.error()));
  }
  co_return api::refuse(api::refusal_of(errc::store_conflict));
}

}  // namespace redan::cloud::ams
