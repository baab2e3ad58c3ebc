// On SIGHUP a service reads its tls.pem again and uses it for new connections; open connections continue.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <filesystem>

#include "net/tls/tls.hpp"

namespace redan::cmd {

class CertificateReload {
 public:
  CertificateReload(boost::asio::io_context& io, std::shared_ptr<net::TlsServerCredentials> credentials,
                    std::filesystem::path directory, std::vector<std::string> names, Provider& provider);

 private:
  void wait();

  boost::asio::signal_set signal_;
  std::shared_ptr<net::TlsServerCredentials> credentials_;
  std::filesystem::path directory_;
  std::vector<std::string> names_;
  Provider& provider_;
};

}  // namespace redan::cmd
