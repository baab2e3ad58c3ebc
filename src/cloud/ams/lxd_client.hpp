// A client of LXD's REST API over TLS 1.3 with mutual authentication: LXD is identified by the SHA-256 of its whole
// certificate, AMS by a certificate in LXD's trust store. Every call ends within its timeout, and the size of every
// response is limited.
//
// LXD performs operations in the background. A call here returns when the operation has ended, or after `work_timeout`
// with lxd_timeout; the operation may then still be running. LXD forgets an operation soon after it ends, so check the
// state of the instance before treating a failure as final.
#pragma once

#include "cloud/ams/lxd_api.hpp"
#include "cloud/errors.hpp"
#include "net/http/client.hpp"
#include "net/websocket/client.hpp"

namespace redan::cloud::ams {

struct LxdFailure {
  Errc code = errc::lxd_failed;
  std::string detail;  ///< LXD's error message, or the system's

  /// The code and the detail, human-readable.
  [[nodiscard]] std::string message() const;
};
template <class T>
using LxdResult = tl::expected<T, LxdFailure>;

struct LxdClientConfig {
  net::TlsRemote server;  ///< its identity must outlive the client
  std::string project = "default";
  std::chrono::milliseconds call_timeout{15'000};
  std::chrono::milliseconds work_timeout{60'000};
  std::chrono::milliseconds create_timeout{600'000};  ///< LXD unpacks an image on its first use
};

/// Failures: those of net::HttpClient, and lxd_untrusted (403), lxd_not_found (404), lxd_failed, lxd_timeout,
/// lxd_protocol. All calls are made on the loop.
class LxdClient {
 public:
  LxdClient(boost::asio::io_context& io, LxdClientConfig config);

  /// nullopt: no instance has this name.
  [[nodiscard]] net::Task<LxdResult<std::optional<LxdInstance>>> instance(std::string name);
  [[nodiscard]] net::Task<LxdResult<std::vector<LxdInstance>>> instances_of(std::string unit);
  /// Waits until no operation on the instance is running, regardless of which client started it: until then the
  /// instance may be incomplete.
  [[nodiscard]] net::Task<LxdResult<void>> wait_until_idle(std::string name);
  [[nodiscard]] net::Task<LxdResult<void>> create(LxdNewInstance instance);
  [[nodiscard]] net::Task<LxdResult<void>> change(std::string name, LxdStateChange change);
  [[nodiscard]] net::Task<LxdResult<void>> erase(std::string name);

  /// Owned by root, mode 0700. Succeeds if it exists.
  [[nodiscard]] net::Task<LxdResult<void>> make_folder(std::string name, std::string path);
  /// Owned by root, mode 0600; replaces an existing file. Works whether or not the instance is running.
  [[nodiscard]] net::Task<LxdResult<void>> write_file(std::string name, std::string path, std::string content);
  /// The last `limit` bytes of the file; empty if it does not exist.
  [[nodiscard]] net::Task<LxdResult<std::string>> read_end(std::string name, std::string path, std::size_t limit);

  [[nodiscard]] net::Task<LxdResult<bool>> has_image(std::string fingerprint);
  /// Imports an image in one file, and marks it as this unit's.
  [[nodiscard]] net::Task<LxdResult<void>> import_image(std::filesystem::path file, std::string unit);
  [[nodiscard]] net::Task<LxdResult<std::vector<std::string>>> images_of(std::string unit);
  [[nodiscard]] net::Task<LxdResult<void>> erase_image(std::string fingerprint);

  /// Begins a command; it runs once its sockets are open.
  [[nodiscard]] net::Task<LxdResult<LxdCommandSockets>> exec(std::string name, LxdCommand command);
  [[nodiscard]] net::Task<LxdResult<std::shared_ptr<net::WebSocket>>> command_socket(std::string operation,
                                                                                     std::string secret);
  /// Waits until the command has ended.
  [[nodiscard]] net::Task<LxdResult<int>> exit_code(std::string operation);

  /// LXD's lifecycle events: messages for LxdEnded::parse.
  [[nodiscard]] net::Task<LxdResult<std::shared_ptr<net::WebSocket>>> events();

  /// Ends all pending calls except events() with closed_locally.
  void cancel() { http_.cancel(); }

 private:
  using Sent = LxdResult<net::HttpResponse>;
  [[nodiscard]] net::HttpRequest request(std::string method, std::string path, std::string query = {}) const;
  [[nodiscard]] net::HttpRequest file_request(const std::string& name, const std::string& path) const;
  net::Task<Sent> send(net::HttpRequest request);
  static Sent check(net::HttpResult result);
  static LxdResult<boost::json::value> metadata_of(const Sent& sent);
  net::Task<LxdResult<boost::json::value>> ask(net::HttpRequest request);
  net::Task<LxdResult<void>> work(net::HttpRequest request, std::chrono::milliseconds timeout);
  net::Task<LxdResult<void>> work_once(net::HttpRequest request, TimePoint end);
  net::Task<LxdResult<void>> await_work(LxdResult<boost::json::value> begun, TimePoint end);
  net::Task<LxdResult<boost::json::value>> look_at_work(std::string id, TimePoint end);
  net::Task<LxdResult<std::shared_ptr<net::WebSocket>>> open_socket(net::WebSocketClientConfig config);

  boost::asio::io_context& io_;
  LxdClientConfig config_;
  net::HttpClient http_;
};

}  // namespace redan::cloud::ams
