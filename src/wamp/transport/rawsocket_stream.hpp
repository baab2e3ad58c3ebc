// The frames of an open RawSocket, of a router or a client, after the handshake. Included by .cpp files only, as
// net/stream.hpp is.
#pragma once

#include <deque>

#include "net/stream.hpp"
#include "wamp/rawsocket.hpp"

namespace redan::wamp {

struct RawSocketLimits {
  std::size_t max_message = 0;   ///< received
  std::size_t max_buffered = 0;  ///< unsent; beyond it the connection is closed
  std::chrono::seconds idle_timeout{60};
  bool pings = true;  ///< pings a silent peer; without them a peer may be silent between its messages
};

class RawSocketStream : public std::enable_shared_from_this<RawSocketStream> {
 public:
  RawSocketStream(std::shared_ptr<net::Stream> stream, RawSocketLimits limits);

  /// False if the connection ended before.
  net::Task<bool> read_all(MutableBytes into);
  /// Reads frames until the connection ends.
  net::Task<void> run();
  /// Queues a frame.
  void send(RawSocketFrame type, std::string message);
  /// Sends what is queued, then closes.
  void close();
  [[nodiscard]] bool closing() const { return closing_; }
  [[nodiscard]] net::Stream& stream() { return *stream_; }

  enum class Unreadable : std::uint8_t { malformed, too_large };
  std::function<void(Bytes)> on_message;
  std::function<void(Unreadable)> on_unreadable;  ///< the last thing that is read

 private:
  struct Outgoing {
    std::array<std::uint8_t, kRawSocketHeaderSize> header;
    std::string message;
  };

  net::Task<bool> read_frame();
  bool unreadable(Unreadable why);
  void begin_writing();
  static net::Task<void> write_all(std::shared_ptr<RawSocketStream> self);
  static net::Task<void> ping_when_silent(std::shared_ptr<RawSocketStream> self);

  std::shared_ptr<net::Stream> stream_;
  RawSocketLimits limits_;
  boost::asio::steady_timer pings_;
  std::deque<Outgoing> outgoing_;
  std::size_t buffered_ = 0;
  bool writing_ = false;
  bool closing_ = false;
  bool heard_ = false;
};

}  // namespace redan::wamp
