// One socket to an ICE server. Included by .cpp files only.
#pragma once

#include "net/ice/sockets.hpp"

namespace redan::net {

/// Reports to its owner until it is closed, by either side.
class IceSocket : public std::enable_shared_from_this<IceSocket> {
 public:
  IceSocket(IceSockets& owner, SocketId id) : owner_(&owner), id_(id) {}
  virtual ~IceSocket() = default;
  IceSocket(const IceSocket&) = delete;
  IceSocket& operator=(const IceSocket&) = delete;

  virtual void start() = 0;
  virtual void send(Bytes bytes, bool droppable) = 0;
  /// Ends it without a report.
  void close() {
    owner_ = nullptr;
    shut();
  }
  [[nodiscard]] bool closed() const { return owner_ == nullptr; }

 protected:
  void opened(const Address& local);
  void received(Bytes bytes);
  /// It ends with a report.
  void fail(Errc reason, std::string_view detail);

 private:
  virtual void shut() = 0;

  IceSockets* owner_;
  SocketId id_;
};

/// What is needed of OpenSocket, beyond the call that lends it.
struct IceSocketTarget {
  Address local, remote;
  std::string host{};
  std::optional<std::array<std::uint8_t, 32>> certificate_sha256{};
  std::string authorities_pem{};
};

std::shared_ptr<IceSocket> make_udp_socket(boost::asio::io_context& io, IceSockets& owner, SocketId id,
                                           IceSocketTarget target);
std::shared_ptr<IceSocket> make_stream_socket(boost::asio::io_context& io, IceSockets& owner, SocketId id,
                                              IceSocketTarget target, bool tls);

}  // namespace redan::net
