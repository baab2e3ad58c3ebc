// What an instance is given: processors, memory, disk, GPU slots.
#pragma once

#include "cloud/api/keys.hpp"

namespace redan::cloud::api {

/// What is not set is taken from the instance type or from the node's defaults.
struct Resources {
  std::optional<std::int64_t> cpus{};
  std::optional<std::int64_t> memory{}, disk_size{};  ///< bytes
  std::optional<std::int64_t> gpu_slots{}, vpu_slots{};
  std::optional<std::string> gpu_type{};
  std::optional<bool> no_disk_reserve{};
  friend bool operator==(const Resources&, const Resources&) = default;
};

/// Merges an object with cpus, memory, disk-size, gpu-slots, gpu-type, vpu-slots and no_disk_reserve. Sizes may be text
/// with a unit ("3GB", as in manifests) or numbers of bytes (as in requests for instances).
Outcome<void> read_resources(Resources& into, const Value& value);
/// The same, for an object that stands alone; unknown keys are ignored.
Outcome<Resources> parse_resources(const json::value& value, std::string name = "resources");

/// Sizes are text with a unit.
json::object to_json(const Resources& resources, Spelling spelling = Spelling::api);
/// As instances show them: sizes are numbers of bytes.
json::object to_instance_json(const Resources& resources);

/// `upper`, and for what it does not set, `lower`.
Resources overlay(Resources upper, const Resources& lower);

/// By the documented table, a2.3 to g10.3; nullopt: there is no such type.
std::optional<Resources> resources_of_instance_type(std::string_view type);

}  // namespace redan::cloud::api
