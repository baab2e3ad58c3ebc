#include "wamp/router/server.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>

#include "net/clock.hpp"
#include "wamp/router/event_frames.hpp"

namespace redan::wamp {
namespace {

namespace asio = boost::asio;
using net::HttpRequest;
using net::HttpResponse;

constexpr std::uint16_t kTryAgainLater = 1013;  // RFC 6455, registered

/// The first subprotocol of the client's list that we support (RFC 6455 section 4.2.2).
std::optional<Serializer> choose_serializer(const HttpRequest& request) {
  for (const net::HttpHeader& header : request.headers) {
    if (!net::equal_in_any_case(header.name, "Sec-WebSocket-Protocol")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      std::string_view name = rest.substr(0, comma);
      while (name.starts_with(' ') || name.starts_with('\t')) name.remove_prefix(1);
      while (name.ends_with(' ') || name.ends_with('\t')) name.remove_suffix(1);
      if (const auto known = parse_subprotocol(name)) return known;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return std::nullopt;
}

HttpResponse refusal(unsigned status, const std::string& text) {
  HttpResponse response{status, "text/plain; charset=utf-8"};
  response.body = text + "\n";
  if (status == 426) response.headers = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}};
  return response;
}

TransportFacts facts_of(const net::Connection& connection) {
  TransportFacts facts;
  if (connection.certificate) facts.certificate = connection.certificate->sha256;
  return facts;
}

}  // namespace

class RouterServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, RouterServerConfig config, Provider& provider)
      : io_(io),
        origins_(std::move(config.origins)),
        transport_(config.transport),
        max_connections_(config.router.limits.max_connections),
        limits_{.max_size = config.transport.max_message},
        router_(std::move(config.router), provider),
        timer_(io) {}

  void listen(const std::vector<RouterListener>& all) {
    for (const RouterListener& each : all) {
      if (each.carrier == Carrier::websocket) {
        listeners_.emplace_back(std::make_unique<net::HttpServer>(io_, websocket_config(each.where)));
      } else {
        listeners_.emplace_back(std::make_unique<RawSocketServer>(io_, rawsocket_config(each)));
      }
    }
  }
  [[nodiscard]] std::vector<std::uint16_t> ports() const {
    std::vector<std::uint16_t> ports;
    for (const auto& listener : listeners_) {
      ports.push_back(std::visit([](const auto& its) { return its->port(); }, listener));
    }
    return ports;
  }
  [[nodiscard]] std::size_t sessions() const { return router_.sessions(); }

  void drain(std::chrono::milliseconds timeout, std::function<void()> done) {
    for (const auto& listener : listeners_) std::visit([](const auto& its) { its->stop_accepting(); }, listener);
    router_.shut_down();
    on_empty_ = std::move(done);
    pump();
    drained_.emplace(io_, timeout);
    drained_->async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (self && !error && self->on_empty_) std::exchange(self->on_empty_, nullptr)();
    });
    finish_if_empty();
  }
  void stop() {
    stopped_ = true;
    timer_.cancel();
    drained_.reset();
    listeners_.clear();
  }

 private:
  /// The transport of one connection.
  struct Transport {
    Serializer serializer{};
    std::size_t max_message = std::numeric_limits<std::size_t>::max();  ///< that the client accepts
    std::function<void(std::string)> send;
    std::function<void()> flush;
    std::function<void()> close;
  };

  // WebSocket.

  net::HttpServerConfig websocket_config(const net::ListenAt& where) {
    net::HttpServerConfig config;
    config.listen = where;
    config.handler = [](HttpRequest, const net::Connection&) -> net::Task<HttpResponse> {
      co_return refusal(426, "this is a WAMP router: connect a WebSocket");
    };
    config.on_upgrade = [weak = weak_from_this()](HttpRequest request,
                                                  const net::Connection&) -> net::Task<net::UpgradeReply> {
      const auto self = weak.lock();
      if (!self) co_return refusal(503, "the router shuts down");
      co_return self->upgrade(request);
    };
    config.max_connections = max_connections_;
    config.max_connections_per_address = transport_.max_connections_per_address;
    return config;
  }

  net::UpgradeReply upgrade(const HttpRequest& request) {
    const auto origin = net::find_header(request.headers, "Origin");
    const bool listed = origin && std::find(origins_.begin(), origins_.end(), *origin) != origins_.end();
    if (!listed && !net::same_origin(request)) return refusal(403, "this page may not connect here");
    const auto serializer = choose_serializer(request);
    if (!serializer) return refusal(400, "offer wamp.2.json, wamp.2.msgpack or wamp.2.cbor");
    net::AcceptWebSocket accept;
    accept.subprotocol = subprotocol(*serializer);
    // A slightly larger message gets ABORT; for larger ones the WebSocket is closed.
    accept.limits.max_message = 2 * transport_.max_message;
    accept.limits.max_buffered = transport_.max_buffered;
    accept.limits.idle_timeout = transport_.idle_timeout;
    accept.limits.first_message_timeout = std::chrono::seconds(0);  // the router has its own
    accept.on_open = [weak = weak_from_this(), serializer](const std::shared_ptr<net::WebSocket>& socket) {
      if (const auto self = weak.lock()) self->open(socket, *serializer);
    };
    return accept;
  }

  void open(const std::shared_ptr<net::WebSocket>& socket, Serializer serializer) {
    const bool text = serializer == Serializer::json;
    Transport transport;
    transport.serializer = serializer;
    transport.flush = [socket] { socket->flush(); };
    transport.close = [socket] { socket->close(); };
    transport.send = [socket, text](std::string frame) {
      if (text) {
        socket->send(std::move(frame));
      } else {
        socket->send_binary(std::move(frame));
      }
    };
    const auto id = admit(std::move(transport), socket->connection());
    if (!id) return socket->close(kTryAgainLater, "too many connections");
    const auto take = [weak = weak_from_this(), id = *id](Bytes bytes) {
      if (const auto self = weak.lock()) self->receive(id, bytes);
    };
    const auto wrong = [weak = weak_from_this(), id = *id] {
      if (const auto self = weak.lock()) self->unreadable(id, Router::Unreadable::malformed);
    };
    socket->on_message = [text, take, wrong](std::string_view message) { text ? take(as_bytes(message)) : wrong(); };
    socket->on_binary = [text, take, wrong](Bytes message) { text ? wrong() : take(message); };
    socket->on_close = leaving(*id);
  }

  // RawSocket.

  RawSocketServerConfig rawsocket_config(const RouterListener& listener) {
    RawSocketServerConfig config;
    config.listen = listener.where;
    config.limits = transport_;
    config.pings = listener.pings;
    config.max_connections = max_connections_;
    config.on_open = [weak = weak_from_this()](const std::shared_ptr<RawSocket>& socket) {
      if (const auto self = weak.lock()) self->open(socket);
    };
    return config;
  }

  void open(const std::shared_ptr<RawSocket>& socket) {
    Transport transport;
    transport.serializer = socket->serializer();
    transport.max_message = socket->max_message();
    transport.send = [socket](std::string frame) { socket->send(std::move(frame)); };
    transport.flush = [] {};
    transport.close = [socket] { socket->close(); };
    const auto id = admit(std::move(transport), socket->connection());
    if (!id) return socket->close();
    socket->on_message = [weak = weak_from_this(), id = *id](Bytes bytes) {
      if (const auto self = weak.lock()) self->receive(id, bytes);
    };
    socket->on_unreadable = [weak = weak_from_this(), id = *id](Router::Unreadable why) {
      if (const auto self = weak.lock()) self->unreadable(id, why);
    };
    socket->on_close = leaving(*id);
  }

  // Both.

  std::optional<ConnectionId> admit(Transport transport, const net::Connection& connection) {
    const ConnectionId id(++last_id_);
    if (!router_.open(net::now(), id, facts_of(connection))) return std::nullopt;
    transports_.emplace(id, std::move(transport));
    pump();
    return id;
  }

  std::function<void()> leaving(ConnectionId id) {
    return [weak = weak_from_this(), id] {
      const auto self = weak.lock();
      if (!self || self->stopped_) return;
      self->transports_.erase(id);
      self->router_.close(id);
      self->pump();
      self->finish_if_empty();
    };
  }

  void receive(ConnectionId id, Bytes bytes) {
    const auto at = transports_.find(id);
    if (at == transports_.end()) return;
    if (bytes.size() > transport_.max_message) return unreadable(id, Router::Unreadable::too_large);
    auto message = read_message(at->second.serializer, bytes, limits_);
    if (!message) return unreadable(id, Router::Unreadable::malformed);
    router_.handle_input(net::now(), net::wall_time(), id, std::move(*message));
    pump();
  }

  void unreadable(ConnectionId id, Router::Unreadable why) {
    router_.handle_unreadable(id, why);
    pump();
  }

  void pump() {
    while (!stopped_) {
      RouterOutput output = router_.poll_output(net::now());
      if (const auto* wait = std::get_if<Wait>(&output)) return wake_at(wait->until);
      std::visit([this](auto& what) { act(what); }, output);
    }
  }
  /// What waits for the message: the call behind an INVOCATION, a RESULT or an ERROR.
  static std::pair<MessageType, Id> answerable(const Message& message) {
    if (const auto* invocation = std::get_if<Invocation>(&message))
      return {MessageType::invocation, invocation->request};
    if (const auto* result = std::get_if<Result>(&message)) return {MessageType::result, result->request};
    const auto* error = std::get_if<Error>(&message);
    if (error != nullptr && error->type == MessageType::call) return {MessageType::error, error->request};
    return {};
  }
  void act(const Wait&) {}
  void act(Send& send) {
    const auto at = transports_.find(send.to);
    if (at == transports_.end()) return;
    const auto [type, request] = answerable(send.message);
    const auto bytes = write_message(at->second.serializer, std::move(send.message));
    // One that nothing waits for, WELCOME for example, closes the transport.
    const bool fits = bytes.size() <= at->second.max_message;
    if (!fits && request != 0) return router_.handle_unsendable(send.to, type, request);
    at->second.send(std::string(as_text(bytes)));
    // A client waits for an answer; events may be batched.
    at->second.flush();
  }
  void act(Deliver& deliver) {
    EventFrames frames(std::move(deliver));
    for (std::size_t i = 0; i < frames.copies().size(); ++i) {
      for (const ConnectionId to : frames.copies()[i].to) {
        const auto at = transports_.find(to);
        if (at == transports_.end()) continue;
        const std::string& frame = frames.frame(i, at->second.serializer);
        if (frame.size() <= at->second.max_message) at->second.send(frame);
      }
    }
  }
  void act(const Close& close) {
    const auto at = transports_.find(close.connection);
    if (at == transports_.end()) return;
    at->second.close();
  }

  // The timer may fire early, but is rarely set again.
  void wake_at(TimePoint until) {
    if (until >= armed_) return;
    armed_ = until;
    timer_.expires_after(std::max(until - net::now(), Duration(0)));
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (error || !self) return;
      self->armed_ = kNever;
      self->pump();
    });
  }

  void finish_if_empty() {
    if (on_empty_ && transports_.empty()) std::exchange(on_empty_, nullptr)();
  }

  asio::io_context& io_;
  std::vector<std::string> origins_;
  TransportLimits transport_;
  std::size_t max_connections_;
  DecodeLimits limits_;
  Router router_;
  asio::steady_timer timer_;
  TimePoint armed_ = kNever;
  std::optional<asio::steady_timer> drained_;
  std::function<void()> on_empty_;
  std::unordered_map<ConnectionId, Transport> transports_;
  std::uint64_t last_id_ = 0;
  bool stopped_ = false;
  std::vector<std::variant<std::unique_ptr<net::HttpServer>, std::unique_ptr<RawSocketServer>>> listeners_;
};

RouterServer::RouterServer(asio::io_context& io, RouterServerConfig config, Provider& provider) {
  const std::vector<RouterListener> listeners = std::move(config.listen);
  impl_ = std::make_shared<Impl>(io, std::move(config), provider);
  impl_->listen(listeners);
}
RouterServer::~RouterServer() { impl_->stop(); }
std::vector<std::uint16_t> RouterServer::ports() const { return impl_->ports(); }
std::size_t RouterServer::sessions() const { return impl_->sessions(); }
void RouterServer::drain(std::chrono::milliseconds timeout, std::function<void()> done) {
  impl_->drain(timeout, std::move(done));
}

}  // namespace redan::wamp
