#include "wamp/transport/rawsocket_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace redan::wamp {
namespace {

namespace asio = boost::asio;
using net::Stream;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxPing = 4'096;

}  // namespace

RawSocketStream::RawSocketStream(std::shared_ptr<Stream> stream, RawSocketLimits limits)
    : stream_(std::move(stream)), limits_(limits), pings_(stream_->get_executor()) {}

// Reading.

net::Task<bool> RawSocketStream::read_all(MutableBytes into) {
  while (!into.empty()) {
    auto [error, size] = co_await stream_->read(asio::buffer(into.data(), into.size()));
    if (error) co_return false;
    into = into.subspan(size);
  }
  co_return true;
}

net::Task<void> RawSocketStream::run() {
  const auto self = shared_from_this();
  if (limits_.pings) asio::co_spawn(stream_->get_executor(), ping_when_silent(self), asio::detached);
  bool more = true;
  while (more) more = co_await read_frame();
  pings_.cancel();
  on_message = nullptr;
  on_unreadable = nullptr;
}

net::Task<bool> RawSocketStream::read_frame() {
  stream_->clear_deadline();
  if (limits_.pings) stream_->set_deadline(limits_.idle_timeout);
  std::array<std::uint8_t, kRawSocketHeaderSize> bytes{};
  const bool read = co_await read_all(bytes);
  if (!read) co_return false;
  stream_->set_deadline(limits_.idle_timeout);
  heard_ = true;
  const auto header = RawSocketHeader::parse(bytes);
  if (!header) co_return unreadable(Unreadable::malformed);
  const bool message = header->type == RawSocketFrame::message;
  if (header->length > (message ? limits_.max_message : kMaxPing)) co_return unreadable(Unreadable::too_large);
  std::vector<std::uint8_t> payload(header->length);
  const bool whole = co_await read_all(payload);
  if (!whole || closing_) co_return false;
  if (header->type == RawSocketFrame::ping) send(RawSocketFrame::pong, std::string(as_text(payload)));
  if (message && on_message) on_message(payload);
  co_return true;
}

bool RawSocketStream::unreadable(Unreadable why) {
  if (on_unreadable) on_unreadable(why);
  return false;
}

// Writing.

void RawSocketStream::send(RawSocketFrame type, std::string message) {
  if (closing_ || stream_->closed()) return;
  buffered_ += message.size() + kRawSocketHeaderSize;
  if (buffered_ > limits_.max_buffered) return stream_->close();
  const RawSocketHeader header{type, message.size()};
  outgoing_.push_back({header.write(), std::move(message)});
  begin_writing();
}

void RawSocketStream::close() {
  if (closing_) return;
  closing_ = true;
  begin_writing();
}

void RawSocketStream::begin_writing() {
  if (!writing_) asio::co_spawn(stream_->get_executor(), write_all(shared_from_this()), asio::detached);
}

net::Task<void> RawSocketStream::write_all(std::shared_ptr<RawSocketStream> self) {
  self->writing_ = true;
  while (!self->outgoing_.empty()) {
    const Outgoing& first = self->outgoing_.front();
    const Stream::Error error = co_await self->stream_->write(as_text(first.header), first.message);
    if (error) {
      self->stream_->close();
      co_return;
    }
    self->buffered_ -= first.message.size() + kRawSocketHeaderSize;
    self->outgoing_.pop_front();
  }
  self->writing_ = false;
  if (self->closing_) co_await self->stream_->finish();
}

net::Task<void> RawSocketStream::ping_when_silent(std::shared_ptr<RawSocketStream> self) {
  while (!self->stream_->closed()) {
    self->heard_ = false;
    self->pings_.expires_after(std::chrono::milliseconds(self->limits_.idle_timeout) / 4);
    auto [stopped] = co_await self->pings_.async_wait(kNoThrow);
    if (stopped) co_return;
    if (!self->heard_) self->send(RawSocketFrame::ping, "?");
  }
}

}  // namespace redan::wamp
