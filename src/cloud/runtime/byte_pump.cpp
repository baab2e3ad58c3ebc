#include "cloud/runtime/byte_pump.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <optional>
#include <vector>

namespace redan::cloud::runtime {

namespace asio = boost::asio;
using Error = boost::system::error_code;

namespace {
constexpr std::chrono::seconds kLinger{10};
}

class BytePump::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, Callbacks callbacks) : linger_timer_(io), callbacks_(std::move(callbacks)) {}

  void attach(Socket socket) {
    if (closed_) return;
    socket_.emplace(std::move(socket));
    flush();
    read();
  }
  bool write(Bytes bytes) {
    if (waiting_.size() + writing_.size() + bytes.size() > kMaxWaiting) return false;
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
    flush();
    return true;
  }
  void resume() {
    if (std::exchange(paused_, false)) read();
  }
  void close() {
    closed_ = true;
    linger_timer_.cancel();
    drop();
  }
  void linger() {
    lingering_ = true;
    if (!socket_ || (waiting_.empty() && writing_.empty())) return close();
    linger_timer_.expires_after(kLinger);
    linger_timer_.async_wait([self = shared_from_this()](const Error& error) {
      if (!error) self->close();
    });
  }

 private:
  void drop() {
    Error ignored;
    if (socket_) socket_->close(ignored);
    socket_.reset();
    writing_.clear();
    waiting_.clear();
    paused_ = reading_ = false;
    ++generation_;
  }
  void end() {
    drop();
    if (lingering_) return close();
    callbacks_.on_end();
  }
  // Completions for a former socket are recognised by its generation.
  [[nodiscard]] bool is_current(std::uint64_t generation) const { return !closed_ && generation == generation_; }

  void read() {
    if (!socket_ || paused_ || reading_ || lingering_) return;
    reading_ = true;
    socket_->async_read_some(asio::buffer(buffer_), [self = shared_from_this(), generation = generation_](
                                                        const Error& error, std::size_t size) {
      if (!self->is_current(generation)) return;
      self->reading_ = false;
      if (self->lingering_) return;
      if (error) return self->end();
      self->paused_ = !self->callbacks_.to_channel(Bytes(self->buffer_).first(size));
      if (self->is_current(generation)) self->read();
    });
  }
  void flush() {
    if (!socket_ || !writing_.empty()) return;
    if (waiting_.empty()) return lingering_ ? close() : void();
    std::swap(writing_, waiting_);
    asio::async_write(*socket_, asio::buffer(writing_),
                      [self = shared_from_this(), generation = generation_](const Error& error, std::size_t) {
                        if (!self->is_current(generation)) return;
                        self->writing_.clear();
                        if (error) return self->end();
                        self->flush();
                      });
  }

  std::optional<Socket> socket_;
  asio::steady_timer linger_timer_;
  Callbacks callbacks_;
  std::array<std::uint8_t, kMaxRead> buffer_{};
  std::vector<std::uint8_t> waiting_, writing_;
  std::uint64_t generation_ = 0;
  bool paused_ = false, reading_ = false, lingering_ = false, closed_ = false;
};

BytePump::BytePump(asio::io_context& io, Callbacks callbacks)
    : impl_(std::make_shared<Impl>(io, std::move(callbacks))) {}
BytePump::~BytePump() {
  if (impl_) impl_->close();
}
void BytePump::attach(Socket socket) { impl_->attach(std::move(socket)); }
bool BytePump::write(Bytes bytes) { return impl_->write(bytes); }
void BytePump::resume() { impl_->resume(); }
void BytePump::close() { impl_->close(); }
void BytePump::linger() {
  impl_->linger();
  impl_.reset();
}

}  // namespace redan::cloud::runtime
