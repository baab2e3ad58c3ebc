// Shares of instances: links by which others reach the session of an instance. The stream gateway has them; AMS
// requests them there as an administrator.
#pragma once

#include <boost/asio/io_context.hpp>

#include "cloud/api/envelope.hpp"
#include "net/http/client.hpp"

namespace redan::cloud::ams {

using api::Outcome;

/// A gateway, and how AMS authenticates there.
struct GatewayAccess {
  net::Remote server;
  std::string token{};  ///< of an account with the permission "admin"; "" on a Unix socket
};

class GatewayShares {
 public:
  GatewayShares(boost::asio::io_context& io, GatewayAccess access);

  /// `body` as the gateway takes it: type, description, expiry_at. Returns id, type, url and expiry_at. Refusals of the
  /// gateway are passed on; 502 gateway_failed if it does not answer or does not accept AMS.
  [[nodiscard]] net::Task<Outcome<api::json::object>> create(std::string session, api::json::object body);
  /// 404 if the share is not one of this session.
  [[nodiscard]] net::Task<Outcome<void>> change(std::string session, std::string share, api::json::object body);
  [[nodiscard]] net::Task<Outcome<void>> remove(std::string session, std::string share);

 private:
  net::Task<Outcome<api::json::object>> call(std::string method, std::string path, api::json::object body);
  net::Task<Outcome<void>> check(std::string session, std::string share);

  net::HttpClient client_;
  std::string token_;
};

}  // namespace redan::cloud::ams
