#include "net/websocket_client.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/ssl.hpp>

#include "net/websocket_session.hpp"

namespace redan::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

using OnOpen = std::function<void(const std::shared_ptr<WebSocket>&)>;
using OnFailure = std::function<void(ConnectFailure, std::string_view)>;

asio::awaitable<void> connect(WebSocketClientConfig config, OnOpen on_open, OnFailure on_failure) {
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::resolver resolver(executor);
  auto [resolve_error, endpoints] = co_await resolver.async_resolve(config.host, std::to_string(config.port), kNoThrow);
  if (resolve_error) co_return on_failure(ConnectFailure::network, resolve_error.message());
  asio::ssl::context tls = tls_client_context(config.pinned_sha256);
  auto stream = std::make_unique<TlsStream>(beast::tcp_stream(executor), tls);
  beast::tcp_stream& lowest = beast::get_lowest_layer(*stream);
  lowest.expires_after(std::chrono::seconds(10));
  auto [connect_error, endpoint] = co_await lowest.async_connect(endpoints, kNoThrow);
  if (connect_error) co_return on_failure(ConnectFailure::network, connect_error.message());
  lowest.socket().set_option(asio::ip::tcp::no_delay(true));
  auto [tls_error] = co_await stream->async_handshake(asio::ssl::stream_base::client, kNoThrow);
  if (tls_error) co_return on_failure(ConnectFailure::tls_refused, tls_error.message());
  const auto session = std::make_shared<WebSocketSession>(std::move(stream), config.max_message);
  if (!co_await session->open(config.host + ":" + std::to_string(config.port), config.target)) {
    co_return on_failure(ConnectFailure::websocket_refused, "the server does not speak this protocol");
  }
  on_open(session);
  co_await session->run(config.first_message_timeout);
}

}  // namespace

void connect_websocket(asio::io_context& io, WebSocketClientConfig config, OnOpen on_open, OnFailure on_failure) {
  asio::co_spawn(io, connect(std::move(config), std::move(on_open), std::move(on_failure)), asio::detached);
}

}  // namespace redan::net
