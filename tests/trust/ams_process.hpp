// `redan ams` as a process, and clients for it.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>
#include <filesystem>

#include "net/http/client.hpp"
#include "net/websocket/client.hpp"

namespace redan::cloud::test {

/// A temporary folder, removed by the destructor.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The path of the `redan` under test: the test program's first argument.
void set_redan_program(const char* path);
const std::string& redan_program();

/// A client certificate: P-256, self-signed.
net::TlsIdentity make_client(const std::string& name);

/// A child process whose output goes to files.
class Process {
 public:
  /// `output` receives both streams; `standard_output`, if not empty, the first one.
  Process(const std::vector<std::string>& arguments, const std::filesystem::path& output,
          const std::filesystem::path& standard_output = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  void signal(int number) const;
  /// The exit status, or 128 and the signal's number; nullopt if it still runs after `timeout`.
  std::optional<int> wait(std::chrono::milliseconds timeout);
  [[nodiscard]] bool runs();
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  std::optional<int> status_;
};

std::string read_file(const std::filesystem::path& file);

/// A file for --secrets-key in this folder; the same each time.
std::string secrets_key_file(const std::filesystem::path& folder);

class AmsProcess {
 public:
  struct Options {
    std::filesystem::path folder;  ///< --data-dir
    std::string name = "node-1";
    std::vector<std::string> more{};
  };
  /// Starts it on a free port of loopback, and waits until it reports that it listens. Throws if it does not.
  explicit AmsProcess(Options options);
  /// Ends it, and all instances of its folder.
  ~AmsProcess();
  AmsProcess(const AmsProcess&) = delete;
  AmsProcess& operator=(const AmsProcess&) = delete;

  void kill();   ///< SIGKILL; instances continue
  void start();  ///< again, on the same port
  [[nodiscard]] std::optional<int> stop();
  void reload();  ///< SIGHUP
  [[nodiscard]] pid_t pid() const { return process_->pid(); }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return options_.folder; }
  [[nodiscard]] std::string log() const;
  /// Over TLS, with the server pinned.
  [[nodiscard]] net::Remote remote(const net::TlsIdentity* identity = nullptr) const;
  /// On the Unix socket.
  [[nodiscard]] net::Remote local() const;

 private:
  Options options_;
  std::unique_ptr<Process> process_;
  std::uint16_t port_ = 0;
  std::string fingerprint_;
};

/// The result of a request.
struct Answer {
  unsigned status = 0;  ///< 0: no response
  Errc failure{};       ///< the reason
  std::string code;     ///< metadata.code of a refusal
  boost::json::value body;
  net::HttpResponse raw;

  [[nodiscard]] const boost::json::value& metadata() const { return body.at("metadata"); }
  [[nodiscard]] std::string operation() const { return std::string(body.at("operation").as_string()); }
};

/// One client with one persistent connection; every call waits for its answer.
class Client {
 public:
  explicit Client(net::Remote remote, std::chrono::milliseconds timeout = std::chrono::seconds(10));

  Answer call(std::string method, std::string path, std::string body = {}, std::vector<net::HttpHeader> headers = {});
  Answer get(std::string path) { return call("GET", std::move(path)); }
  Answer post(std::string path, std::string body) { return call("POST", std::move(path), std::move(body)); }
  Answer patch(std::string path, std::string body) { return call("PATCH", std::move(path), std::move(body)); }
  Answer erase(std::string path) { return call("DELETE", std::move(path)); }
  /// Waits for the operation that an answer names; returns its metadata.
  boost::json::value finish(const Answer& answer);
  boost::asio::io_context& io() { return io_; }

 private:
  boost::asio::io_context io_{1};
  net::HttpClient client_;
};

/// Repeats `look` until it is true; false after `timeout`.
bool eventually(const std::function<bool()>& look, std::chrono::milliseconds timeout = std::chrono::seconds(10));

/// {"certificate": ..., "name": ..., "role": ...}.
std::string certificate_body(const net::TlsIdentity& identity, const std::string& name, const std::string& role);

}  // namespace redan::cloud::test
