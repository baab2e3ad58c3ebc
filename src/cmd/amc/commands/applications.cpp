// Applications and their versions.
#include <boost/json/parse.hpp>

#include "cmd/amc/archive_file.hpp"
#include "cmd/amc/grammar.hpp"
#include "cmd/arguments.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr const char* kPath = "/1.0/applications/";
constexpr const char* kNameOrId = "Its name or id";

std::string published(const json::object& application) { return text_of(application, "published"); }

AmcList list() {
  return {.path = "/1.0/applications",
          .columns = {{"ID", "id"},
                      {"NAME", "name"},
                      {"INSTANCE TYPE", "instance_type"},
                      {"ADDONS", "addons"},
                      {"TAGS", "tags"},
                      {"PUBLISHED", published},
                      {"STATUS", "status"},
                      {"LAST UPDATED",
                       [](const json::object& application) {
                         const json::value versions = member_of(application, "versions");
                         if (!versions.is_array() || versions.get_array().empty()) {
                           return text_of(application, "created_at");
                         }
                         return text_of(versions.get_array().back().as_object(), "created_at");
                       }}},
          .filters = {{"addons", "addons"},
                      {"immutable", "immutable"},
                      {"instance-type", "instance_type"},
                      {"parent_image_variant", "parent_image_variant"},
                      {"published", published},
                      {"status", "status"},
                      {"tags", "tags"},
                      {"vm", "vm"}},
          .yaml = true};
}

/// The documented names have dashes.
void show_member(json::object& view, const char* shown, const json::object& object, const char* member) {
  if (object.contains(member)) view[shown] = member_of(object, member);
}

json::object shown_version(const json::object& version) {
  json::object view;
  show_member(view, "image", version, "parent_image_id");
  show_member(view, "manifest-version", version, "manifest_version");
  for (const char* member : {"published", "status", "addons", "services", "error_message"}) {
    show_member(view, member, version, member);
  }
  show_member(view, "extra-data", version, "extra_data");
  return view;
}

json::object shown(const json::object& application) {
  json::object view, versions;
  for (const char* member : {"id", "name", "status", "published", "immutable", "vm"}) {
    view[member] = member_of(application, member);
  }
  show_member(view, "inhibit-auto-updates", application, "inhibit_auto_updates");
  show_member(view, "parent-image", application, "parent_image_id");
  show_member(view, "parent-image-variant", application, "parent_image_variant");
  for (const char* member : {"tags", "addons", "resources"}) show_member(view, member, application, member);
  view["config"] = {{"instance-type", member_of(application, "instance_type")},
                    {"boot-package", member_of(application, "boot_package")}};
  const json::value numbered = member_of(application, "versions");
  if (numbered.is_array()) {
    for (const json::value& version : numbered.get_array()) {
      versions[text_of(version.as_object(), "number")] = shown_version(version.as_object());
    }
  }
  view["versions"] = std::move(versions);
  return view;
}

void show(Amc& amc) {
  const json::value application = amc.session().ask("GET", path_of(kPath, amc.options().which));
  amc.print(application, shown(application.as_object()));
}

// A package, or a name and a manifest in JSON.
void create(Amc& amc, bool vm) {
  const AmcOptions& options = amc.options();
  const std::string path = std::string("/1.0/applications") + (vm ? "?vm=true" : "");
  json::value operation;
  if (options.file.empty() && is_archive(options.which)) {
    operation = amc.session().upload("POST", path, open_archive(options.which));
  } else {
    json::value manifest = options.file.empty() ? json::object() : json::parse(read_file(options.file));
    if (!manifest.is_object()) throw std::runtime_error(options.file + " is not a JSON object");
    manifest.get_object()["name"] = options.which;
    operation = amc.session().ask("POST", path, manifest);
  }
  const std::string id = made_by(operation, "applications");
  amc.finish(operation);
  amc.print_line(id, options.json ? amc.session().ask("GET", path_of(kPath, id)) : json::value());
}

// Without a package, AMS makes a new version from what it has.
void update(Amc& amc) {
  const AmcOptions& options = amc.options();
  const std::string path = path_of(kPath, options.which);
  amc.print_end(options.file.empty() ? amc.act("PATCH", path)
                                     : amc.finish(amc.session().upload("PATCH", path, open_archive(options.file))));
}

void remove(Amc& amc) {
  const AmcOptions& options = amc.options();
  if (options.which.empty() != options.all) throw AmcFailure(kUsage, "name an application, or give --all");
  amc.confirm();
  if (!options.all) {
    const std::string version = options.version >= 0 ? "/" + std::to_string(options.version) : "";
    return amc.print_end(
        amc.act("DELETE", path_of(kPath, options.which) + version, json::object{{"force", options.force}}));
  }
  json::array ids;
  for (const json::value& one : amc.session().list("/1.0/applications")) ids.emplace_back(one.at("id"));
  if (ids.empty()) return;
  amc.print_end(
      amc.act("DELETE", "/1.0/applications", json::object{{"ids", std::move(ids)}, {"force", options.force}}));
}

void publish(Amc& amc, bool published) {
  const AmcOptions& options = amc.options();
  const std::string path = path_of(kPath, options.which) + "/" + std::to_string(parse_integer(*options.value));
  amc.print_end(amc.act("PATCH", path, json::object{{"published", published}}));
}

