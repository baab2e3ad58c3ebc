// Moves bytes between a stream socket and a data channel, with a bounded queue in each direction. Message boundaries
// are not preserved. All calls and callbacks are on the loop.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <redan/types.hpp>

namespace redan::cloud::runtime {

/// What a client's data channel leads to.
class ChannelEnd {
 public:
  virtual ~ChannelEnd() = default;
  /// Data from the client. False: too much is queued, and these bytes are not accepted.
  [[nodiscard]] virtual bool write(Bytes bytes) = 0;
  /// The client's side has room again.
  virtual void resume() = 0;
};

class BytePump {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  /// Limit on bytes queued for the socket, also before there is one.
  static constexpr std::size_t kMaxWaiting = 1U << 20U;
  /// Limit of what is read at once.
  static constexpr std::size_t kMaxRead = 16 * 1024;

  struct Callbacks {
    /// Sends to the channel. False: send no more until resume().
    std::function<bool(Bytes)> to_channel;
    /// The other end has closed the socket, or it has failed. Not called after close() or linger().
    std::function<void()> on_end;
  };
  BytePump(boost::asio::io_context& io, Callbacks callbacks);
  /// Like close().
  ~BytePump();
  BytePump(const BytePump&) = delete;
  BytePump& operator=(const BytePump&) = delete;

  /// Uses this connected socket from now on. The previous one has ended.
  void attach(Socket socket);
  /// Data from the channel. False: the limit is exceeded, and these bytes are not accepted.
  [[nodiscard]] bool write(Bytes bytes);
  /// The channel has room again.
  void resume();
  /// Closes the socket at once.
  void close();
  /// Closes it when all bytes have been written, or after ten seconds, even if this object is destroyed before. The
  /// last call.
  void linger();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace redan::cloud::runtime
