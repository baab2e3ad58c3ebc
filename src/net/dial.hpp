// Connects a Stream to a Remote: resolve, connect, handshake, verify. Included by .cpp files only.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>

#include "net/http/http.hpp"
#include "net/stream.hpp"

namespace redan::net {

/// The plaintext line that a server sends before TLS begins, in protocols that have one (NATS). It may come from an
/// attacker, and nothing is sent in answer before the server is verified.
struct Greeting {
  std::size_t max_size;  ///< of the line including CR LF
  /// Checks the line without CR LF. A failure ends the connection.
  std::function<std::optional<HttpFailure>(std::string_view line)> check;
};

/// A Remote prepared once: its trust and identity are in the context.
class Dialer {
 public:
  explicit Dialer(Remote remote);

  /// Not connected yet: the caller can set its deadline, and close it.
  [[nodiscard]] tl::expected<std::shared_ptr<Stream>, HttpFailure> make_stream(Stream::executor_type executor) const;
  /// nullopt if it is connected and verified. With a `greeting`, which must outlive the call, TLS begins after it; a
  /// server that sends anything else or more is tls_failed.
  [[nodiscard]] Task<std::optional<HttpFailure>> connect(std::shared_ptr<Stream> stream,
                                                         const Greeting* greeting = nullptr) const;

  /// For the Host field.
  [[nodiscard]] const std::string& host() const { return host_; }

 private:
  Task<std::optional<HttpFailure>> connect_tcp(Stream& stream, const TlsRemote& remote, const Greeting* greeting) const;
  static Task<std::optional<HttpFailure>> connect_here(Stream& stream, const LoopbackRemote& remote);

  Remote remote_;
  Result<std::shared_ptr<boost::asio::ssl::context>> context_;
  std::string host_;
};

/// The meaning of a failed read or write of a connected client; maybe_sent is true unless the server refused the
/// client.
HttpFailure failure_of(const Stream& stream, const Stream::Error& error);

}  // namespace redan::net
