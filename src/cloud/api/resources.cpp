#include "cloud/api/resources.hpp"

#include "cloud/api/size.hpp"

namespace redan::cloud::api {
namespace {

constexpr std::int64_t kMost = 1024;  // of processors or slots
constexpr std::int64_t kGigabyte = std::int64_t{1} << 30;

json::value size_value(const std::optional<std::int64_t>& bytes) {
  return bytes ? json::value(size_text(*bytes)) : json::value();
}

constexpr Key<Resources> kKeys[] = {
    {"cpus", "cpus", [](Resources& r, const Value& v) { return v.integer(r.cpus, 1, kMost); },
     [](const Resources& r, Spelling) { return written(r.cpus); }},
    {"memory", "memory", [](Resources& r, const Value& v) { return v.size(r.memory); },
     [](const Resources& r, Spelling) { return size_value(r.memory); }},
    {"disk-size", "disk-size", [](Resources& r, const Value& v) { return v.size(r.disk_size); },
     [](const Resources& r, Spelling) { return size_value(r.disk_size); }},
    {"gpu-slots", "gpu-slots", [](Resources& r, const Value& v) { return v.integer(r.gpu_slots, 0, kMost); },
     [](const Resources& r, Spelling) { return written(r.gpu_slots); }},
    {"gpu-type", "gpu-type", [](Resources& r, const Value& v) { return v.text(r.gpu_type); },
     [](const Resources& r, Spelling) { return written(r.gpu_type); }},
    {"vpu-slots", "vpu-slots", [](Resources& r, const Value& v) { return v.integer(r.vpu_slots, 0, kMost); },
     [](const Resources& r, Spelling) { return written(r.vpu_slots); }},
    {"no-disk-reserve", "no_disk_reserve", [](Resources& r, const Value& v) { return v.boolean(r.no_disk_reserve); },
     [](const Resources& r, Spelling) { return written(r.no_disk_reserve); }},
};

struct InstanceType {
  std::string_view name;
  std::int64_t cpus, gpu_slots;
};
constexpr InstanceType kInstanceTypes[] = {{"a2.3", 2, 0},   {"a4.3", 4, 0},  {"a6.3", 6, 0}, {"a8.3", 8, 0},
                                           {"a10.3", 10, 0}, {"g2.3", 2, 1},  {"g4.3", 4, 1}, {"g6.3", 6, 1},
                                           {"g8.3", 8, 1},   {"g10.3", 10, 1}};

template <class T>
void complete(std::optional<T>& upper, const std::optional<T>& lower) {
  if (!upper) upper = lower;
}

}  // namespace

Outcome<void> read_resources(Resources& into, const Value& value) { return value.object(into, kKeys); }

Outcome<Resources> parse_resources(const json::value& value, std::string name) {
  Resources resources;
  std::vector<std::string> ignored;
  REDAN_CHECK(read_resources(resources, {value, std::move(name), ignored}));
  return resources;
}

json::object to_json(const Resources& resources, Spelling spelling) { return write(resources, kKeys, spelling); }

json::object to_instance_json(const Resources& resources) {
  json::object object = to_json(resources);
  object.erase("disk-size");
  if (resources.disk_size) object["disk-size"] = *resources.disk_size;
  if (resources.memory) object["memory"] = *resources.memory;
  return object;
}

Resources overlay(Resources upper, const Resources& lower) {
  complete(upper.cpus, lower.cpus);
  complete(upper.memory, lower.memory);
  complete(upper.disk_size, lower.disk_size);
  complete(upper.gpu_slots, lower.gpu_slots);
  complete(upper.vpu_slots, lower.vpu_slots);
  complete(upper.gpu_type, lower.gpu_type);
  complete(upper.no_disk_reserve, lower.no_disk_reserve);
  return upper;
}

std::optional<Resources> resources_of_instance_type(std::string_view type) {
  for (const InstanceType& known : kInstanceTypes) {
    if (known.name != type) continue;
    Resources resources;
    resources.cpus = known.cpus;
    resources.memory = resources.disk_size = 3 * kGigabyte;
    resources.gpu_slots = known.gpu_slots;
    return resources;
  }
  return std::nullopt;
}

}  // namespace redan::cloud::api
