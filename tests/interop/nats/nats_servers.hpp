// Real NATS servers on this machine, single or as a cluster, with their own authority and certificates.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <filesystem>
#include <map>

#include "cloud/bus/nats.hpp"
#include "net/descriptor.hpp"

namespace redan::cloud::test {

/// The path of nats-server; empty if it is not installed.
std::filesystem::path nats_program();

/// Creates in `folder`: ca.pem and the certificates that it signed (node, gateway, agent-1, agent-2, nobody),
/// other-ca.pem and (stranger).
void make_certificates(const std::filesystem::path& folder, const std::string& key);

inline constexpr const char* kToken = "a-token-of-64-printable-characters-0123456789-abcdefghijklmnopqr";

class NatsServers {
 public:
  struct Options {
    std::string tls = "verify: true";  ///< empty: no TLS
    std::string authorization = std::string("token: \"") + kToken + "\"";
    std::string more;                                         ///< further lines of the configuration
    std::string key = "ec -pkeyopt ec_paramgen_curve:P-256";  ///< of all certificates, for openssl req -newkey
    std::string whole;  ///< instead of the above: a configuration with @listen@, and files in the folder
  };
  /// Starts them, and waits until they listen. Throws if they do not.
  explicit NatsServers(std::size_t count);
  NatsServers(std::size_t count, Options options);
  ~NatsServers();
  NatsServers(const NatsServers&) = delete;
  NatsServers& operator=(const NatsServers&) = delete;

  /// kill -9.
  void kill(std::size_t server) { signal(server, SIGKILL), reap(server); }
  void start(std::size_t server);
  /// Applies from its next start on.
  void authorize(std::string authorization) { options_.authorization = std::move(authorization); }
  /// It is connected, but silent.
  void freeze(std::size_t server) { signal(server, SIGSTOP); }
  void thaw(std::size_t server) { signal(server, SIGCONT); }
  /// It asks its clients to leave, and then ends.
  void retire(std::size_t server) { signal(server, SIGUSR2); }
  void wait_until_listening(std::size_t server) const;

  [[nodiscard]] std::size_t count() const { return servers_.size(); }
  [[nodiscard]] std::uint16_t port(std::size_t server) const { return servers_[server].port; }
  /// All servers, mutual TLS as `who`, the token; small keys are allowed.
  [[nodiscard]] bus::NatsConfig config(const std::string& who = "gateway") const;
  [[nodiscard]] const net::TlsIdentity& identity(const std::string& who) const;
  [[nodiscard]] std::string authority(const char* name = "ca.pem") const { return read(name); }
  [[nodiscard]] std::string log() const { return read("log"); }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  /// A port on loopback that the system assigns to no other program; a server that requests this port gets it.
  class Port {
   public:
    Port();
    operator std::uint16_t() const { return number_; }

   private:
    std::shared_ptr<net::Descriptor> socket_;
    std::uint16_t number_ = 0;
  };
  struct Server {
    Port port;
    Port cluster_port;
    pid_t process = 0;
  };
  [[nodiscard]] std::string configuration(std::size_t server) const;
  [[nodiscard]] std::string read(const std::string& file) const;
  void signal(std::size_t server, int number) const;
  void reap(std::size_t server);

  Options options_;
  std::filesystem::path folder_;
  std::vector<Server> servers_;
  mutable std::map<std::string, net::TlsIdentity> identities_;
};

}  // namespace redan::cloud::test
