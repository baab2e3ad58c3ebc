// The interface to the system that runs instances. Two launchers implement it: local processes (local_launcher.hpp) and
// LXD containers (lxd_launcher.hpp).
//
// At most one instance with a given id runs at a time, regardless of how often and by which caller a launch is
// requested: after a crash AMS requests the same launch again. All calls are made on the loop.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <redan/error.hpp>
#include <redan/types.hpp>
#include <set>
#include <string>
#include <vector>

#include "net/task.hpp"

namespace redan::cloud::ams {

struct LaunchSpec {
  std::string id;
  std::string name;
  std::string image;                   ///< local: ignored; LXD: an image's fingerprint or alias
  std::filesystem::path image_file{};  ///< of an uploaded image, whose SHA-256 is `image`
  std::string user_data;               ///< JSON, with secrets: passed in a file, never in arguments or the environment
  std::int64_t memory_bytes = 0;       ///< 0: the launcher's default
  std::int64_t disk_bytes = 0;
  std::int64_t cpus = 0;
};

struct LaunchFailure {
  std::string message;  ///< human-readable
};
template <class T>
using LaunchResult = tl::expected<T, LaunchFailure>;

struct ExecSpec {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment{};
  bool interactive = false;  ///< on a terminal: standard error goes to standard output
  std::uint16_t width = 80, height = 24;
};

/// The code of a command whose end is not known: that of SIGKILL.
inline constexpr int kKilledCode = 128 + 9;

/// A command that runs in an instance. Destroying it kills the command. Set the callbacks before the loop continues.
class Execution {
 public:
  virtual ~Execution() = default;
  /// To its standard input. The caller writes no more while much is unread.
  virtual void write(Bytes bytes) = 0;
  /// Input that the command has not read yet.
  [[nodiscard]] virtual std::size_t unread() const = 0;
  virtual void close_input() = 0;
  virtual void resize(std::uint16_t width, std::uint16_t height) = 0;
  virtual void signal(int number) = 0;

  /// 1: standard output, 2: standard error.
  std::function<void(int descriptor, Bytes bytes)> on_output;
  /// Its output is not read while this is false.
  std::function<bool(int descriptor)> may_read;
  /// All input was read.
  std::function<void()> on_input_read;
  /// All output was reported. `code`: its exit status, or 128 plus the signal that killed it.
  std::function<void(int code)> on_end;
};

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

  /// Whether exec() is implemented.
  [[nodiscard]] virtual bool can_exec() const { return false; }
  /// What is not implemented if exec() is not.
  [[nodiscard]] virtual std::string missing_for_exec() const { return "commands in instances of this launcher"; }
  /// Runs a command in a running instance, as the user of the instance and with no more rights than it has.
  [[nodiscard]] virtual net::Task<LaunchResult<std::shared_ptr<Execution>>> exec(std::string id, ExecSpec spec);

  /// Removes what the launcher keeps of uploaded images, except for those of these SHA-256 fingerprints.
  virtual net::Task<void> retain_images(std::set<std::string> fingerprints);

  /// Called on the loop when an instance ends by itself; not called for an instance that stop() or remove() ended.
  std::function<void(const std::string& id, const std::string& why)> on_exit;
};

}  // namespace redan::cloud::ams
