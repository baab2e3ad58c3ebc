// The baseline of Beast and Asio without Redan: a TLS 1.3 server that answers HTTP requests with a fixed text and
// echoes WebSocket messages. No limits, no timeouts, no checks.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include "net/task.hpp"
#include "net/tls/tls.hpp"

namespace redan::bench {

class BareWebSocketServer {
 public:
  using Socket = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

  BareWebSocketServer(boost::asio::io_context& io, const net::TlsIdentity& identity, std::string answer)
      : context_(boost::asio::ssl::context::tlsv13_server),
        acceptor_(io, {boost::asio::ip::address_v4::loopback(), 0}),
        answer_(std::move(answer)) {
    SSL_CTX* native = context_.native_handle();
    SSL_CTX_set_num_tickets(native, 0);
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_use_certificate_ASN1(native, static_cast<int>(identity.certificate_der.size()),
                                 identity.certificate_der.data());
    const unsigned char* der = identity.private_key_der.data();
    EVP_PKEY* key = d2i_AutoPrivateKey(nullptr, &der, static_cast<long>(identity.private_key_der.size()));
    SSL_CTX_use_PrivateKey(native, key);
    EVP_PKEY_free(key);
    boost::asio::co_spawn(io, accept(), boost::asio::detached);
  }
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  static constexpr auto kNoThrow = boost::asio::as_tuple(boost::asio::use_awaitable);

  net::Task<void> accept() {
    for (;;) {
      auto [error, socket] = co_await acceptor_.async_accept(kNoThrow);
      if (error) co_return;
      boost::asio::co_spawn(acceptor_.get_executor(), serve(std::move(socket)), boost::asio::detached);
    }
  }
  net::Task<void> serve(boost::asio::ip::tcp::socket accepted) {
    namespace http = boost::beast::http;
    accepted.set_option(boost::asio::ip::tcp::no_delay(true));
    Socket socket(std::move(accepted), context_);
    const auto [refused] = co_await socket.async_handshake(boost::asio::ssl::stream_base::server, kNoThrow);
    if (refused) co_return;
    for (;;) {
      boost::beast::flat_buffer buffer;
      http::request<http::string_body> request;
      const auto [unread, size] = co_await http::async_read(socket, buffer, request, kNoThrow);
      if (unread) co_return;
      if (boost::beast::websocket::is_upgrade(request)) co_return co_await echo(std::move(socket), std::move(request));
      http::response<http::string_body> response(http::status::created, request.version());
      response.set(http::field::content_type, "application/json");
      response.body() = answer_;
      response.prepare_payload();
      const auto [unwritten, written] = co_await http::async_write(socket, response, kNoThrow);
      if (unwritten) co_return;
    }
  }
  net::Task<void> echo(Socket socket, boost::beast::http::request<boost::beast::http::string_body> request) {
    boost::beast::websocket::stream<Socket> stream(std::move(socket));
    const auto [refused] = co_await stream.async_accept(request, kNoThrow);
    if (refused) co_return;
    request = {};
    boost::beast::flat_buffer buffer;
    for (;;) {
      const auto [unread, size] = co_await stream.async_read(buffer, kNoThrow);
      if (unread) co_return;
      const auto [unwritten, written] = co_await stream.async_write(buffer.data(), kNoThrow);
      if (unwritten) co_return;
      buffer.consume(buffer.size());
    }
  }

  boost::asio::ssl::context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::string answer_;
};

}  // namespace redan::bench
