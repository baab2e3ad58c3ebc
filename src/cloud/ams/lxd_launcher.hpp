// Instances as LXD containers. They survive a restart of AMS, and of LXD itself.
//
// A container "ams-<id>" is made from an image, gets its user data as a file, and starts. What is in the image decides
// what runs; it is expected to run `redan runtime` with that file, to end on SIGPWR, and to print into the log file
// (docs/OPERATIONS.md). The containers of an AMS carry its unit's name and their id in LXD's configuration; no other
// container is ever touched. Secrets are in the file only: what is in LXD's configuration, every user of LXD reads.
//
// LXD's answers about its work can be late, lost or about something else. So after every failure the container is
// looked at, and only what is not as wanted is a failure.
#pragma once

#include "cloud/ams/lxd_watch.hpp"

namespace redan::cloud::ams {

struct LxdLauncherConfig {
  LxdClientConfig lxd;
  std::string unit;                              ///< whose containers these are: at most 63 characters
  std::string image;                             ///< for instances that name none
  std::vector<std::string> profiles{"default"};  ///< network, storage and limits are theirs to say
  std::string user_data_folder = "/etc/redan";   ///< mode 0700; user-data.json in it 0600
  std::string log_file = "/var/log/redan.log";
  std::chrono::seconds politeness{10};                 ///< between asking an instance to stop and forcing it
  std::chrono::milliseconds timeout_at_start{30'000};  ///< find_all() waits so long for an LXD that is not there yet
  std::function<void(std::string_view)> log{};         ///< one line
};

/// A LaunchFailure's message is the text of an Errc (lxd_*, tls_*, http_*, connect_failed), LXD's words, and the hint.
/// The loop has stopped, or no call is under way, when it is destroyed.
class LxdLauncher final : public Launcher {
 public:
  LxdLauncher(boost::asio::io_context& io, LxdLauncherConfig config);

  net::Task<LaunchResult<void>> launch(LaunchSpec spec) override;
  net::Task<LaunchResult<void>> stop(std::string id) override;
  net::Task<LaunchResult<void>> remove(std::string id) override;
  net::Task<LaunchResult<Existence>> find(std::string id) override;
  net::Task<LaunchResult<std::vector<FoundInstance>>> find_all() override;
  net::Task<LaunchResult<std::string>> log(std::string id, std::size_t limit) override;

 private:
  net::Task<LxdResult<Existence>> look(std::string id);
  net::Task<LxdResult<void>> create(const LaunchSpec& spec);
  net::Task<LxdResult<void>> hand_over(const LaunchSpec& spec);
  net::Task<LxdResult<void>> start(const LaunchSpec& spec);
  net::Task<LxdResult<void>> end(std::string id, std::vector<LxdStateChange> ways);
  net::Task<LxdResult<void>> erase(std::string id);

  boost::asio::io_context& io_;
  LxdLauncherConfig config_;
  std::shared_ptr<LxdClient> client_;
  LxdWatch watch_;
};

}  // namespace redan::cloud::ams
