#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "net/errors.hpp"
#include "net/stream.hpp"
#include "net/tls/context.hpp"
#include "tests/net/http/http_fixture.hpp"

namespace redan::net::test {
namespace {

namespace asio = boost::asio;

class HttpClientTest : public HttpFixture {
 protected:
  // A server that reads and writes exactly what a test specifies.
  struct Scripted {
    std::string read;  ///< everything received
    int connections = 0;
  };
  using Script = std::function<Task<void>(std::shared_ptr<Stream>, int connection)>;
  /// Returns its port. `script` runs once per connection, after the handshake.
  std::uint16_t play(Script script, const std::string& name = "server") {
    acceptor =
        std::make_unique<asio::ip::tcp::acceptor>(io, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    credentials = *TlsServerCredentials::make(identity(name));
    asio::co_spawn(io, accept(std::move(script)), asio::detached);
    return acceptor->local_endpoint().port();
  }
  HandshakeQueue handshakes;
  Task<void> accept(Script script) {
    while (true) {
      asio::ip::tcp::socket socket = co_await acceptor->async_accept(asio::use_awaitable);
      auto stream = std::make_shared<Stream>(Stream::Socket(std::move(socket)), credentials->context().get());
      asio::co_spawn(io, one(handshakes, std::move(stream), ++scripted.connections, script), asio::detached);
    }
  }
  static Task<void> one(HandshakeQueue& handshakes, std::shared_ptr<Stream> stream, int number, Script script) {
    const Stream::Error refused = co_await stream->handshake_as_server(handshakes, "127.0.0.1");
    if (refused) co_return;
    co_await script(stream, number);
  }
  /// Reads until the end of a head.
  Task<void> read_request(std::shared_ptr<Stream> stream) {
    std::string request;
    std::array<char, 4096> buffer;
    while (request.find("\r\n\r\n") == std::string::npos) {
      const auto [error, size] = co_await stream->read(asio::buffer(buffer));
      if (error) break;
      request.append(buffer.data(), size);
    }
    scripted.read += request;
  }
  HttpClientConfig to(std::uint16_t port) {
    HttpClientConfig config;
    config.server = TlsRemote{"127.0.0.1", port, PinnedSha256{identity("server").fingerprint.digest}};
    config.timeout = 2s;
    return config;
  }
  Errc failure_to(std::uint16_t port) {
    HttpClient client(io, to(port));
    const auto result = run(client.request(get("/")));
    EXPECT_FALSE(result);
    return result ? Errc::closed_locally : result.error().code;
  }
  /// Answers every connection's first request with `answer`, and closes orderly.
  std::uint16_t answer_with(std::string answer) {
    return play([this, answer](std::shared_ptr<Stream> stream, int) -> Task<void> {
      co_await read_request(stream);
      co_await stream->write(answer);
      co_await stream->finish();
    });
  }

  std::unique_ptr<asio::ip::tcp::acceptor> acceptor;
  std::shared_ptr<TlsServerCredentials> credentials;
  Scripted scripted;
};

// Requests.

TEST_F(HttpClientTest, AThousandRequestsShareOneConnection) {
  std::set<std::uint64_t> connections;
  HttpServerConfig config;
  config.listen = tls_listener();
  config.handler = [&](HttpRequest request, const Connection& connection) -> Task<HttpResponse> {
    connections.insert(connection.id);
    co_return co_await say_what(std::move(request), connection);
  };
  serve(std::move(config));
  HttpClient client(io, client_config());
  const auto thousand = [&]() -> Task<int> {
    int good = 0;
    for (int i = 0; i < 1000; ++i) {
      HttpRequest request = post("/" + std::to_string(i), std::string(static_cast<std::size_t>(i), 'x'));
      const auto answer = co_await client.request(std::move(request));
      if (answer && answer->body == "POST /" + std::to_string(i) + "? " + std::string(static_cast<std::size_t>(i), 'x'))
        ++good;
    }
    co_return good;
  };
  EXPECT_EQ(run(thousand()), 1000);
  EXPECT_EQ(connections.size(), 1U);
}

TEST_F(HttpClientTest, ConcurrentRequestsUseMoreConnectionsUpToTheLimit) {
  std::size_t running = 0;
  std::size_t most = 0;
  HttpServerConfig config;
  config.listen = tls_listener();
  config.handler = [&](HttpRequest request, const Connection& connection) -> Task<HttpResponse> {
    most = std::max(most, ++running);
    asio::steady_timer timer(io, 20ms);
    co_await timer.async_wait(asio::use_awaitable);
    --running;
    co_return co_await say_what(std::move(request), connection);
  };
  serve(std::move(config));
  HttpClientConfig limited = client_config();
  limited.max_connections = 3;
  HttpClient client(io, std::move(limited));
  int good = 0;
  for (int i = 0; i < 20; ++i) {
    asio::co_spawn(io, client.request(get("/")),
                   [&](const std::exception_ptr&, const HttpResult& result) { good += result ? 1 : 0; });
  }
  EXPECT_TRUE(until([&] { return good == 20; }));
  EXPECT_EQ(most, 3U);
  EXPECT_LE(server->connections(), 3U);
}

TEST_F(HttpClientTest, LargeBodiesArriveInBothDirections) {
  serve();
  HttpClient client(io, client_config());
  const std::string large(1'000'000, 'x');
  const auto answer = run(client.request(post("/", large)));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "POST /? " + large);
}

TEST_F(HttpClientTest, AResponseBeyondTheLimitIsRefused) {
  serve();
  HttpClientConfig config = client_config();
  config.max_body = 1000;
  HttpClient client(io, std::move(config));
  const auto answer = run(client.request(post("/", std::string(1000, 'x'))));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, errc::http_too_large);
  EXPECT_TRUE(answer.error().maybe_sent);
  EXPECT_TRUE(run(client.request(post("/", "x"))));
}

TEST_F(HttpClientTest, AnInvalidRequestIsRefusedUnsent) {
  serve();
  HttpClient client(io, client_config());
  const auto answer = run(client.request(get("/a\r\nX: y")));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::invalid_argument);
  EXPECT_FALSE(answer.error().maybe_sent);
}

