// Sockets to ICE servers, for a Shard: does what OpenSocket, SocketData and CloseSocket of its endpoint ask for. UDP,
// TCP, and TLS 1.2 or later with the server verified before a byte is sent. Included by .cpp files only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <redan/endpoint.hpp>

namespace redan::net {

class IceSocket;

class IceSockets {
 public:
  /// Bytes that wait to be sent on one connection before data of peers is dropped; at twice as many it is closed.
  static constexpr std::size_t kMaxQueued = std::size_t{128} * 1024;

  /// `drain` polls the endpoint. All must outlive it, or stop() is called first.
  IceSockets(boost::asio::io_context& io, Endpoint& endpoint, std::function<void()> drain);
  ~IceSockets() { stop(); }
  IceSockets(const IceSockets&) = delete;
  IceSockets& operator=(const IceSockets&) = delete;

  /// False: the output is not about a socket to a server.
  bool handle(const Output& output);
  /// Closes all; the endpoint and `drain` are not called any more.
  void stop();

 private:
  friend class IceSocket;
  void open(const OpenSocket& wanted);
  void close(SocketId id);

  boost::asio::io_context& io_;
  Endpoint& endpoint_;
  std::function<void()> drain_;
  std::map<SocketId, std::shared_ptr<IceSocket>> sockets_;
};

}  // namespace redan::net