enum class Kind : std::uint8_t { text, list, flag, number };
struct Field {
  const char* name;   ///< as typed
  const char* outer;  ///< the member of the request
  const char* inner;  ///< of the outer member; nullptr: it is the field itself
  Kind kind;
};
constexpr std::array kFields{
    Field{"image", "image", nullptr, Kind::text},
    Field{"instance-type", "instance-type", nullptr, Kind::text},
    Field{"addons", "addons", nullptr, Kind::list},
    Field{"tags", "tags", nullptr, Kind::list},
    Field{"inhibit-auto-updates", "inhibit_auto_updates", nullptr, Kind::flag},
    Field{"resources.cpus", "resources", "cpus", Kind::number},
    Field{"resources.memory", "resources", "memory", Kind::text},
    Field{"resources.disk-size", "resources", "disk-size", Kind::text},
    Field{"resources.gpu-slots", "resources", "gpu-slots", Kind::number},
    Field{"resources.vpu-slots", "resources", "vpu-slots", Kind::number},
    Field{"boot-activity", "boot_activity", nullptr, Kind::text},
    Field{"required-permissions", "required_permissions", nullptr, Kind::list},
    Field{"video-encoder", "video_encoder", nullptr, Kind::text},
    Field{"features", "features", nullptr, Kind::list},
    Field{"hooks.timeout", "hooks", "timeout", Kind::text},
    Field{"bootstrap.keep", "bootstrap", "keep", Kind::list},
    Field{"node-selector", "node_selector", nullptr, Kind::list},
    Field{"watchdog.disabled", "watchdog", "disabled", Kind::flag},
    Field{"watchdog.allowed-packages", "watchdog", "allowed-packages", Kind::list},
};

json::value parsed(Kind kind, const std::string& text) {
  if (kind == Kind::list) return to_array(split(text));
  if (kind == Kind::flag) return parse_bool(text);
  if (kind == Kind::number) return parse_integer(text);
  return json::string(text);
}

/// What a field is without a value.
json::value unset(const Field& field) {
  if (field.kind == Kind::number) return std::string_view(field.name) == "resources.cpus" ? 0 : -1;
  return parsed(field.kind, field.kind == Kind::flag ? "false" : "");
}

void set(Amc& amc) {
  const AmcOptions& options = amc.options();
  for (const Field& field : kFields) {
    if (options.key != field.name) continue;
    json::value value = options.value ? parsed(field.kind, *options.value) : unset(field);
    if (field.inner != nullptr) value = json::object{{field.inner, std::move(value)}};
    const json::object body{{field.outer, std::move(value)}};
    return amc.print_end(amc.act("PATCH", path_of(kPath, options.which), body));
  }
  std::string known;
  for (const Field& field : kFields) known += std::string(" ") + field.name;
  throw AmcFailure(kUsage, "an application has no field " + options.key + "; it has" + known);
}

void add_create(Grammar& grammar, CLI::App* group) {
  const auto vm = std::make_shared<bool>(false);
  CLI::App* made = grammar.command(group, "create", "Add one, and print its id", [vm](Amc& amc) { create(amc, *vm); });
  grammar.which(made, "A directory with manifest.yaml, a .tar.bz2 or .zip archive; or the name of one without");
  made->add_option("--manifest", grammar.options().file,
                   "With a name: a JSON file, image, resources {cpus, memory}, ...");
  made->add_flag("--vm", *vm, "For virtual machines");
  grammar.timeout(made);
}

void add_delete(Grammar& grammar, CLI::App* group) {
  CLI::App* made = grammar.command(group, "delete", "Remove one, or a version of it", remove);
  made->add_option("which", grammar.options().which, kNameOrId);
  made->add_flag("-a,--all", grammar.options().all, "All applications");
  grammar.version(made, "Only this version");
  grammar.force(made, "Also with its instances");
  grammar.timeout(grammar.no_wait(grammar.yes(made)));
}

}  // namespace

void add_applications(Grammar& grammar) {
  CLI::App* group = grammar.group(grammar.root(), "application", "What instances can run");
  grammar.list(group, "All of them", list());
  grammar.format(grammar.which(grammar.command(group, "show", "One of them", show), kNameOrId));
  add_create(grammar, group);
  CLI::App* updated = grammar.which(grammar.command(group, "update", "Add a version", update), kNameOrId);
  updated->add_option("package", grammar.options().file, "A directory or an archive; none: from what AMS has");
  grammar.timeout(updated);
  add_delete(grammar, group);
  for (const bool on : {true, false}) {
    CLI::App* made = grammar.command(group, on ? "publish" : "revoke",
                                     on ? "Offer a version to clients" : "Offer a version no longer",
                                     [on](Amc& amc) { publish(amc, on); });
    grammar.timeout(grammar.value(grammar.which(made, kNameOrId), "The version's number"));
  }
  CLI::App* made = grammar.command(group, "set", "Change a field", set);
  grammar.value(grammar.key(grammar.which(made, kNameOrId), "Such as tags or resources.memory"), "Its new value");
  made = grammar.command(group, "unset", "Empty a field", set);
  grammar.key(grammar.which(made, kNameOrId), "Such as tags or resources.memory");
}

}  // namespace redan::cmd
