// A connected stream socket, with TLS on TCP and without on a Unix socket, and one deadline. Included by .cpp files
// only: any use of async_read_some compiles OpenSSL's engine.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include "net/remote.hpp"
#include "net/task.hpp"
#include "net/tls/handshake_queue.hpp"
#include "net/tls/socket.hpp"

namespace redan::net {

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  using Protocol = boost::asio::generic::stream_protocol;
  using Socket = Protocol::socket;
  using executor_type = Socket::executor_type;
  using Error = boost::system::error_code;

  /// `tls` is null for a Unix socket; it must live until the handshake begins.
  Stream(Socket socket, boost::asio::ssl::context* tls);

  [[nodiscard]] executor_type get_executor() { return socket_.get_executor(); }
  [[nodiscard]] Socket& socket() { return socket_; }
  [[nodiscard]] ssl_st* tls() { return tls_ ? tls_->native() : nullptr; }  ///< null without TLS

  /// What happens at the deadline: the connection is closed, or only reads fail and there is time for a final message.
  enum class Expiry : std::uint8_t { close, end_reads };
  /// Pending operations fail at that time, unless the deadline is moved before.
  void set_deadline(std::chrono::milliseconds from_now, Expiry expiry = Expiry::close);
  void clear_deadline();
  [[nodiscard]] bool timed_out() const { return timed_out_; }
  /// Closes the connection immediately.
  void close();
  [[nodiscard]] bool closed() const { return closed_; }
  std::function<void()> on_close;  ///< for operations that wait on something other than the socket: a resolver

  /// May be called again after a failure, with another endpoint.
  Task<Error> connect(Protocol::endpoint endpoint);
  Task<Error> handshake_as_client();
  /// `network` of the peer determines its turn in the queue, which must outlive the task.
  Task<Error> handshake_as_server(HandshakeQueue& queue, std::string network);
  /// Reads at least one byte, unless the error gives the reason; eof only after an orderly close by the peer.
  Task<std::pair<Error, std::size_t>> read(boost::asio::mutable_buffer buffer);
  /// Writes all of both.
  Task<Error> write(std::string_view head, std::string_view body = {});
  /// Ends both directions in order and waits at most a second for the peer to read everything: closing a socket with
  /// unread input resets it, and the peer may lose our last message.
  Task<void> finish();

  /// For Beast and Asio's composed operations.
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(Error, std::size_t)>(
        [this](auto handler, const Buffers& into) {
          if (tls_) {
            const boost::asio::mutable_buffer first = first_of(into);
            tls_->async_perform(TlsSocket::Operation::read, first.data(), first.size(), std::move(handler));
          } else {
            socket_.async_read_some(into, std::move(handler));
          }
        },
        token, buffers);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(Error, std::size_t)>(
        [this](auto handler, const Buffers& from) {
          const boost::asio::const_buffer run = one_run(from);
          if (tls_) {
            tls_->async_perform(TlsSocket::Operation::write, const_cast<void*>(run.data()), run.size(),
                                std::move(handler));
          } else {
            socket_.async_write_some(run, std::move(handler));
          }
        },
        token, buffers);
  }

  friend void teardown(boost::beast::role_type, Stream& stream, Error&) { stream.close(); }
  template <class Handler>
  friend void async_teardown(boost::beast::role_type, Stream& stream, Handler handler) {
    boost::asio::post(stream.get_executor(), [self = stream.shared_from_this(), h = std::move(handler)]() mutable {
      boost::asio::co_spawn(
          self->get_executor(), [self] { return self->finish(); },
          [done = std::move(h)](const std::exception_ptr&) mutable { done(Error()); });
    });
  }
  friend void beast_close_socket(Stream& stream) { stream.close(); }

 private:
  template <class Buffers>
  static boost::asio::mutable_buffer first_of(const Buffers& buffers) {
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (auto at = boost::asio::buffer_sequence_begin(buffers); at != end; ++at) {
      const boost::asio::mutable_buffer first(*at);
      if (first.size() != 0) return first;
    }
    return {};
  }
  // One TLS record: otherwise each buffer of a sequence would become a separate record and segment.
  static constexpr std::size_t kMaxRun = 16 * 1024;
  template <class Buffers>
  boost::asio::const_buffer one_run(const Buffers& buffers) {
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (auto at = boost::asio::buffer_sequence_begin(buffers); at != end; ++at) {
      const boost::asio::const_buffer first(*at);
      if (first.size() == 0) continue;
      if (first.size() >= kMaxRun || first.size() == boost::asio::buffer_size(buffers)) return first;
      break;
    }
    run_.resize(std::min(kMaxRun, boost::asio::buffer_size(buffers)));
    boost::asio::buffer_copy(boost::asio::buffer(run_), buffers);
    return boost::asio::buffer(run_);
  }
  void arm();
  void on_timer();

  Socket socket_;
  std::optional<TlsSocket> tls_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  // The timer may fire early, but is rarely set again.
  std::chrono::steady_clock::time_point armed_ = std::chrono::steady_clock::time_point::max();
  Expiry expiry_ = Expiry::close;
  std::function<void()> drop_step_;  ///< of the handshake, while the socket is lent
  bool timed_out_ = false;
  bool closed_ = false;
  std::string run_;
};

/// "192.0.2.1:5000"; "unix" for a Unix socket; "" if the peer has disconnected.
std::string remote_text(Stream::Socket& socket);

}  // namespace redan::net
