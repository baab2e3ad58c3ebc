// The manifest of an application: manifest.yaml of a package, or the body of POST and PATCH /1.0/applications.
//
// Keys may be written with dashes or underscores: YAML has boot-activity, the HTTP API boot_activity.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cloud/api/ams.hpp"

namespace redan::cloud::api {

/// Which video encoder instances use. gpu_preferred: software if no GPU slot is free.
enum class VideoEncoder : std::uint8_t { gpu, gpu_preferred, software };
std::string_view name(VideoEncoder encoder);

struct Watchdog {
  bool disabled = false;
  std::vector<std::string> allowed_packages{};  ///< "*": any
  friend bool operator==(const Watchdog&, const Watchdog&) = default;
};

/// A port, or a range of ports, of an instance.
struct Service {
  std::string name;
  std::uint16_t port = 0;
  std::uint16_t port_end = 0;  ///< 0: only `port`
  bool tcp = false, udp = false;
  bool expose = false;  ///< outside the node's network
  friend bool operator==(const Service&, const Service&) = default;
};
/// [{"name":"adb","port":5559,"protocols":["tcp"],"expose":false}], at most 64; protocols are tcp by default.
Outcome<std::vector<Service>> parse_services(const json::value& value);
json::array to_json(const std::vector<Service>& services);

/// What is not set is taken from the instance type or from the node's defaults.
struct Resources {
  std::optional<std::int64_t> cpus;
  std::optional<std::int64_t> memory, disk_size;  ///< bytes
  std::optional<std::int64_t> gpu_slots, vpu_slots;
  std::optional<std::string> gpu_type;
  std::optional<bool> no_disk_reserve;
  friend bool operator==(const Resources&, const Resources&) = default;
};
/// Sizes may be text with a unit ("3GB", as in manifests) or numbers of bytes (as in requests for instances).
Outcome<Resources> parse_resources(const json::value& value);
/// Sizes are text with a unit.
json::object to_json(const Resources& resources);
/// Sizes are numbers of bytes.
json::object to_instance_json(const Resources& resources);
/// `upper`, and for what it does not set, `lower`.
Resources overlay(const Resources& upper, const Resources& lower);
/// By the documented table, a2.3 to g10.3; nullopt: there is no such type.
std::optional<Resources> resources_of_instance_type(std::string_view type);

/// Where a file or directory below extra-data/ is to be installed.
struct ExtraData {
  std::string target;       ///< absolute, in one of the permitted directories
  std::string owner;        ///< "uid:gid"; empty: the package's
  std::string permissions;  ///< octal, "0640"; empty: the default
  friend bool operator==(const ExtraData&, const ExtraData&) = default;
};

inline constexpr std::chrono::seconds kDefaultHookTimeout{std::chrono::minutes{5}};
inline constexpr std::chrono::seconds kMaxHookTimeout{std::chrono::minutes{15}};
struct Hooks {
  std::chrono::seconds timeout = kDefaultHookTimeout;
  friend bool operator==(const Hooks&, const Hooks&) = default;
};

struct Bootstrap {
  std::vector<std::string> keep{};  ///< patterns of files that instances need after the bootstrap
  friend bool operator==(const Bootstrap&, const Bootstrap&) = default;
};

/// A member that has its default value is not set.
struct Manifest {
  std::string name;
  std::string version;        ///< for people; at most 50 characters
  std::string instance_type;  ///< one that resources_of_instance_type knows
  std::vector<std::string> required_permissions{};
  std::string image;
  std::vector<std::string> addons{}, tags{};
  std::string boot_package, boot_activity;
  VideoEncoder video_encoder = VideoEncoder::gpu_preferred;
  Watchdog watchdog{};
  std::vector<Service> services{};
  Resources resources{};
  std::map<std::string, ExtraData> extra_data{};  ///< by the name below extra-data/
  Hooks hooks{};
  Bootstrap bootstrap{};
  std::vector<std::string> features{};
  std::vector<std::string> node_selector{};  ///< tags that a node must have
  SealedPolicy sealed = SealedPolicy::offered;

  /// Keys of the text that are not known, "watchdog.colour"; not written by to_json.
  std::vector<std::string> ignored{};
  friend bool operator==(const Manifest&, const Manifest&) = default;

  /// `resources`, completed by the instance type.
  [[nodiscard]] Resources effective_resources() const;
};

/// Keys whose values are text even if they look like numbers, for package::parse_yaml.
inline constexpr std::string_view kManifestTexts[] = {
    "name", "version", "description", "image", "addons", "tags", "boot-package", "boot-activity", "features",
    "node-selector", "required-permissions", "allowed-packages", "keep", "owner", "permissions", "target",
    // the other spelling
    "boot_package", "boot_activity", "node_selector", "required_permissions", "allowed_packages"};

/// 400 with the key's name and what would be valid there. A name is required.
Outcome<Manifest> parse_manifest(const json::object& object);

enum class Spelling : std::uint8_t { api, yaml };
/// What is set. In the API's spelling some keys have underscores (boot_activity) and some have dashes (instance-type,
/// disk-size), as documented; in YAML all have dashes.
json::object to_json(const Manifest& manifest, Spelling spelling = Spelling::api);

/// The changes of PATCH /1.0/applications/{id}/, as a merge patch (RFC 7396): a present member replaces, null resets
/// to the default, members of watchdog, resources, hooks and bootstrap are replaced singly. manifest_version is another
/// name of version. A refused patch changes nothing. The name cannot change. `ignored` has the unknown keys of this
/// patch afterwards.
Outcome<void> patch(Manifest& manifest, const json::object& changes);

}  // namespace redan::cloud::api
