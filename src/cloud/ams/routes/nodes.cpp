// Nodes and the configuration.
#include <array>
#include <tuple>

#include "cloud/ams/routes/routes.hpp"
#include "cloud/api/size.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;
using trust::Scope;

net::Task<Reply> show_config(Ams& ams, Call) { co_return sync_reply(json::object{{"config", ams.config()}}); }

/// {"name": ..., "value": ...}, or several at once as {"config": {...}}.
Outcome<json::object> parse_settings(const json::object& body, const api::UnknownMembers& unknown) {
  json::object changes;
  std::string name;
  json::value value;
  api::Members members(body);
  REDAN_CHECK(members.object("config", changes).text("name", name).any("value", value).end(unknown));
  if (members.has("name")) changes[name] = value.is_null() ? json::value("") : value;
  if (!value.is_null() && !value.is_string()) {
    return api::refuse(api::bad_request("\"value\" is not text"));
  }
  if (changes.empty()) return api::refuse(api::bad_request("name a setting: {\"name\": ..., \"value\": ...}"));
  return changes;
}

net::Task<Reply> change_config(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  REDAN_CO_TRY(auto changes, parse_settings(body, call.unknown));
  // A caller that knows the password can obtain any role.
  if (changes.contains("core.trust_password")) {
    REDAN_CO_CHECK(check_grant(*call.caller, trust::Role::admin, {}));
  }
  REDAN_CO_TRY(auto done, co_await ams.set_config(std::move(changes)));
  co_return async_reply(done);
}

constexpr std::array<std::string_view, 3> kFilters{"name", "status", "tags"};
constexpr std::int64_t kMaxCount = 1'000'000;

net::Task<Reply> list_nodes(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto nodes, co_await ams.nodes().all());
  json::array objects;
  for (const api::Node& node : nodes) objects.emplace_back(to_json(node));
  co_return list_reply(call, std::move(objects), "/1.0/nodes", "name", kFilters);
}

net::Task<Reply> show_node(Ams& ams, Call call) {
  REDAN_CO_TRY(auto found, co_await ams.nodes().find(call.parameters[0]));
  co_return with_etag(sync_reply(to_json(found.value)), found.revision);
}

/// The members of both requests that set something.
Outcome<void> read_node(api::Members& members, api::Node& node) {
  json::value cpu_rate, memory_rate;
  members.text("public_address", node.public_address).texts("tags", node.tags).text("memory", node.memory, 32);
  members.integer("cpus", node.cpus, 0, kMaxCount).integer("gpu_slots", node.gpu_slots);
  members.integer("gpu_encoder_slots", node.gpu_encoder_slots).unimplemented({"gpu_slots", "gpu_encoder_slots"});
  members.any("cpu_allocation_rate", cpu_rate).any("memory_allocation_rate", memory_rate);
  for (const auto& [value, rate, key] :
       {std::tuple(&cpu_rate, &node.cpu_allocation_rate, "cpu_allocation_rate"),
        std::tuple(&memory_rate, &node.memory_allocation_rate, "memory_allocation_rate")}) {
    if (value->is_null()) continue;
    if (!value->is_number() || value->to_number<double>() < 0) {
      return api::refuse(api::bad_request("\"" + std::string(key) + "\" is not a positive number"));
    }
    // Clients send 0 for a rate that they do not set.
    if (value->to_number<double>() > 0) *rate = value->to_number<double>();
  }
  if (!node.memory.empty() && !api::parse_size(node.memory)) {
    return api::refuse(api::bad_request("\"memory\" is not a size, such as 8GB"));
  }
  return {};
}

net::Task<Reply> add_node(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  api::Node node;
  bool unmanaged = true;
  api::Members members(body);
  members.text("name", node.name).text("address", node.address).boolean("unmanaged", unmanaged);
  REDAN_CO_CHECK(read_node(members, node));
  // These set up LXD on the machine, which here is the operator's work.
  members.unimplemented({"trust_password", "trust_token", "network_bridge_mtu", "storage_device", "storage_pool",
                         "network_name", "network_subnet", "network_acl_name"});
  REDAN_CO_CHECK(members.end(call.unknown));
  REDAN_CO_TRY(auto done, co_await ams.nodes().add(std::move(node)));
  co_return async_reply(done);
}

Outcome<void> read_changes(const json::object& body, api::Node& node, const api::UnknownMembers& unknown) {
  json::array gpus;
  std::string subnet;
  api::Members members(body);
  REDAN_CHECK(read_node(members, node));
  members.boolean("unschedulable", node.unschedulable).boolean("unscheduable", node.unschedulable);
  members.array("gpus", gpus).text("subnet", subnet).unimplemented({"gpus", "subnet"});
  return members.end(unknown);
}

net::Task<Reply> change_node(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  api::Node blank;
  REDAN_CO_CHECK(read_changes(body, blank, call.unknown));
  std::function<Outcome<void>(api::Node&)> edit = [body](api::Node& node) { return read_changes(body, node, {}); };
  REDAN_CO_TRY(auto done, co_await ams.nodes().change(call.parameters[0], std::move(edit)));
  co_return async_reply(done);
}

net::Task<Reply> remove_node(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  bool force = false, keep = false;
  // There is no cluster of LXD that it could be removed from.
  REDAN_CO_CHECK(api::Members(body).boolean("force", force).boolean("keep_in_cluster", keep).end(call.unknown));
  REDAN_CO_TRY(const auto instances, co_await ams.instances(kEverything));
  for (const api::Instance& instance : instances.elements) {
    if (instance.node != call.parameters[0] || force) continue;
    co_return api::refuse(api::conflict("instance " + instance.name + " is on this node; delete it first"));
  }
  REDAN_CO_TRY(auto done, co_await ams.nodes().remove(call.parameters[0]));
  co_return async_reply(done);
}

constexpr std::array kRoutes{
    Route{"GET", "/1.0/config", Scope::config_read, "config", show_config},
    Route{"PATCH", "/1.0/config", Scope::config_write, "config", change_config},
    Route{"PUT", "/1.0/config", Scope::config_write, "config", change_config},
    Route{"GET", "/1.0/nodes", Scope::node_read, "nodes", list_nodes},
    Route{"POST", "/1.0/nodes", Scope::config_write, "nodes", add_node},
    Route{"GET", "/1.0/nodes/{name}", Scope::node_read, "node", show_node},
    Route{"PATCH", "/1.0/nodes/{name}", Scope::config_write, "node", change_node},
    Route{"DELETE", "/1.0/nodes/{name}", Scope::config_write, "node", remove_node},
};

}  // namespace

std::span<const Route> node_routes() { return kRoutes; }

}  // namespace redan::cloud::ams
