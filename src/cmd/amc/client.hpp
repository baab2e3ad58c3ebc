// What the commands of amc share: the options, the AMS that they talk to, and how they print.
#pragma once

#include <optional>

#include "cmd/amc/format.hpp"
#include "cmd/amc/remotes.hpp"
#include "cmd/amc/session.hpp"
#include "cmd/commands.hpp"

namespace redan::cmd {

/// Options and words that several commands take.
struct AmcOptions {
  std::string remote, socket, directory;
  bool json = false;

  std::string which, name, key, file, format, timeout;
  std::optional<std::string> value;
  std::vector<std::string> filters;
  std::int64_t version = -1;  ///< -1: not given
  bool yes = false, force = false, no_wait = false, all = false;
};

class Amc {
 public:
  explicit Amc(const AmcOptions& options);

  [[nodiscard]] const AmcOptions& options() const { return options_; }
  [[nodiscard]] AmcRemotes& remotes() { return remotes_; }

  struct Target {
    net::Remote remote;
    std::string name;
  };
  [[nodiscard]] Target target();
  /// With the target; opened at the first call.
  [[nodiscard]] AmcSession& session();
  /// --timeout, or `otherwise`.
  [[nodiscard]] AmcTimeout timeout(AmcTimeout otherwise = std::nullopt) const;

  /// Requests an operation, and waits for its end unless --no-wait.
  boost::json::value act(const char* method, const std::string& path, const boost::json::value& body = nullptr);
  boost::json::value finish(boost::json::value operation);
  /// The path of a request whose operation ends when its instance runs, unless --no-wait.
  [[nodiscard]] std::string until_running(const std::string& path) const;
  /// Asks whether to continue, unless --yes. Throws if not.
  void confirm() const;

  /// In the form of --format, of which a table is the default.
  void print_list(boost::json::array elements, const std::vector<Column>& columns) const;
  /// `answer` with --json, otherwise `shown`: YAML, or JSON with --format json.
  void print(const boost::json::value& answer, const boost::json::value& shown) const;
  void print(const boost::json::value& answer) const { print(answer, answer); }
  /// Only with --json: users want to see only whether an operation failed.
  void print_end(const boost::json::value& operation) const;
  /// One line, or with --json the whole answer.
  void print_line(const std::string& line, const boost::json::value& answer) const;

 private:
  const AmcOptions& options_;
  AmcRemotes remotes_;
  net::TlsIdentity identity_;
  std::optional<AmcSession> session_;
};

/// Where `https://host:port` is, with amc's default port.
HostAndPort parse_ams_url(const std::string& url);
net::Remote pinned_remote(const HostAndPort& server, const std::string& fingerprint, const net::TlsIdentity& identity);
/// One line of standard input; nullopt at its end. `prompt` is shown if a person types it.
std::optional<std::string> read_line(const char* prompt);
/// The id of the object that the operation made: the last part of the first URL of its resources of that kind.
std::string made_by(const boost::json::value& operation, std::string_view kind);
/// true or false; throws AmcFailure.
bool parse_bool(const std::string& text);
std::int64_t parse_integer(const std::string& text);

}  // namespace redan::cmd
