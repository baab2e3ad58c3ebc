// The listening end of a server: a TCP port or a socket in the file system. Included by .cpp files only.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>

#include "net/http/server.hpp"
#include "net/stream.hpp"

namespace redan::net {

class Listener {
 public:
  /// Throws boost::system::system_error.
  Listener(boost::asio::io_context& io, const ListenAt& where);
  ~Listener() { close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// nullopt once it is closed.
  Task<std::optional<Stream::Socket>> accept();
  [[nodiscard]] bool is_open() const { return acceptor_.is_open(); }
  [[nodiscard]] std::uint16_t port() const;
  /// Also removes its socket from the file system.
  void close();

 private:
  void listen_on(const boost::asio::ip::tcp::endpoint& local);
  void listen_on(const UnixListener& where);

  boost::asio::basic_socket_acceptor<Stream::Protocol> acceptor_;
  std::filesystem::path path_;  ///< empty on TCP
};

/// The process that connected to a Unix socket; nullopt on TCP.
std::optional<LocalPeer> local_peer(Stream::Socket& socket);
/// Connection::network; "" if the peer has disconnected.
std::string network_text(Stream::Socket& socket);

}  // namespace redan::net
