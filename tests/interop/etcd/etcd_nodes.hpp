// A real etcd cluster on this machine, with its own authority and certificates.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "cloud/store/etcd.hpp"

namespace redan::cloud::test {

/// The path of etcd; empty if it is not installed.
std::filesystem::path etcd_program();

class EtcdNodes {
 public:
  /// Starts them, and waits until they answer. Throws if they do not. `key`: the key type of all certificates, for
  /// openssl req -newkey.
  explicit EtcdNodes(std::size_t count, const std::string& key = "ec -pkeyopt ec_paramgen_curve:P-256");
  ~EtcdNodes();
  EtcdNodes(const EtcdNodes&) = delete;
  EtcdNodes& operator=(const EtcdNodes&) = delete;

  /// kill -9.
  void kill(std::size_t node);
  void start(std::size_t node);
  /// SIGSTOP and SIGCONT: it is connected, but silent.
  void freeze(std::size_t node);
  void thaw(std::size_t node);
  [[nodiscard]] std::size_t leader() const;
  /// Compacts the history before `revision`.
  void compact(store::Revision revision) const;
  void wait_until_ready() const;
  /// Enables authorisation: `user` may use only `prefix`.
  void require_users(const std::string& user, const std::string& password, const std::string& prefix);

  /// All nodes, the first one first.
  /// Small keys are allowed.
  [[nodiscard]] store::EtcdConfig config(const std::string& prefix) const;
  [[nodiscard]] const net::TlsIdentity& client() const { return client_; }
  /// Signed by another authority.
  [[nodiscard]] const net::TlsIdentity& stranger() const { return stranger_; }
  [[nodiscard]] std::string strangers_authority() const;
  /// The folder with ca.pem, client.pem and client.key.
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  struct Node {
    std::uint16_t port = 0;
    std::uint16_t peer_port = 0;
    pid_t process = 0;
  };
  void make_certificates(const std::string& key) const;
  [[nodiscard]] std::string read(const char* file) const;
  [[nodiscard]] std::optional<std::string> ask(std::size_t node, std::string path, std::string body) const;
  void signal(std::size_t node, int number) const;

  std::filesystem::path folder_;
  std::vector<Node> nodes_;
  std::string login_;  ///< the request that tests whether etcd is ready, once it has users
  net::TlsIdentity client_;
  net::TlsIdentity stranger_;
};

}  // namespace redan::cloud::test
