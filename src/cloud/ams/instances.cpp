// Requests about instances. operations.cpp carries out the operations on them.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "cloud/ams/keys.hpp"
#include "cloud/ams/service.hpp"
#include "cloud/api/ids.hpp"
#include "cloud/api/manifest.hpp"
#include "cloud/api/size.hpp"
#include "cloud/errors.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {
namespace {

constexpr std::size_t kLogLimit = 256 * 1024;
// To change an instance that other writers keep changing.
constexpr int kMaxAttempts = 20;

Outcome<void> take_instance_type(const std::string& type, api::Instance& instance) {
  if (type.empty()) return {};
  const auto resources = api::resources_of_instance_type(type);
  if (!resources) return api::refuse(api::bad_request("no instance type " + type));
  for (const auto& member : to_instance_json(*resources)) instance.resources[member.key()] = member.value();
  return {};
}

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

/// What an application gives its instances.
Outcome<void> take_from_manifest(const api::json::object& manifest, api::Instance& instance,
                                 std::vector<std::string>& node_tags) {
  std::string type;
  api::json::object resources;
  REDAN_CHECK(api::Members(manifest)
                  .text("image", instance.image_id)
                  .text("instance-type", type)
                  .texts("tags", instance.tags)
                  .texts("addons", instance.addons)
                  .texts("node_selector", node_tags)
                  .array("services", instance.services)
                  .object("resources", resources)
                  .end({}));
  REDAN_CHECK(take_instance_type(type, instance));
  for (const auto& member : resources) {
    const auto bytes = member.value().is_string() ? api::parse_size(member.value().get_string()) : std::nullopt;
    if (bytes) instance.resources[member.key()] = *bytes;
    if (member.value().is_int64()) instance.resources[member.key()] = member.value();
  }
  return {};
}

/// Parses the record again before it is written: an unreadable record must not enter the store.
Outcome<store::Change> put_instance(const api::Instance& instance, store::Expect expect) {
  std::string record = to_record(instance);
  if (!api::instance_from_record(record)) return api::refuse(api::bad_request("a text of the instance is not UTF-8"));
  return store::Change(store::Put{keys::at(keys::kInstances, instance.id), std::move(record), expect, {}});
}

}  // namespace

// The instance, its name and the operation are created in one commit.
net::Task<Outcome<api::Operation>> Ams::launch(InstanceRequest request) {
  if (instances_.size() >= config_.max_instances) co_return api::refuse(api::refusal_of(Errc::too_many));
  api::Instance instance;
  std::vector<std::string> node_tags;
  instance.config = std::move(request.config);
  if (request.app_id.empty()) {
    instance.base = true;
  } else {
    REDAN_CO_TRY(auto found, co_await application(request.app_id));
    const api::ApplicationVersion* version = found.value.version(request.app_version);
    if (version == nullptr) co_return api::refuse(api::not_found("published version of this application"));
    REDAN_CO_CHECK(take_from_manifest(found.value.manifest(*version), instance, node_tags));
    instance.app_id = found.value.id;
    instance.app_name = found.value.name;
    instance.app_version = version->number;
    // The application decides; the request cannot override it.
    const auto policy = api::sealed_policy(version->manifest).value_or(api::SealedPolicy::required);
    instance.config["sealed"] = name(policy);
  }
  if (!request.image_id.empty()) instance.image_id = request.image_id;
  REDAN_CO_CHECK(co_await choose_image(instance, request.image_version));
  REDAN_CO_CHECK(take_instance_type(request.instance_type, instance));
  for (const auto& member : request.resources) instance.resources[member.key()] = member.value();
  instance.id = api::new_id(provider_, net::wall_time());
  instance.name = request.name.empty() ? "ams-" + instance.id : request.name;
  std::string wanted_node = request.node;
  REDAN_CO_TRY(instance.node, co_await nodes_.choose(std::move(wanted_node), std::move(node_tags)));
  instance.created_at = net::wall_time().seconds_since_1970;
  if (!request.tags.empty()) instance.tags = std::move(request.tags);
  REDAN_CO_CHECK(want_session(instance));
  instance.addons.insert(instance.addons.end(), request.addons.begin(), request.addons.end());
  instance.user_data = std::move(request.user_data);
  if (!request.services.empty()) instance.services = std::move(request.services);
  if (request.no_start) instance.desired_status = api::InstanceStatus::created;

  api::Operation operation = new_operation(api::OperationKind::launch, instance, request.wait);
  std::vector<store::Change> changes;
  REDAN_CO_TRY(auto record, put_instance(instance, store::Absent{}));
  changes.push_back(std::move(record));
  changes.emplace_back(store::Put{keys::at(keys::kInstanceNames, instance.name), instance.id, store::Absent{}, {}});
  changes.push_back(context_.record(operation));
  auto committed = co_await store_.commit(std::move(changes));
  if (committed) co_return operation;
  if (committed.error() == errc::store_conflict) {
    co_return api::refuse(api::conflict("there is an instance named " + instance.name));
  }
  co_return api::refuse(api::refusal_of(committed.error()));
}

