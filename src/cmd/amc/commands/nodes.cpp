// Nodes.
#include "base/words.hpp"
#include "cmd/amc/grammar.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr const char* kPath = "/1.0/nodes/";
constexpr const char* kName = "Its name";

struct Node {
  std::string network, subnet, storage_device, storage_pool, tags, trust_password, trust_token;
  std::int64_t mtu = 0;
  bool unmanaged = false, keep_in_cluster = false, allocations = false;
};

AmcList list() {
  return {.path = "/1.0/nodes",
          .columns = {{"NAME", "name"},
                      {"ADDRESS", "address"},
                      {"PUBLIC ADDRESS", "public_address"},
                      {"STATUS", "status"},
                      {"ARCHITECTURE", "architecture"}},
          .filters = {{"master", "is_master"}, {"status", "status"}}};
}

json::object shown(const json::object& node, bool allocations) {
  json::object view, config;
  for (const char* member : {"name", "managed", "status", "unschedulable", "architecture"}) {
    view[member] = member_of(node, member);
  }
  view["disk"] = {{"pool", member_of(node, "storage_pool")}, {"size", member_of(node, "disk_size")}};
  view["network"] = {{"address", member_of(node, "address")}, {"bridge-mtu", member_of(node, "network_bridge_mtu")}};
  if (allocations) view["gpus"] = member_of(node, "gpus");
  for (const char* member : {"public_address", "cpus", "cpu_allocation_rate", "memory", "memory_allocation_rate",
                             "gpu_slots", "gpu_encoder_slots", "tags"}) {
    std::string name(member);
    for (char& c : name) c = c == '_' ? '-' : c;
    config[name] = member_of(node, member);
  }
  view["config"] = std::move(config);
  return view;
}

void show(Amc& amc, const Node& options) {
  const json::value node = amc.session().ask("GET", path_of(kPath, amc.options().which));
  amc.print(node, shown(node.as_object(), options.allocations));
}

void add(Amc& amc, const Node& node) {
  json::object body{{"name", amc.options().name}, {"address", *amc.options().value}};
  const auto give = [&](const char* member, const std::string& text) {
    if (!text.empty()) body[member] = text;
  };
  give("network_name", node.network);
  give("network_subnet", node.subnet);
  give("storage_device", node.storage_device);
  give("storage_pool", node.storage_pool);
  give("trust_password", node.trust_password);
  give("trust_token", node.trust_token);
  if (node.mtu != 0) body["network_bridge_mtu"] = node.mtu;
  if (!node.tags.empty()) body["tags"] = to_array(split(node.tags));
  if (node.unmanaged) body["unmanaged"] = true;
  amc.print_end(amc.act("POST", "/1.0/nodes", body));
}

enum class Kind : std::uint8_t { text, list, flag, number, rate };
struct Setting {
  const char* name;
  const char* member;
  Kind kind;
};
constexpr std::array kSettings{
    Setting{"cpu-allocation-rate", "cpu_allocation_rate", Kind::rate},
    Setting{"cpus", "cpus", Kind::number},
    Setting{"gpu-encoder-slots", "gpu_encoder_slots", Kind::number},
    Setting{"gpu-slots", "gpu_slots", Kind::number},
    Setting{"memory", "memory", Kind::text},
    Setting{"memory-allocation-rate", "memory_allocation_rate", Kind::rate},
    Setting{"public-address", "public_address", Kind::text},
    Setting{"subnet", "subnet", Kind::text},
    Setting{"tags", "tags", Kind::list},
    Setting{"unschedulable", "unschedulable", Kind::flag},
};

json::value parsed(Kind kind, const std::string& text) {
  if (kind == Kind::list) return to_array(split(text));
  if (kind == Kind::flag) return parse_bool(text);
  if (kind == Kind::number) return parse_integer(text);
  if (kind == Kind::text) return json::string(text);
  const auto rate = to_number<double>(text);
  if (!rate) throw AmcFailure(kUsage, "\"" + text + "\" is not a number");
  return *rate;
}

void set(Amc& amc) {
  const AmcOptions& options = amc.options();
  for (const Setting& setting : kSettings) {
    if (options.key != setting.name) continue;
    const json::object body{{setting.member, parsed(setting.kind, *options.value)}};
    return amc.print_end(amc.act("PATCH", path_of(kPath, options.which), body));
  }
  std::string known;
  for (const Setting& setting : kSettings) known += std::string(" ") + setting.name;
  throw AmcFailure(kUsage, "a node has no setting " + options.key + "; it has" + known);
}

void remove(Amc& amc, const Node& node) {
  amc.confirm();
  json::object body{{"force", amc.options().force}};
  if (node.keep_in_cluster) body["keep_in_cluster"] = true;
  amc.print_end(amc.act("DELETE", path_of(kPath, amc.options().which), body));
}

void add_add(Grammar& grammar, CLI::App* group, const std::shared_ptr<Node>& node) {
  CLI::App* made = grammar.command(group, "add", "Add one", [node](Amc& amc) { add(amc, *node); });
  grammar.value(grammar.name(made, kName), "Its IP address");
  made->add_option("--tags", node->tags, "Tags, with commas between");
  made->add_flag("--unmanaged", node->unmanaged, "Its LXD is set up already");
  made->add_option("--network", node->network, "Name of LXD's network");
  made->add_option("--network-bridge-mtu", node->mtu, "MTU of LXD's bridge");
  made->add_option("--network-subnet", node->subnet, "Subnet of LXD's network");
  made->add_option("--storage-device", node->storage_device, "Device of LXD's storage");
  made->add_option("--storage-pool", node->storage_pool, "LXD's storage pool");
  made->add_option("--trust-password", node->trust_password, "LXD's trust password");
  made->add_option("--trust-token", node->trust_token, "LXD's trust token");
  grammar.timeout(made);
}

}  // namespace

void add_nodes(Grammar& grammar) {
  const auto node = std::make_shared<Node>();
  CLI::App* group = grammar.group(grammar.root(), "node", "Where instances run");
  grammar.list(group, "All of them", list());
  CLI::App* made = grammar.command(group, "show", "One of them", [node](Amc& amc) { show(amc, *node); });
  made->add_flag("--allocations,--gpu-allocations", node->allocations, "Also what its GPUs are used for");
  grammar.format(grammar.which(made, kName));
  add_add(grammar, group, node);
  made = grammar.which(grammar.command(group, "set", "Change a setting", set), kName);
  grammar.timeout(grammar.value(grammar.key(made, "Such as cpus, memory, tags or unschedulable"), "Its new value"));
  made = grammar.command(group, "remove", "Remove one without instances", [node](Amc& amc) { remove(amc, *node); });
  made->add_flag("--keep-in-cluster", node->keep_in_cluster, "Leave it in LXD's cluster");
  grammar.force(grammar.which(made, kName), "Although instances are on it");
  grammar.timeout(grammar.yes(made));
}

}  // namespace redan::cmd
