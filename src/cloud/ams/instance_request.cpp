// The body of a request for an instance.
#include <boost/json/serialize.hpp>
#include <utility>

#include "cloud/ams/service.hpp"
#include "cloud/api/ids.hpp"
#include "cloud/api/instance_service.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxUserData = 10 * 1024;
// The limit for each object in a launch request; a list of instances contains them all.
constexpr std::size_t kMaxPart = 16 * 1024;
constexpr std::int64_t kMaxSize = std::int64_t{1} << 50;

/// Older clients send config.security.delete_protected as one name.
constexpr std::string_view kFlatProtection = "security.delete_protected";

/// Clients send a structure of zeros for a display that they do not set.
Outcome<void> read_display(const json::object& display, json::object& config, const api::UnknownMembers& unknown) {
  std::int64_t width = 0, height = 0, fps = 0, density = 0;
  REDAN_CHECK(api::Members(display, "config.display.")
                  .integer("width", width, 0, 3840)
                  .integer("height", height, 0, 2160)
                  .integer("fps", fps, 0, 120)
                  .integer("density", density, 0, 1000)
                  .end(unknown));
  if (width != 0 || height != 0 || fps != 0 || density != 0) {
    config["display"] = {{"width", width}, {"height", height}, {"fps", fps}, {"density", density}};
  }
  return {};
}

Outcome<void> read_config(const json::object& config, InstanceRequest& request, const api::UnknownMembers& unknown) {
  std::string platform;
  bool streaming = false, is_protected = false;
  json::object display, security;
  api::Members members(config, "config.");
  members.text("platform", platform).boolean("enable_streaming", streaming).object("display", display);
  members.object("security", security).boolean(kFlatProtection, is_protected);
  // These concern Android.
  members.unimplemented({"boot_package", "boot_activity", "metrics_server", "disable_watchdog", "devmode", "features"});
  REDAN_CHECK(members.end(unknown));
  REDAN_CHECK(api::Members(security, "config.security.").boolean("delete_protected", is_protected).end(unknown));
  if (!platform.empty() && platform != "webrtc" && platform != "null") {
    return api::refuse({400, "not_implemented", "\"config.platform\" is webrtc or null", {}, 0});
  }
  if (!platform.empty()) request.config["platform"] = platform;
  if (streaming) request.config["enable_streaming"] = true;
  if (is_protected) request.config["security"] = {{"delete_protected", true}};
  return read_display(display, request.config, unknown);
}

/// "disk_size" is how requests spell it, "disk-size" how answers do.
Outcome<void> read_resources(const json::object& resources, json::object& into, const std::string& path,
                             const api::UnknownMembers& unknown) {
  std::int64_t cpus = 0, memory = 0, disk = 0, gpu_slots = -1, vpu_slots = -1;
  REDAN_CHECK(api::Members(resources, path)
                  .integer("cpus", cpus, 0, 4096)
                  .integer("memory", memory, 0, kMaxSize)
                  .integer("disk_size", disk, 0, kMaxSize)
                  .integer("disk-size", disk, 0, kMaxSize)
                  .integer("gpu-slots", gpu_slots, -1)
                  .integer("vpu-slots", vpu_slots, -1)
                  .unimplemented({"gpu-type", "no_disk_reserve"})
                  .end(unknown));
  for (const auto& [slots, key] : {std::pair(gpu_slots, "gpu-slots"), std::pair(vpu_slots, "vpu-slots")}) {
    if (slots <= 0) continue;
    return api::refuse({400, "not_implemented", "\"" + path + key + "\" is not implemented", "leave it out", 0});
  }
  if (cpus != 0) into["cpus"] = cpus;
  if (memory != 0) into["memory"] = memory;
  if (disk != 0) into["disk-size"] = disk;
  return {};
}

/// Of the older form, where they are members of the request itself.
Outcome<void> read_container_resources(const json::object& body, api::Members& members, json::object& resources,
                                       const api::UnknownMembers& unknown) {
  json::object moved;
  for (const std::string_view key : {"cpus", "memory", "disk_size", "gpu-slots", "vpu-slots"}) {
    if (const json::value* member = body.if_contains(key)) moved[key] = *member;
  }
  members.known({"cpus", "memory", "disk_size", "gpu-slots", "vpu-slots"});
  return read_resources(moved, resources, {}, unknown);
}

}  // namespace

Outcome<InstanceRequest> InstanceRequest::parse(const json::object& body, const api::UnknownMembers& unknown) {
  InstanceRequest request;
  std::string type;
  json::object config, resources, source;
  api::Members members(body);
  members.text("name", request.name).text("type", type);
  members.text("app_id", request.app_id).integer("app_version", request.app_version, -1);
  members.text("image_id", request.image_id).integer("image_version", request.image_version, -1);
  members.text("node", request.node).text("user_data", request.user_data, kMaxUserData);
  members.texts("tags", request.tags).texts("addons", request.addons).array("services", request.services);
  members.object("config", config).object("resources", resources).object("source", source);
  members.text("instance_type", request.instance_type).boolean("no_start", request.no_start);
  REDAN_CHECK(read_container_resources(body, members, request.resources, unknown));
  REDAN_CHECK(members.end(unknown));
  REDAN_CHECK(api::Members(source, "source.").unimplemented({"type", "id"}).end(unknown));
  if (!request.name.empty() && !api::is_name(request.name)) {
    return api::refuse(api::bad_request("\"name\" is 1 to 63 letters, digits, . _ -"));
  }
  if (type == "vm")
    return api::refuse({400, "not_implemented", "\"type\" vm: virtual machines are not implemented", {}, 0});
  if (!type.empty() && type != "container") return api::refuse(api::bad_request("\"type\" is container"));
  if (request.app_id.empty() && request.image_id.empty()) {
    return api::refuse(api::bad_request("name an app_id or an image_id"));
  }
  const auto is_large = [](const auto& part) { return json::serialize(part).size() > kMaxPart; };
  if (is_large(config) || is_large(resources) || is_large(request.services)) {
    return api::refuse(api::bad_request("\"config\", \"resources\" and \"services\" have at most 16 KiB each"));
  }
  REDAN_TRY(const auto services, api::parse_services(request.services));
  request.services = to_json(services);
  REDAN_CHECK(read_config(config, request, unknown));
  REDAN_CHECK(read_resources(resources, request.resources, "resources.", unknown));
  return request;
}

}  // namespace redan::cloud::ams
