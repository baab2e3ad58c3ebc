// Addons.
#include "cmd/amc/archive_file.hpp"
#include "cmd/amc/grammar.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr const char* kPath = "/1.0/addons/";
constexpr const char* kName = "Its name";
constexpr const char* kArchive = "A directory with manifest.yaml, or a .tar.bz2 or .zip archive";

AmcList list() {
  const auto version_count = [](const json::object& addon) {
    const json::value versions = member_of(addon, "versions");
    return std::to_string(versions.is_array() ? versions.get_array().size() : 0);
  };
  return {.path = "/1.0/addons", .columns = {{"NAME", "name"}, {"VERSIONS", version_count}, {"USED BY", "used_by"}}};
}

void show(Amc& amc) { amc.print(amc.session().ask("GET", path_of(kPath, amc.options().which))); }

void add(Amc& amc) {
  const AmcOptions& options = amc.options();
  const json::object about{{"name", options.which}};
  amc.print_end(amc.finish(amc.session().upload("POST", "/1.0/addons", open_archive(options.file), about)));
}

void update(Amc& amc) {
  const AmcOptions& options = amc.options();
  const std::string path = path_of(kPath, options.which);
  amc.print_end(amc.finish(amc.session().upload("PATCH", path, open_archive(options.file), json::object())));
}

void remove(Amc& amc) {
  amc.confirm();
  const AmcOptions& options = amc.options();
  const std::string version = options.version >= 0 ? "/" + std::to_string(options.version) : "";
  amc.print_end(amc.act("DELETE", path_of(kPath, options.which) + version));
}

}  // namespace

void add_addons(Grammar& grammar) {
  CLI::App* group = grammar.group(grammar.root(), "addon", "Hooks that applications share");
  grammar.list(group, "All of them", list());
  grammar.format(grammar.which(grammar.command(group, "show", "One of them", show), kName));
  const auto with_file = [&](const char* name, const char* description, void (*what)(Amc&)) {
    grammar.timeout(grammar.file(grammar.which(grammar.command(group, name, description, what), kName), kArchive));
  };
  with_file("add", "Add one", add);
  with_file("update", "Add a version", update);
  CLI::App* made = grammar.which(grammar.command(group, "delete", "Remove one, or a version of it", remove), kName);
  grammar.timeout(grammar.yes(grammar.version(made, "Only this version")));
}

}  // namespace redan::cmd
