// The isolation of local instances: bubblewrap for namespaces, libseccomp for the filter of system calls, cgroups for
// common limits, and a user for each instance if this process is root's.
#pragma once

#include <memory>
#include <tl/expected.hpp>

#include "cloud/isolation/cgroups.hpp"
#include "cloud/isolation/sandbox.hpp"
#include "cloud/isolation/spawn.hpp"

namespace redan::cloud::isolation {

struct IsolationConfig {
  std::filesystem::path init;                                ///< the redan executable
  std::vector<std::string> init_arguments{"instance-init"};  ///< its subcommand
  std::string search_path = "/usr/local/bin:/usr/bin:/bin";  ///< for bubblewrap
  bool has_users = false;  ///< this process is root's: each instance gets a user of its own
};

/// What one instance is isolated with.
struct Confined {
  std::string name;  ///< of its cgroups
  std::filesystem::path program, home, user_data, info;
  std::vector<std::string> arguments;
  std::optional<uid_t> user;
  CgroupLimits limits;
  int lock = -1, log = -1, control = -1;
};

class Isolation {
 public:
  /// Starts a trial instance that does nothing. The error says what is missing, and what to do.
  static tl::expected<Isolation, std::string> make(IsolationConfig config, const std::filesystem::path& directory);

  /// "bubblewrap, a user for each instance, seccomp; cgroup v1 limits memory, cpu, pids"
  [[nodiscard]] std::string description() const;
  [[nodiscard]] bool has_users() const { return config_.has_users; }
  /// Starts the program behind bubblewrap and the init. Returns the process id of bubblewrap's outer process, which
  /// ends after all processes inside, or -1 and errno.
  [[nodiscard]] pid_t start(const Confined& instance, Child child) const;
  /// Of an instance that does not run.
  void remove_cgroups(const std::string& name) const { cgroups_.remove(name); }

 private:
  Isolation(IsolationConfig config, std::filesystem::path bubblewrap)
      : config_(std::move(config)), bubblewrap_(std::move(bubblewrap)), cgroups_(Cgroups::find()) {}
  [[nodiscard]] std::string trial(const std::filesystem::path& directory) const;

  IsolationConfig config_;
  std::filesystem::path bubblewrap_;
  Cgroups cgroups_;
};

/// The process 1 of an instance in this machine's numbers, from what bubblewrap wrote.
std::optional<pid_t> init_of(const std::filesystem::path& info);

/// The users of instances: numbers that neither Debian nor systemd gives to anything else.
inline constexpr uid_t kFirstUser = 0x70000000, kUsers = 0x0fffffff;
/// A user that no directory below `directory` belongs to.
uid_t free_user(const std::filesystem::path& directory);

}  // namespace redan::cloud::isolation
