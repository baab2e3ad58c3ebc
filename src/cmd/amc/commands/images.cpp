// Images.
#include "cloud/api/size.hpp"
#include "cloud/token/rfc3339.hpp"
#include "cmd/amc/archive_file.hpp"
#include "cmd/amc/grammar.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr const char* kPath = "/1.0/images/";
constexpr const char* kNameOrId = "Its name or id";

struct Image {
  std::string type;
  bool is_default = false, vm = false;
};

std::string version_count(const json::object& object) {
  const json::value versions = member_of(object, "versions");
  return std::to_string(versions.is_array() ? versions.get_array().size() : 0);
}

AmcList list() {
  return {.path = "/1.0/images",
          .columns = {{"ID", "id"},
                      {"NAME", "name"},
                      {"STATUS", "status"},
                      {"VERSIONS", version_count},
                      {"ARCHITECTURE", "architecture"},
                      {"DEFAULT", "default"}}};
}

json::object shown(const json::object& image) {
  json::object view, versions;
  for (const char* member : {"id", "name", "status"}) view[member] = member_of(image, member);
  const json::value numbered = member_of(image, "versions");
  for (const json::value& element : numbered.is_array() ? numbered.get_array() : json::array()) {
    const json::object& version = element.as_object();
    const json::value size = member_of(version, "size"), created = member_of(version, "created_at");
    json::object& one = versions[text_of(version, "number").append(text_of(version, "version"))].emplace_object();
    if (size.is_int64() && size.get_int64() > 0) one["size"] = cloud::api::size_text(size.get_int64());
    if (created.is_int64()) one["created-at"] = cloud::token::to_rfc3339({created.get_int64()});
    one["status"] = member_of(version, "status");
  }
  view["versions"] = std::move(versions);
  for (const char* member : {"used_by", "architecture", "default", "type", "variant"}) {
    view[member] = member_of(image, member);
  }
  return view;
}

std::string path_to(const Amc& amc, const Image& image) {
  return path_of(kPath, amc.options().which) + (image.vm ? "?type=vm" : "");
}

void show(Amc& amc, const Image& image) {
  const json::value found = amc.session().ask("GET", path_to(amc, image));
  amc.print(found, shown(found.as_object()));
}

void add(Amc& amc, const Image& image) {
  const AmcOptions& options = amc.options();
  const json::object about{{"name", options.name}, {"path", ""}, {"default", image.is_default}, {"type", image.type}};
  const json::value operation = amc.session().upload("POST", "/1.0/images", open_archive(options.file), about);
  const std::string id = made_by(operation, "images");
  amc.print_line(id, amc.finish(operation));
}

void update(Amc& amc, const Image& image) {
  json::object about{{"default", nullptr}, {"force_sync", false}};
  if (image.is_default) about["default"] = true;
  amc.print_end(amc.finish(
      amc.session().upload("PATCH", path_of(kPath, amc.options().which), open_archive(amc.options().file), about)));
}

void make_default(Amc& amc) {
  amc.print_end(amc.act("PATCH", path_of(kPath, amc.options().which), json::object{{"default", true}}));
}

void remove(Amc& amc, const Image& image) {
  amc.confirm();
  const AmcOptions& options = amc.options();
  if (options.version >= 0) {
    const std::string version = "/" + std::to_string(options.version);
    return amc.print_end(amc.act("DELETE", path_of(kPath, options.which) + version));
  }
  amc.print_end(amc.act("DELETE", path_to(amc, image), json::object{{"force", options.force}}));
}

}  // namespace

void add_images(Grammar& grammar) {
  const auto image = std::make_shared<Image>();
  const auto with_image = [image](void (*what)(Amc&, const Image&)) { return [=](Amc& amc) { what(amc, *image); }; };
  const auto add_default = [image](CLI::App* to) {
    to->add_flag("--default", image->is_default, "Use it where an application names none");
    return to;
  };
  const auto add_vm = [image](CLI::App* to) {
    to->add_flag("--vm", image->vm, "The one for virtual machines");
    return to;
  };
  CLI::App* group = grammar.group(grammar.root(), "image", "What applications are built on");
  grammar.list(group, "All of them", list());
  grammar.format(add_vm(grammar.which(grammar.command(group, "show", "One of them", with_image(show)), kNameOrId)));
  CLI::App* made = grammar.command(group, "add", "Add one from a file, and print its id", with_image(add));
  grammar.file(grammar.name(made, "Its name"), "An archive with metadata.yaml and a root file system");
  made->add_option("--type", image->type, "container (the default) or vm");
  grammar.timeout(add_default(made));
  made = grammar.command(group, "update", "Add a version from a file", with_image(update));
  grammar.file(grammar.which(made, kNameOrId), "An archive with metadata.yaml and a root file system");
  grammar.timeout(add_default(made));
  made = grammar.command(group, "delete", "Remove one, or a version of it", with_image(remove));
  grammar.version(add_vm(grammar.which(made, kNameOrId)), "Only this version");
  grammar.timeout(grammar.yes(grammar.force(made, "Although applications use it")));
  grammar.which(grammar.command(group, "switch", "Make one the default", make_default), kNameOrId);
  grammar.refused(group, "sync", "Fetch an image again", "the image server, whose images contain Android");
}

}  // namespace redan::cmd
