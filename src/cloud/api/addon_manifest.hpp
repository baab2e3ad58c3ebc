// The manifest of an addon: manifest.yaml of its package.
#pragma once

#include "cloud/api/manifest.hpp"

namespace redan::cloud::api {

struct AddonManifest {
  std::string name;
  std::string description;
  std::vector<std::string> abi_support{};  ///< provides.abi-support: arm64-v8a, armeabi-v7a, armeabi
  Hooks hooks{};
  std::vector<std::string> ignored{};  ///< unknown keys
  friend bool operator==(const AddonManifest&, const AddonManifest&) = default;
};

/// 400 with the key's name and what would be valid there. A name is required.
Outcome<AddonManifest> parse_addon_manifest(const json::object& object);
json::object to_json(const AddonManifest& manifest);

}  // namespace redan::cloud::api