TEST_F(HttpClientTest, BodiesMayBeChunkedOrEndWithTheConnection) {
  HttpClient chunked(io, to(answer_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: a/b\r\nX: y\r\n"
                                        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n")));
  const auto first = run(chunked.request(get("/")));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->body, "abcd");
  EXPECT_EQ(first->content_type, "a/b");
  EXPECT_EQ(find_header(first->headers, "x"), "y");
  HttpClient until_end(io, to(answer_with("HTTP/1.1 200 OK\r\n\r\nabcd")));
  const auto second = run(until_end.request(get("/")));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->body, "abcd");
}

TEST_F(HttpClientTest, AmbiguousHttpIsRefused) {
  for (const char* answer : {"nonsense\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
                             "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
    EXPECT_EQ(failure_to(answer_with(answer)), errc::http_protocol) << answer;
  }
}

// Failures.

TEST_F(HttpClientTest, AnUnreachableServerIsAConnectFailure) {
  HttpClient client(io, to(1));
  const auto result = run(client.request(get("/")));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, errc::connect_failed);
  EXPECT_FALSE(result.error().maybe_sent);
}

TEST_F(HttpClientTest, ASilentServerTimesOutAndTheRequestMayHaveBeenCarriedOut) {
  HttpClientConfig config = to(play([this](std::shared_ptr<Stream> stream, int) -> Task<void> {
    co_await read_request(stream);
    co_await read_request(stream);
  }));
  config.timeout = 300ms;
  HttpClient client(io, std::move(config));
  const auto result = run(client.request(get("/")));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, errc::http_timeout);
  EXPECT_TRUE(result.error().maybe_sent);
}

TEST_F(HttpClientTest, AServerWithoutAHandshakeTimesOutBeforeAnythingIsSent) {
  asio::ip::tcp::acceptor mute(io, {asio::ip::make_address("127.0.0.1"), 0});
  HttpClientConfig config = to(mute.local_endpoint().port());
  config.timeout = 300ms;
  HttpClient client(io, std::move(config));
  const auto result = run(client.request(get("/")));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, errc::http_timeout);
  EXPECT_FALSE(result.error().maybe_sent);
}

