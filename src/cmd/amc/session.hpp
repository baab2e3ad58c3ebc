// A sequence of requests to an AMS, each of which waits for its answer.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>
#include <chrono>

#include "cmd/amc/archive_file.hpp"
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

using AmcTimeout = std::optional<std::chrono::seconds>;

class AmcSession {
 public:
  /// `where` names the server in messages.
  AmcSession(net::Remote remote, std::string where);

  /// Returns the metadata of a successful answer: of a request that starts an operation, the operation. Throws
  /// AmcFailure otherwise.
  boost::json::value ask(std::string method, std::string path, const boost::json::value& body = nullptr);
  /// The same for a textual answer.
  std::string ask_text(std::string path);
  /// The same for an archive. `request` describes it; null: there is nothing to describe.
  boost::json::value upload(std::string method, std::string path, const ArchiveFile& archive,
                            const boost::json::value& request = nullptr);
  /// Waits until the operation has ended and returns it; throws if it failed, or did not end before the timeout. An
  /// answer without an operation is returned as it is.
  boost::json::value wait(boost::json::value operation, AmcTimeout timeout = std::nullopt);
  boost::json::value ask_and_wait(std::string method, std::string path, const boost::json::value& body = nullptr,
                                  AmcTimeout timeout = std::nullopt);
  /// All elements of a list, page by page.
  boost::json::array list(const std::string& path);

 private:
  net::HttpResponse exchange(net::HttpRequest request);
  net::HttpResponse answer_of(net::HttpResult result) const;
  boost::json::value metadata_of(const net::HttpResponse& response) const;

  boost::asio::io_context io_{1};
  net::HttpClient client_;
  std::string where_;
};

/// "prefix/value", with the value escaped.
std::string path_of(std::string_view prefix, std::string_view value);

/// The SHA-256 of the certificate that a server presents, for comparison by the user. Nothing is sent to the server.
std::string shown_by(const HostAndPort& server);

}  // namespace redan::cmd
