#include "net/websocket/client.hpp"

#include "net/errors.hpp"
#include "tests/net/http/http_fixture.hpp"

namespace redan::net::test {
namespace {

class WebSocketTest : public HttpFixture {
 protected:
  void SetUp() override {
    HttpServerConfig config;
    config.listen = tls_listener(ClientCertificates::requested);
    config.on_upgrade = [this](HttpRequest request, const Connection&) { return decide(std::move(request)); };
    serve(std::move(config));
  }
  void TearDown() override { accepted.clear(); }

  Task<UpgradeReply> decide(HttpRequest request) {
    const auto authorization = find_header(request.headers, "Authorization");
    if (request.path != "/socket" || !same_origin(request)) co_return HttpResponse{404, "text/plain", "no"};
    if (request.query == "auth" && authorization != "Bearer x") co_return HttpResponse{401, "text/plain", "no"};
    AcceptWebSocket accept;
    accept.subprotocol = has_token(request.headers, "Sec-WebSocket-Protocol", "b") ? "b" : "";
    accept.limits = limits;
    accept.on_open = [this](const std::shared_ptr<WebSocket>& socket) {
      accepted.push_back(socket);
      socket->on_message = [weak = std::weak_ptr(socket)](std::string_view text) {
        if (const auto open = weak.lock()) open->send("echo " + std::string(text));
      };
      socket->on_binary = [weak = std::weak_ptr(socket)](Bytes bytes) {
        if (const auto open = weak.lock()) open->send_binary(std::string(as_text(bytes)));
      };
      socket->on_close = [this] { ++closed; };
    };
    co_return accept;
  }

  [[nodiscard]] WebSocketClientConfig to(const std::string& target, const TlsIdentity* own = nullptr) const {
    WebSocketClientConfig config;
    config.server = remote("server", own);
    config.target = target;
    return config;
  }
  std::shared_ptr<WebSocket> open(WebSocketClientConfig config) {
    const auto opened = run(open_websocket(std::move(config)));
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().detail);
    return opened ? *opened : nullptr;
  }

