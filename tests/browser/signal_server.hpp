// A WebSocket server on loopback without TLS, for the signalling of test pages: texts in and out, on the test's own
// loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace redan::test {

class SignalServer {
 public:
  explicit SignalServer(boost::asio::io_context& io);
  ~SignalServer();
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  /// `path` is the path that the page requested, without its slash.
  std::function<void(const std::string& path)> on_open;
  std::function<void(const std::string& path, std::string_view text)> on_message;
  /// With the page's close code; 1005: none.
  std::function<void(const std::string& path, unsigned code)> on_close;

  void send(const std::string& path, std::string text);

 private:
  class Session;
  void accept();

  boost::asio::ip::tcp::acceptor acceptor_;
  std::map<std::string, std::weak_ptr<Session>> sessions_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace redan::test
