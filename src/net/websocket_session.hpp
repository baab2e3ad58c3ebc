// A WebSocket over TLS on Beast, for server and client. Included by the .cpp files that own one, never by a public
// header: Beast is slow to compile.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>

#include "net/http_server.hpp"

namespace redan::net {

using TlsStream = boost::asio::ssl::stream<boost::beast::tcp_stream>;

class WebSocketSession final : public WebSocket, public std::enable_shared_from_this<WebSocketSession> {
 public:
  WebSocketSession(std::unique_ptr<TlsStream> stream, std::size_t max_message);

  /// Server: answers the upgrade. False if the peer went away.
  boost::asio::awaitable<bool> accept(const boost::beast::http::request<boost::beast::http::empty_body>& request);
  /// Client: asks for the upgrade.
  boost::asio::awaitable<bool> open(const std::string& host, const std::string& target);
  /// Reads until the end; then on_close. A peer that says nothing at all within `first_message` is cut off.
  boost::asio::awaitable<void> run(std::chrono::seconds first_message);

  void send(std::string text) override;
  void close() override;
  [[nodiscard]] TlsDescription tls() const override;
  [[nodiscard]] std::string remote() const override;

 private:
  void configure(std::size_t max_message);
  void write_next();

  std::unique_ptr<TlsStream> owned_;
  boost::beast::websocket::stream<TlsStream&> stream_;
  std::deque<std::string> outgoing_;
  std::size_t outgoing_bytes_ = 0;
  bool writing_ = false;
  bool closing_ = false;
};

}  // namespace redan::net
