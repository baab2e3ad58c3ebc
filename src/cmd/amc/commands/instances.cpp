// Instances: list, show, start, stop, restart, delete, set.
#include "cloud/token/rfc3339.hpp"
#include "cmd/amc/grammar.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr const char* kPath = "/1.0/instances/";
constexpr const char* kNameOrId = "Its name or id";

bool is_base(const json::object& instance) { return member_of(instance, "base") == true; }
std::string type_of(const json::object& instance) { return is_base(instance) ? "base" : "regular"; }

// "192.0.2.1:10001/tcp 192.0.2.1:10002/udp"
std::string endpoints(const json::object& instance) {
  const json::value services = member_of(instance, "services");
  std::string text;
  if (!services.is_array()) return text;
  for (const json::value& element : services.get_array()) {
    const json::object& service = element.as_object();
    const bool exposed = member_of(service, "expose") == true;
    std::string address = text_of(instance, exposed ? "public_address" : "address");
    if (address.empty()) continue;
    std::string port = text_of(service, "node_port");
    if (port.empty() || port == "0") port = text_of(service, "port");
    text +=
        (text.empty() ? "" : " ") + address.append(":").append(port).append("/").append(text_of(service, "protocols"));
  }
  return text;
}

AmcList list() {
  return {.path = "/1.0/instances",
          .columns = {{"ID", "id"},
                      {"NAME", "name"},
                      {"APPLICATION", "app_name"},
                      {"TYPE", type_of},
                      {"STATUS", "status"},
                      {"NODE", "node"},
                      {"ADDRESS", "address"},
                      {"ENDPOINTS", endpoints}},
          .filters = {{"app", "app_name"},
                      {"status", "status"},
                      {"node", "node"},
                      {"type", type_of},
                      {"tags", "tags"},
                      {"vm", [](const json::object& instance) -> std::string {
                         return text_of(instance, "type") == "vm" ? "true" : "false";
                       }}}};
}

json::object shown(const json::object& instance) {
  json::object view;
  for (const char* member : {"id", "name", "status", "node"}) view[member] = member_of(instance, member);
  const json::value created = member_of(instance, "created_at");
  if (created.is_int64()) view["created_at"] = cloud::token::to_rfc3339({created.get_int64()});
  if (!text_of(instance, "app_id").empty()) {
    view["application"] = {{"id", member_of(instance, "app_id")},
                           {"name", member_of(instance, "app_name")},
                           {"version", member_of(instance, "app_version")}};
  }
  view["image"] = {{"id", member_of(instance, "image_id")}, {"version", member_of(instance, "image_version")}};
  view["network"] = {{"address", member_of(instance, "address")},
                     {"public_address", member_of(instance, "public_address")},
                     {"services", member_of(instance, "services")}};
  for (const char* member : {"stored_logs", "tags", "config", "resources", "error_message"}) {
    if (instance.contains(member)) view[member] = member_of(instance, member);
  }
  return view;
}

void show(Amc& amc) {
  const json::value instance = amc.session().ask("GET", path_of(kPath, amc.options().which));
  amc.print(instance, shown(instance.as_object()));
}

json::value change(Amc& amc, const char* status) {
  const std::string path = amc.until_running(path_of(kPath, amc.options().which));
  return amc.act("PATCH", path, json::object{{"desired_status", status}});
}
void start(Amc& amc) { amc.print_end(change(amc, "running")); }
void stop(Amc& amc) { amc.print_end(change(amc, "stopped")); }

// A stopped one stays stopped.
void restart(Amc& amc) {
  const json::value instance = amc.session().ask("GET", path_of(kPath, amc.options().which));
  const std::string status = text_of(instance.as_object(), "status");
  if (status != "running" && status != "started") return;
  change(amc, "stopped");
  amc.print_end(change(amc, "running"));
}

void set(Amc& amc) {
  if (amc.options().key != "security.delete_protected") {
    throw AmcFailure(kUsage, "an instance has no setting " + amc.options().key + "; it has security.delete_protected");
  }
  const json::object security{{"delete_protected", parse_bool(*amc.options().value)}};
  const json::object body{{"config", json::object{{"security", security}}}};
  amc.print_end(amc.act("PATCH", path_of(kPath, amc.options().which), body));
}

struct Doomed {
  std::vector<std::string> which;
  std::string node;
};

std::vector<std::string> all_on(Amc& amc, const std::string& node) {
  std::vector<std::string> ids;
  for (const json::value& element : amc.session().list("/1.0/instances")) {
    const json::object& instance = element.as_object();
    if (node.empty() || text_of(instance, "node") == node) ids.push_back(text_of(instance, "id"));
  }
  return ids;
}

void remove(Amc& amc, const Doomed& doomed) {
  if (doomed.which.empty() != amc.options().all) throw AmcFailure(kUsage, "name instances, or give --all");
  if (!doomed.node.empty() && !amc.options().all) throw AmcFailure(kUsage, "--node belongs to --all");
  amc.confirm();
  const json::object force{{"force", amc.options().force}};
  for (const std::string& one : doomed.which) amc.print_end(amc.act("DELETE", path_of(kPath, one), force));
  if (!amc.options().all) return;
  const std::vector<std::string> ids = all_on(amc, doomed.node);
  if (ids.empty()) return;
  amc.print_end(
      amc.act("DELETE", "/1.0/instances", json::object{{"ids", to_array(ids)}, {"force", amc.options().force}}));
}

void add_delete(Grammar& grammar, CLI::App* parent) {
  const auto doomed = std::make_shared<Doomed>();
  CLI::App* made =
      grammar.command(parent, "delete", "Stop and remove instances", [doomed](Amc& amc) { remove(amc, *doomed); });
  made->add_option("which", doomed->which, "Their names or ids");
  made->add_flag("-a,--all", grammar.options().all, "All instances");
  made->add_option("-n,--node", doomed->node, "With --all: those on this node");
  grammar.force(made, "Accepted; a protected instance is not deleted");
  grammar.timeout(grammar.no_wait(grammar.yes(made)));
}

}  // namespace

void add_instances(Grammar& grammar, CLI::App* parent) {
  grammar.list(parent, "Instances", list());
  grammar.format(grammar.which(grammar.command(parent, "show", "One instance", show), kNameOrId));
  const auto change_command = [&](const char* name, const char* description, void (*what)(Amc&)) {
    return grammar.timeout(grammar.which(grammar.command(parent, name, description, what), kNameOrId));
  };
  grammar.yes(grammar.no_wait(change_command("start", "Start a stopped one", start)));
  grammar.no_wait(change_command("stop", "Stop one", stop));
  change_command("restart", "Stop and start one; a stopped one stays stopped", restart);
  CLI::App* set_command = change_command("set", "Change a setting of one", set);
  grammar.value(grammar.key(set_command, "security.delete_protected"), "true or false");
  add_delete(grammar, parent);
  grammar.refused(parent, "copy", "Copy an instance", "copies of instances; launch one from its application or image");
  grammar.refused(parent, "publish", "Make an image of an instance", "images made from instances");
  grammar.refused(parent, "connect", "Open ADB to an instance",
                  "ADB through amc; share the instance with the type adb, then run `redan adb URL`");
}

}  // namespace redan::cmd
