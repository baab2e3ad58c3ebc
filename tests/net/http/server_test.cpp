#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <fstream>

#include "tests/net/http/http_fixture.hpp"

namespace redan::net::test {
namespace {

namespace fs = std::filesystem;

class HttpServerTest : public HttpFixture {
 protected:
  void expect_status(const std::string& request, unsigned status) {
    const std::string answer = raw(request);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ")) << request.substr(0, 200) << "\n"
                                                                                << answer;
    EXPECT_FALSE(answer.ends_with("<still open>")) << request.substr(0, 200);
  }
  void expect_refused(const std::string& request, unsigned status) {
    expect_status(request, status);
    const std::string answer = raw(request);
    EXPECT_NE(answer.find(R"({"type":"error","error":")"), std::string::npos) << answer;
    EXPECT_NE(answer.find(R"("error_code":)" + std::to_string(status)), std::string::npos) << answer;
    // Bytes after a refused message are not treated as another message.
    EXPECT_EQ(answer.find("HTTP/1.1 ", 1), std::string::npos) << answer;
  }
};

// Messages.

TEST_F(HttpServerTest, AnswersWithPathQueryAndBody) {
  serve();
  const std::string answer =
      raw("POST /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nPOST /a%20b?x=1 body")) << answer;
}

// RFC 9112 section 3.2.2: a server must accept it, and the authority replaces Host.
TEST_F(HttpServerTest, AcceptsTheAbsoluteFormOfATarget) {
  HttpServerConfig config;
  config.listen = tls_listener();
  config.handler = [](HttpRequest request, const Connection&) -> Task<HttpResponse> {
    HttpResponse response;
    const std::string host(find_header(request.headers, "Host").value_or("none"));
    response.body = host + " " + request.path + " " + request.query;
    co_return response;
  };
  serve(std::move(config));
  const auto ends_with = [&](const std::string& target, const std::string& end) {
    const std::string answer = raw("GET " + target + " HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(answer.ends_with("\r\n\r\n" + end)) << target << " " << answer;
  };
  ends_with("https://h:8443/a?x=1", "h:8443 /a x=1");
  ends_with("HTTP://h", "h / ");
  ends_with("http://[2001:db8::1]?x", "[2001:db8::1] / x");
}

// Health checks of load balancers use it.
TEST_F(HttpServerTest, Http10IsAnsweredAndTheConnectionClosed) {
  serve();
  for (const char* request : {"GET /health HTTP/1.0\r\n\r\n", "GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
                              "GET /health HTTP/1.0\r\nHost: h\r\n\r\n"}) {
    const std::string answer = raw(request);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
    EXPECT_FALSE(answer.ends_with("<still open>")) << answer;
  }
}

TEST_F(HttpServerTest, ChunkedBodiesAreJoinedAndTrailersAreNotHeaders) {
  HttpServerConfig config;
  config.listen = tls_listener();
  config.handler = [](HttpRequest request, const Connection&) -> Task<HttpResponse> {
    HttpResponse response;
    response.body = request.body + (find_header(request.headers, "Authorization") ? " trailer" : " none");
    co_return response;
  };
  serve(std::move(config));
  const std::string answer =
      raw("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nAuthorization: Bearer x\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("abcde none")) << answer;
}

TEST_F(HttpServerTest, AChunkedBodyMayBeEmptyAndArriveInPieces) {
  serve();
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::vector<std::string>& pieces :
       {std::vector<std::string>{head + "0\r\n", "\r", "\n"}, {head, "0", "\r", "\n", "\r", "\n"}}) {
    const std::string answer = run(raw(pieces, 20ms));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  }
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
  serve();
  const std::string answer =
      raw("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz"
          "\r\nGET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto at = [&](const char* text) { return answer.find(text); };
  EXPECT_LT(at("GET /1?"), at("POST /2? xyz"));
  EXPECT_LT(at("POST /2? xyz"), at("GET /3?"));
  EXPECT_EQ(at("GET /4?"), std::string::npos);
}

TEST_F(HttpServerTest, HeadIsAnsweredWithoutABody) {
  serve();
  const std::string answer = raw("HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 9\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(HttpServerTest, ABodyIsRequestedWhenTheClientWaits) {
  serve();
  const std::string answer =
      raw("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")) << answer;
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nExpect: coffee\r\nContent-Length: 2\r\n\r\nab", 417);
  // A body that is too large is refused before it is requested.
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n", 413);
}

// RFC 9112 section 11.2.
TEST_F(HttpServerTest, AmbiguousRequestsAreRefused) {
  serve();
  const std::string host = "POST / HTTP/1.1\r\nHost: h\r\n";
  for (const std::string& rest : {
           std::string("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
           std::string("Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"),
           std::string("Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde"),
           std::string("Content-Length: 5, 5\r\n\r\nabcde"),
           std::string("Content-Length: +5\r\n\r\nabcde"),
           std::string("Content-Length: -5\r\n\r\nabcde"),
           std::string("Content-Length: 0x5\r\n\r\nabcde"),
           std::string("Content-Length: \r\n\r\nabcde"),
           std::string("Content-Length: 99999999999999999999999\r\n\r\nabcde"),
           std::string("Content-Length : 5\r\n\r\nabcde"),
           std::string("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
           std::string("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
           std::string("X: a\r\n folded\r\n\r\n"),
           std::string("X: a\r\n\tfolded\r\n\r\n"),
           std::string("X: a\nY: b\r\n\r\n"),
           std::string("X: a\rY: b\r\n\r\n"),
           std::string("X: a\0b\r\n\r\n", 10),
           std::string("X: a\x01\r\n\r\n"),
           std::string("X y: a\r\n\r\n"),
           std::string(": a\r\n\r\n"),
           std::string("Host: g\r\n\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\n-1\r\n"),
           std::string("Transfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n"),
       }) {
    expect_refused(host + rest, 400);
  }
}

TEST_F(HttpServerTest, MalformedRequestsAreRefused) {
  serve();
  for (const char* request :
       {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n",
        "GET x HTTP/1.1\r\nHost: h\r\n\r\n", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET http:/// HTTP/1.1\r\nHost: h\r\n\r\n", "GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET http://h HTTP/1.1\r\n\r\n", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /#a HTTP/1.1\r\nHost: h\r\n\r\n", "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: h\r\n\r\n", "GET /\x80 HTTP/1.1\r\nHost: h\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "GET /\r\nHost: h\r\n\r\n",
        "nonsense\r\n\r\n", "G@T / HTTP/1.1\r\nHost: h\r\n\r\n"}) {
    expect_refused(request, 400);
  }
  expect_refused("GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505);
  expect_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
  expect_status("OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 200);
}

TEST_F(HttpServerTest, HeadsAndBodiesBeyondTheLimitsAreRefused) {
  serve();
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\n";
  expect_refused(start + "X: " + std::string(20'000, 'a') + "\r\n\r\n", 431);
  expect_refused("GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 431);
  std::string many = start;
  for (int i = 0; i < 100; ++i) many += "A: b\r\n";
  expect_refused(many + "\r\n", 431);
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1048577\r\n\r\n", 413);
  std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 17; ++i) chunked += "10000\r\n" + std::string(65'536, 'x') + "\r\n";
  expect_refused(chunked, 413);
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(40'000, 'x'), 400);
}

TEST_F(HttpServerTest, AHandlerThatThrowsIsAnswered500) {
  std::string thrown;
  HttpServerConfig config;
  config.listen = tls_listener();
  config.handler = [](HttpRequest request, const Connection&) -> Task<HttpResponse> {
    if (request.path == "/throw") throw std::runtime_error("secret");
    HttpResponse response;
    response.headers.push_back({"X", "a\r\nSet-Cookie: b"});
    co_return response;
  };
  config.on_exception = [&](const std::exception& error) { thrown = error.what(); };
  serve(std::move(config));
  const std::string answer = raw("GET /throw HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
  EXPECT_EQ(answer.find("secret"), std::string::npos);
  EXPECT_EQ(thrown, "secret");
  const std::string split = raw("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(split.starts_with("HTTP/1.1 500 ")) << split;
  EXPECT_EQ(split.find("Set-Cookie"), std::string::npos);
}

// Timeouts and limits.

class ImpatientServer : public HttpServerTest {
 protected:
  void SetUp() override {
    HttpServerConfig config;
    config.listen = tls_listener();
    config.header_timeout = 300ms;
    config.body_timeout = 300ms;
    config.idle_timeout = 300ms;
    config.write_timeout = 300ms;
    config.max_connections = 6;
    config.max_connections_per_address = 4;
    config.handler = [](HttpRequest request, const Connection&) -> Task<HttpResponse> {
      HttpResponse response;
      if (request.path == "/large") response.body.resize(64U << 20U);
      co_return response;
    };
    serve(std::move(config));
  }
};

TEST_F(ImpatientServer, ASlowHeadIsRefusedWith408) {
  std::vector<std::string> pieces{"GET / HTTP/1.1\r\n"};
  for (int i = 0; i < 100; ++i) pieces.push_back("X: y\r\n");
  const auto start = std::chrono::steady_clock::now();
  const std::string answer = run(raw(pieces, 50ms));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
  EXPECT_LT(std::chrono::steady_clock::now() - start, 4s);
}

TEST_F(ImpatientServer, ASlowBodyIsRefusedWith408) {
  std::vector<std::string> pieces{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n"};
  for (int i = 0; i < 100; ++i) pieces.push_back("x");
  EXPECT_TRUE(run(raw(pieces, 50ms)).starts_with("HTTP/1.1 408 "));
}

TEST_F(ImpatientServer, SilentAndIdleConnectionsAreClosed) {
  EXPECT_EQ(run(raw(std::vector<std::string>{})), "");
  const std::string answer = raw("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_FALSE(answer.ends_with("<still open>"));
  EXPECT_TRUE(until([&] { return server->connections() == 0; }, 2s));
}

TEST_F(ImpatientServer, AReaderThatStopsIsDisconnected) {
  boost::asio::co_spawn(
      io,
      [this]() -> Task<void> {
        const Dialer dialer(remote());
        const auto stream = *dialer.make_stream(io.get_executor());
        co_await dialer.connect(stream);
        co_await stream->write("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
        boost::asio::steady_timer timer(io, 10s);
        co_await timer.async_wait(boost::asio::use_awaitable);
      },
      boost::asio::detached);
  EXPECT_TRUE(until([&] { return server->connections() == 1; }, 2s));
  EXPECT_TRUE(until([&] { return server->connections() == 0; }, 5s));
}

TEST_F(ImpatientServer, LimitsTheConnectionsOfOneAddress) {
  std::vector<boost::asio::ip::tcp::socket> crowd;
  for (int i = 0; i < 10; ++i) {
    crowd.emplace_back(io).connect({boost::asio::ip::make_address("127.0.0.1"), server->port()});
  }
  until([] { return false; }, 100ms);
  EXPECT_EQ(server->connections(), 4U);
  // Another address gets the remaining connections.
  for (int i = 0; i < 10; ++i) {
    auto& socket =
        crowd.emplace_back(io, boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address("127.0.0.2"), 0));
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), server->port()});
  }
  until([] { return false; }, 100ms);
  EXPECT_EQ(server->connections(), 6U);
  EXPECT_TRUE(until([&] { return server->connections() == 0; }, 3s));  // the handshake has a deadline
}

class FullServer : public HttpServerTest {
 protected:
  void SetUp() override {
    HttpServerConfig config;
    config.listen = tls_listener();
    config.max_connections = 6;
    config.max_connections_per_address = 8;
    config.handler = [](HttpRequest request, const Connection& connection) -> Task<HttpResponse> {
      connection.admitted = request.path == "/known";
      co_return HttpResponse{};
    };
    serve(std::move(config));
  }
  /// A connection that stays open after its request.
  std::shared_ptr<Stream> connection(std::string path) {
    std::shared_ptr<Stream> opened;
    boost::asio::co_spawn(
        io,
        [this, &opened, path]() -> Task<void> {
          const Dialer dialer(remote());
          const auto stream = *dialer.make_stream(io.get_executor());
          co_await dialer.connect(stream);
          co_await stream->write("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
          std::array<char, 1024> answer;
          co_await stream->read(boost::asio::buffer(answer));
          opened = stream;
        },
        boost::asio::detached);
    EXPECT_TRUE(until([&] { return opened != nullptr; }, 5s)) << path;
    return opened;
  }
  bool is_open(const std::shared_ptr<Stream>& stream) {
    std::array<char, 1> nothing;
    boost::system::error_code error;
    stream->socket().non_blocking(true);
    stream->socket().receive(boost::asio::buffer(nothing), boost::asio::socket_base::message_peek, error);
    return error == boost::asio::error::would_block;
  }
};

TEST_F(FullServer, UnauthenticatedConnectionsMakeRoomAndAdmittedOnesStay) {
  const auto known = connection("/known"), stranger = connection("/");
  std::vector<boost::asio::ip::tcp::socket> silent;
  for (int i = 0; i < 4; ++i) {
    silent.emplace_back(io, boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address("127.0.0.2"), 0))
        .connect({boost::asio::ip::make_address("127.0.0.1"), server->port()});
  }
  ASSERT_TRUE(until([&] { return server->connections() == 6; }, 2s));
  std::vector<std::shared_ptr<Stream>> more;
  for (int i = 0; i < 4; ++i) more.push_back(connection("/known"));
  EXPECT_TRUE(is_open(known));
  EXPECT_TRUE(is_open(stranger)) << "handshakes go first";
  more.push_back(connection("/known"));
  EXPECT_FALSE(is_open(stranger));
  EXPECT_TRUE(is_open(known));
  for (const auto& one : more) EXPECT_TRUE(is_open(one));
  // Now all connections are authenticated: a new one has to wait.
  boost::asio::ip::tcp::socket late(io, boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address("127.0.0.2"), 0));
  late.connect({boost::asio::ip::make_address("127.0.0.1"), server->port()});
  until([] { return false; }, 100ms);
  EXPECT_EQ(server->connections(), 6U);
  EXPECT_TRUE(is_open(known));
}

TEST_F(FullServer, ANetworkAtItsLimitMakesRoomForItself) {
  HttpServerConfig config;
  config.listen = tls_listener();
  config.max_connections_per_address = 2;
  config.handler = [](HttpRequest request, const Connection& connection) -> Task<HttpResponse> {
    connection.admitted = request.path == "/known";
    co_return HttpResponse{};
  };
  serve(std::move(config));
  const auto known = connection("/known"), stranger = connection("/");
  const auto newcomer = connection("/known");
  EXPECT_TRUE(is_open(known));
  EXPECT_FALSE(is_open(stranger));
  EXPECT_TRUE(is_open(newcomer));
}

// Identity of the client.

TEST_F(HttpServerTest, TheHandlerSeesTheClientsCertificate) {
  std::optional<ClientCertificate> seen;
  std::string remote_seen;
  TlsDescription tls;
  HttpServerConfig config;
  config.listen = tls_listener(ClientCertificates::requested);
  config.handler = [&](HttpRequest, const Connection& connection) -> Task<HttpResponse> {
    seen = connection.certificate;
    remote_seen = connection.remote;
    tls = connection.tls;
    co_return HttpResponse{};
  };
  serve(std::move(config));
  HttpClient with(io, client_config("server", &identity("client")));
  ASSERT_TRUE(run(with.request(get("/"))));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->der, identity("client").certificate_der);
  EXPECT_TRUE(std::ranges::equal(seen->sha256.bytes(), identity("client").fingerprint.digest.bytes()));
  EXPECT_TRUE(remote_seen.starts_with("127.0.0.1:")) << remote_seen;
  EXPECT_EQ(tls.version, "TLSv1.3");
  HttpClient without(io, client_config());
  ASSERT_TRUE(run(without.request(get("/"))));
  EXPECT_FALSE(seen);
}

TEST_F(HttpServerTest, CloseIfClosesIdleConnectionsAtOnce) {
  HttpServerConfig config;
  config.listen = tls_listener(ClientCertificates::requested);
  serve(std::move(config));
  const auto idle = [&](const TlsIdentity* own) -> Task<std::shared_ptr<Stream>> {
    const Dialer dialer(remote("server", own));
    const auto stream = *dialer.make_stream(io.get_executor());
    co_await dialer.connect(stream);
    co_await stream->write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    std::array<char, 4096> answer;
    co_await stream->read(boost::asio::buffer(answer));
    co_return stream;
  };
  const auto unwanted = run(idle(&identity("client")));
  const auto other = run(idle(nullptr));
  std::optional<std::chrono::steady_clock::time_point> cut;
  bool other_cut = false;
  const auto wait_for_end = [](std::shared_ptr<Stream> stream, std::function<void()> ended) -> Task<void> {
    std::array<char, 16> none;
    co_await stream->read(boost::asio::buffer(none));
    ended();
  };
  boost::asio::co_spawn(io, wait_for_end(unwanted, [&] { cut = std::chrono::steady_clock::now(); }),
                        boost::asio::detached);
  boost::asio::co_spawn(io, wait_for_end(other, [&] { other_cut = true; }), boost::asio::detached);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(server->close_if([](const Connection& connection) { return connection.certificate.has_value(); }), 1U);
  EXPECT_TRUE(until([&] { return cut.has_value(); }, 2s));
  EXPECT_LT(*cut - start, 100ms);
  EXPECT_FALSE(other_cut);
  EXPECT_TRUE(until([&] { return server->connections() == 1; }, 1s));
  other->close();
  until([&] { return other_cut; }, 1s);
}

// Unix sockets.

class UnixServer : public HttpServerTest {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "redan-unix-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory = name;
    path = directory / "redan.socket";
  }
  void TearDown() override {
    server.reset();
    fs::remove_all(directory);
  }
  HttpServerConfig unix_config() {
    HttpServerConfig config;
    config.listen = UnixListener{path, 0660};
    config.handler = [this](HttpRequest, const Connection& connection) -> Task<HttpResponse> {
      peer = connection.local_peer;
      remote_seen = connection.remote;
      co_return HttpResponse{};
    };
    return config;
  }
  fs::path directory;
  fs::path path;
  std::optional<LocalPeer> peer;
  std::string remote_seen;
};

TEST_F(UnixServer, TheHandlerSeesTheLocalProcess) {
  serve(unix_config());
  struct stat status {};
  ASSERT_EQ(::lstat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0660U);
  HttpClientConfig config;
  config.server = UnixRemote{path};
  HttpClient client(io, std::move(config));
  const auto answer = run(client.request(get("/")));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200U);
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->uid, ::getuid());
  EXPECT_EQ(peer->gid, ::getgid());
  EXPECT_EQ(peer->pid, ::getpid());
  EXPECT_EQ(remote_seen, "unix");
  server.reset();
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(UnixServer, ReplacesADeadSocketButNoLiveSocketOrOtherFile) {
  serve(unix_config());
  EXPECT_THROW(HttpServer(io, unix_config()), boost::system::system_error);
  server.reset();
  std::ofstream(path) << "a file";
  EXPECT_THROW(HttpServer(io, unix_config()), boost::system::system_error);
  fs::remove(path);
  {
    boost::asio::local::stream_protocol::acceptor dead(io,
                                                       boost::asio::local::stream_protocol::endpoint(path.string()));
  }
  ASSERT_TRUE(fs::exists(path));
  serve(unix_config());
  HttpClientConfig config;
  config.server = UnixRemote{path};
  HttpClient client(io, std::move(config));
  EXPECT_TRUE(run(client.request(get("/"))));
}

}  // namespace
}  // namespace redan::net::test
