#include "net/ice/sockets.hpp"

#include "net/clock.hpp"
#include "net/ice/socket.hpp"

namespace redan::net {

void IceSocket::opened(const Address& local) {
  if (closed()) return;
  owner_->endpoint_.socket_opened(now(), id_, local);
  owner_->drain_();
}

void IceSocket::received(Bytes bytes) {
  if (closed()) return;
  owner_->endpoint_.handle_socket_input(now(), id_, bytes);
  owner_->drain_();
}

void IceSocket::fail(Errc reason, std::string_view detail) {
  if (closed()) return;
  const auto self = shared_from_this();
  IceSockets& owner = *owner_;
  owner.close(id_);
  owner.endpoint_.socket_closed(now(), id_, reason, detail);
  owner.drain_();
}

IceSockets::IceSockets(boost::asio::io_context& io, Endpoint& endpoint, std::function<void()> drain)
    : io_(io), endpoint_(endpoint), drain_(std::move(drain)) {}

bool IceSockets::handle(const Output& output) {
  if (const auto* data = std::get_if<SocketData>(&output)) {
    const auto found = sockets_.find(data->socket);
    if (found != sockets_.end()) found->second->send(data->bytes, data->droppable);
  } else if (const auto* wanted = std::get_if<OpenSocket>(&output)) {
    open(*wanted);
  } else if (const auto* ended = std::get_if<CloseSocket>(&output)) {
    close(ended->socket);
  } else {
    return false;
  }
  return true;
}

void IceSockets::open(const OpenSocket& wanted) {
  const IceServer& server = *wanted.server;
  IceSocketTarget target{wanted.local, server.address, server.host, server.certificate_sha256, server.authorities_pem};
  const bool tls = server.transport == IceServer::Transport::tls;
  const auto socket = server.transport == IceServer::Transport::udp
                          ? make_udp_socket(io_, *this, wanted.socket, std::move(target))
                          : make_stream_socket(io_, *this, wanted.socket, std::move(target), tls);
  sockets_.emplace(wanted.socket, socket);
  socket->start();
}

void IceSockets::close(SocketId id) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return;
  const std::shared_ptr<IceSocket> socket = std::move(found->second);
  sockets_.erase(found);
  socket->close();
}

void IceSockets::stop() {
  for (auto& [id, socket] : sockets_) socket->close();
  sockets_.clear();
}

}  // namespace redan::net
