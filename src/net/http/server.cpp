#include "net/http/server.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <map>
#include <set>

#include "net/clock.hpp"
#include "net/http/file_body.hpp"
#include "net/http/reader.hpp"
#include "net/http/writer.hpp"
#include "net/listener.hpp"
#include "net/tls/context.hpp"
#include "net/websocket/session.hpp"

namespace redan::net {
namespace {

namespace asio = boost::asio;

using Error = Stream::Error;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
// A slow reader has the write timeout for each part of this size.
constexpr std::size_t kMaxWrite = 256 * 1024;
// An upload has the body timeout for each part of this size.
constexpr std::size_t kUploadPart = 256 * 1024;
constexpr std::uint16_t kGoingAway = 1001;  // RFC 6455 section 7.4.1

HttpResponse envelope(unsigned status, std::string_view text) {
  HttpResponse response{status};
  response.body = R"({"type":"error","error":)" + boost::json::serialize(boost::json::string(text)) +
                  R"(,"error_code":)" + std::to_string(status) + R"(,"metadata":{}})";
  return response;
}

// RFC 6455 section 4.2.1.
bool is_upgrade(const HttpRequest& request) {
  return request.method == "GET" && has_token(request.headers, "Connection", "upgrade") &&
         has_token(request.headers, "Upgrade", "websocket");
}

}  // namespace

class HttpServer::Impl : public std::enable_shared_from_this<HttpServer::Impl> {
 public:
  Impl(asio::io_context& io, HttpServerConfig config)
      : io_(io),
        config_(std::move(config)),
        limits_{config_.max_header_bytes, config_.max_headers, std::max(config_.max_body, config_.max_upload)},
        listener_(io, config_.listen) {
    if (!config_.error_response) config_.error_response = envelope;
  }

  [[nodiscard]] const Listener& listener() const { return listener_; }
  [[nodiscard]] std::size_t size() const { return live_.size(); }
  void start() { asio::co_spawn(io_, accept_loop(shared_from_this()), asio::detached); }

  std::size_t close_if(const std::function<bool(const Connection&)>& unwanted) {
    std::size_t closed = 0;
    const auto all = live_;
    for (const auto& [id, one] : all) {
      if (!one->established || one->stream->closed() || !unwanted(*one)) continue;
      one->stream->close();
      ++closed;
    }
    return closed;
  }

  void stop_accepting() { listener_.close(); }

  void stop() {
    listener_.close();
    const auto all = live_;
    for (const auto& [id, one] : all) {
      if (const auto socket = one->socket.lock()) {
        socket->close(kGoingAway, {});
      } else {
        one->stream->close();
      }
    }
    handshakes_.stop();
  }

 private:
  struct Live : Connection {
    std::shared_ptr<Stream> stream;
    std::weak_ptr<WebSocketSession> socket;
    bool established = false;  // its certificate is known
  };

  struct Network {
    std::size_t connections = 0;
    std::set<std::uint64_t> handshaking, strangers;  // ids, the oldest first
  };

  // Counts a connection for its lifetime, however it ends.
  class Registration {
   public:
    Registration(Impl& server, const std::shared_ptr<Live>& one) : server_(server), one_(one) {
      server_.live_.emplace(one_->id, one_);
      ++network().connections;
      network().handshaking.insert(one_->id);
    }
    ~Registration() {
      server_.live_.erase(one_->id);
      network().handshaking.erase(one_->id);
      network().strangers.erase(one_->id);
      if (--network().connections == 0) server_.networks_.erase(one_->network);
    }
    void established() {
      one_->established = true;
      network().handshaking.erase(one_->id);
      network().strangers.insert(one_->id);
    }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

   private:
    Network& network() { return server_.networks_[one_->network]; }
    Impl& server_;
    std::shared_ptr<Live> one_;
  };

  static Task<void> accept_loop(std::shared_ptr<Impl> self) {
    while (auto socket = co_await self->listener_.accept()) {
      // Beyond the limit the new connection is closed at once; the others continue.
      if (!self->has_room(network_text(*socket))) continue;
      asio::co_spawn(self->io_, serve(self, self->make_live(std::move(*socket))), asio::detached);
    }
  }

  bool has_room(const std::string& network) {
    const auto found = networks_.find(network);
    if (found != networks_.end() && found->second.connections >= config_.max_connections_per_address) {
      return shed(found->second.handshaking) || shed(found->second.strangers);
    }
    return live_.size() < config_.max_connections || shed_one();
  }

  // Makes room for the next connection, which may be a known peer's. Closes the oldest connection that is still in its
  // handshake, of the network with the most of them; otherwise the oldest that no handler has admitted, chosen
  // likewise. Admitted connections stay. A network at its own limit makes room for itself.
  bool shed_one() {
    const auto shed_from = [this](std::set<std::uint64_t> Network::*waiting) {
      const auto most = std::max_element(networks_.begin(), networks_.end(), [&](const auto& a, const auto& b) {
        return (a.second.*waiting).size() < (b.second.*waiting).size();
      });
      return shed(most->second.*waiting);
    };
    return !networks_.empty() && (shed_from(&Network::handshaking) || shed_from(&Network::strangers));
  }

