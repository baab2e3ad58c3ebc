// The findings of `redan doctor`, and its checks.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>
#include <redan/crypto.hpp>

#include "cmd/units/bus_options.hpp"
#include "cmd/units/store_options.hpp"
#include "net/task.hpp"

namespace redan::cmd {

class Findings {
 public:
  explicit Findings(bool print) : print_(print) {}

  void ok(const std::string& what, const std::string& said) { add("ok", what, said, {}); }
  /// `advice`: what to do about it.
  void warn(const std::string& what, const std::string& said, const std::string& advice) {
    add("warn", what, said, advice);
  }
  void fail(const std::string& what, const std::string& said, const std::string& advice) {
    failed_ = true;
    add("fail", what, said, advice);
  }
  /// The text and the hint of `code`; `detail` may be empty.
  void fail(const std::string& what, Errc code, const std::string& detail);

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] const boost::json::array& all() const { return all_; }

 private:
  void add(const char* level, const std::string& what, const std::string& said, const std::string& advice);

  bool print_;
  bool failed_ = false;
  boost::json::array all_;
};

/// A unit that serves HTTPS.
struct ServiceToCheck {
  std::string kind;  ///< "gateway"
  std::string url;
  std::string fingerprint;
  std::uint16_t port;  ///< of a URL without one
  std::string path;    ///< a path that it serves without authentication
};

/// Each throws std::runtime_error with a human-readable message if its options are invalid.
net::Task<void> check_service(boost::asio::io_context& io, ServiceToCheck service, Findings& findings);
/// Each server, then a round trip, then the agents.
net::Task<void> check_bus(boost::asio::io_context& io, BusOptions options, std::string name, Provider& provider,
                          Findings& findings);
/// Each node of etcd.
net::Task<void> check_etcd(boost::asio::io_context& io, StoreOptions options, Provider& provider, Findings& findings);
struct TurnToCheck {
  std::string uri;
  std::string secret_file;
  std::vector<std::string> units;     ///< "host:port" that it must not relay to, besides the addresses of kDeniedPeers
  std::vector<std::string> runtimes;  ///< addresses that it must relay to
};
/// Checks a TURN server over UDP; blocks for some seconds at most.
void check_turn(const TurnToCheck& turn, Provider& provider, Findings& findings);

}  // namespace redan::cmd
