// The control plane's connections on loopback: mutual TLS 1.3 handshakes with RSA-4096 on both sides compared with bare
// OpenSSL, and requests on one persistent connection compared with a bare Beast server that answers the same client.
// All in one process and thread, so CPU time includes both ends.
#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <map>

#include "bench/dtls_work.hpp"
#include "bench/figure.hpp"
#include "net/dial.hpp"
#include "net/http/server.hpp"
#include "tests/support/files.hpp"

namespace redan::bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr double kHandshakeGoal = 0.9;
constexpr double kRequestGoal = 0.5;
constexpr int kHandshakes = 2;
constexpr int kRequests = 100;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

constexpr std::string_view kAnswer = R"({"type":"sync","status":"Success","status_code":200,"metadata":{"api":"1.0"}})";
constexpr std::string_view kRequest =
    "GET /1.0 HTTP/1.1\r\nHost: ams.example:8444\r\nAccept: application/json\r\nUser-Agent: bench/1.0\r\n\r\n";

std::string test_pem(const std::string& name) {
  const auto bytes = test::read_test_file("vectors/tls/" + name);
  return {bytes.begin(), bytes.end()};
}

const net::TlsIdentity& identity(const std::string& name) {
  static std::map<std::string, net::TlsIdentity> known;
  if (!known.contains(name)) {
    auto loaded = net::load_tls_identity(test_pem(name + ".pem"), test_pem(name + ".key"));
    if (!loaded) failed("reading a test identity");
    known.emplace(name, std::move(*loaded));
  }
  return known.at(name);
}

class Loop {
 public:
  asio::io_context io{1};

  void run(net::Task<void> task) {
    bool done = false;
    asio::co_spawn(io, std::move(task), [&done](const std::exception_ptr& error) {
      if (error) failed("a bench task");
      done = true;
    });
    io.restart();
    while (!done) io.run_one();
  }
};

tcp::endpoint loopback(std::uint16_t port = 0) { return {asio::ip::address_v4::loopback(), port}; }

net::HttpServerConfig our_server(net::ClientCertificates mode) {
  net::HttpServerConfig config;
  config.listen = net::TlsListener{loopback(), *net::TlsServerCredentials::make(identity("server")), mode};
  config.handler = [](net::HttpRequest, const net::Connection&) -> net::Task<net::HttpResponse> {
    net::HttpResponse response;
    response.body = kAnswer;
    co_return response;
  };
  return config;
}

// OpenSSL alone.

