#include "net/stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "net/socket_address.hpp"

namespace redan::net {
namespace {

namespace asio = boost::asio;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kGoodbye{1'000};
constexpr std::size_t kMaxDiscarded = 4 * 1024 * 1024;

}  // namespace

Stream::Stream(Socket socket, asio::ssl::context* tls) : socket_(std::move(socket)), timer_(socket_.get_executor()) {
  if (tls != nullptr) tls_.emplace(socket_, tls->native_handle());
}

// The deadline.

void Stream::set_deadline(std::chrono::milliseconds from_now, Expiry expiry) {
  timed_out_ = timed_out_ && closed_;
  expiry_ = expiry;
  deadline_ = std::chrono::steady_clock::now() + from_now;
  if (deadline_ < armed_) arm();
}

void Stream::clear_deadline() { deadline_ = std::chrono::steady_clock::time_point::max(); }

void Stream::arm() {
  armed_ = deadline_;
  timer_.expires_at(armed_);
  timer_.async_wait([weak = weak_from_this()](const Error& error) {
    const auto self = error ? nullptr : weak.lock();
    if (self) self->on_timer();
  });
}

void Stream::on_timer() {
  armed_ = std::chrono::steady_clock::time_point::max();
  if (deadline_ > std::chrono::steady_clock::now()) {
    if (deadline_ != armed_) arm();
    return;
  }
  timed_out_ = true;
  deadline_ = std::chrono::steady_clock::time_point::max();
  if (expiry_ == Expiry::close) return close();
  Error ignored;
  socket_.cancel(ignored);
}

void Stream::close() {
  closed_ = true;
  Error ignored;
  if (tls_ && tls_->is_lent()) {
    tls_->abandon();
    drop_step_();
  } else {
    socket_.close(ignored);
  }
  if (on_close) on_close();
}

// Bytes.

Task<Stream::Error> Stream::connect(Protocol::endpoint endpoint) {
  if (closed_) co_return asio::error::operation_aborted;
  Error ignored;
  socket_.close(ignored);
  auto [error] = co_await socket_.async_connect(endpoint, kNoThrow);
  co_return error;
}

Task<Stream::Error> Stream::handshake_as_client() {
  if (!tls_) co_return Error();
  auto [error, size] = co_await tls_->async_perform(TlsSocket::Operation::connect, nullptr, 0, kNoThrow);
  co_return error;
}

// A client that sends nothing waits here, and does not occupy the queue.
Task<Stream::Error> Stream::handshake_as_server(HandshakeQueue& queue, std::string network) {
  if (!tls_) co_return Error();
  const auto self = shared_from_this();
  const auto attempt = std::make_shared<TlsSocket::Attempt>();
  attempt->want = TlsSocket::Want::reading;
  while (attempt->want != TlsSocket::Want::nothing) {
    const auto wait = attempt->want == TlsSocket::Want::reading ? Socket::wait_read : Socket::wait_write;
    auto [error] = co_await socket_.async_wait(wait, kNoThrow);
    if (error) co_return error;
    tls_->lend();
    const auto step = tls_->has_signed() ? HandshakeQueue::Step::further : HandshakeQueue::Step::first;
    std::function<void()> work = [self, attempt] { *attempt = self->tls_->accept(); };
    const auto job = queue.push(get_executor(), network, step, std::move(work));
    drop_step_ = [&queue, job] { queue.drop(job); };
    const bool ran = co_await HandshakeQueue::wait(job);
    drop_step_ = nullptr;
    tls_->take_back();
    if (closed_) socket_.close(error);
    if (closed_ || !ran) co_return asio::error::operation_aborted;
  }
  co_return attempt->error;
}

Task<std::pair<Stream::Error, std::size_t>> Stream::read(asio::mutable_buffer buffer) {
  // The deadline may have passed after a read completed and before it was reported.
  if (timed_out_) co_return std::pair(Error(asio::error::timed_out), std::size_t{0});
  auto [error, size] = co_await async_read_some(buffer, kNoThrow);
  co_return std::pair(error, size);
}

Task<Stream::Error> Stream::write(std::string_view head, std::string_view body) {
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body)};
  auto [error, size] = co_await asio::async_write(*this, buffers, kNoThrow);
  co_return error;
}

Task<void> Stream::finish() {
  const auto self = shared_from_this();
  if (closed()) co_return;
  set_deadline(kGoodbye);
  if (tls_) co_await tls_->async_perform(TlsSocket::Operation::shutdown, nullptr, 0, kNoThrow);
  Error ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  std::array<char, 4096> unread;
  for (std::size_t total = 0; total < kMaxDiscarded && !closed();) {
    auto [error, size] = co_await socket_.async_read_some(asio::buffer(unread), kNoThrow);
    if (error) break;
    total += size;
  }
  close();
}

std::string remote_text(Stream::Socket& socket) {
  Stream::Error error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "";
  if (endpoint.protocol().family() == AF_UNIX) return "unix";
  SocketAddress address;
  std::memcpy(&address.storage, endpoint.data(), std::min(endpoint.size(), sizeof address.storage));
  return address.address().text();
}

}  // namespace redan::net