  WebSocketLimits limits{};
  std::vector<std::shared_ptr<WebSocket>> accepted;
  int closed = 0;
};

TEST_F(WebSocketTest, TextAndBinaryArriveInOrderInBothDirections) {
  const auto socket = open(to("/socket"));
  std::vector<std::string> received;
  socket->on_message = [&](std::string_view text) { received.emplace_back(text); };
  socket->on_binary = [&](Bytes bytes) { received.emplace_back("binary " + std::string(as_text(bytes))); };
  for (int i = 0; i < 3; ++i) socket->send(std::to_string(i));
  socket->send_binary(std::string(1, '\0') + std::string(100'000, 'x'));
  socket->send("");
  EXPECT_TRUE(until([&] { return received.size() == 5; }));
  EXPECT_EQ(received[0], "echo 0");
  EXPECT_EQ(received[2], "echo 2");
  EXPECT_EQ(received[3].size(), 100'008U);
  EXPECT_EQ(received[4], "echo ");
  EXPECT_EQ(socket->connection().tls.version, "TLSv1.3");
  EXPECT_EQ(socket->buffered(), 0U);
  bool ended = false;
  socket->on_close = [&] { ended = true; };
  socket->close();
  EXPECT_TRUE(until([&] { return ended && closed == 1; }));
}

TEST_F(WebSocketTest, ARefusalIsAnHttpResponse) {
  const auto refused = run(open_websocket(to("/elsewhere")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::http_protocol);
  EXPECT_EQ(refused.error().status, 404U);
  EXPECT_EQ(run(open_websocket(to("/socket?auth"))).error().status, 401U);
  WebSocketClientConfig with = to("/socket?auth");
  with.headers = {{"Authorization", "Bearer x"}};
  EXPECT_TRUE(open(std::move(with)));
}

TEST_F(WebSocketTest, APageFromElsewhereIsRefused) {
  WebSocketClientConfig evil = to("/socket");
  evil.headers = {{"Origin", "https://evil.example"}};
  EXPECT_EQ(run(open_websocket(std::move(evil))).error().status, 404U);
}

TEST_F(WebSocketTest, TheClientDisconnectsWithoutACommonSubprotocol) {
  WebSocketClientConfig config = to("/socket");
  config.subprotocol = "b";
  EXPECT_EQ(open(config)->subprotocol(), "b");
  EXPECT_EQ(accepted.back()->subprotocol(), "b");
  config.subprotocol = "c";
  EXPECT_EQ(run(open_websocket(config)).error().code, errc::http_protocol);
}

TEST_F(WebSocketTest, DistinguishesAPinMismatchFromARefusedCertificate) {
  WebSocketClientConfig config = to("/socket");
  config.server = remote("other");
  EXPECT_EQ(run(open_websocket(config)).error().code, errc::tls_pin_mismatch);
  HttpServerConfig strict;
  strict.listen = tls_listener(ClientCertificates::required);
  serve(std::move(strict));
  const auto refused = run(open_websocket(to("/socket")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::tls_client_refused) << refused.error().detail;
}

TEST_F(WebSocketTest, CloseIfClosesOpenSocketsAtOnce) {
  const auto unwanted = open(to("/socket", &identity("client")));
  const auto other = open(to("/socket"));
  std::optional<std::chrono::steady_clock::time_point> cut;
  bool other_cut = false;
  unwanted->on_close = [&] { cut = std::chrono::steady_clock::now(); };
  other->on_close = [&] { other_cut = true; };
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(server->close_if([](const Connection& connection) {
    return connection.certificate &&
           std::ranges::equal(connection.certificate->sha256.bytes(), identity("client").fingerprint.digest.bytes());
  }),
            1U);
  EXPECT_TRUE(until([&] { return cut.has_value() && closed == 1; }, 2s));
  EXPECT_LT(*cut - start, 100ms);
  EXPECT_FALSE(other_cut);
  EXPECT_EQ(accepted.size(), 2U);
}

TEST_F(WebSocketTest, StopSendsTheClosingHandshake) {
  const auto socket = open(to("/socket"));
  bool ended = false;
  socket->on_close = [&] { ended = true; };
  server->stop();
  EXPECT_TRUE(until([&] { return ended && closed == 1; }, 2s));
}

TEST_F(WebSocketTest, AReaderThatStopsIsDisconnectedAtTheLimit) {
  limits.max_buffered = 100'000;
  const auto socket = open(to("/socket"));
  WebSocket& sender = *accepted.back();
  for (int i = 0; i < 11 && closed == 0; ++i) sender.send(std::string(10'000, 'x'));
  EXPECT_TRUE(until([&] { return closed == 1; }, 2s));
}

// The data queued for it would delay the closing handshake forever.
TEST_F(WebSocketTest, APeerThatDoesNotReadIsClosedInTimeAndIgnoredMeanwhile) {
  limits.max_buffered = 64 * 1024 * 1024;
  limits.close_timeout = 300ms;
  const auto stream = run([](Remote where) -> Task<std::shared_ptr<Stream>> {
    const Dialer dialer(std::move(where));
    const auto opened = *dialer.make_stream(co_await boost::asio::this_coro::executor);
    co_await dialer.connect(opened);
    co_await opened->write(
        "GET /socket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
    co_return opened;
  }(remote("server")));
  ASSERT_TRUE(until([&] { return accepted.size() == 1; }));
  int heard = 0;
  accepted[0]->on_message = [&](std::string_view) { ++heard; };
  for (int i = 0; i < 32; ++i) accepted[0]->send(std::string(1024 * 1024, 'x'));
  accepted[0]->close(4003, "enough");
  const std::string masked_a("\x81\x81\0\0\0\0a", 7);
  run([](std::shared_ptr<Stream> peer, std::string frame) -> Task<bool> { co_return !(co_await peer->write(frame)); }(
                                                              stream, masked_a));
  EXPECT_TRUE(until([&] { return closed == 1; }, 5s));
  EXPECT_EQ(heard, 0);
}

TEST_F(WebSocketTest, APausedReaderHearsNothingAndLosesNothing) {
  const auto socket = open(to("/socket"));
  WebSocket& reader = *accepted.back();
  int heard = 0;
  bool drained = false;
  reader.on_message = [&](std::string_view) {
    if (++heard == 1) reader.pause_reading();
  };
  socket->on_drained = [&] { drained = true; };
  constexpr int kMessages = 100;
  for (int i = 0; i < kMessages; ++i) socket->send(std::string(8 * 1024, 'x'));
  EXPECT_TRUE(until([&] { return heard == 1; }, 2s));
  EXPECT_FALSE(until([&] { return heard > 1; }, 200ms));
  reader.resume_reading();
  EXPECT_TRUE(until([&] { return heard == kMessages && drained; }, 5s));
  EXPECT_EQ(closed, 0);
}

TEST_F(WebSocketTest, APausedReaderIsNotTakenForASilentOne) {
  limits.idle_timeout = 1s;
  const auto socket = open(to("/socket"));
  WebSocket& reader = *accepted.back();
  int heard = 0;
  reader.on_message = [&](std::string_view) { ++heard; };
  reader.pause_reading();
  socket->send("one");
  EXPECT_FALSE(until([&] { return heard > 0 || closed > 0; }, 2500ms));
  reader.resume_reading();
  EXPECT_TRUE(until([&] { return heard == 1; }, 2s));
}

TEST_F(WebSocketTest, APausedReaderCanBeClosedFromBothSides) {
  for (const bool in_order : {true, false}) {
    const auto socket = open(to("/socket"));
    WebSocket& reader = *accepted.back();
    int heard = 0;
    reader.on_message = [&](std::string_view) { ++heard; };
    reader.pause_reading();
    socket->send("one");
    EXPECT_FALSE(until([&] { return heard > 0; }, 100ms));
    const int before = closed;
    if (in_order) reader.close();
    if (!in_order) reader.connection().close();
    EXPECT_TRUE(until([&] { return closed == before + 1; }, 2s));
  }
}

TEST_F(WebSocketTest, AMessageBeyondTheLimitEndsTheSocket) {
  limits.max_message = 1000;
  const auto socket = open(to("/socket"));
  socket->send(std::string(1001, 'x'));
  EXPECT_TRUE(until([&] { return closed == 1; }, 2s));
}

TEST_F(WebSocketTest, ASilentPeerIsDisconnected) {
  limits.first_message_timeout = 1s;
  const auto silent = open(to("/socket"));
  const auto speaks = open(to("/socket"));
  speaks->send("hello");
  until([] { return false; }, 1500ms);
  EXPECT_EQ(closed, 1);
}

TEST_F(WebSocketTest, BytesAfterAnUpgradeRequestAreRefused) {
  const std::string request =
      "GET /socket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
  EXPECT_TRUE(raw(request + "\r\nearly").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(raw(request + "Content-Length: 5\r\n\r\nearly").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(raw("GET /socket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
                  .starts_with("HTTP/1.1 400 "));
}

}  // namespace
}  // namespace redan::net::test