TEST_F(HttpClientTest, AKeptConnectionThatWasClosedIsReplacedForIdempotentRequestsOnly) {
  // Answers one request per connection, then waits for the next and closes without an answer.
  const std::uint16_t port = play([this](std::shared_ptr<Stream> stream, int) -> Task<void> {
    co_await read_request(stream);
    co_await stream->write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    co_await read_request(stream);
    stream->close();
  });
  HttpClient client(io, to(port));
  ASSERT_TRUE(run(client.request(get("/1"))));
  EXPECT_TRUE(run(client.request(get("/2"))));
  EXPECT_EQ(scripted.connections, 2);
  const auto posted = run(client.request(post("/3", "")));
  ASSERT_FALSE(posted);
  EXPECT_EQ(posted.error().code, errc::connect_failed);
  EXPECT_TRUE(posted.error().maybe_sent);
  EXPECT_EQ(scripted.connections, 2);
  EXPECT_TRUE(run(client.request(post("/4", ""))));
  EXPECT_EQ(scripted.connections, 3);
}

TEST_F(HttpClientTest, AConnectionThatTheServerClosedWhileIdleIsNotUsed) {
  const std::uint16_t port = play([this](std::shared_ptr<Stream> stream, int) -> Task<void> {
    co_await read_request(stream);
    co_await stream->write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    stream->close();
  });
  HttpClient client(io, to(port));
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(run(client.request(post("/", "x"))));
    until([] { return false; }, 20ms);
  }
  EXPECT_EQ(scripted.connections, 3);
}

TEST_F(HttpClientTest, ANewConnectionIsNotTriedTwice) {
  const std::uint16_t port = play([this](std::shared_ptr<Stream> stream, int) -> Task<void> {
    co_await read_request(stream);
    stream->close();
  });
  EXPECT_EQ(failure_to(port), errc::connect_failed);
  EXPECT_EQ(scripted.connections, 1);
}

TEST_F(HttpClientTest, CancelAndDestructionEndRunningRequests) {
  const std::uint16_t port = play([this](std::shared_ptr<Stream> stream, int) -> Task<void> {
    co_await read_request(stream);
    co_await read_request(stream);
  });
  HttpClientConfig config = to(port);
  config.max_connections = 1;
  auto client = std::make_unique<HttpClient>(io, std::move(config));
  std::vector<Errc> ends;
  const auto start = [&] {
    asio::co_spawn(io, client->request(get("/")), [&](const std::exception_ptr&, const HttpResult& result) {
      ends.push_back(result ? Errc::invalid_argument : result.error().code);
    });
  };
  start();
  start();
  EXPECT_TRUE(until([&] { return !scripted.read.empty(); }));
  client->cancel();
  EXPECT_TRUE(until([&] { return ends.size() == 2; }, 1s));
  start();
  until([] { return false; }, 50ms);
  client.reset();
  EXPECT_TRUE(until([&] { return ends.size() == 3; }, 1s));
  EXPECT_EQ(ends, (std::vector{Errc::closed_locally, Errc::closed_locally, Errc::closed_locally}));
}

TEST_F(HttpClientTest, ACancelledCoroutineEndsAtOnce) {
  const std::uint16_t port = play([this](std::shared_ptr<Stream> stream, int) -> Task<void> {
    co_await read_request(stream);
    co_await read_request(stream);
  });
  HttpClient client(io, to(port));
  asio::cancellation_signal signal;
  std::optional<HttpResult> result;
  asio::co_spawn(io, client.request(get("/")),
                 asio::bind_cancellation_slot(
                     signal.slot(), [&](const std::exception_ptr&, HttpResult ended) { result = std::move(ended); }));
  EXPECT_TRUE(until([&] { return !scripted.read.empty(); }));
  signal.emit(asio::cancellation_type::terminal);
  ASSERT_TRUE(until([&] { return result.has_value(); }, 1s));
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().code, Errc::closed_locally);
  EXPECT_TRUE(result->error().maybe_sent);
}

// Streams.

