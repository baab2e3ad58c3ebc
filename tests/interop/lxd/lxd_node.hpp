// A real LXD on this machine, in a temporary folder and a mount namespace of its own, with an image that runs
// `redan runtime`. Needs root.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "cloud/ams/lxd_launcher.hpp"

namespace redan::cloud::test {

class LxdNode {
 public:
  /// What this machine lacks; empty if a node can be started.
  static std::string missing();

  /// Starts LXD and imports an image "redan" with the program `redan` in it. Its profile "redan" lets a container reach
  /// 127.0.0.1:`reachable_port` of this machine under the same address. Throws if something does not work.
  LxdNode(const std::filesystem::path& redan, std::uint16_t reachable_port);
  /// As end().
  ~LxdNode();
  LxdNode(const LxdNode&) = delete;
  LxdNode& operator=(const LxdNode&) = delete;

  /// Stops all containers and LXD, and removes the folder.
  void end();
  /// Mounts and processes of this node that are left: a line each.
  [[nodiscard]] std::string leftovers() const;

  /// What `lxc` prints. Throws if it fails.
  std::string lxc(const std::string& arguments) const;
  void trust(const std::string& certificate_pem, const std::string& options = {}) const;
  /// Kills LXD alone, as a crash would; its containers go on. start() brings it back.
  void kill();
  void start();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Digest fingerprint() const;

 private:
  void set_up(const std::filesystem::path& redan, std::uint16_t reachable_port);
  void make_image(const std::filesystem::path& redan) const;
  [[nodiscard]] bool answers() const;

  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t process_ = 0;
};

/// What a shell command prints, its errors too. Throws if it fails.
std::string shell(const std::string& command);
std::uint16_t free_port();

}  // namespace redan::cloud::test
