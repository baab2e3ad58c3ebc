#include "cloud/api/catalogue.hpp"

namespace redan::cloud::api {
namespace {

constexpr int kActive = 3;  // of an image and its versions
constexpr int kNodeOnline = 4;

}  // namespace

std::int64_t next_number(const std::vector<UploadedVersion>& versions) {
  return versions.empty() ? 0 : versions.back().number + 1;
}

json::object to_json(const Image& image, const std::vector<std::string>& used_by) {
  json::object shown = to_object(image);
  for (json::value& version : shown["versions"].as_array()) {
    version.as_object()["status"] = "active";
    version.as_object()["status_code"] = kActive;
    version.as_object()["remote_id"] = "";
  }
  shown["status"] = "active";
  shown["status_code"] = kActive;
  shown["used_by"] = described::write(used_by);
  shown["immutable"] = false;
  shown["architecture"] = "x86_64";
  shown["variant"] = "generic";
  return shown;
}

json::object to_json(const Addon& addon, const std::vector<std::string>& used_by) {
  json::object shown = to_object(addon);
  shown["used_by"] = described::write(used_by);
  return shown;
}

json::object to_json(const Node& node) {
  json::object shown = to_object(node);
  shown["unscheduable"] = node.unschedulable;  // the documented spelling of older versions
  shown["architecture"] = "x86_64";
  shown["status"] = "online";
  shown["status_code"] = kNodeOnline;
  shown["is_master"] = false;
  shown["managed"] = false;
  shown["network_bridge_mtu"] = 1500;
  shown["disk_size"] = "";
  shown["storage_pool"] = "";
  shown["gpus"] = json::array();
  shown["vpus"] = json::array();
  return shown;
}

json::object to_json(const Group& group, const std::vector<std::string>& identities, bool immutable) {
  json::object shown = to_object(group);
  shown["identities"] = described::write(identities);
  shown["immutable"] = immutable;
  return shown;
}

}  // namespace redan::cloud::api
