#include "tests/browser/signal_server.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>

namespace redan::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

class SignalServer::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(SignalServer& server, asio::ip::tcp::socket socket)
      : server_(server), alive_(server.alive_), socket_(std::move(socket)) {}

  void start() {
    http::async_read(socket_.next_layer(), buffer_, request_,
                     [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                       if (error || !*self->alive_ || !beast::websocket::is_upgrade(self->request_)) return;
                       self->path_ = std::string(self->request_.target()).substr(1);
                       self->socket_.async_accept(self->request_, [self](const beast::error_code& failed) {
                         if (failed || !*self->alive_) return;
                         self->server_.sessions_[self->path_] = self;
                         if (self->server_.on_open) self->server_.on_open(self->path_);
                         self->read();
                       });
                     });
  }
  void send(std::string text) {
    queue_.push_back(std::move(text));
    if (queue_.size() == 1) write();
  }

 private:
  void read() {
    buffer_.clear();
    socket_.async_read(buffer_, [self = shared_from_this()](const beast::error_code& error, std::size_t) {
      if (!*self->alive_) return;
      if (error) {
        if (self->server_.on_close) self->server_.on_close(self->path_, code_of(self->socket_.reason()));
        return;
      }
      if (self->server_.on_message)
        self->server_.on_message(self->path_, beast::buffers_to_string(self->buffer_.data()));
      self->read();
    });
  }
  static unsigned code_of(const beast::websocket::close_reason& reason) {
    return reason.code == beast::websocket::close_code::none ? 1005 : static_cast<unsigned>(reason.code);
  }
  void write() {
    socket_.text(true);
    socket_.async_write(asio::buffer(queue_.front()),
                        [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                          self->queue_.pop_front();
                          if (!error && !self->queue_.empty()) self->write();
                        });
  }

  SignalServer& server_;
  std::shared_ptr<bool> alive_;
  beast::websocket::stream<asio::ip::tcp::socket> socket_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> request_;
  std::string path_;
  std::deque<std::string> queue_;
};

SignalServer::SignalServer(asio::io_context& io) : acceptor_(io, {asio::ip::make_address("127.0.0.1"), 0}) { accept(); }

SignalServer::~SignalServer() { *alive_ = false; }

void SignalServer::accept() {
  acceptor_.async_accept([this, alive = alive_](const boost::system::error_code& error, asio::ip::tcp::socket socket) {
    if (!*alive) return;
    if (!error) std::make_shared<Session>(*this, std::move(socket))->start();
    accept();
  });
}

void SignalServer::send(const std::string& path, std::string text) {
  if (const auto session = sessions_[path].lock()) session->send(std::move(text));
}

}  // namespace redan::test
