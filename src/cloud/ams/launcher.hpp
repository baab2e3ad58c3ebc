// The interface to the system that runs instances. Two launchers implement it: local processes (local_launcher.hpp) and
// LXD containers (lxd_launcher.hpp).
//
// At most one instance with a given id runs at a time, regardless of how often and by which caller a launch is
// requested: after a crash AMS requests the same launch again. All calls are made on the loop.
#pragma once

#include <functional>
#include <redan/error.hpp>
#include <string>
#include <vector>

#include "net/task.hpp"

namespace redan::cloud::ams {

struct LaunchSpec {
  std::string id;
  std::string name;
  std::string image;              ///< local: ignored; LXD: an image's fingerprint or alias
  std::string user_data;          ///< JSON, with secrets: passed in a file, never in arguments or the environment
  std::int64_t memory_bytes = 0;  ///< 0: the launcher's default
  std::int64_t cpus = 0;
};

struct LaunchFailure {
  std::string message;  ///< human-readable
};
template <class T>
using LaunchResult = tl::expected<T, LaunchFailure>;

enum class Existence : std::uint8_t {
  absent,
  stopped,  ///< its files or container still exist
  running,
};

struct FoundInstance {
  std::string id;
  Existence existence = Existence::absent;
};

class Launcher {
 public:
  virtual ~Launcher() = default;

  /// Succeeds if the instance is already running.
  [[nodiscard]] virtual net::Task<LaunchResult<void>> launch(LaunchSpec spec) = 0;
  /// Succeeds if the instance is not running. Requests a graceful stop first, and forces it after ten seconds.
  [[nodiscard]] virtual net::Task<LaunchResult<void>> stop(std::string id) = 0;
  /// Stops the instance by force and removes everything that it left behind. Succeeds if it does not exist.
  [[nodiscard]] virtual net::Task<LaunchResult<void>> remove(std::string id) = 0;
  [[nodiscard]] virtual net::Task<LaunchResult<Existence>> find(std::string id) = 0;
  /// Returns all instances of this AMS; those that run are watched from now on.
  [[nodiscard]] virtual net::Task<LaunchResult<std::vector<FoundInstance>>> find_all() = 0;
  /// Returns the last `limit` bytes of the instance's output.
  [[nodiscard]] virtual net::Task<LaunchResult<std::string>> log(std::string id, std::size_t limit) = 0;

  /// Called on the loop when an instance ends by itself; not called for an instance that stop() or remove() ended.
  std::function<void(const std::string& id, const std::string& why)> on_exit;
};

}  // namespace redan::cloud::ams
