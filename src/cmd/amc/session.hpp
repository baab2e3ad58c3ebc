// One conversation of amc with an AMS, each call waiting for its answer.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>

#include "cmd/arguments.hpp"
#include "net/http/client.hpp"

namespace redan::cmd {

/// What amc says before it ends, and the exit code it ends with.
class AmcFailure : public std::runtime_error {
 public:
  AmcFailure(int code, const std::string& text) : std::runtime_error(text), code_(code) {}
  [[nodiscard]] int code() const { return code_; }

 private:
  int code_;
};

/// In a person's words: what failed, why, what to do.
AmcFailure failure_of(const net::HttpFailure& failure, const std::string& where);

class AmcSession {
 public:
  /// `where` names the server in messages.
  AmcSession(net::Remote remote, std::string where);

  /// The metadata of a successful answer. Throws AmcFailure for everything else.
  boost::json::value ask(std::string method, std::string path, const boost::json::value& body = nullptr);
  /// The same, for an answer that is text.
  std::string ask_text(std::string path);
  /// The same, for what is done by an operation: waits until it has ended, and fails if it did.
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

/// The SHA-256 of the certificate that a server shows, for a person to compare. Nothing is sent to it.
std::string shown_by(const HostAndPort& server);

}  // namespace redan::cmd