  bool shed(std::set<std::uint64_t>& waiting) {
    while (!waiting.empty()) {
      const std::shared_ptr<Live> one = live_.at(*waiting.begin());
      waiting.erase(waiting.begin());
      if (one->admitted) continue;
      one->stream->close();
      return true;
    }
    return false;
  }

  std::shared_ptr<Live> make_live(Stream::Socket socket) {
    const auto* tls = std::get_if<TlsListener>(&config_.listen);
    auto one = std::make_shared<Live>();
    one->id = ++last_id_;
    one->remote = remote_text(socket);
    one->local_peer = local_peer(socket);
    one->network = network_text(socket);
    one->stream =
        std::make_shared<Stream>(std::move(socket), tls != nullptr ? tls->credentials->context().get() : nullptr);
    one->close = [weak = std::weak_ptr(one->stream)] {
      if (const auto stream = weak.lock()) stream->close();
    };
    if (tls != nullptr) ask_for_certificate(one->stream->tls(), tls->client_certificates);
    return one;
  }

  static Task<void> serve(std::shared_ptr<Impl> self, std::shared_ptr<Live> one) {
    Registration registration(*self, one);
    Stream& stream = *one->stream;
    stream.set_deadline(self->config_.header_timeout);
    const Error refused = co_await stream.handshake_as_server(self->handshakes_, one->network);
    if (refused) co_return co_await stream.finish();
    if (stream.tls() != nullptr) {
      one->tls = describe_tls(stream.tls());
      one->certificate = client_certificate(stream.tls());
    }
    registration.established();
    const NextStep next = co_await self->requests(one);
    if (next == NextStep::finish) co_await stream.finish();
  }

  enum class NextStep : std::uint8_t { next_request, finish, nothing };

  Task<NextStep> requests(std::shared_ptr<Live> one) {
    HttpInput input(*one->stream);
    NextStep next = NextStep::next_request;
    for (bool first = true; next == NextStep::next_request; first = false) {
      if (input.empty()) {
        one->stream->set_deadline(first ? config_.header_timeout : config_.idle_timeout);
        if (const Error ended = co_await input.fill()) co_return NextStep::finish;
      }
      next = co_await one_request(one, input);
    }
    co_return next;
  }

  Task<NextStep> one_request(std::shared_ptr<Live> one, HttpInput& input) {
    Stream& stream = *one->stream;
    RequestReader reader(input, limits_);
    stream.set_deadline(config_.header_timeout, Stream::Expiry::end_reads);
    auto request = co_await reader.read_head();
    if (!request) co_return co_await refuse(stream, request.error());
    if (config_.on_upgrade && is_upgrade(*request)) {
      if (reader.has_body() || !input.empty()) {
        co_return co_await refuse(stream, {400, "nothing may follow a request for a WebSocket"});
      }
      input.release();
      co_return co_await upgrade(one, std::move(*request));
    }
    if (reader.has_body()) {
      if (const auto refusal = co_await receive_body(*one, reader, *request))
        co_return co_await refuse(stream, *refusal);
    }
    stream.clear_deadline();
    const bool head_only = request->method == "HEAD";
    HttpResponse response = co_await handle(std::move(*request), *one);
    const After after = reader.keeps_alive() ? After::keep_alive : After::close;
    co_return co_await respond(stream, std::move(response), head_only, after);
  }

  Task<std::optional<Refusal>> receive_body(Live& one, RequestReader& reader, HttpRequest& request) {
    Stream& stream = *one.stream;
    if (config_.on_upload) request.upload = config_.on_upload(request, one);
    const auto within_limit = reader.limit_body(request.upload ? request.upload->limit() : config_.max_body);
    if (!within_limit) co_return within_limit.error();
    if (auto refusal = co_await send_continue(stream, request)) co_return refusal;
    stream.set_deadline(config_.body_timeout, Stream::Expiry::end_reads);
    if (request.upload) co_return co_await receive_upload(stream, reader, *request.upload);
    auto body = co_await reader.read_body();
    if (!body) co_return body.error();
    request.body = std::move(*body);
    co_return std::nullopt;
  }

  Task<std::optional<Refusal>> receive_upload(Stream& stream, RequestReader& reader, Upload& upload) {
    for (std::size_t received = 0, part = 0;;) {
      const auto piece = co_await reader.read_piece();
      if (!piece) co_return piece.error();
      if (piece->empty()) co_return std::nullopt;
      const bool stored = upload.write(*piece);
      if (!stored) co_return Refusal{507, "the upload cannot be stored"};
      received += piece->size();
      if (received / kUploadPart == part) continue;
      part = received / kUploadPart;
      stream.set_deadline(config_.body_timeout, Stream::Expiry::end_reads);
    }
  }

