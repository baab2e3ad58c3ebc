// Offers a client's data channel as a Unix socket to a program beside the runtime: it listens, one program at a time
// connects, and bytes flow in both directions.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <redan/error.hpp>
#include <redan/types.hpp>

#include "cloud/runtime/byte_pump.hpp"

namespace redan::cloud::runtime {

class ChannelSocket final : public ChannelEnd {
 public:
  /// Limit of one message to the client.
  static constexpr std::size_t kMaxMessage = BytePump::kMaxRead;

  /// Sends to the client. False: send no more until resume().
  using ToClient = std::function<bool(Bytes)>;

  /// Replaces a socket without a listener, but no other file. The socket is accessible to its owner only. Errors:
  /// invalid_argument for a path that is too long, io_failed.
  static Result<std::unique_ptr<ChannelSocket>> listen(boost::asio::io_context& io, const std::filesystem::path& path,
                                                       ToClient to_client);
  /// Disconnects the program and removes the socket from the file system.
  ~ChannelSocket() override;
  ChannelSocket(const ChannelSocket&) = delete;
  ChannelSocket& operator=(const ChannelSocket&) = delete;

  [[nodiscard]] bool write(Bytes bytes) override;
  void resume() override;

 private:
  class Impl;
  explicit ChannelSocket(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace redan::cloud::runtime
