// Connects a Stream to a Remote: resolve, connect, handshake, verify. Included by .cpp files only.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>

#include "net/http/http.hpp"
#include "net/stream.hpp"

namespace redan::net {

/// What a server says before TLS begins, where a protocol has it so (NATS): one line, in clear. Anybody may have
/// written it, and nothing is answered before the server is verified.
struct Greeting {
  std::size_t max_size;  ///< of the line with its CR LF
  /// The line without its end. A failure ends the connection.
  std::function<std::optional<HttpFailure>(std::string_view line)> check;
};

/// A Remote made ready once: its trust and identity are in the context.
class Dialer {
 public:
  explicit Dialer(Remote remote);

  /// Not connected yet: to set its deadline, and to close it if nobody wants it any more.
  [[nodiscard]] tl::expected<std::shared_ptr<Stream>, HttpFailure> make_stream(Stream::executor_type executor) const;
  /// Nothing if it is connected and verified. With a `greeting`, which outlives the call, TLS waits for it; a server
  /// that says anything else or more is tls_failed.
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

/// What a failed read or write of a connected client means; maybe_sent is true unless the server refused the client.
HttpFailure failure_of(const Stream& stream, const Stream::Error& error);

}  // namespace redan::net
