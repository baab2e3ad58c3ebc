// A TCP server on loopback that answers with the bytes that it receives, on the loop of the test.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <vector>

namespace redan::test {

class EchoServer {
 public:
  explicit EchoServer(boost::asio::io_context& io) : acceptor_(io, {boost::asio::ip::make_address("127.0.0.1"), 0}) {
    accept();
  }
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] int accepted() const { return accepted_; }
  /// Connections that the other end has closed.
  [[nodiscard]] int ended() const { return ended_; }
  /// Closes all connections.
  void close() {
    for (const auto& connection : connections_) connection->socket.close();
  }

 private:
  struct Connection {
    explicit Connection(boost::asio::ip::tcp::socket its) : socket(std::move(its)) {}
    boost::asio::ip::tcp::socket socket;
    std::vector<char> buffer = std::vector<char>(65'536);
  };
  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, boost::asio::ip::tcp::socket socket) {
      if (error) return;
      ++accepted_;
      connections_.push_back(std::make_shared<Connection>(std::move(socket)));
      read(connections_.back());
      accept();
    });
  }
  void read(const std::shared_ptr<Connection>& connection) {
    connection->socket.async_read_some(boost::asio::buffer(connection->buffer),
                                       [this, connection](const boost::system::error_code& error, std::size_t size) {
                                         if (error == boost::asio::error::operation_aborted) return;
                                         if (error) return void(++ended_);
                                         write(connection, size);
                                       });
  }
  void write(const std::shared_ptr<Connection>& connection, std::size_t size) {
    boost::asio::async_write(connection->socket, boost::asio::buffer(connection->buffer.data(), size),
                             [this, connection](const boost::system::error_code& error, std::size_t) {
                               if (!error) read(connection);
                             });
  }

  boost::asio::ip::tcp::acceptor acceptor_;
  std::vector<std::shared_ptr<Connection>> connections_;
  int accepted_ = 0, ended_ = 0;
};

}  // namespace redan::test
