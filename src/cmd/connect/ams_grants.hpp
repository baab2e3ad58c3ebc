// Session grants obtained directly from AMS, for clients that AMS trusts: operators, back ends, tests.
#pragma once

#include "cmd/connect/stream_client.hpp"

namespace redan::cmd {

class AmsGrants {
 public:
  AmsGrants(boost::asio::io_context& io, net::Remote ams);

  /// AMS's sealing key, as AMS reports it over this connection, which must therefore be trustworthy.
  [[nodiscard]] net::Task<tl::expected<sealed::Authorities, std::string>> authorities();
  [[nodiscard]] net::Task<SealWishes::Granted> grant(std::string session, sealed::Ed25519PublicKey key);
  /// What a StreamClient needs. This object must outlive it.
  [[nodiscard]] net::Task<tl::expected<std::shared_ptr<const SealWishes>, std::string>> wishes();

 private:
  [[nodiscard]] net::Task<tl::expected<std::string, std::string>> ask(net::HttpRequest request, std::string member);

  net::HttpClient ams_;
};

}  // namespace redan::cmd
