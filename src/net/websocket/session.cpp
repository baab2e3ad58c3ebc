#include "net/websocket/session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include "net/dial.hpp"
#include "net/errors.hpp"
#include "net/websocket/client.hpp"
#include "net/websocket/gathered_writer.hpp"

namespace redan::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kHandshake{10};
constexpr std::size_t kMaxReason = 123;  // RFC 6455 section 5.5: a control frame has at most 125 bytes

/// The header of a whole message sent by a server (RFC 6455 section 5.2): one frame, not masked.
std::string frame_header(std::uint8_t opcode, std::size_t size) {
  constexpr std::size_t kMaxShort = 125, kMaxMedium = 0xFFFF;
  constexpr unsigned kFinal = 0x80;
  std::string header(1, static_cast<char>(kFinal | opcode));
  const std::size_t length_size = size <= kMaxShort ? 0 : size <= kMaxMedium ? 2 : 8;
  header += static_cast<char>(length_size == 0 ? size : length_size == 2 ? 126 : 127);
  for (std::size_t i = length_size; i > 0; --i) header += static_cast<char>(size >> 8 * (i - 1) & 0xFFU);
  return header;
}

beast::string_view beast_view(std::string_view text) { return {text.data(), text.size()}; }

class BeastSession final : public WebSocketSession {
 public:
  BeastSession(std::shared_ptr<Stream> stream, std::shared_ptr<const Connection> connection, WebSocketLimits limits)
      : owned_(std::move(stream)),
        connection_(std::move(connection)),
        limits_(limits),
        writer_(std::make_shared<GatheredWriter>(owned_)),
        stream_(*writer_),
        resumed_(owned_->get_executor(), asio::steady_timer::time_point::max()) {
    // The WebSocket has its own timeouts and keep-alive pings.
    owned_->clear_deadline();
    set_idle_timeout(limits_.idle_timeout);
    stream_.read_message_max(limits_.max_message);
  }

  Task<bool> accept(const HttpRequest& request, std::string subprotocol) override {
    http::request<http::empty_body> upgrade(http::verb::get, beast_view(request.path), 11);
    for (const HttpHeader& header : request.headers) {
      upgrade.insert(beast_view(header.name), beast_view(header.value));
    }
    subprotocol_ = std::move(subprotocol);
    if (!subprotocol_.empty()) {
      stream_.set_option(websocket::stream_base::decorator([name = subprotocol_](websocket::response_type& response) {
        response.set(http::field::sec_websocket_protocol, name);
      }));
    }
    auto [error] = co_await stream_.async_accept(upgrade, kNoThrow);
    if (error) co_return false;
    masks_ = false;
    writer_->on_empty = [weak = weak_from_this(), this] {
      const auto self = weak.lock();
      if (self && closing_) begin_closing();
      if (self && !closing_ && on_drained) on_drained();
    };
    co_return true;
  }

  Task<std::optional<HttpFailure>> open(const std::string& host, const WebSocketClientConfig& config) override {
    stream_.set_option(websocket::stream_base::decorator([&config](websocket::request_type& request) {
      for (const HttpHeader& header : config.headers) {
        request.set(beast_view(header.name), beast_view(header.value));
      }
      if (!config.subprotocol.empty()) request.set(http::field::sec_websocket_protocol, config.subprotocol);
    }));
    websocket::response_type response;
    auto [error] = co_await stream_.async_handshake(response, host, config.target, kNoThrow);
    stream_.set_option(websocket::stream_base::decorator([](websocket::request_type&) {}));
    if (error == websocket::error::upgrade_declined) {
      const unsigned status = response.result_int();
      co_return HttpFailure{errc::http_protocol, true, "the server answered " + std::to_string(status), status};
    }
    if (error && error.category() == make_error_code(websocket::error::upgrade_declined).category()) {
      co_return HttpFailure{errc::http_protocol, true, error.message(), response.result_int()};
    }
    if (error) co_return failure_of(*owned_, error);
    const auto agreed = response[http::field::sec_websocket_protocol];
    subprotocol_.assign(agreed.data(), agreed.size());
    if (subprotocol_ == config.subprotocol) co_return std::nullopt;
    co_return HttpFailure{errc::http_protocol, true, "the server chose another subprotocol", response.result_int()};
  }

  Task<void> run() override {
    const auto self = shared_from_this();
    // Pongs keep a silent connection alive indefinitely, so a peer has to send a first message in time.
    if (limits_.first_message_timeout.count() > 0) owned_->set_deadline(limits_.first_message_timeout);
    beast::flat_buffer buffer;
    while (true) {
      auto [error, size] =
          co_await stream_.async_read(buffer, asio::bind_cancellation_slot(stop_reading_.slot(), kNoThrow));
      if (error && error != websocket::error::closed && !closing_) owned_->close();
      if (error) break;
      if (!closing_) owned_->clear_deadline();
      while (paused_) co_await resumed_.async_wait(kNoThrow);
      if (!closing_) deliver({static_cast<const char*>(buffer.data().data()), buffer.size()});
      buffer.consume(buffer.size());
    }
    closing_ = true;
    close_begun_ = true;
    if (on_close) on_close();
    on_message = nullptr;
    on_binary = nullptr;
    on_drained = nullptr;
    on_close = nullptr;
  }