api::Operation Ams::new_operation(api::OperationKind kind, const api::Instance& instance, bool wait) {
  api::Operation operation = context_.completed(std::string(name(kind)) + " instance", "instances", {instance.id});
  operation.kind = kind;
  operation.unit = instance.node;
  operation.status = api::OperationStatus::running;
  if (wait) operation.metadata["wait"] = true;
  return operation;
}

// A request that does not name an expected revision is retried when AMS itself changes the record meanwhile.
net::Task<Outcome<api::Operation>> Ams::change(std::string which, api::OperationKind kind,
                                               std::optional<store::Revision> expected, bool wait) {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    REDAN_CO_TRY(auto found, co_await instance(which));
    api::Instance& instance = found.value;
    if (expected && *expected != found.revision) co_return api::refuse(has_changed());
    REDAN_CO_CHECK(decide(instance, kind));
    if (kind == api::OperationKind::start) renew_session(instance);
    if (instance.damaged) co_await restore_name(instance);
    api::Operation operation = new_operation(kind, instance, wait);
    std::vector<store::Change> changes;
    auto record = put_instance(instance, store::Unchanged{found.revision});
    if (!record) co_return api::refuse(record.error());
    changes.push_back(std::move(*record));
    changes.push_back(context_.record(operation));
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

net::Task<Outcome<api::Operation>> Ams::protect(std::string which, bool is_protected,
                                                std::optional<store::Revision> expected) {
  REDAN_CO_TRY(auto found, co_await instance(std::move(which)));
  if (expected && *expected != found.revision) co_return api::refuse(has_changed());
  api::Operation done = context_.completed("Update instance", "instances", {found.value.id});
  std::vector<store::Change> also;
  also.push_back(context_.record(done));
  std::function<bool(api::Instance&)> edit = [is_protected](api::Instance& instance) {
    instance.protect(is_protected);
    return true;
  };
  REDAN_CO_CHECK(co_await edit_instance(found.value.id, std::move(edit), std::move(also)));
  co_return done;
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

// All are decided before the first is recorded: one that may not be deleted refuses the whole request.
net::Task<Outcome<api::Operation>> Ams::remove_all(std::vector<std::string> which) {
  for (const std::string& one : which) {
    REDAN_CO_TRY(auto found, co_await instance(one));
    REDAN_CO_CHECK(decide(found.value, api::OperationKind::remove));
  }
  std::vector<std::string> ids, parts;
  for (const std::string& one : which) {
    REDAN_CO_TRY(const auto started, co_await change(one, api::OperationKind::remove, std::nullopt));
    ids.push_back(started.instance());
    parts.push_back(started.id);
  }
  api::Operation whole = context_.completed("Delete instances", "instances", std::move(ids));
  whole.status = api::OperationStatus::running;
  std::vector<store::Change> changes;
  changes.push_back(context_.record(whole));
  const auto committed = co_await store_.commit(std::move(changes));
  if (!committed) co_return api::refuse(api::refusal_of(committed.error()));
  boost::asio::co_spawn(io_, finish_with(whole, std::move(parts)), boost::asio::detached);
  co_return whole;
}

// Ends an operation when its parts have ended.
net::Task<void> Ams::finish_with(api::Operation whole, std::vector<std::string> parts) {
  constexpr std::chrono::seconds kTurn{60};
  whole.status = api::OperationStatus::success;
  for (const std::string& part : parts) {
    for (bool ended = false; !ended && !stopped_;) {
      const auto known = co_await wait_for(part, kTurn);
      ended = known ? is_final(known->status) : known.error().status == 404;
      if (known && known->status == api::OperationStatus::failure) {
        whole.status = api::OperationStatus::failure;
        whole.err = known->err;
      }
    }
  }
  if (!stopped_) co_await record_end(std::move(whole));
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

net::Task<Outcome<api::Operation>> Ams::execute(std::string which, ExecSpec spec) {
  REDAN_CO_TRY(const auto found, co_await instance(std::move(which)));
  if (found.value.node != config_.unit) {
    co_return api::refuse(api::conflict("the instance is on node " + found.value.node + "; ask there"));
  }
  if (!may_run(found.value.status)) co_return api::refuse(api::conflict("the instance does not run"));
  REDAN_CO_TRY(const auto operation, executions_.prepare(found.value.id, std::move(spec)));
  api::Operation recorded = operation;
  recorded.metadata = {};
  const bool is_recorded = co_await record_once(std::move(recorded));
  if (!is_recorded) executions_.cancel(operation.id);
  if (!is_recorded) co_return api::refuse(api::refusal_of(errc::store_failed));
  co_return operation;
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
