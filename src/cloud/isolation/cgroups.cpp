#include "cloud/isolation/cgroups.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

namespace redan::cloud::isolation {
namespace {

namespace fs = std::filesystem;

constexpr std::array kControllers{"memory", "cpu", "pids"};
constexpr std::int64_t kCpuPeriod = 100'000;  ///< microseconds

bool write_file(const fs::path& file, const std::string& text) {
  std::ofstream out(file);
  out << text << std::flush;
  return static_cast<bool>(out);
}

bool may_write(const fs::path& directory) { return ::access(directory.c_str(), W_OK) == 0; }

// "4:memory:/a/b" or "0::/a/b", by controller; "" is version 2.
std::map<std::string, fs::path> own_cgroups(const fs::path& file) {
  std::map<std::string, fs::path> found;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::istringstream names(line.substr(first + 1, second - first - 1));
    const fs::path path = fs::path(line.substr(second + 1)).relative_path();
    if (second == first + 1) found[""] = path;
    for (std::string name; std::getline(names, name, ',');) found[name] = path;
  }
  return found;
}

bool contains_word(const fs::path& file, const std::string& wanted) {
  std::ifstream in(file);
  for (std::string word; in >> word;) {
    if (word == wanted) return true;
  }
  return false;
}

// A cgroup that has processes of its own cannot pass controllers on, except the one at the top.
std::vector<std::string> passed_on(const fs::path& parent) {
  std::vector<std::string> controllers;
  for (const char* name : kControllers) {
    if (!contains_word(parent / "cgroup.controllers", name)) continue;
    if (write_file(parent / "cgroup.subtree_control", std::string("+") + name)) controllers.emplace_back(name);
  }
  return controllers;
}

struct Limit {
  std::string file, value;
};

std::optional<Limit> limit_of(const std::string& controller, bool is_unified, const CgroupLimits& limits) {
  const std::string quota = std::to_string(limits.cpus * kCpuPeriod);
  if (controller == "memory" && limits.memory_bytes > 0)
    return Limit{is_unified ? "memory.max" : "memory.limit_in_bytes", std::to_string(limits.memory_bytes)};
  if (controller == "pids" && limits.processes > 0) return Limit{"pids.max", std::to_string(limits.processes)};
  if (controller != "cpu" || limits.cpus == 0) return std::nullopt;
  return is_unified ? Limit{"cpu.max", quota + " " + std::to_string(kCpuPeriod)} : Limit{"cpu.cfs_quota_us", quota};
}

}  // namespace

Cgroups Cgroups::find(const fs::path& mount, const fs::path& own) {
  Cgroups found;
  const auto mine = own_cgroups(own);
  for (const char* name : kControllers) {
    const auto at = mine.find(name);
    const fs::path directory = at == mine.end() ? fs::path() : mount / name / at->second;
    if (at != mine.end() && may_write(directory)) found.places_.push_back({directory, {name}, false});
  }
  const auto at = mine.find("");
  if (!found.places_.empty() || at == mine.end()) return found;
  const fs::path top = fs::exists(mount / "cgroup.controllers") ? mount : mount / "unified";
  const fs::path parent = ::geteuid() == 0 ? top : (top / at->second).parent_path();
  if (!may_write(parent)) return found;
  if (auto controllers = passed_on(parent); !controllers.empty()) found.places_.push_back({parent, controllers, true});
  return found;
}

std::string Cgroups::description() const {
  if (places_.empty())
    return "no cgroup can be made here: memory and processors are not limited for an instance as a whole";
  std::string names;
  for (const Place& place : places_) {
    for (const std::string& controller : place.controllers) names += (names.empty() ? "" : ", ") + controller;
  }
  return std::string(places_.front().is_unified ? "cgroup v2" : "cgroup v1") + " limits " + names;
}

std::vector<fs::path> Cgroups::directories(const std::string& name) const {
  std::vector<fs::path> all;
  for (const Place& place : places_) all.push_back(place.directory / name);
  return all;
}

std::vector<fs::path> Cgroups::make(const std::string& name, const CgroupLimits& limits) const {
  std::vector<fs::path> made;
  for (const Place& place : places_) {
    const fs::path directory = place.directory / name;
    std::error_code error;
    fs::create_directory(directory, error);
    if (error) continue;
    for (const std::string& controller : place.controllers) {
      if (const auto limit = limit_of(controller, place.is_unified, limits))
        write_file(directory / limit->file, limit->value);
    }
    made.push_back(directory);
  }
  return made;
}

void Cgroups::remove(const std::string& name) const {
  std::error_code ignored;
  for (const fs::path& directory : directories(name)) fs::remove(directory, ignored);
}

}  // namespace redan::cloud::isolation