/// TLS 1.3 as in Redan: no tickets, no resumption; any certificate is accepted once its key is proven.
SSL_CTX* bare_context(const SSL_METHOD* method, const net::TlsIdentity& own) {
  SSL_CTX* context = SSL_CTX_new(method);
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_use_certificate_ASN1(context, static_cast<int>(own.certificate_der.size()), own.certificate_der.data());
  const unsigned char* der = own.private_key_der.data();
  EVP_PKEY* key = d2i_AutoPrivateKey(nullptr, &der, static_cast<long>(own.private_key_der.size()));
  SSL_CTX_use_PrivateKey(context, key);
  EVP_PKEY_free(key);
  SSL_CTX_set_cert_verify_callback(
      context, [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  return context;
}

class BareHandshakes {
 public:
  BareHandshakes() {
    SSL_CTX_set_verify(client_, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_verify(server_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  ~BareHandshakes() {
    SSL_CTX_free(client_);
    SSL_CTX_free(server_);
  }
  BareHandshakes(const BareHandshakes&) = delete;
  BareHandshakes& operator=(const BareHandshakes&) = delete;

  double operator()() {
    for (int i = 0; i < kHandshakes; ++i) one();
    return kHandshakes;
  }

 private:
  void one() {
    tcp::socket to(io_);
    to.connect(acceptor_.local_endpoint());
    tcp::socket from = acceptor_.accept();
    SSL* client = begin(client_, to);
    SSL* server = begin(server_, from);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    bool done = false;
    for (int turns = 0; !done; ++turns) {
      if (turns > kMaxTurns) failed("OpenSSL's handshake");
      const int client_result = SSL_do_handshake(client);
      done = SSL_do_handshake(server) == 1 && client_result == 1;
    }
    SSL_shutdown(client);
    SSL_shutdown(server);
    SSL_shutdown(client);
    SSL_free(client);
    SSL_free(server);
  }
  static SSL* begin(SSL_CTX* context, tcp::socket& socket) {
    socket.non_blocking(true);
    socket.set_option(tcp::no_delay(true));
    SSL* connection = SSL_new(context);
    SSL_set_fd(connection, socket.native_handle());
    return connection;
  }

  static constexpr int kMaxTurns = 100'000;
  SSL_CTX* client_ = bare_context(TLS_client_method(), identity("other"));
  SSL_CTX* server_ = bare_context(TLS_server_method(), identity("server"));
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_, loopback()};
};

class OurHandshakes {
 public:
  double operator()() {
    for (int i = 0; i < kHandshakes; ++i) loop_.run(one());
    return kHandshakes;
  }

 private:
  net::Task<void> one() {
    const auto stream = *dialer_.make_stream(loop_.io.get_executor());
    stream->set_deadline(5s);
    const auto failure = co_await dialer_.connect(stream);
    if (failure) failed("our handshake");
    // Ends when the server has closed too, so that its half of the work is complete.
    co_await stream->finish();
  }

  Loop loop_;
  net::HttpServer server_{loop_.io, our_server(net::ClientCertificates::required)};
  net::Dialer dialer_{net::TlsRemote{"127.0.0.1", server_.port(),
                                     net::PinnedSha256{identity("server").fingerprint.digest}, &identity("other")}};
};

// Requests.

using TlsSocket = asio::ssl::stream<tcp::socket>;

/// Sends requests sequentially on one connection.
class Client {
 public:
  Client(Loop& loop, std::uint16_t port)
      : loop_(loop), context_(bare_context(TLS_client_method(), identity("other"))), socket_(loop.io, context_) {
    loop_.run(connect(port));
  }
  double operator()() {
    loop_.run(ask());
    return kRequests;
  }

 private:
  net::Task<void> connect(std::uint16_t port) {
    co_await socket_.next_layer().async_connect(loopback(port), asio::use_awaitable);
    socket_.next_layer().set_option(tcp::no_delay(true));
    co_await socket_.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
  }
  net::Task<void> ask() {
    for (int i = 0; i < kRequests; ++i) {
      co_await asio::async_write(socket_, asio::buffer(kRequest), asio::use_awaitable);
      std::size_t size = 0;
      while (!std::string_view(buffer_.data(), size).ends_with(kAnswer)) {
        size += co_await socket_.async_read_some(asio::buffer(buffer_) + size, asio::use_awaitable);
      }
    }
  }

  Loop& loop_;
  asio::ssl::context context_;
  TlsSocket socket_;
  std::array<char, 4096> buffer_{};
};

/// The baseline of Beast without Redan: no limits, no timeouts, no checks.
class BareServer {
 public:
  explicit BareServer(asio::io_context& io)
      : context_(bare_context(TLS_server_method(), identity("server"))), acceptor_(io, loopback()) {
    asio::co_spawn(io, serve_one(), [](const std::exception_ptr&) {});
  }
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  net::Task<void> serve_one() {
    tcp::socket accepted = co_await acceptor_.async_accept(asio::use_awaitable);
    accepted.set_option(tcp::no_delay(true));
    TlsSocket socket(std::move(accepted), context_);
    co_await socket.async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
    boost::beast::flat_buffer buffer;
    for (;;) {
      http::request<http::string_body> request;
      const auto [unread, size] = co_await http::async_read(socket, buffer, request, kNoThrow);
      if (unread) co_return;
      http::response<http::string_body> response(http::status::ok, request.version());
      response.set(http::field::content_type, "application/json");
      response.keep_alive(request.keep_alive());
      response.body() = kAnswer;
      response.prepare_payload();
      const auto [unwritten, written] = co_await http::async_write(socket, response, kNoThrow);
      if (unwritten) co_return;
    }
  }

  asio::ssl::context context_;
  tcp::acceptor acceptor_;
};

void handshake_row() {
  OurHandshakes ours;
  BareHandshakes baseline;
  print(compare("mutual TLS, RSA-4096, OpenSSL", "1/s", kHandshakeGoal, std::ref(ours), std::ref(baseline)));
}

void request_row() {
  Loop our_loop;
  Loop bare_loop;
  net::HttpServer server(our_loop.io, our_server(net::ClientCertificates::none));
  BareServer bare(bare_loop.io);
  Client of_ours(our_loop, server.port());
  Client of_bare(bare_loop, bare.port());
  print(compare("HTTPS requests, Beast", "1/s", kRequestGoal, std::ref(of_ours), std::ref(of_bare)));
}

}  // namespace

void http_rate() {
  handshake_row();
  request_row();
}

}  // namespace redan::bench
