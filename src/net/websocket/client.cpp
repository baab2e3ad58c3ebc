#include "net/websocket/client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "net/dial.hpp"
#include "net/tls/context.hpp"
#include "net/websocket/session.hpp"

namespace redan::net {
namespace {

namespace asio = boost::asio;

using Opened = tl::expected<std::shared_ptr<WebSocket>, HttpFailure>;

Task<Opened> open(const WebSocketClientConfig& config) {
  const Dialer dialer(config.server);
  const auto executor = co_await asio::this_coro::executor;
  REDAN_CO_TRY(const auto made, dialer.make_stream(executor));
  const std::shared_ptr<Stream> stream = made;
  stream->set_deadline(config.timeout);
  if (auto failure = co_await dialer.connect(stream)) co_return tl::unexpected(std::move(*failure));
  auto connection = std::make_shared<Connection>();
  connection->remote = remote_text(stream->socket());
  if (stream->tls() != nullptr) connection->tls = describe_tls(stream->tls());
  connection->close = [weak = std::weak_ptr(stream)] {
    if (const auto open_stream = weak.lock()) open_stream->close();
  };
  const auto session = WebSocketSession::make(stream, std::move(connection), config.limits);
  stream->set_deadline(config.timeout);
  if (auto failure = co_await session->open(dialer.host(), config)) {
    stream->close();
    co_return tl::unexpected(std::move(*failure));
  }
  stream->clear_deadline();
  // Posted, so that the caller has set its callbacks by then.
  asio::post(executor, [session, executor] { asio::co_spawn(executor, session->run(), asio::detached); });
  co_return session;
}

}  // namespace

Task<Opened> open_websocket(WebSocketClientConfig config) {
  try {
    co_return co_await open(config);
  } catch (const boost::system::system_error& error) {
    co_return tl::unexpected(HttpFailure{Errc::closed_locally, true, error.what()});
  }
}

}  // namespace redan::net
