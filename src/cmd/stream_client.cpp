#include "cmd/stream_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/parse.hpp>
#include <stdexcept>

#include "cmd/trace.hpp"
#include "net/clock.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;
namespace signalling = cloud::api::signalling;

constexpr std::int64_t kIdentityLifetime = 24 * 3600;
constexpr std::chrono::milliseconds kHttpPatience{20'000};

/// "wss://host:port/path?query" -> "/path?query".
std::string target_of(std::string_view url) {
  const std::size_t authority = url.find("://");
  const std::size_t path = authority == std::string_view::npos ? std::string_view::npos : url.find('/', authority + 3);
  return path == std::string_view::npos ? std::string() : std::string(url.substr(path));
}

std::string text_at(const json::value& value, std::string_view key) {
  const json::object* object = value.if_object();
  const json::value* member = object != nullptr ? object->if_contains(key) : nullptr;
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

}  // namespace

// ---- the gateway ----------------------------------------------------------------------------------------------------

StreamClients::StreamClients(boost::asio::io_context& io, net::TlsRemote gateway, std::string token,
                             std::vector<Address> local_addresses, Provider& provider)
    : io_(io),
      gateway_(std::move(gateway)),
      token_(std::move(token)),
      provider_(provider),
      http_(io, {.server = gateway_, .timeout = kHttpPatience}) {
  EndpointConfig config;
  config.local_addresses = std::move(local_addresses);
  config.announce_lite = false;
  const std::int64_t now = net::wall_time().seconds_since_1970;
  auto identity = self_signed(provider_, {.not_before = {now - 3600}, .not_after = {now + kIdentityLifetime}});
  if (!identity) throw std::runtime_error(explain(identity.error()));
  auto shard = Shard::open(io_, std::move(config), std::move(*identity), provider_,
                           [this](Endpoint& endpoint, const Output& output) {
                             std::visit(
                                 [&](const auto& event) {
                                   if constexpr (requires { event.peer; }) {
                                     const auto found = by_peer_.find(event.peer.value);
                                     if (found != by_peer_.end()) found->second->on_output(endpoint, output);
                                   }
                                 },
                                 output);
                           });
  if (!shard) throw std::runtime_error(explain(shard.error()));
  shard_ = std::move(*shard);
}

StreamClients::~StreamClients() {
  for (const auto& client : clients_) {
    if (!client->socket_) continue;
    client->socket_->on_message = nullptr;
    client->socket_->on_close = nullptr;
    client->socket_->close();
  }
}

net::Task<StreamClients::Granted> StreamClients::grant(net::HttpRequest request, unsigned expected) {
  request.headers.push_back({"Authorization", "macaroon root=" + token_});
  request.headers.push_back({"Content-Type", "application/json"});
  const net::HttpResult reply = co_await http_.request(std::move(request));
  if (!reply) co_return tl::unexpected(explain(reply.error().code) + " " + reply.error().detail);
  json::error_code error;
  const json::value body = json::parse(reply->body, error);
  if (error || reply->status != expected) {
    co_return tl::unexpected(std::to_string(reply->status) + " " + printable(text_at(body, "error")));
  }
  const json::object* object = body.if_object();
  const json::value* metadata = object != nullptr ? object->if_contains("metadata") : nullptr;
  if (metadata == nullptr) co_return tl::unexpected(std::string("the gateway's answer is not understood"));
  StreamGrant granted{text_at(*metadata, "id"), target_of(text_at(*metadata, "url"))};
  if (granted.socket.empty()) co_return tl::unexpected(std::string("the gateway's answer has no socket"));
  co_return granted;
}

net::Task<StreamClients::Granted> StreamClients::create(std::string body, std::string idempotency_key) {
  net::HttpRequest request{"POST", "/1.0/sessions", {}, {}, std::move(body)};
  if (!idempotency_key.empty()) request.headers.push_back({"Idempotency-Key", std::move(idempotency_key)});
  co_return co_await grant(std::move(request), 201);
}

net::Task<StreamClients::Granted> StreamClients::join(std::string session) {
  net::HttpRequest request{"POST", "/1.0/sessions/" + session + "/join", {}, {}, "{}"};
  Granted granted = co_await grant(std::move(request), 200);
  if (granted) granted->session = std::move(session);
  co_return granted;
}

net::Task<unsigned> StreamClients::remove(std::string session) {
  net::HttpRequest request{"DELETE", "/1.0/sessions/" + session, {}, {}, {}};
  request.headers.push_back({"Authorization", "macaroon root=" + token_});
  const net::HttpResult reply = co_await http_.request(std::move(request));
  co_return reply ? reply->status : 0U;
}

net::Task<json::value> StreamClients::get(std::string path) {
  net::HttpRequest request;
  request.method = "GET";
  const std::size_t question = path.find('?');
  request.path = path.substr(0, question);
  if (question != std::string::npos) request.query = path.substr(question + 1);
  request.headers.push_back({"Authorization", "macaroon root=" + token_});
  const net::HttpResult reply = co_await http_.request(std::move(request));
  json::error_code error;
  const json::value body = reply ? json::parse(reply->body, error) : json::value();
  const json::object* object = body.if_object();
  const json::value* metadata = object != nullptr ? object->if_contains("metadata") : nullptr;
  co_return metadata != nullptr ? *metadata : json::value();
}

StreamClient& StreamClients::open(const StreamGrant& grant, StreamWishes wishes, const net::TlsRemote* through) {
  clients_.push_back(std::unique_ptr<StreamClient>(new StreamClient(*this, std::move(wishes))));
  StreamClient& client = *clients_.back();
  client.counts_.started = net::now();
  boost::asio::co_spawn(io_, signal(client, through != nullptr ? *through : gateway_, grant.socket),
                        boost::asio::detached);
  return client;
}

net::Task<void> StreamClients::signal(StreamClient& client, net::TlsRemote gateway, std::string target) {
  net::WebSocketClientConfig config;
  config.server = std::move(gateway);
  config.target = std::move(target);
  auto opened = co_await net::open_websocket(std::move(config));
  if (opened) co_return client.on_socket(std::move(*opened));
  client.end("no socket to the gateway: " + explain(opened.error().code) +
             (opened.error().status != 0 ? " (" + std::to_string(opened.error().status) + ")" : ""));
}

// ---- signalling -----------------------------------------------------------------------------------------------------

void StreamClient::on_socket(std::shared_ptr<net::WebSocket> socket) {
  socket_ = std::move(socket);
  socket_->on_message = [this](std::string_view text) { on_signal(text); };
  socket_->on_close = [this] {
    socket_.reset();
    if (state_ == State::signalling) end("the gateway closed the socket");
  };
  socket_->send(signalling::text(signalling::Discover{}));
}

void StreamClient::on_signal(std::string_view text) {
  const auto message = signalling::parse(text);
  if (!message || state_ == State::ended) return;
  if (std::holds_alternative<signalling::Discovered>(*message)) {
    signalling::Settings settings;
    settings.data_channels = wishes_.channels;
    settings.enable_video = wishes_.video;
    settings.enable_speaker = wishes_.audio;
    socket_->send(signalling::text(settings));
  } else if (const auto* offer = std::get_if<signalling::Offer>(&*message)) {
    on_offer(offer->sdp);
  } else if (const auto* error = std::get_if<signalling::Error>(&*message)) {
    end(printable(error->message));
  }
}

void StreamClient::on_offer(const std::string& sdp) {
  Endpoint& endpoint = clients_.shard_->endpoint();
  std::string problem;
  const auto accepted = endpoint.accept(sdp, {.dtls_role = DtlsRole::client}, &problem);
  if (!accepted) return end(explain(accepted.error()) + " " + problem);
  peer_ = accepted->peer;
  clients_.by_peer_[peer_->value] = this;
  std::vector<std::string> names{"control"};
  names.insert(names.end(), wishes_.channels.begin(), wishes_.channels.end());
  for (const std::string& name : names) {
    if (const auto channel = endpoint.open_channel(*peer_, name)) labels_[channel->value] = name;
  }
  clients_.shard_->wake();
  socket_->send(signalling::text(signalling::Answer{accepted->answer}));
}

// ---- the connection -------------------------------------------------------------------------------------------------

void StreamClient::on_output(Endpoint&, const Output& output) {
  if (std::holds_alternative<Connected>(output)) {
    state_ = State::connected;
    counts_.connected = counts_.last_packet = net::now();
    if (socket_) socket_->close();
    if (on_state) on_state();
  } else if (const auto* opened = std::get_if<ChannelOpened>(&output)) {
    channels_[labels_[opened->channel.value]] = opened->channel;
    if (on_state) on_state();
  } else if (const auto* message = std::get_if<Message>(&output)) {
    count();
    ++counts_.messages;
    if (on_message) on_message(labels_[message->channel.value], as_text(message->payload));
  } else if (const auto* media = std::get_if<MediaPacket>(&output)) {
    if (media->kind != MediaKind::rtp) return;
    count();
    ++counts_.rtp_packets;
  } else if (const auto* closed = std::get_if<Closed>(&output)) {
    clients_.by_peer_.erase(closed->peer.value);
    peer_.reset();
    end(explain(closed->reason));
  }
}

void StreamClient::count() {
  const TimePoint now = net::now();
  counts_.longest_gap = std::max(counts_.longest_gap, now - counts_.last_packet);
  counts_.last_packet = now;
}

Result<void> StreamClient::send(const std::string& channel, std::string_view text) {
  const auto found = channels_.find(channel);
  if (found == channels_.end() || !peer_) return refuse(Errc::channel_unknown);
  auto sent = clients_.shard_->endpoint().send(*peer_, found->second, MessageKind::text, as_bytes(text));
  clients_.shard_->wake();
  return sent;
}

Result<Security> StreamClient::security() const {
  if (!peer_) return refuse(Errc::unknown_peer);
  return clients_.shard_->endpoint().security(*peer_);
}

void StreamClient::close() {
  (void)send("control", R"({"type":"stream::disconnect","data":{}})");
  if (peer_) clients_.shard_->endpoint().close(*peer_);
  clients_.shard_->wake();
  end("closed");
}

void StreamClient::end(std::string problem) {
  if (state_ == State::ended) return;
  state_ = State::ended;
  problem_ = std::move(problem);
  if (socket_) socket_->close();
  if (on_state) on_state();
}

}  // namespace redan::cmd
