// Runs scripts in a real browser: serves one page on loopback, which fetches scripts repeatedly and posts their
// results.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/json.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <queue>
#include <string>
#include <thread>

namespace redan::test {

class PageServer {
 public:
  PageServer();
  ~PageServer();
  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// Runs the script (the body of an async function of `t`) and returns its result, running `io` meanwhile. Throws
  /// std::runtime_error with the browser's message, or after `timeout`.
  boost::json::value run(boost::asio::io_context& io, std::string script,
                         std::chrono::seconds timeout = std::chrono::seconds(40));

 private:
  void accept_loop();
  void serve(boost::asio::ip::tcp::socket socket);
  std::pair<std::string, std::string> next_script();

  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::queue<std::pair<std::string, std::string>> scripts_;
  std::map<std::string, std::string> results_;
  std::vector<std::thread> threads_;
  bool stopping_ = false;
  int next_id_ = 0;
  std::thread acceptor_thread_;
};

}  // namespace redan::test
