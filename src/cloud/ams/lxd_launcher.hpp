// Runs instances as LXD containers. They survive a restart of AMS, and of LXD itself.
//
// A container "ams-<id>" is created from an image, receives its user data as a file, and is started. The image
// determines what runs in it; it must run `redan runtime` with that file, end on SIGPWR, and write its output to the
// log file (docs/OPERATIONS.md). The containers of an AMS have the unit's name and the instance's id in their LXD
// configuration; other containers are never modified. Secrets are only in the file, because every user of LXD can read
// LXD's configuration.
//
// Images that were uploaded to AMS are imported when the first instance needs them; LXD's fingerprint of an image in
// one file is the file's SHA-256. Those of this unit that AMS has no more are deleted.
//
// LXD's responses about operations can be late, lost or about another operation. The launcher therefore checks the
// container after every failure, and reports a failure only if its state is not the desired one.
#pragma once

#include "cloud/ams/lxd_watch.hpp"

namespace redan::cloud::ams {

struct LxdLauncherConfig {
  LxdClientConfig lxd;
  std::string unit;                              ///< identifies the containers of this AMS: at most 63 characters
  std::string image;                             ///< for instances that do not name one
  std::vector<std::string> profiles{"default"};  ///< determine network, storage and limits
  std::string user_data_folder = "/etc/redan";   ///< mode 0700; contains user-data.json, mode 0600
  std::string log_file = "/var/log/redan.log";
  std::chrono::seconds politeness{10};                 ///< between a graceful stop and a forced one
  std::chrono::milliseconds timeout_at_start{30'000};  ///< for which find_all() waits until LXD is available
  std::function<void(std::string_view)> log{};         ///< logs one line
};

/// The message of a LaunchFailure consists of the text of an Errc (lxd_*, tls_*, http_*, connect_failed), LXD's
/// message, and the hint. When it is destroyed, the loop must have stopped, or no call may be pending.
class LxdLauncher final : public Launcher {
 public:
  LxdLauncher(boost::asio::io_context& io, LxdLauncherConfig config);

  net::Task<LaunchResult<void>> launch(LaunchSpec spec) override;
  net::Task<LaunchResult<void>> stop(std::string id) override;
  net::Task<LaunchResult<void>> remove(std::string id) override;
  net::Task<LaunchResult<Existence>> find(std::string id) override;
  net::Task<LaunchResult<std::vector<FoundInstance>>> find_all() override;
  net::Task<LaunchResult<std::string>> log(std::string id, std::size_t limit) override;

  net::Task<void> retain_images(std::set<std::string> fingerprints) override;

  [[nodiscard]] bool can_exec() const override { return true; }
  /// As root of the container.
  net::Task<LaunchResult<std::shared_ptr<Execution>>> exec(std::string id, ExecSpec spec) override;

 private:
  net::Task<LxdResult<Existence>> look(std::string id);
  net::Task<LxdResult<void>> provide_image(std::string fingerprint, std::filesystem::path file);
  net::Task<LxdResult<void>> create(const LaunchSpec& spec);
  net::Task<LxdResult<void>> hand_over(const LaunchSpec& spec);
  net::Task<LxdResult<void>> start(const LaunchSpec& spec);
  net::Task<LxdResult<void>> end(std::string id, std::vector<LxdStateChange> ways);
  net::Task<LxdResult<void>> erase(std::string id);

  boost::asio::io_context& io_;
  LxdLauncherConfig config_;
  std::shared_ptr<LxdClient> client_;
  LxdWatch watch_;
  std::set<std::string> importing_;  ///< fingerprints of images
};

}  // namespace redan::cloud::ams