  // Beast sees the answers to its pings only while it reads, and it does not once a message waits for its delivery.
  void pause_reading() override {
    if (closing_ || std::exchange(paused_, true)) return;
    set_idle_timeout(std::chrono::seconds(0));
    owned_->on_close = [weak = weak_from_this(), this] {
      asio::post(owned_->get_executor(), [self = weak.lock(), this] {
        if (self) resume_reading();
      });
    };
  }
  void resume_reading() override {
    if (!std::exchange(paused_, false)) return;
    resumed_.cancel();
    if (closing_) return;
    owned_->on_close = nullptr;
    set_idle_timeout(limits_.idle_timeout);
  }

  void send(std::string text) override { queue({std::move(text), Kind::text}); }
  void send_binary(std::string message) override { queue({std::move(message), Kind::binary}); }

  void flush() override {
    if (!masks_) writer_->leave();
  }

  void close(std::uint16_t code, std::string_view reason) override {
    if (closing_) return;
    closing_ = true;
    reason_.code = code;
    reason_.reason = beast_view(reason.substr(0, kMaxReason));
    limit_closing();  // also for a peer that does not read what is queued
    resume_reading();
    if (!masks_ && writer_->waiting() == 0) begin_closing();
    if (masks_ && !writing_) write_next();
  }

  [[nodiscard]] const Connection& connection() const override { return *connection_; }
  [[nodiscard]] std::string_view subprotocol() const override { return subprotocol_; }
  [[nodiscard]] std::size_t buffered() const override { return masks_ ? buffered_ : writer_->waiting(); }

 private:
  enum class Kind : std::uint8_t { text, binary };
  struct Outgoing {
    std::string message;
    Kind kind;
  };

  void set_idle_timeout(std::chrono::seconds timeout) {
    const bool limited = timeout.count() > 0;
    stream_.set_option(websocket::stream_base::timeout{
        .handshake_timeout = kHandshake,
        .idle_timeout = limited ? websocket::stream_base::duration(timeout) : websocket::stream_base::none(),
        .keep_alive_pings = limited});
  }

  void deliver(std::string_view message) {
    if (stream_.got_text()) {
      if (on_message) on_message(message);
    } else if (on_binary) {
      on_binary(as_bytes(message));
    }
  }

  void queue(Outgoing outgoing) {
    if (closing_ || !stream_.is_open()) return;
    if (!masks_) return append(outgoing);
    buffered_ += outgoing.message.size();
    if (buffered_ > limits_.max_buffered) {
      closing_ = true;
      return owned_->close();
    }
    outgoing_.push_back(std::move(outgoing));
    if (!writing_) write_next();
  }

  // A server's frames need no masking, so they bypass Beast: many are sent in one write.
  void append(const Outgoing& outgoing) {
    if (writer_->waiting() + outgoing.message.size() > limits_.max_buffered) {
      closing_ = true;
      close_begun_ = true;
      return owned_->close();
    }
    constexpr std::uint8_t kText = 1, kBinary = 2;
    writer_->append(frame_header(outgoing.kind == Kind::text ? kText : kBinary, outgoing.message.size()),
                    outgoing.message);
  }

  void begin_closing() {
    if (close_begun_) return;
    close_begun_ = true;
    stream_.async_close(
        reason_, asio::bind_cancellation_slot(
                     stop_closing_.slot(), [self = shared_from_this(), this](beast::error_code) { owned_->close(); }));
  }

  void write_next() {
    if (outgoing_.empty()) {
      writing_ = false;
      if (closing_) begin_closing();
      if (!closing_ && on_drained) on_drained();
      return;
    }
    writing_ = true;
    stream_.binary(outgoing_.front().kind == Kind::binary);
    stream_.async_write(asio::buffer(outgoing_.front().message),
                        [self = shared_from_this(), this](beast::error_code error, std::size_t) {
                          buffered_ -= outgoing_.front().message.size();
                          outgoing_.pop_front();
                          if (!error) write_next();
                        });
  }

  // Beast's close waits for the read in progress, and a read of a malformed frame waits for the close: both wait
  // forever, even on a closed socket. Cancelling them is the only remedy.
  void limit_closing() {
    owned_->on_close = [weak = weak_from_this(), this] {
      const auto self = weak.lock();
      if (self) asio::post(owned_->get_executor(), [self, this] { give_up_closing(); });
    };
    owned_->set_deadline(limits_.close_timeout);
  }
  void give_up_closing() {
    owned_->on_close = nullptr;
    stop_closing_.emit(asio::cancellation_type::terminal);
    stop_reading_.emit(asio::cancellation_type::terminal);
  }

  std::shared_ptr<Stream> owned_;
  std::shared_ptr<const Connection> connection_;
  WebSocketLimits limits_;
  std::shared_ptr<GatheredWriter> writer_;
  websocket::stream<GatheredWriter&> stream_;
  std::string subprotocol_;
  asio::steady_timer resumed_;  ///< cancelled when reading continues
  asio::cancellation_signal stop_reading_;
  asio::cancellation_signal stop_closing_;
  std::deque<Outgoing> outgoing_;
  std::size_t buffered_ = 0;
  websocket::close_reason reason_;
  bool masks_ = true;  ///< a client
  bool writing_ = false;
  bool paused_ = false;
  bool closing_ = false;
  bool close_begun_ = false;
};

}  // namespace

std::shared_ptr<WebSocketSession> WebSocketSession::make(std::shared_ptr<Stream> stream,
                                                         std::shared_ptr<const Connection> connection,
                                                         WebSocketLimits limits) {
  return std::make_shared<BeastSession>(std::move(stream), std::move(connection), limits);
}

}  // namespace redan::net