TEST_F(HttpClientTest, AStreamDeliversPiecesAsTheyArriveUntilItIsStopped) {
  const std::uint16_t port = play([this](std::shared_ptr<Stream> stream, int) -> Task<void> {
    co_await read_request(stream);
    co_await stream->write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0;; ++i) {
      const std::string line = std::to_string(i) + "\n";
      std::string chunk = std::to_string(line.size()) + "\r\n";
      chunk += line + "\r\n";
      if (const Stream::Error error = co_await stream->write(chunk)) co_return;
      asio::steady_timer timer(io, 5ms);
      co_await timer.async_wait(asio::use_awaitable);
    }
  });
  HttpClient client(io, to(port));
  std::string lines;
  const auto result = run(client.stream(get("/"), [&](std::string_view piece) {
    lines += piece;
    return lines.find("20\n") == std::string::npos;
  }));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200U);
  EXPECT_TRUE(lines.starts_with("0\n1\n2\n")) << lines;
}

TEST_F(HttpClientTest, AStreamOutlivesTheTimeoutButNotItsSilence) {
  HttpClientConfig config = to(play([this](std::shared_ptr<Stream> stream, int) -> Task<void> {
    co_await read_request(stream);
    co_await stream->write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    asio::steady_timer timer(io, 600ms);
    co_await timer.async_wait(asio::use_awaitable);
    co_await stream->write("1\r\nb\r\n");
    co_await read_request(stream);
  }));
  config.timeout = 200ms;
  config.stream_silence = 1000ms;
  HttpClient client(io, std::move(config));
  std::string body;
  const auto result = run(client.stream(get("/"), [&](std::string_view piece) {
    body += piece;
    return true;
  }));
  EXPECT_EQ(body, "ab");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, errc::http_timeout);
}

TEST_F(HttpClientTest, AResponseWithAStatusOtherThan2xxIsReturnedWhole) {
  HttpClient client(io, to(answer_with("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")));
  const auto result = run(client.stream(get("/"), [](std::string_view) { return true; }));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 403U);
  EXPECT_EQ(result->body, "no");
}

