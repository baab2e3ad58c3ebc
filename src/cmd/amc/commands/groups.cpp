// auth group and auth permissions.
#include <algorithm>

#include "cmd/amc/grammar.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr const char* kPath = "/1.0/auth/groups/";
constexpr const char* kName = "Its name";

struct Group {
  std::string description, type;
  std::vector<std::string> permissions;
};

AmcList list() {
  return {.path = "/1.0/auth/groups",
          .columns = {{"NAME", "name"},
                      {"IDENTITIES", "identities"},
                      {"CREATED AT", "created_at"},
                      {"UPDATED AT", "updated_at"}},
          .filters = {{"name", "name"}}};
}

json::value get(Amc& amc) { return amc.session().ask("GET", path_of(kPath, amc.options().name)); }

void show(Amc& amc) {
  const json::value answer = get(amc);
  const json::object& group = answer.as_object();
  json::object view;
  for (const char* member : {"name", "description", "identities", "permissions"}) {
    view[member] = member_of(group, member);
  }
  view["created-at"] = text_of(group, "created_at");
  view["updated-at"] = text_of(group, "updated_at");
  view["immutable"] = member_of(group, "immutable");
  amc.print(answer, view);
}

void create(Amc& amc, const Group& group) {
  json::object body{{"name", amc.options().name}};
  if (!group.description.empty()) body["description"] = group.description;
  amc.print_end(amc.act("POST", "/1.0/auth/groups", body));
}

void set(Amc& amc) {
  if (amc.options().key != "description") throw AmcFailure(kUsage, "a group has one field to set: description");
  const json::object body{{"description", *amc.options().value}};
  amc.print_end(amc.act("PUT", path_of(kPath, amc.options().name), body));
}

void remove(Amc& amc) {
  amc.confirm();
  amc.print_end(amc.act("DELETE", path_of(kPath, amc.options().name), json::object{{"force", amc.options().force}}));
}

std::string resource(const Amc& amc, const Group& group) {
  if (group.type == "server") return "server";
  if (amc.options().which.empty()) throw AmcFailure(kUsage, "name the " + group.type + ", by its id or name");
  return group.type + ":" + amc.options().which;
}

/// Without the permissions that the command names.
json::array others(const json::object& group, const std::string& resource, const std::vector<std::string>& named) {
  json::array kept;
  const json::value permissions = member_of(group, "permissions");
  if (!permissions.is_array()) return kept;
  for (const json::value& element : permissions.get_array()) {
    const json::object& permission = element.as_object();
    const bool is_named = text_of(permission, "resource") == resource &&
                          std::find(named.begin(), named.end(), text_of(permission, "entitlement")) != named.end();
    if (!is_named) kept.push_back(element);
  }
  return kept;
}

void change_permissions(Amc& amc, const Group& group, bool adds) {
  std::vector<std::string> named;
  for (const std::string& words : group.permissions) {
    for (const std::string& word : split(words)) named.push_back(word);
  }
  const std::string on = resource(amc, group);
  json::array permissions = others(get(amc).as_object(), on, named);
  for (const std::string& entitlement : named) {
    if (adds) permissions.emplace_back(json::object{{"entitlement", entitlement}, {"resource", on}});
  }
  amc.print_end(
      amc.act("PUT", path_of(kPath, amc.options().name), json::object{{"permissions", std::move(permissions)}}));
}

/// One row for each resource.
void list_permissions(Amc& amc) {
  json::array permissions = amc.session().list("/1.0/auth/permissions");
  if (amc.options().json || amc.options().format == "json") return amc.print_list(std::move(permissions), {});
  json::object rows;
  for (const json::value& element : permissions) {
    const std::string resource = text_of(element.as_object(), "resource");
    if (!rows.contains(resource)) {
      const std::size_t colon = std::min(resource.find(':'), resource.size());
      rows[resource] = {{"type", resource.substr(0, colon)},
                        {"id", colon < resource.size() ? resource.substr(colon + 1) : ""},
                        {"entitlements", json::array()}};
    }
    rows[resource].as_object()["entitlements"].as_array().emplace_back(element.at("entitlement"));
  }
  json::array table;
  for (const auto& row : rows) table.push_back(row.value());
  amc.print_list(std::move(table),
                 {{"RESOURCE TYPE", "type"}, {"RESOURCE ID", "id"}, {"ENTITLEMENTS", "entitlements"}});
}

void add_permissions(Grammar& grammar, CLI::App* parent, const std::shared_ptr<Group>& group) {
  CLI::App* permission = grammar.group(parent, "permission", "What its members may do");
  for (const bool adds : {true, false}) {
    CLI::App* made =
        grammar.command(permission, adds ? "add" : "delete", adds ? "Add permissions" : "Remove permissions",
                        [group, adds](Amc& amc) { change_permissions(amc, *group, adds); });
    grammar.name(made, kName);
    made->add_option("type", group->type, "server, instance, application, image, node, ...")->required();
    made->add_option("which", grammar.options().which, "The id or name of the instance, ...; not for the server");
    made->add_option("-p,--permissions", group->permissions, "Entitlements, with commas between")
        ->allow_extra_args(false)
        ->required();
  }
}

}  // namespace

void add_groups(Grammar& grammar, CLI::App* auth) {
  const auto group = std::make_shared<Group>();
  CLI::App* parent = grammar.group(auth, "group", "Groups of identities, with permissions");
  grammar.list(parent, "All of them", list());
  grammar.format(grammar.name(grammar.command(parent, "show", "One of them", show), kName));
  CLI::App* made = grammar.command(parent, "create", "Add one", [group](Amc& amc) { create(amc, *group); });
  grammar.name(made, kName)->add_option("--description", group->description, "What it is for");
  made = grammar.name(grammar.command(parent, "set", "Change a field", set), kName);
  grammar.value(grammar.key(made, "description"), "Its new value");
  made = grammar.name(grammar.command(parent, "delete", "Remove one", remove), kName);
  grammar.timeout(grammar.no_wait(grammar.yes(grammar.force(made, "Although it has members"))));
  add_permissions(grammar, parent, group);
  CLI::App* permissions = grammar.group(auth, "permissions", "What there is to permit");
  made = grammar.command(permissions, "list", "All entitlements", list_permissions);
  made->alias("ls");
  grammar.format(made, {"table", "json", "csv"});
}

}  // namespace redan::cmd
