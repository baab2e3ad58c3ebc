// Runs instances as local processes: `redan runtime`, each in its own session and directory, under resource limits.
// They survive a restart of AMS.
//
//   <directory>/<id>/lock            locked (flock(2)) by the process as long as it lives; contains its process id
//   <directory>/<id>/user-data.json  mode 0600
//   <directory>/<id>/log             the output of the process
//
// The lock is taken before the process is created, and the process inherits it. An id therefore never runs twice, even
// after a crash at any point.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <map>
#include <memory>

#include "cloud/ams/launcher.hpp"

namespace redan::cloud::ams {

struct LocalLauncherConfig {
  std::filesystem::path directory;
  std::filesystem::path program;                 ///< the redan executable
  std::int64_t memory_bytes = 2LL << 30;         ///< limit of the address space, unless the instance requests another
  std::int64_t log_bytes = 64LL << 20;           ///< maximum size of a file that it writes
  std::chrono::milliseconds politeness{10'000};  ///< between SIGTERM and SIGKILL
};

class LocalLauncher final : public Launcher {
 public:
  /// Creates the directory if it does not exist.
  LocalLauncher(boost::asio::io_context& io, LocalLauncherConfig config);
  ~LocalLauncher() override;

  net::Task<LaunchResult<void>> launch(LaunchSpec spec) override;
  net::Task<LaunchResult<void>> stop(std::string id) override;
  net::Task<LaunchResult<void>> remove(std::string id) override;
  net::Task<LaunchResult<Existence>> find(std::string id) override;
  net::Task<LaunchResult<std::vector<FoundInstance>>> find_all() override;
  net::Task<LaunchResult<std::string>> log(std::string id, std::size_t limit) override;

 private:
  struct Watched;

  [[nodiscard]] std::filesystem::path folder(const std::string& id) const { return config_.directory / id; }
  [[nodiscard]] Existence look(const std::string& id) const;
  void watch(const std::string& id, int pid);
  void wait_for_end(const std::string& id, const std::shared_ptr<Watched>& watched);
  net::Task<bool> end(const std::string& id, int signal, std::chrono::milliseconds timeout);

  boost::asio::io_context& io_;
  LocalLauncherConfig config_;
  std::map<std::string, std::shared_ptr<Watched>> watched_;
};

}  // namespace redan::cloud::ams