TEST_F(HttpClientTest, ATruncatedStreamFails) {
  HttpClient client(io, to(answer_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")));
  const auto result = run(client.stream(get("/"), [](std::string_view) { return true; }));
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().maybe_sent);
}

TEST_F(HttpClientTest, AStreamEndsWithItsCoroutine) {
  const std::uint16_t port = play([this](std::shared_ptr<Stream> stream, int) -> Task<void> {
    co_await read_request(stream);
    co_await stream->write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    co_await read_request(stream);
    scripted.read += "<ended>";
  });
  HttpClient client(io, to(port));
  bool began = false;
  const auto race = [&]() -> Task<int> {
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer(io, 200ms);
    HttpRequest request = get("/");
    const std::function<bool(std::string_view)> on_piece = [&](std::string_view) { return began = true; };
    auto stream = client.stream(std::move(request), on_piece);
    auto first = std::move(stream) || timer.async_wait(asio::use_awaitable);
    const auto winner = co_await std::move(first);
    co_return static_cast<int>(winner.index());
  };
  EXPECT_EQ(run(race()), 1);
  EXPECT_TRUE(began);
  EXPECT_TRUE(until([&] { return scripted.read.ends_with("<ended>"); }, 1s));
}

// Trust.

// Everything that a client sent after TLS, to a server that it should not trust.
class TrustTest : public HttpClientTest {
 protected:
  Errc refused_by(const TlsTrust& trust, const std::string& name) {
    const std::uint16_t port =
        play([this](std::shared_ptr<Stream> stream, int) -> Task<void> { co_await read_request(stream); }, name);
    HttpClientConfig config;
    config.server = TlsRemote{"127.0.0.1", port, trust};
    config.timeout = 2s;
    HttpClient client(io, std::move(config));
    const auto result = run(client.request(get("/secret")));
    EXPECT_FALSE(result);
    EXPECT_FALSE(result.error().maybe_sent);
    until([] { return false; }, 50ms);
    EXPECT_EQ(scripted.read, "");
    return result ? Errc::closed_locally : result.error().code;
  }
  HttpResult ask(const TlsTrust& trust, const std::string& name, bool allow_small_keys = false) {
    HttpServerConfig config;
    config.listen = tls_listener(ClientCertificates::none, name);
    serve(std::move(config));
    HttpClientConfig with_trust;
    with_trust.server = TlsRemote{"127.0.0.1", server->port(), trust, nullptr, allow_small_keys};
    HttpClient client(io, std::move(with_trust));
    return run(client.request(get("/")));
  }
  Errc request_to(const TlsTrust& trust, const std::string& name, bool allow_small_keys = false) {
    const auto result = ask(trust, name, allow_small_keys);
    return result ? Errc::invalid_argument : result.error().code;
  }
};
constexpr Errc kAccepted = Errc::invalid_argument;

TEST_F(TrustTest, ThePinnedCertificateIsAccepted) {
  EXPECT_EQ(request_to(PinnedSha256{identity("server").fingerprint.digest}, "server"), kAccepted);
}

TEST_F(TrustTest, OneNibbleOffInThePinSendsNothing) {
  Digest pin = identity("server").fingerprint.digest;
  for (const std::size_t byte : {0U, 31U}) {
    for (const unsigned nibble : {1U, 16U}) {
      Digest off = pin;
      off.storage[byte] = static_cast<std::uint8_t>(off.storage[byte] ^ nibble);
      EXPECT_EQ(refused_by(PinnedSha256{off}, "server"), errc::tls_pin_mismatch);
    }
  }
}

TEST_F(TrustTest, AnotherCertificateOfTheSameNameSendsNothing) {
  EXPECT_EQ(refused_by(PinnedSha256{identity("server").fingerprint.digest}, "other"), errc::tls_pin_mismatch);
}

TEST_F(TrustTest, AnAuthorityIsAcceptedForItsServerUnderItsNames) {
  EXPECT_EQ(request_to(TrustedAuthority{pem("large-ca.pem"), "redan.example"}, "large"), kAccepted);
  EXPECT_EQ(request_to(TrustedAuthority{pem("large-ca.pem"), "127.0.0.1"}, "large"), kAccepted);
}

TEST_F(TrustTest, AnAuthorityWithASmallKeyIsNotAccepted) {
  const TlsTrust trust = TrustedAuthority{pem("ca.pem"), "127.0.0.1"};
  EXPECT_EQ(refused_by(trust, "issued"), errc::tls_key_too_small);
  EXPECT_EQ(request_to(trust, "issued", /*allow_small_keys=*/true), kAccepted);
}

TEST_F(TrustTest, ASmallKeyBetweenServerAndAuthorityIsNamed) {
  const TlsTrust trust = TrustedAuthority{pem("large-ca.pem"), "127.0.0.1"};
  EXPECT_EQ(request_to(trust, "behind", /*allow_small_keys=*/true), kAccepted);
  const HttpResult refused = ask(trust, "behind");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::tls_key_too_small);
  EXPECT_EQ(refused.error().detail, "127.0.0.1:" + std::to_string(server->port()) +
                                        ": the authority's certificate CN=Redan small middle has a key of RSA-2048, "
                                        "not RSA-4096");
}

TEST_F(TrustTest, AllowingSmallKeysAllowsNothingElse) {
  const TlsTrust other_name = TrustedAuthority{pem("ca.pem"), "other.example"};
  EXPECT_EQ(request_to(other_name, "issued", /*allow_small_keys=*/true), errc::tls_untrusted);
  const TlsTrust other_pin = PinnedSha256{identity("other").fingerprint.digest};
  EXPECT_EQ(request_to(other_pin, "server", /*allow_small_keys=*/true), errc::tls_pin_mismatch);
}

TEST_F(TrustTest, AWrongNameOrAnotherAuthoritySendsNothing) {
  EXPECT_EQ(refused_by(TrustedAuthority{pem("ca.pem"), "other.example"}, "issued"), errc::tls_untrusted);
  EXPECT_EQ(refused_by(TrustedAuthority{pem("ca.pem"), "127.0.0.2"}, "issued"), errc::tls_untrusted);
  // Only the common name contains this name.
  EXPECT_EQ(refused_by(TrustedAuthority{pem("ca.pem"), "Redan issued"}, "issued"), errc::tls_untrusted);
  EXPECT_EQ(refused_by(TrustedAuthority{pem("ca.pem"), "127.0.0.1"}, "server"), errc::tls_untrusted);
  EXPECT_EQ(refused_by(SystemAuthorities{"127.0.0.1"}, "issued"), errc::tls_untrusted);
}

