// The frames of a client (RFC 6455) to our WebSocket, over a socket pair without TLS. The first byte selects the size
// of the pieces in which they arrive.
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/assert.hpp"
#include "net/websocket/session.hpp"

namespace {

using namespace redan;
using namespace redan::net;

constexpr std::size_t kMaxMessage = 1024;
constexpr std::chrono::seconds kTimeout{5};

net::Task<void> serve(std::shared_ptr<WebSocketSession> session) {
  const HttpRequest request{"GET",
                            "/",
                            "",
                            {{"Host", "h"},
                             {"Connection", "Upgrade"},
                             {"Upgrade", "websocket"},
                             {"Sec-WebSocket-Version", "13"},
                             {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}}};
  std::string subprotocol;
  const bool opened = co_await session->accept(request, std::move(subprotocol));
  REDAN_ASSERT(opened);
  co_await session->run();
}

// Echoes every message; on "q" the connection is closed.
void echo(WebSocketSession* session, std::string_view message) {
  REDAN_ASSERT(message.size() <= kMaxMessage);
  if (message == "q") return session->close(1000, "bye");
  session->send(std::string(message));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  boost::asio::io_context io{1};
  int pair[2];
  REDAN_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
  auto stream = std::make_shared<Stream>(Stream::Socket(io, Stream::Protocol(AF_UNIX, 0), pair[0]), nullptr);
  WebSocketLimits limits;
  limits.max_message = kMaxMessage;
  limits.max_buffered = 4 * kMaxMessage;
  limits.close_timeout = std::chrono::milliseconds(20);
  const auto session = WebSocketSession::make(std::move(stream), std::make_shared<Connection>(), limits);
  session->on_message = [raw = session.get()](std::string_view message) { echo(raw, message); };
  session->on_binary = [raw = session.get()](Bytes message) { raw->send_binary(std::string(as_text(message))); };
  bool ended = false;
  boost::asio::co_spawn(io, serve(session), [&ended](const std::exception_ptr& error) {
    REDAN_ASSERT(!error);
    ended = true;
  });
  io.poll();
  const std::size_t piece_size = data[0] + std::size_t{1};
  for (Bytes rest(data + 1, size - 1); !rest.empty();) {
    const Bytes piece = rest.first(std::min(piece_size, rest.size()));
    if (::send(pair[1], piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
    io.poll();
    rest = rest.subspan(piece.size());
  }
  ::close(pair[1]);
  const auto end = std::chrono::steady_clock::now() + kTimeout;
  while (!ended && std::chrono::steady_clock::now() < end) io.run_one_for(kTimeout);
  REDAN_ASSERT(ended);
  return 0;
}
