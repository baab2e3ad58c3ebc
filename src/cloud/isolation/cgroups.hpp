// Control groups (cgroups(7)): limits that all processes of an instance share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace redan::cloud::isolation {

struct CgroupLimits {
  std::int64_t memory_bytes = 0, cpus = 0, processes = 0;  ///< 0: no limit
};

/// Where this process may make cgroups. Version 1: below its own, in the hierarchies that it may change. Version 2:
/// root makes them at the top; others below the parent of their own cgroup, if it was delegated to them.
class Cgroups {
 public:
  /// The arguments are for tests.
  static Cgroups find(const std::filesystem::path& mount = "/sys/fs/cgroup",
                      const std::filesystem::path& own = "/proc/self/cgroup");

  /// "cgroup v1 limits memory, cpu and pids"; what is missing, if none can be made.
  [[nodiscard]] std::string description() const;
  /// Makes the cgroups `name` and returns their directories. Those that cannot be made are left out.
  [[nodiscard]] std::vector<std::filesystem::path> make(const std::string& name, const CgroupLimits& limits) const;
  /// The same directories, whether they exist or not.
  [[nodiscard]] std::vector<std::filesystem::path> directories(const std::string& name) const;
  /// They must have no process.
  void remove(const std::string& name) const;

 private:
  struct Place {
    std::filesystem::path directory;
    std::vector<std::string> controllers;
    bool is_unified = false;
  };
  std::vector<Place> places_;
};

}  // namespace redan::cloud::isolation
