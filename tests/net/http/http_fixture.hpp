// A server and its clients on loopback in one event loop, in real time.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/dial.hpp"
#include "net/http/client.hpp"
#include "net/http/server.hpp"
#include "tests/support/files.hpp"

namespace redan::net::test {

using namespace std::chrono_literals;

inline std::string pem(const std::string& name) {
  const auto bytes = redan::test::read_test_file("vectors/tls/" + name);
  return {bytes.begin(), bytes.end()};
}

/// "server" and "other": RSA-4096, the same names. With the server's key, for redan.example and 127.0.0.1: "issued",
/// signed by ca.pem (P-256); "large", signed by large-ca.pem (RSA-4096); "behind", with an RSA-2048 authority between
/// it and large-ca.pem. "client": P-256.
inline const TlsIdentity& identity(const std::string& name) {
  static std::map<std::string, TlsIdentity> known;
  const auto found = known.find(name);
  if (found != known.end()) return found->second;
  const bool own_key =
      name == "server" || name == "other" || name == "client" || name == "small" || name == "exponent3";
  auto loaded = load_tls_identity(pem(name + ".pem"), pem((own_key ? name : "server") + ".key"));
  if (!loaded) throw std::runtime_error("no test identity " + name);
  return known.emplace(name, std::move(*loaded)).first->second;
}

class HttpFixture : public ::testing::Test {
 protected:
  boost::asio::io_context io{1};
  std::unique_ptr<HttpServer> server;

  /// The result of a task, which must complete in time.
  template <class T>
  T run(Task<T> task, std::chrono::seconds timeout = 20s) {
    std::optional<T> result;
    boost::asio::co_spawn(io, std::move(task), [&](const std::exception_ptr& error, T value) {
      if (error) std::rethrow_exception(error);
      result.emplace(std::move(value));
    });
    EXPECT_TRUE(until([&] { return result.has_value(); }, timeout)) << "a task took too long";
    if (!result) throw std::runtime_error("a task took too long");
    return std::move(*result);
  }

  bool until(const std::function<bool()>& done, std::chrono::milliseconds timeout = 20s) {
    const auto end = std::chrono::steady_clock::now() + timeout;
    while (!done() && std::chrono::steady_clock::now() < end) {
      io.restart();
      io.run_one_for(10ms);
    }
    return done();
  }

  static TlsListener tls_listener(ClientCertificates mode = ClientCertificates::none,
                                  const std::string& name = "server") {
    return {{boost::asio::ip::make_address("127.0.0.1"), 0}, *TlsServerCredentials::make(identity(name)), mode};
  }

  /// Returns the request as text: "GET /path?query body".
  static Task<HttpResponse> say_what(HttpRequest request, const Connection&) {
    HttpResponse response;
    response.content_type = "text/plain";
    response.body = request.method + " " + request.path + "?" + request.query + " " + request.body;
    co_return response;
  }

  HttpServer& serve(HttpServerConfig config) {
    if (!config.handler) config.handler = say_what;
    server = std::make_unique<HttpServer>(io, std::move(config));
    return *server;
  }
  HttpServer& serve() {
    HttpServerConfig config;
    config.listen = tls_listener();
    return serve(std::move(config));
  }

  [[nodiscard]] TlsRemote remote(const std::string& pinned = "server", const TlsIdentity* own = nullptr) const {
    return {"127.0.0.1", server->port(), PinnedSha256{identity(pinned).fingerprint.digest}, own};
  }
  [[nodiscard]] HttpClientConfig client_config(const std::string& pinned = "server",
                                               const TlsIdentity* own = nullptr) const {
    HttpClientConfig config;
    config.server = remote(pinned, own);
    return config;
  }

  static HttpRequest get(const std::string& path) { return {"GET", path, ""}; }
  static HttpRequest post(const std::string& path, std::string body) { return {"POST", path, "", {}, std::move(body)}; }

  /// Everything that a server sends in answer to these bytes until it closes, or is silent for `silence`.
  Task<std::string> raw(std::vector<std::string> pieces, std::chrono::milliseconds pause = 0ms,
                        std::chrono::milliseconds silence = 3s) {
    const Dialer dialer(remote());
    const auto stream = *dialer.make_stream(io.get_executor());
    stream->set_deadline(5s);
    if (const auto failure = co_await dialer.connect(stream)) co_return failure->detail;
    for (const std::string& piece : pieces) {
      stream->set_deadline(5s);
      if (const Stream::Error error = co_await stream->write(piece)) break;
      boost::asio::steady_timer timer(io, pause);
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    std::string answer;
    std::array<char, 4096> buffer;
    while (true) {
      stream->set_deadline(silence);
      const auto [error, size] = co_await stream->read(boost::asio::buffer(buffer));
      if (error) break;
      answer.append(buffer.data(), size);
    }
    if (stream->timed_out()) answer += "<still open>";
    co_return answer;
  }
  std::string raw(const std::string& bytes) { return run(raw(std::vector{bytes})); }
};

}  // namespace redan::net::test
