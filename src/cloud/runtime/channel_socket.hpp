// A data channel of a client as a Unix socket for a program beside the runtime: it listens, one program at a time
// connects, and bytes go both ways. Message boundaries are not kept: what a program writes becomes binary messages.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <redan/error.hpp>
#include <redan/types.hpp>

namespace redan::cloud::runtime {

class ChannelSocket {
 public:
  /// What waits for the program, at most; also before one connects.
  static constexpr std::size_t kMaxWaiting = 1U << 20U;
  /// Of one message to the client.
  static constexpr std::size_t kMaxMessage = 16 * 1024;

  /// Sends to the client. False: no more until resume().
  using ToClient = std::function<bool(Bytes)>;

  /// Takes the place of a socket that nobody listens at any more; no other kind of file. The socket is for its owner
  /// alone. Errors: invalid_argument for a path that is too long, io_failed.
  static Result<std::unique_ptr<ChannelSocket>> listen(boost::asio::io_context& io, const std::filesystem::path& path,
                                                       ToClient to_client);
  /// Cuts the program off and takes the socket out of the file system.
  ~ChannelSocket();
  ChannelSocket(const ChannelSocket&) = delete;
  ChannelSocket& operator=(const ChannelSocket&) = delete;

  /// From the client. False: the program is so slow that kMaxWaiting is exceeded, and these bytes are not taken.
  [[nodiscard]] bool write(Bytes bytes);
  /// The client's side has room again.
  void resume();

 private:
  class Impl;
  explicit ChannelSocket(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace redan::cloud::runtime
