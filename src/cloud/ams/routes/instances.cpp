// Instances and their logs.
#include <array>

#include "cloud/ams/routes/routes.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;
using trust::Scope;

/// Its launcher keeps the output from the first start to the removal.
bool may_have_log(const api::Instance& instance) { return instance.status != api::InstanceStatus::created; }

constexpr std::array<std::string_view, 13> kFilters{
    "id",       "name",        "base",     "type",          "status", "node",          "app_id",
    "app_name", "app_version", "image_id", "image_version", "tags",   "desired_status"};
constexpr std::string_view kLogName = "console.log";

json::object shown(const api::Instance& instance, const Call& call) {
  json::object object = call.containers ? to_container_json(instance) : to_json(instance);
  if (may_have_log(instance)) object["stored_logs"] = json::array{json::string(kLogName)};
  return object;
}

std::string path_of(const Call& call, const std::string& id) {
  return (call.containers ? "/1.0/containers/" : "/1.0/instances/") + id;
}

// Without a filter only the objects of the page are built: there may be ten thousand.
net::Task<Reply> list_instances(Ams& ams, Call call) {
  REDAN_CO_CHECK(check_filters(call, kFilters));
  REDAN_CO_TRY(auto page, call.page());
  const bool filtered = has_filter(call, kFilters);
  const PageRequest asked = filtered ? kEverything : page;
  REDAN_CO_TRY(auto found, co_await ams.instances(asked));
  json::array elements;
  std::size_t total = 0;
  for (const api::Instance& instance : found.elements) {
    json::object object = shown(instance, call);
    if (filtered && !passes(object, call, kFilters)) continue;
    if (filtered && (total++ < page.offset || elements.size() >= page.limit)) continue;
    if (call.recursive()) {
      elements.emplace_back(std::move(object));
    } else {
      elements.emplace_back(path_of(call, instance.id));
    }
  }
  co_return sync_reply(std::move(elements), filtered ? total : found.total);
}

net::Task<Reply> launch_instance(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  REDAN_CO_TRY(auto request, InstanceRequest::parse(body, call.unknown));
  request.wait = call.query("no_wait") == "false";
  REDAN_CO_TRY(auto operation, co_await ams.launch(std::move(request)));
  co_return async_reply(operation);
}

net::Task<Reply> show_instance(Ams& ams, Call call) {
  REDAN_CO_TRY(auto found, co_await ams.instance(call.parameters[0]));
  co_return with_etag(sync_reply(shown(found.value, call)), found.revision);
}

/// What PATCH changes.
struct InstanceChange {
  std::string desired_status;
  std::optional<bool> is_protected;

  static Outcome<InstanceChange> parse(const json::object& body, const api::UnknownMembers& unknown) {
    InstanceChange change;
    json::object config, security;
    bool is_protected = false;
    REDAN_CHECK(api::Members(body).text("desired_status", change.desired_status).object("config", config).end(unknown));
    api::Members flat(config, "config.");
    // Older clients send it as one name.
    REDAN_CHECK(flat.object("security", security).boolean("security.delete_protected", is_protected).end(unknown));
    api::Members nested(security, "config.security.");
    REDAN_CHECK(nested.boolean("delete_protected", is_protected).end(unknown));
    if (flat.has("security.delete_protected") || nested.has("delete_protected")) change.is_protected = is_protected;
    return change;
  }
};

net::Task<Reply> change_instance(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  REDAN_CO_TRY(const auto expected, call.if_match());
  REDAN_CO_TRY(const auto wanted, InstanceChange::parse(body, call.unknown));
  const auto status = api::parse_instance_status(wanted.desired_status);
  const bool start = status == api::InstanceStatus::running || status == api::InstanceStatus::started;
  const bool changes_status = !wanted.desired_status.empty() || !wanted.is_protected;
  if (changes_status && !start && status != api::InstanceStatus::stopped) {
    co_return api::refuse(api::bad_request("\"desired_status\" is running or stopped"));
  }
  auto unchanged = expected;
  if (wanted.is_protected) {
    REDAN_CO_TRY(auto done, co_await ams.protect(call.parameters[0], *wanted.is_protected, expected));
    if (!changes_status) co_return async_reply(done);
    unchanged.reset();  // it was checked, and this request has changed the record since
  }
  const api::OperationKind kind = start ? api::OperationKind::start : api::OperationKind::stop;
  const bool wait = call.query("no_wait") == "false";
  REDAN_CO_TRY(auto operation, co_await ams.change(call.parameters[0], kind, unchanged, wait));
  co_return async_reply(operation);
}

// A removal does not wait for the instance anyway, and no client may override the protection: "force" has no effect.
net::Task<Reply> remove_instance(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto expected, call.if_match());
  REDAN_CO_CHECK(parse_force(call));
  REDAN_CO_TRY(auto operation, co_await ams.change(call.parameters[0], api::OperationKind::remove, expected));
  co_return async_reply(operation);
}

net::Task<Reply> remove_instances(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  REDAN_CO_TRY(auto request, BulkRequest::parse(body, call.unknown));
  REDAN_CO_TRY(auto operation, co_await ams.remove_all(std::move(request.ids)));
  co_return async_reply(operation);
}

net::Task<Reply> instance_log(Ams& ams, Call call) {
  REDAN_CO_TRY(auto log, co_await ams.instance_log(call.parameters[0]));
  net::HttpResponse response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(log);
  co_return response;
}

net::Task<Reply> list_logs(Ams& ams, Call call) {
  REDAN_CO_TRY(auto found, co_await ams.instance(call.parameters[0]));
  json::array logs;
  if (may_have_log(found.value)) logs.emplace_back(path_of(call, found.value.id) + "/logs/" + std::string(kLogName));
  co_return sync_reply(std::move(logs));
}

net::Task<Reply> show_log(Ams& ams, Call call) {
  if (call.parameters[1] != kLogName) co_return api::refuse(api::not_found("log"));
  co_return co_await instance_log(ams, std::move(call));
}

// Each instance that AMS keeps as it was asked to is a task.
net::Task<Reply> list_tasks(Ams& ams, Call) {
  REDAN_CO_TRY(const auto found, co_await ams.instances(kEverything));
  json::array tasks;
  for (const api::Instance& instance : found.elements) {
    tasks.emplace_back(json::object{{"id", instance.id},
                                    {"status", name(instance.status)},
                                    {"object_id", instance.id},
                                    {"object_type", "instance"}});
  }
  co_return sync_reply(std::move(tasks), found.total);
}

constexpr std::array kRoutes{
    Route{"GET", "/1.0/instances", Scope::instance_read, "instances", list_instances},
    Route{"POST", "/1.0/instances", Scope::instance_write, "instances", launch_instance},
    Route{"DELETE", "/1.0/instances", Scope::instance_write, "instances", remove_instances},
    Route{"GET", "/1.0/instances/{id}", Scope::instance_read, "instance", show_instance},
    Route{"PATCH", "/1.0/instances/{id}", Scope::instance_write, "instance", change_instance},
    Route{"DELETE", "/1.0/instances/{id}", Scope::instance_write, "instance", remove_instance},
    Route{"GET", "/1.0/instances/{id}/log", Scope::instance_read, "log", instance_log},
    Route{"GET", "/1.0/instances/{id}/logs", Scope::instance_read, "logs", list_logs},
    Route{"GET", "/1.0/instances/{id}/logs/{name}", Scope::instance_read, "log", show_log},
    Route{"GET", "/1.0/tasks", Scope::instance_read, "tasks", list_tasks},
};

}  // namespace

std::span<const Route> instance_routes() { return kRoutes; }

}  // namespace redan::cloud::ams
