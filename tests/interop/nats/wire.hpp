// Observes the network: a proxy that records, and a fake broker.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <memory>

#include "net/task.hpp"

namespace redan::cloud::test {

using Tcp = boost::asio::ip::tcp;
inline constexpr auto kNoThrow = boost::asio::as_tuple(boost::asio::use_awaitable);

inline Tcp::endpoint loopback(std::uint16_t port = 0) { return {boost::asio::ip::address_v4::loopback(), port}; }

/// The types of the TLS records in `bytes`, up to the last complete one; nullopt if they are not TLS.
inline std::optional<std::vector<int>> tls_records(std::string_view bytes) {
  std::vector<int> types;
  while (bytes.size() >= 5) {
    const auto byte = [&](std::size_t at) { return static_cast<int>(static_cast<unsigned char>(bytes[at])); };
    const std::size_t size = static_cast<std::size_t>(byte(3) << 8 | byte(4)) + 5;
    if (byte(0) < 20 || byte(0) > 23 || byte(1) != 3 || byte(2) < 1 || byte(2) > 3 || size > 5 + 16384 + 256) {
      return std::nullopt;
    }
    if (size > bytes.size()) return types;
    types.push_back(byte(0));
    bytes.remove_prefix(size);
  }
  return types;
}

/// Forwards one connection to a port of this machine.
class RecordingProxy {
 public:
  RecordingProxy(boost::asio::io_context& io, std::uint16_t server) : state_(std::make_shared<State>(io)) {
    boost::asio::co_spawn(io, serve(state_, server), boost::asio::detached);
  }
  ~RecordingProxy() { state_->close(); }
  RecordingProxy(const RecordingProxy&) = delete;
  RecordingProxy& operator=(const RecordingProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return state_->acceptor.local_endpoint().port(); }
  [[nodiscard]] const std::string& from_client() const { return state_->from_client; }
  [[nodiscard]] const std::string& from_server() const { return state_->from_server; }

 private:
  struct State {
    explicit State(boost::asio::io_context& io) : acceptor(io, loopback()), client(io), server(io) {}
    Tcp::acceptor acceptor;
    Tcp::socket client, server;
    std::string from_client, from_server;
    void close() {
      acceptor.close();
      client.close();
      server.close();
    }
  };

  static net::Task<void> serve(std::shared_ptr<State> state, std::uint16_t port) {
    auto [error, socket] = co_await state->acceptor.async_accept(kNoThrow);
    if (error) co_return;
    state->client = std::move(socket);
    auto [refused] = co_await state->server.async_connect(loopback(port), kNoThrow);
    if (refused) co_return;
    const auto executor = state->acceptor.get_executor();
    boost::asio::co_spawn(executor, pass(state, state->client, state->server, state->from_client),
                          boost::asio::detached);
    boost::asio::co_spawn(executor, pass(state, state->server, state->client, state->from_server),
                          boost::asio::detached);
  }
  static net::Task<void> pass(std::shared_ptr<State> state, Tcp::socket& from, Tcp::socket& to, std::string& record) {
    std::array<char, 65536> buffer{};
    for (;;) {
      auto [error, size] = co_await from.async_read_some(boost::asio::buffer(buffer), kNoThrow);
      if (error) break;
      record.append(buffer.data(), size);
      auto [failed, written] = co_await boost::asio::async_write(to, boost::asio::buffer(buffer, size), kNoThrow);
      if (failed) break;
    }
    state->close();
  }

  std::shared_ptr<State> state_;
};

/// Sends a text to every client, and records its answer; with a context, over TLS from then on.
class FakeBroker {
 public:
  FakeBroker(boost::asio::io_context& io, std::string hello, boost::asio::ssl::context* tls = nullptr)
      : state_(std::make_shared<State>(io, std::move(hello), tls)) {
    boost::asio::co_spawn(io, serve(state_), boost::asio::detached);
  }
  ~FakeBroker() { state_->acceptor.close(); }
  FakeBroker(const FakeBroker&) = delete;
  FakeBroker& operator=(const FakeBroker&) = delete;

  [[nodiscard]] std::uint16_t port() const { return state_->acceptor.local_endpoint().port(); }
  [[nodiscard]] const std::string& heard() const { return state_->heard; }
  [[nodiscard]] int connections() const { return state_->connections; }
  [[nodiscard]] int handshakes() const { return state_->handshakes; }

 private:
  struct State {
    State(boost::asio::io_context& io, std::string text, boost::asio::ssl::context* context)
        : acceptor(io, loopback()), hello(std::move(text)), tls(context) {}
    Tcp::acceptor acceptor;
    std::string hello;
    boost::asio::ssl::context* tls;
    std::string heard;
    int connections = 0;
    int handshakes = 0;
  };

  static net::Task<void> serve(std::shared_ptr<State> state) {
    for (;;) {
      auto [error, socket] = co_await state->acceptor.async_accept(kNoThrow);
      if (error) co_return;
      ++state->connections;
      boost::asio::co_spawn(state->acceptor.get_executor(), talk(state, std::move(socket)), boost::asio::detached);
    }
  }
  static net::Task<void> talk(std::shared_ptr<State> state, Tcp::socket socket) {
    co_await boost::asio::async_write(socket, boost::asio::buffer(state->hello), kNoThrow);
    if (state->tls == nullptr) {
      co_await listen(state, socket);
      co_return;
    }
    boost::asio::ssl::stream<Tcp::socket> stream(std::move(socket), *state->tls);
    auto [error] = co_await stream.async_handshake(boost::asio::ssl::stream_base::server, kNoThrow);
    if (error) co_return;
    ++state->handshakes;
    co_await listen(state, stream);
  }
  template <class From>
  static net::Task<void> listen(std::shared_ptr<State> state, From& from) {
    std::array<char, 4096> buffer{};
    for (;;) {
      auto [error, size] = co_await from.async_read_some(boost::asio::buffer(buffer), kNoThrow);
      if (error) co_return;
      state->heard.append(buffer.data(), size);
    }
  }

  std::shared_ptr<State> state_;
};

}  // namespace redan::cloud::test
