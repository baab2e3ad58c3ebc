#include "tests/browser/page_server.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "tests/support/files.hpp"

namespace redan::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using namespace std::chrono_literals;

PageServer::PageServer() : acceptor_(io_, {asio::ip::make_address("127.0.0.1"), 0}) {
  port_ = acceptor_.local_endpoint().port();
  acceptor_thread_ = std::thread([this] { accept_loop(); });
}

PageServer::~PageServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  // Unblocks accept().
  beast::error_code ignored;
  asio::io_context io;
  asio::ip::tcp::socket knock(io);
  knock.connect({asio::ip::make_address("127.0.0.1"), port_}, ignored);
  acceptor_thread_.join();
  for (std::thread& thread : threads_) thread.join();
}

void PageServer::accept_loop() {
  while (true) {
    beast::error_code error;
    asio::ip::tcp::socket socket(io_);
    acceptor_.accept(socket, error);
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (!error) threads_.emplace_back([this, s = std::move(socket)]() mutable { serve(std::move(s)); });
  }
}

// Waits for a script, for a limited time: the browser asks again.
std::pair<std::string, std::string> PageServer::next_script() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, 2s, [&] { return stopping_ || !scripts_.empty(); });
  if (scripts_.empty()) return {};
  auto script = std::move(scripts_.front());
  scripts_.pop();
  return script;
}

void PageServer::serve(asio::ip::tcp::socket socket) {
  beast::error_code error;
  beast::flat_buffer buffer;
  http::request_parser<http::string_body> parser;
  parser.body_limit(64U << 20U);
  http::read(socket, buffer, parser, error);
  if (error) return;
  const auto& request = parser.get();
  http::response<http::string_body> response(http::status::ok, request.version());
  response.keep_alive(false);
  const std::string_view target(request.target().data(), request.target().size());
  if (target == "/next") {
    const auto [id, script] = next_script();
    if (id.empty()) response.result(http::status::no_content);
    response.set("x-id", id);
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    response.body() = script;
  } else if (target.starts_with("/result?")) {
    const std::lock_guard lock(mutex_);
    results_[std::string(target.substr(8))] = request.body();
    changed_.notify_all();
  } else if (target == "/" || target == "/stream.js") {
    const bool page = target == "/";
    const auto file = read_test_file(page ? "browser/page.html" : "../src/cmd/demo/page/stream.js");
    response.set(http::field::content_type, page ? "text/html; charset=utf-8" : "text/javascript; charset=utf-8");
    response.body().assign(file.begin(), file.end());
  } else {
    response.result(http::status::not_found);
  }
  response.prepare_payload();
  http::write(socket, response, error);
  socket.shutdown(asio::ip::tcp::socket::shutdown_both, error);
}

boost::json::value PageServer::run(asio::io_context& io, std::string script, std::chrono::seconds timeout) {
  const std::string id = std::to_string(next_id_++);
  {
    const std::lock_guard lock(mutex_);
    scripts_.emplace(id, std::move(script));
  }
  changed_.notify_all();
  for (const auto end = std::chrono::steady_clock::now() + timeout; std::chrono::steady_clock::now() < end;) {
    io.restart();
    io.run_for(5ms);
    const std::lock_guard lock(mutex_);
    const auto found = results_.find(id);
    if (found == results_.end()) continue;
    boost::json::value result = boost::json::parse(found->second);
    results_.erase(found);
    if (const auto* failure = result.as_object().if_contains("error")) {
      throw std::runtime_error("the browser says: " + std::string(failure->as_string()));
    }
    return result.at("ok");
  }
  throw std::runtime_error("the browser did not answer in time");
}

}  // namespace redan::test
