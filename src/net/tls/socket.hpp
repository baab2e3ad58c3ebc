// TLS on a connected socket, directly on OpenSSL: an idle connection holds no buffers. Asio's own TLS stream keeps four
// of 17 KiB for each connection. Included by .cpp files only.
#pragma once

#include <atomic>
#include <boost/asio/compose.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <memory>

struct ssl_st;
struct ssl_ctx_st;

namespace redan::net {

class TlsSocket {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  using Error = boost::system::error_code;
  enum class Operation : std::uint8_t { connect, read, write, shutdown };

  /// `socket` must outlive it. Throws std::bad_alloc.
  TlsSocket(Socket& socket, ssl_ctx_st* context);
  ~TlsSocket();
  TlsSocket(const TlsSocket&) = delete;
  TlsSocket& operator=(const TlsSocket&) = delete;

  [[nodiscard]] ssl_st* native() const { return ssl_; }

  // A handshake's steps on another thread.
  enum class Want : std::uint8_t { nothing, reading, writing };
  struct Attempt {
    Want want = Want::nothing;
    Error error{};
    std::size_t size = 0;
  };
  /// From here on until take_back, `socket` must not be closed, and only accept() may be called, on one thread.
  void lend();
  void take_back() { lent_ = -1; }
  [[nodiscard]] bool is_lent() const { return lent_ >= 0; }
  /// Called on the loop while it is lent: a step that has not begun does nothing, and no more bytes are transferred.
  void abandon();
  Attempt accept();
  /// The server's whole first flight, with its signature, has been sent.
  [[nodiscard]] bool has_signed() const;

  /// void(Error, std::size_t). One read and one write may be pending at a time; the memory must live until they
  /// complete. An empty read or write completes at once. eof: the peer closed in order; ssl::error::stream_truncated:
  /// it did not.
  template <class Token>
  auto async_perform(Operation operation, void* data, std::size_t size, Token&& token) {
    return boost::asio::async_compose<Token, void(Error, std::size_t)>(Step{*this, operation, data, size}, token,
                                                                       socket_);
  }

 private:
  friend struct SocketBio;
  /// Does what is possible without waiting.
  Attempt attempt(Operation operation, void* data, std::size_t size);
  Attempt explain(int result);

  struct Step {
    TlsSocket& tls;
    Operation operation;
    void* data;
    std::size_t size;
    enum class State : std::uint8_t { begin, waiting, done } state = State::begin;
    Attempt last{};

    template <class Self>
    void operator()(Self& self, Error error = {}) {
      if (state == State::done) return self.complete(last.error, last.size);
      if (error) return self.complete(error, 0);
      last = tls.attempt(operation, data, size);
      if (last.want == Want::nothing) {
        if (state == State::waiting) return self.complete(last.error, last.size);
        // Never completes within the call that starts it.
        state = State::done;
        return boost::asio::post(tls.socket_.get_executor(), std::move(self));
      }
      state = State::waiting;
      tls.socket_.async_wait(last.want == Want::reading ? Socket::wait_read : Socket::wait_write, std::move(self));
    }
  };

  Socket& socket_;
  ssl_st* ssl_;
  int lent_ = -1;
  std::atomic<bool> abandoned_ = false;
};

}  // namespace redan::net
