// Instances as processes of this machine: `redan runtime`, each in a session and a folder of its own, under resource
// limits. They survive a restart of AMS.
//
//   <directory>/<id>/lock            held by the process (flock(2)) as long as it lives; its process id is written
//   there <directory>/<id>/user-data.json  0600 <directory>/<id>/log             what it prints
//
// The lock is taken before the process exists and inherited by it, so no id ever runs twice, whatever crashes when.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <map>
#include <memory>

#include "cloud/ams/launcher.hpp"

namespace redan::cloud::ams {

struct LocalLauncherConfig {
  std::filesystem::path directory;
  std::filesystem::path program;                 ///< redan itself
  std::int64_t memory_bytes = 2LL << 30;         ///< address space, unless the instance asks for another size
  std::int64_t log_bytes = 64LL << 20;           ///< largest file it may write
  std::chrono::milliseconds politeness{10'000};  ///< between SIGTERM and SIGKILL
};

class LocalLauncher final : public Launcher {
 public:
  /// The directory is made if it is missing.
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
