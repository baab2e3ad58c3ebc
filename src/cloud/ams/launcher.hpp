// Where instances run. Two launchers: local processes (local_launcher.hpp) and LXD containers (lxd_launcher.hpp).
//
// An id is launched at most once at a time, whoever asks and however often: after a crash of AMS the same launch is
// asked for again. All calls are made on the loop.
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
  std::string user_data;          ///< JSON, with secrets: handed over by file, never by argument or environment
  std::int64_t memory_bytes = 0;  ///< 0: the launcher's default
  std::int64_t cpus = 0;
};

struct LaunchFailure {
  std::string message;  ///< for a person
};
template <class T>
using LaunchResult = tl::expected<T, LaunchFailure>;

enum class Existence : std::uint8_t {
  absent,
  stopped,  ///< what it left behind is still there
  running,
};

struct FoundInstance {
  std::string id;
  Existence existence = Existence::absent;
};

class Launcher {
 public:
  virtual ~Launcher() = default;

  /// Success if it runs already.
  [[nodiscard]] virtual net::Task<LaunchResult<void>> launch(LaunchSpec spec) = 0;
  /// Success if it does not run. Politely first; by force after ten seconds.
  [[nodiscard]] virtual net::Task<LaunchResult<void>> stop(std::string id) = 0;
  /// Stops it by force and removes what it left behind. Success if it is absent.
  [[nodiscard]] virtual net::Task<LaunchResult<void>> remove(std::string id) = 0;
  [[nodiscard]] virtual net::Task<LaunchResult<Existence>> find(std::string id) = 0;
  /// Everything of ours; those that run are watched from now on.
  [[nodiscard]] virtual net::Task<LaunchResult<std::vector<FoundInstance>>> find_all() = 0;
  /// The last `limit` bytes that it printed.
  [[nodiscard]] virtual net::Task<LaunchResult<std::string>> log(std::string id, std::size_t limit) = 0;

  /// An instance ended by itself. From the loop; not for one that stop() or remove() ended.
  std::function<void(const std::string& id, const std::string& why)> on_exit;
};

}  // namespace redan::cloud::ams
