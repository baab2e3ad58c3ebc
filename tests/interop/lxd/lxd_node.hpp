// A real LXD on this machine, in a temporary folder and its own mount namespace, with an image that runs `redan
// runtime`. Needs root.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "cloud/ams/lxd_launcher.hpp"

namespace redan::cloud::test {

class LxdNode {
 public:
  /// What this machine lacks; empty if a node can be started.
  static std::string missing();

  /// Starts LXD and imports an image "redan" that contains the program `redan`. Its profile "redan" lets a container
  /// reach 127.0.0.1:`reachable_port` of this machine at the same address. Throws on failure.
  LxdNode(const std::filesystem::path& redan, std::uint16_t reachable_port);
  /// Calls end().
  ~LxdNode();
  LxdNode(const LxdNode&) = delete;
  LxdNode& operator=(const LxdNode&) = delete;

  /// Stops all containers and LXD, and removes the folder.
  void end();
  /// Remaining mounts and processes of this node, one per line.
  [[nodiscard]] std::string leftovers() const;

  /// The output of `lxc`. Throws if it fails.
  std::string lxc(const std::string& arguments) const;
  void trust(const std::string& certificate_pem, const std::string& options = {}) const;
  /// Kills only LXD, like a crash; its containers continue. start() restarts it.
  void kill();
  void start();

  /// A file with another image that runs the program, which LXD does not have.
  [[nodiscard]] std::filesystem::path other_image() const { return folder_ / "other.tar"; }
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

/// The output of a shell command, including its errors. Throws if it fails.
std::string shell(const std::string& command);
std::uint16_t free_port();

}  // namespace redan::cloud::test