  // RFC 9110 section 10.1.1.
  Task<std::optional<Refusal>> send_continue(Stream& stream, const HttpRequest& request) {
    const auto expected = find_header(request.headers, "Expect");
    if (!expected) co_return std::nullopt;
    if (!equal_in_any_case(*expected, "100-continue")) co_return Refusal{417, "only 100-continue can be expected"};
    stream.set_deadline(config_.write_timeout);
    if (const Error error = co_await stream.write("HTTP/1.1 100 Continue\r\n\r\n")) co_return Refusal{};
    co_return std::nullopt;
  }

  Task<HttpResponse> handle(HttpRequest request, const Connection& connection) {
    try {
      co_return co_await config_.handler(std::move(request), connection);
    } catch (const std::exception& error) {
      co_return failed(error);
    }
  }

  HttpResponse failed(const std::exception& error) {
    if (config_.on_exception) config_.on_exception(error);
    return config_.error_response(500, "the server failed");
  }

  Task<NextStep> refuse(Stream& stream, Refusal refusal) {
    if (refusal.status == 0 && !stream.timed_out()) co_return NextStep::finish;
    if (refusal.status == 0) refusal = {408, "the request took too long"};
    co_return co_await respond(stream, config_.error_response(refusal.status, refusal.text), false, After::close);
  }

  Task<NextStep> respond(Stream& stream, HttpResponse response, bool head_only, After after) {
    auto head = write_response_head(response, date(), after);
    if (!head) {
      response = config_.error_response(500, "the server's response cannot be written as HTTP");
      after = After::close;
      head = write_response_head(response, date(), after);
    }
    if (!head) co_return NextStep::finish;
    if (has_token(response.headers, "Connection", "close")) after = After::close;
    if (head_only || !has_body(response.status)) response.body.clear();
    const std::string_view body = response.body;
    stream.set_deadline(config_.write_timeout);
    const Error error = co_await stream.write(*head, body.substr(0, kMaxWrite));
    if (error) co_return NextStep::finish;
    for (std::size_t at = kMaxWrite; at < body.size(); at += kMaxWrite) {
      stream.set_deadline(config_.write_timeout);
      if (const Error cut = co_await stream.write(body.substr(at, kMaxWrite))) co_return NextStep::finish;
    }
    if (response.file && !head_only) {
      const bool sent = co_await send_file(stream, *response.file, response.file_size, config_.write_timeout);
      if (!sent) co_return NextStep::finish;
    }
    co_return after == After::close ? NextStep::finish : NextStep::next_request;
  }

  Task<NextStep> upgrade(std::shared_ptr<Live> one, HttpRequest request) {
    one->stream->clear_deadline();
    UpgradeReply reply = co_await decide(request, *one);
    if (const auto* response = std::get_if<HttpResponse>(&reply)) {
      co_return co_await respond(*one->stream, *response, false, After::close);
    }
    auto& accepted = std::get<AcceptWebSocket>(reply);
    const auto socket = WebSocketSession::make(one->stream, one, accepted.limits);
    const bool opened = co_await socket->accept(request, std::move(accepted.subprotocol));
    if (!opened) co_return NextStep::finish;
    one->socket = socket;
    one->admitted = true;
    accepted.on_open(socket);
    co_await socket->run();
    co_return NextStep::nothing;
  }

  Task<UpgradeReply> decide(const HttpRequest& request, const Connection& connection) {
    try {
      co_return co_await config_.on_upgrade(request, connection);
    } catch (const std::exception& error) {
      co_return failed(error);
    }
  }

  const std::string& date() {
    const WallTime now = wall_time();
    if (date_.empty() || now != date_time_) {
      date_ = http_date(now);
      date_time_ = now;
    }
    return date_;
  }

  asio::io_context& io_;
  HttpServerConfig config_;
  HttpLimits limits_;
  Listener listener_;
  HandshakeQueue handshakes_;
  std::map<std::uint64_t, std::shared_ptr<Live>> live_;
  std::map<std::string, Network> networks_;
  std::uint64_t last_id_ = 0;
  std::string date_;
  WallTime date_time_{};
};

HttpServer::HttpServer(asio::io_context& io, HttpServerConfig config)
    : impl_(std::make_shared<Impl>(io, std::move(config))) {
  impl_->start();
}
HttpServer::~HttpServer() { impl_->stop(); }
std::uint16_t HttpServer::port() const { return impl_->listener().port(); }
std::size_t HttpServer::connections() const { return impl_->size(); }
std::size_t HttpServer::close_if(const std::function<bool(const Connection&)>& unwanted) {
  return impl_->close_if(unwanted);
}
void HttpServer::stop_accepting() { impl_->stop_accepting(); }
void HttpServer::stop() { impl_->stop(); }

bool same_origin(const HttpRequest& request) {
  const auto origin = find_header(request.headers, "Origin");
  const auto host = find_header(request.headers, "Host");
  return !origin || (host && *origin == "https://" + std::string(*host));
}

}  // namespace redan::net
