#include "cloud/api/catalogue.hpp"

namespace redan::cloud::api {
namespace {

constexpr int kActive = 3;  // of an image and its versions
constexpr int kNodeCreated = 1, kNodeOnline = 4;

}  // namespace

json::object to_json(const Image& image, const std::vector<std::string>& used_by) {
  json::object shown = to_object(image);
  shown.erase("next_version");
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
  shown.erase("next_version");
  shown["used_by"] = described::write(used_by);
  return shown;
}

json::object to_json(const Node& node) {
  json::object shown = to_object(node);
  shown["unscheduable"] = node.unschedulable;  // the documented spelling of older versions
  shown.erase("announced");
  shown["architecture"] = "x86_64";
  shown["status"] = node.announced ? "online" : "created";
  shown["status_code"] = node.announced ? kNodeOnline : kNodeCreated;
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
