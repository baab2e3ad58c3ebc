#include "cmd/units/certificate_reload.hpp"

#include <csignal>

#include "cmd/program.hpp"

namespace redan::cmd {

CertificateReload::CertificateReload(boost::asio::io_context& io,
                                     std::shared_ptr<net::TlsServerCredentials> credentials,
                                     std::filesystem::path directory, std::vector<std::string> names,
                                     Provider& provider)
    : signal_(io, SIGHUP),
      credentials_(std::move(credentials)),
      directory_(std::move(directory)),
      names_(std::move(names)),
      provider_(provider) {
  wait();
}

void CertificateReload::wait() {
  signal_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    try {
      const net::TlsIdentity fresh = net::load_or_create_tls_identity(directory_, names_, provider_, log_line);
      const auto replaced = credentials_->replace(fresh);
      log_line(replaced ? "the certificate was read again" : "the new certificate cannot be used; the old one stays");
    } catch (const std::exception& failure) {
      log_line(std::string("the old certificate stays: ") + failure.what());
    }
    wait();
  });
}

}  // namespace redan::cmd
