// A sequence of requests to an AMS, each of which waits for its answer.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>

#include "cmd/arguments.hpp"
#include "net/http/client.hpp"

namespace redan::cmd {

/// An error message of amc, and the exit code of the program.
class AmcFailure : public std::runtime_error {
 public:
  AmcFailure(int code, const std::string& text) : std::runtime_error(text), code_(code) {}
  [[nodiscard]] int code() const { return code_; }

 private:
  int code_;
};

/// A human-readable message: what failed, why, and what to do.
AmcFailure failure_of(const net::HttpFailure& failure, const std::string& where);

class AmcSession {
 public:
  /// `where` names the server in messages.
  AmcSession(net::Remote remote, std::string where);

  /// Returns the metadata of a successful answer. Throws AmcFailure otherwise.
  boost::json::value ask(std::string method, std::string path, const boost::json::value& body = nullptr);
  /// The same for a textual answer.
  std::string ask_text(std::string path);
  /// The same for a request that starts an operation: waits until it has ended, and fails if it failed.
  boost::json::value ask_and_wait(std::string method, std::string path, const boost::json::value& body = nullptr);
  /// All elements of a list, page by page.
  boost::json::array list(const std::string& path);

 private:
  net::HttpResponse exchange(std::string method, std::string path, const boost::json::value& body);
  boost::json::value parsed(const net::HttpResponse& response) const;

  boost::asio::io_context io_{1};
  net::HttpClient client_;
  std::string where_;
};

/// The SHA-256 of the certificate that a server presents, for comparison by the user. Nothing is sent to the server.
std::string shown_by(const HostAndPort& server);

}  // namespace redan::cmd
