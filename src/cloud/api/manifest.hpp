// The manifest of an application: manifest.yaml of a package, or the body of POST and PATCH /1.0/applications.
//
// Keys may be written with dashes or underscores: YAML has boot-activity, the HTTP API boot_activity.
#pragma once

#include <map>

#include "cloud/api/ams.hpp"
#include "cloud/api/hooks.hpp"
#include "cloud/api/instance_service.hpp"
#include "cloud/api/resources.hpp"

namespace redan::cloud::api {

/// Which video encoder instances use. gpu_preferred: software if no GPU slot is free.
enum class VideoEncoder : std::uint8_t { gpu, gpu_preferred, software };
std::string_view name(VideoEncoder encoder);
std::optional<VideoEncoder> parse_video_encoder(std::string_view name);

struct Watchdog {
  bool disabled = false;
  std::vector<std::string> allowed_packages{};  ///< "*": any
  friend bool operator==(const Watchdog&, const Watchdog&) = default;
};

/// Where a file or directory below extra-data/ is to be installed.
struct ExtraData {
  std::string target;       ///< absolute, in one of the permitted directories
  std::string owner;        ///< "uid:gid"; empty: the package's
  std::string permissions;  ///< octal, "0640"; empty: the default
  friend bool operator==(const ExtraData&, const ExtraData&) = default;
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
    "node-selector", "required-permissions", "gpu-type", "allowed-packages", "keep", "owner", "permissions", "target",
    // the other spelling
    "boot_package", "boot_activity", "node_selector", "required_permissions", "allowed_packages", "gpu_type"};

/// 400 with the key's name and what would be valid there. A name is required.
Outcome<Manifest> parse_manifest(const json::object& object);

/// What is set. In the API's spelling some keys have underscores (boot_activity) and some have dashes (instance-type,
/// disk-size), as documented; in YAML all have dashes.
json::object to_json(const Manifest& manifest, Spelling spelling = Spelling::api);

/// The changes of PATCH /1.0/applications/{id}/, as a merge patch (RFC 7396): a present member replaces, null resets
/// to the default, members of watchdog, resources, hooks and bootstrap are replaced singly. manifest_version is another
/// name of version. A refused patch changes nothing. The name cannot change. `ignored` has the unknown keys of this
/// patch afterwards.
Outcome<void> patch(Manifest& manifest, const json::object& changes);

}  // namespace redan::cloud::api
