#include "cloud/runtime/tcp_tunnel.hpp"

#include <boost/asio/ip/tcp.hpp>

namespace redan::cloud::runtime {

namespace asio = boost::asio;
using asio::ip::tcp;

TcpTunnel::TcpTunnel(asio::io_context& io, const Address& to, BytePump::Callbacks callbacks) {
  const auto on_end = callbacks.on_end;
  pump_ = std::make_shared<BytePump>(io, std::move(callbacks));
  const auto socket = std::make_shared<tcp::socket>(io);
  socket->async_connect(tcp::endpoint(asio::ip::make_address(to.ip_text()), to.port()),
                        [socket, on_end, pump = std::weak_ptr(pump_)](const boost::system::error_code& error) {
                          const auto mine = pump.lock();
                          if (!mine) return;
                          if (error) return on_end();
                          boost::system::error_code ignored;
                          socket->set_option(tcp::no_delay(true), ignored);
                          mine->attach(std::move(*socket));
                        });
}

TcpTunnel::~TcpTunnel() { pump_->linger(); }

}  // namespace redan::cloud::runtime
