// What `redan ams`, `redan gateway` and `redan agent` do alike: a data directory with the certificate, a port, one
// loop, and an orderly end.
#pragma once

#include <filesystem>
#include <optional>

#include "cmd/arguments.hpp"
#include "cmd/units/certificate_reload.hpp"
#include "net/http/server.hpp"
#include "net/loop.hpp"

namespace redan::cmd {

class UnitProgram {
 public:
  /// Creates what is missing in the data directory: `data_directory`, or the default one of `name` ("redan-ams"). Port
  /// 0 of `listen` becomes a free one. `on_stop` ends the service, for which it has `grace`. Throws std::runtime_error
  /// with a human-readable message.
  UnitProgram(const std::string& data_directory, const std::string& name, const std::string& listen,
              std::function<void()> on_stop, std::chrono::milliseconds grace = std::chrono::milliseconds(300));

  [[nodiscard]] boost::asio::io_context& io() { return loop_.io(); }
  [[nodiscard]] Provider& provider() { return *provider_; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] const net::TlsIdentity& identity() const { return identity_; }
  /// Of the certificate: 64 hexadecimal digits.
  [[nodiscard]] std::string fingerprint() const;
  [[nodiscard]] std::uint16_t port() const { return address_.port; }
  /// "192.0.2.1:8444"
  [[nodiscard]] std::string address() const { return address_.text(); }
  [[nodiscard]] net::TlsListener https() const;
  /// `socket`, or `file` in the data directory. With other users the kernel names the caller, whom the server checks.
  [[nodiscard]] net::UnixListener local(const std::string& socket, const char* file,
                                        bool has_other_users = false) const;

  /// Runs until a signal or a failure; returns the exit code.
  int run();
  void stop() { loop_.stop(); }
  /// Once the loop runs: `begin` reads the store, then `listen` opens the port. The program ends if either fails.
  void start(std::function<net::Task<Result<void>>()> begin, std::function<void()> listen);

 private:
  net::Task<void> begin_and_listen(std::function<net::Task<Result<void>>()> begin, std::function<void()> listen);
  void fail(const std::string& why);

  net::Loop loop_;
  std::unique_ptr<Provider> provider_;
  std::filesystem::path directory_;
  HostAndPort address_;
  net::TlsIdentity identity_;
  std::shared_ptr<net::TlsServerCredentials> credentials_;
  std::optional<CertificateReload> reload_;
  int code_;
};

}  // namespace redan::cmd
