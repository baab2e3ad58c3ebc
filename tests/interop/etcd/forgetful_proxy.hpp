// Forwards TCP connections to a port of this machine, but sometimes loses the server's answers.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <memory>

#include "net/task.hpp"

namespace redan::cloud::test {

class ForgetfulProxy {
 public:
  /// For one of `every` requests the connection is closed instead of an answer; 0: never.
  ForgetfulProxy(boost::asio::io_context& io, std::uint16_t server, int every)
      : state_(std::make_shared<State>(io, server, every)) {
    boost::asio::co_spawn(io, accept(state_), boost::asio::detached);
  }
  ~ForgetfulProxy() { state_->acceptor.close(); }
  ForgetfulProxy(const ForgetfulProxy&) = delete;
  ForgetfulProxy& operator=(const ForgetfulProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return state_->acceptor.local_endpoint().port(); }
  [[nodiscard]] int forgotten() const { return state_->forgotten; }
  /// From now on answers are dropped, and connections stay open.
  void forget_everything() { state_->silent = true; }

 private:
  using Tcp = boost::asio::ip::tcp;
  static constexpr auto kNoThrow = boost::asio::as_tuple(boost::asio::use_awaitable);

  struct State {
    State(boost::asio::io_context& io, std::uint16_t port, int forget_every)
        : acceptor(io, {boost::asio::ip::address_v4::loopback(), 0}), server(port), every(forget_every) {}
    Tcp::acceptor acceptor;
    std::uint16_t server;
    int every;
    int forgotten = 0;
    bool silent = false;
  };
  struct Pair {
    Tcp::socket client;
    Tcp::socket server;
    int answers = 0;
    bool asked = false;
    void close() {
      client.close();
      server.close();
    }
  };

  static net::Task<void> accept(std::shared_ptr<State> state) {
    const auto executor = co_await boost::asio::this_coro::executor;
    for (;;) {
      auto [error, socket] = co_await state->acceptor.async_accept(kNoThrow);
      if (error) co_return;
      const auto pair = std::make_shared<Pair>(Pair{std::move(socket), Tcp::socket(executor)});
      const Tcp::endpoint server(boost::asio::ip::address_v4::loopback(), state->server);
      auto [refused] = co_await pair->server.async_connect(server, kNoThrow);
      if (refused) continue;
      boost::asio::co_spawn(executor, ask(pair), boost::asio::detached);
      boost::asio::co_spawn(executor, answer(state, pair), boost::asio::detached);
    }
  }

  static net::Task<void> ask(std::shared_ptr<Pair> pair) {
    std::array<char, 16384> buffer{};
    for (;;) {
      auto [error, size] = co_await pair->client.async_read_some(boost::asio::buffer(buffer), kNoThrow);
      if (error) break;
      pair->asked = true;
      auto [failed, written] =
          co_await boost::asio::async_write(pair->server, boost::asio::buffer(buffer, size), kNoThrow);
      if (failed) break;
    }
    pair->close();
  }

  static net::Task<void> answer(std::shared_ptr<State> state, std::shared_ptr<Pair> pair) {
    std::array<char, 16384> buffer{};
    for (;;) {
      auto [error, size] = co_await pair->server.async_read_some(boost::asio::buffer(buffer), kNoThrow);
      if (error) break;
      if (state->silent) continue;
      // The first answers belong to the handshake.
      if (pair->asked) ++pair->answers;
      pair->asked = false;
      if (state->every > 0 && pair->answers > 3 && pair->answers % state->every == 0) {
        ++state->forgotten;
        break;
      }
      auto [failed, written] =
          co_await boost::asio::async_write(pair->client, boost::asio::buffer(buffer, size), kNoThrow);
      if (failed) break;
    }
    pair->close();
  }

  std::shared_ptr<State> state_;
};

}  // namespace redan::cloud::test