TEST_F(TrustTest, AServerThatRequiresACertificateRefusesAtTheFirstRead) {
  HttpServerConfig config;
  bool handled = false;
  config.listen = tls_listener(ClientCertificates::required);
  config.handler = [&](HttpRequest, const Connection&) -> Task<HttpResponse> {
    handled = true;
    co_return HttpResponse{};
  };
  serve(std::move(config));
  for (int i = 0; i < 20; ++i) {
    HttpClient without(io, client_config());
    const auto refused = run(without.request(post("/", std::string(static_cast<std::size_t>(i) * 10'000, 'x'))));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::tls_client_refused) << refused.error().detail;
    EXPECT_FALSE(refused.error().maybe_sent);
  }
  EXPECT_FALSE(handled);
  HttpClient with(io, client_config("server", &identity("client")));
  EXPECT_TRUE(run(with.request(get("/"))));
}

TEST_F(TrustTest, AClientWithoutTls13IsRefused) {
  serve();
  asio::ssl::context old(asio::ssl::context::tls_client);
  SSL_CTX_set_max_proto_version(old.native_handle(), TLS1_2_VERSION);
  asio::ssl::stream<asio::ip::tcp::socket> stream(io, old);
  stream.next_layer().connect({asio::ip::make_address("127.0.0.1"), server->port()});
  std::optional<boost::system::error_code> result;
  stream.async_handshake(asio::ssl::stream_base::client,
                         [&](const boost::system::error_code& error) { result = error; });
  EXPECT_TRUE(until([&] { return result.has_value(); }));
  EXPECT_NE(result->message().find("protocol version"), std::string::npos) << result->message();
}

TEST_F(TrustTest, PlainHttpGetsNoAnswer) {
  serve();
  asio::ip::tcp::socket plain(io);
  plain.connect({asio::ip::make_address("127.0.0.1"), server->port()});
  asio::write(plain, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: h\r\n\r\n")));
  std::string answer;
  bool ended = false;
  asio::async_read(plain, asio::dynamic_buffer(answer),
                   [&](const boost::system::error_code&, std::size_t) { ended = true; });
  EXPECT_TRUE(until([&] { return ended; }));
  EXPECT_LE(answer.size(), 7U);  // an alert at most
  EXPECT_EQ(answer.find("HTTP"), std::string::npos);
}

TEST_F(TrustTest, CredentialsAreReplacedUnderLoadWithoutOneFailedRequest) {
  const TlsListener listener = tls_listener();
  HttpServerConfig config;
  config.listen = listener;
  serve(std::move(config));
  int done = 0;
  int failed = 0;
  const auto work = [&](std::string certificate, bool fresh) -> Task<void> {
    auto client = std::make_unique<HttpClient>(io, client_config(certificate));
    for (int i = 0; i < 30; ++i) {
      if (fresh) client = std::make_unique<HttpClient>(io, client_config(certificate));
      HttpRequest request = get("/");
      const auto answer = co_await client->request(std::move(request));
      failed += answer ? 0 : 1;
      ++done;
    }
  };
  // Kept connections survive the change.
  for (int i = 0; i < 4; ++i) asio::co_spawn(io, work("server", false), asio::detached);
  EXPECT_TRUE(until([&] { return done >= 8; }));
  ASSERT_TRUE(listener.credentials->replace(identity("other")));
  for (int i = 0; i < 4; ++i) asio::co_spawn(io, work("other", true), asio::detached);
  EXPECT_TRUE(until([&] { return done == 240; }));
  EXPECT_EQ(failed, 0);
  HttpClient late(io, client_config("server"));
  const auto refused = run(late.request(get("/")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::tls_pin_mismatch);
}

}  // namespace
}  // namespace redan::net::test
