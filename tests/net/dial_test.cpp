// TLS after a plaintext greeting; the rest of Dialer is tested with the clients that use it.
#include "net/dial.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "cloud/errors.hpp"
#include "net/tls/context.hpp"
#include "tests/net/http/http_fixture.hpp"

namespace redan::net::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

class Greeted : public HttpFixture {
 protected:
  /// Sends `greeting`, optionally byte by byte, then starts TLS.
  Task<void> greet(std::string greeting, std::size_t piece) {
    auto [unaccepted, socket] = co_await acceptor_.async_accept(kNoThrow);
    if (unaccepted) co_return;
    socket.set_option(tcp::no_delay(true));
    for (std::string_view rest = greeting; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size()))) {
      co_await asio::async_write(socket, asio::buffer(rest.substr(0, piece)), kNoThrow);
      asio::steady_timer pause(io, 1ms);
      co_await pause.async_wait(kNoThrow);
    }
    const auto credentials = *TlsServerCredentials::make(identity("server"));
    asio::ssl::stream<tcp::socket> stream(std::move(socket), *credentials->context());
    auto [unshaken] = co_await stream.async_handshake(asio::ssl::stream_base::server, kNoThrow);
    if (unshaken) co_return;
    ++handshakes_;
    co_await asio::async_write(stream, asio::buffer(std::string_view("hello")), kNoThrow);
    char last = 0;
    co_await stream.async_read_some(asio::buffer(&last, 1), kNoThrow);
  }

  /// "hello", or the error.
  Task<std::string> dial(Greeting greeting) {
    const Dialer dialer(TlsRemote{"127.0.0.1", acceptor_.local_endpoint().port(),
                                  PinnedSha256{identity("server").fingerprint.digest}, nullptr});
    const auto stream = *dialer.make_stream(io.get_executor());
    stream->set_deadline(2s);
    const auto failure = co_await dialer.connect(stream, &greeting);
    if (failure) {
      stream->close();
      co_return std::string(name(failure->code));
    }
    std::array<char, 100> buffer{};
    const auto [error, size] = co_await stream->read(asio::buffer(buffer));
    stream->close();
    co_return std::string(buffer.data(), size);
  }

  std::string answer_to(std::string greeting, std::size_t piece = 1'000, std::size_t max_size = 20) {
    asio::co_spawn(io, greet(std::move(greeting), piece), asio::detached);
    Greeting expected{max_size, [this](std::string_view line) -> std::optional<HttpFailure> {
                        lines_.emplace_back(line);
                        if (line == "no") return HttpFailure{cloud::errc::bus_protocol, false, "we do not want to"};
                        return std::nullopt;
                      }};
    return run(dial(std::move(expected)));
  }

  tcp::acceptor acceptor_{io, {asio::ip::address_v4::loopback(), 0}};
  std::vector<std::string> lines_;
  int handshakes_ = 0;
};

TEST_F(Greeted, TlsFollowsTheGreeting) {
  EXPECT_EQ(answer_to("welcome\r\n"), "hello");
  EXPECT_EQ(answer_to("\r\n"), "hello");
  EXPECT_EQ(answer_to(std::string(18, 'x') + "\r\n"), "hello");
  EXPECT_EQ(lines_, (std::vector<std::string>{"welcome", "", std::string(18, 'x')}));
}

TEST_F(Greeted, TheGreetingMayComeInPieces) { EXPECT_EQ(answer_to("welcome\r\n", 1), "hello"); }

TEST_F(Greeted, AnUnexpectedGreetingEndsTheConnection) {
  EXPECT_EQ(answer_to("no\r\n"), "bus_protocol");
  until([] { return false; }, 50ms);
  EXPECT_EQ(handshakes_, 0);
}

TEST_F(Greeted, OtherPlaintextIsRefused) {
  for (const std::string& greeting :
       {std::string("welcome\n"), std::string("welcome\r\nmore"), std::string("a\r\nb\r\n"), std::string("\n"),
        std::string("a\nb\r\n"), std::string(19, 'x') + "\r\n", std::string(100, 'x')}) {
    EXPECT_EQ(answer_to(greeting), "tls_failed") << greeting;
  }
  EXPECT_EQ(lines_, std::vector<std::string>());
  EXPECT_EQ(handshakes_, 0);
}

}  // namespace
}  // namespace redan::net::test
