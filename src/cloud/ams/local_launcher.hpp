// Runs instances as local processes: `redan runtime`, each isolated (cloud/isolation) if the configuration says so, and
// in its own session and directory, under resource limits. They survive a restart of AMS.
//
//   <directory>/<id>/lock            locked (flock(2)) as long as the instance lives; contains a process id
//   <directory>/<id>/user-data.json  mode 0600
//   <directory>/<id>/log             the output of the process
//   <directory>/<id>/home            isolated: its own files; an instance sees nothing else of the folder but user-data
//   <directory>/<id>/sockets         of the clients' data channels; isolated: a link into home
//   <directory>/<id>/control         isolated: the socket of its init, which runs commands
//   <directory>/<id>/sandbox         isolated: what bubblewrap says of its processes
//
// The lock is taken before the process is created, and the process inherits it. An id therefore never runs twice, even
// after a crash at any point. Of an isolated instance, bubblewrap's outer process has it, which ends last and whose id
// the lock contains, and the init; the program has not, because it could give it back.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <map>
#include <memory>

#include "cloud/ams/launcher.hpp"
#include "cloud/isolation/isolation.hpp"

namespace redan::cloud::ams {

struct LocalLauncherConfig {
  std::filesystem::path directory;
  std::filesystem::path program;                 ///< the redan executable
  std::int64_t memory_bytes = 2LL << 30;         ///< limit of the address space, unless the instance requests another
  std::int64_t log_bytes = 64LL << 20;           ///< maximum size of a file that it writes
  std::int64_t max_processes = 512;              ///< isolated: of an instance, threads included
  std::chrono::milliseconds politeness{10'000};  ///< between SIGTERM and SIGKILL
  std::shared_ptr<const isolation::Isolation> isolation{};  ///< absent: instances run as the user of AMS
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

  [[nodiscard]] bool can_exec() const override { return config_.isolation != nullptr; }
  [[nodiscard]] std::string missing_for_exec() const override;
  net::Task<LaunchResult<std::shared_ptr<Execution>>> exec(std::string id, ExecSpec spec) override;

 private:
  struct Watched;
  struct Files;

  [[nodiscard]] std::filesystem::path folder(const std::string& id) const { return config_.directory / id; }
  [[nodiscard]] Existence look(const std::string& id) const;
  pid_t start_bare(const LaunchSpec& spec, const Files& files) const;
  pid_t start_isolated(const LaunchSpec& spec, const Files& files) const;
  void signal(const std::string& id, int number, bool is_first) const;
  net::Task<bool> remove_folder(std::string id);
  void watch(const std::string& id, int pid);
  void wait_for_end(const std::string& id, const std::shared_ptr<Watched>& watched);
  net::Task<bool> end(const std::string& id, int number, std::chrono::milliseconds timeout);

  boost::asio::io_context& io_;
  LocalLauncherConfig config_;
  std::map<std::string, std::shared_ptr<Watched>> watched_;
};

}  // namespace redan::cloud::ams
