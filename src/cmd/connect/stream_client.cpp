#include "cmd/connect/stream_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/parse.hpp>
#include <stdexcept>

#include "cloud/runtime/control.hpp"
#include "cmd/connect/trace.hpp"
#include "cmd/ice/ice_servers.hpp"
#include "net/clock.hpp"
#include "sealed/errors.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;
namespace signalling = cloud::api::signalling;
namespace control = cloud::runtime::control;

constexpr std::string_view kSignalling = "signalling";
constexpr std::int64_t kIdentityLifetime = 24 * 3600;
constexpr std::chrono::milliseconds kHttpTimeout{20'000};
constexpr std::size_t kEnoughBuffered = 256 * 1024;

/// "wss://host:port/path?query" -> "/path?query".
std::string target_of(std::string_view url) {
  const std::size_t authority = url.find("://");
  const std::size_t path = authority == std::string_view::npos ? std::string_view::npos : url.find('/', authority + 3);
  return path == std::string_view::npos ? std::string() : std::string(url.substr(path));
}

std::string seal_text(Bytes bytes) { return signalling::text(signalling::Seal{std::string(as_text(bytes))}); }

std::string text_at(const json::value& value, std::string_view key) {
  const json::object* object = value.if_object();
  const json::value* member = object != nullptr ? object->if_contains(key) : nullptr;
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

}  // namespace

// The gateway.

StreamClients::StreamClients(boost::asio::io_context& io, net::TlsRemote gateway, std::string token,
                             std::vector<Address> local_addresses, Provider& provider, const IceServerOptions& ice)
    : io_(io),
      gateway_(std::move(gateway)),
      token_(std::move(token)),
      provider_(provider),
      http_(io, {.server = gateway_, .timeout = kHttpTimeout}) {
  EndpointConfig config;
  config.local_addresses = std::move(local_addresses);
  config.announce_lite = false;
  config.ice_transport = ice_transport(ice);
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
  std::vector<IceServer> servers = resolve_ice_servers(ice);
  if (servers.empty()) return;
  if (const auto set = shard_->endpoint().set_ice_servers(std::move(servers)); !set)
    throw std::runtime_error(explain(set.error()));
  shard_->wake();
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
  if (!token_.empty()) request.headers.push_back({"Authorization", "macaroon root=" + token_});
  request.headers.push_back({"Content-Type", "application/json"});
  const net::HttpResult reply = co_await http_.request(std::move(request));
  if (!reply) co_return tl::unexpected(explain(reply.error()));
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

net::Task<StreamClients::Granted> StreamClients::use_share(std::string target) {
  net::HttpRequest request;
  request.method = "GET";
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  co_return co_await grant(std::move(request), 200);
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
  boost::asio::co_spawn(io_, signal(client, through != nullptr ? *through : gateway_, grant), boost::asio::detached);
  return client;
}

net::Task<void> StreamClients::signal(StreamClient& client, net::TlsRemote gateway, StreamGrant grant) {
  if (const auto seal = client.wishes_.seal) {
    Secret<sealed::kEd25519KeySize> seed;
    provider_.random(seed.fill(sealed::kEd25519KeySize));
    client.key_.emplace(seed.expose().first<sealed::kEd25519KeySize>());
    const SealWishes::Granted granted = co_await seal->grant(grant.session, client.key_->public_key());
    client.begin_seal(grant.session, granted);
    if (client.state_ == StreamClient::State::ended) co_return;
  }
  net::WebSocketClientConfig config;
  config.server = std::move(gateway);
  config.target = std::move(grant.socket);
  auto opened = co_await net::open_websocket(std::move(config));
  if (opened) co_return client.on_socket(std::move(*opened));
  client.end("no socket to the gateway: " + explain(opened.error()) +
             (opened.error().status != 0 ? " (" + std::to_string(opened.error().status) + ")" : ""));
}

// Signalling.

void StreamClient::on_socket(std::shared_ptr<net::WebSocket> socket) {
  socket_ = std::move(socket);
  socket_->on_message = [this](std::string_view text) { on_signal(text); };
  socket_->on_close = [this] {
    socket_.reset();
    if (state_ == State::signalling) end("the gateway closed the socket");
  };
  if (initiator_) return socket_->send(seal_text(initiator_->hello()));
  send(signalling::Discover{});
}

signalling::Settings StreamClient::settings() const {
  signalling::Settings settings;
  settings.data_channels = wishes_.channels;
  settings.enable_video = wishes_.video;
  settings.enable_speaker = wishes_.audio;
  return settings;
}

void StreamClient::on_signal(std::string_view text) {
  if (state_ == State::ended) return;
  const auto message = signalling::parse(text);
  const auto* sealed = message ? std::get_if<signalling::Seal>(&*message) : nullptr;
  if (!wishes_.seal) return on_message_of(text);
  if (sealed != nullptr) return initiator_ ? on_share(as_bytes(sealed->body)) : on_sealed(sealed->body);
  const auto* error = message ? std::get_if<signalling::Error>(&*message) : nullptr;
  if (error == nullptr || seal_) return refuse_seal(sealed::errc::sealed_clear);
  end("unauthenticated error before the channel was sealed: " + printable(error->message));
}

void StreamClient::on_message_of(std::string_view text) {
  const auto message = signalling::parse(text);
  if (!message) return;
  if (std::holds_alternative<signalling::Discovered>(*message)) {
    send(settings(), Kind::question);
  } else if (const auto* offer = std::get_if<signalling::Offer>(&*message)) {
    on_offer(offer->sdp);
  } else if (const auto* error = std::get_if<signalling::Error>(&*message)) {
    end(printable(error->message));
  }
}

void StreamClient::send(const signalling::Message& message, Kind kind) {
  if (!socket_) return;
  if (!seal_) return socket_->send(signalling::text(message));
  using Channel = sealed::Channel;
  const auto record = seal_->seal(kSignalling, signalling::text(message),
                                  kind == Kind::question ? Channel::Kind::question : Channel::Kind::statement);
  if (!record) return refuse_seal(record.error());
  socket_->send(seal_text(*record));
}

// Sealing.

void StreamClient::begin_seal(const std::string& session, const SealWishes::Granted& grant) {
  if (!grant) return end("no session grant: " + grant.error());
  sealed::Initiator::Config config{session, wishes_.seal->authorities, *grant};
  config.confirms = true;
  auto initiator = sealed::Initiator::begin(clients_.provider_, std::move(config), *key_, net::wall_time());
  if (!initiator) return refuse_seal(initiator.error());
  initiator_ = std::move(*initiator);
}

void StreamClient::on_share(Bytes share) {
  auto done = initiator_->on_share(share, net::wall_time());
  initiator_.reset();
  if (!done) return refuse_seal(done.error());
  seal_ = std::make_unique<sealed::Channel>(std::move(done->established.channel));
  confirm_key_ = std::move(done->established.confirm);
  runtime_ = std::move(done->runtime);
  socket_->send(seal_text(done->auth));
  send(settings(), Kind::question);
}

void StreamClient::on_sealed(const std::string& body) {
  if (!seal_) return refuse_seal(sealed::errc::sealed_syntax);
  const auto message = seal_->open(as_bytes(body));
  if (!message) return refuse_seal(message.error());
  // A party that cannot read our settings cannot make a matching description: so a description must be the answer to
  // one of our questions.
  const auto said = signalling::parse(message->body);
  const bool describes =
      said && (std::holds_alternative<signalling::Offer>(*said) || std::holds_alternative<signalling::Answer>(*said));
  if (describes && !message->is_answer) return refuse_seal(sealed::errc::sealed_stale_answer);
  on_message_of(message->body);
}

// Proves that the peer at the other end of DTLS is the one at the other end of the channel.
std::string StreamClient::confirmation(sealed::Side side) const {
  std::array<std::uint8_t, sealed::kExportSize> exported{};
  const Endpoint& endpoint = clients_.shard_->endpoint();
  const auto security = endpoint.security(*peer_);
  if (!security || !endpoint.export_keying_material(*peer_, sealed::kExportLabel, exported)) return {};
  const Digest mac = sealed::confirmation(
      clients_.provider_, confirm_key_, side,
      {exported, security->local_fingerprint.digest.bytes(), security->remote_fingerprint.digest.bytes()});
  wipe(exported);
  return std::string(as_text(mac.bytes()));
}

void StreamClient::confirm() {
  const control::SealConfirm ours{confirmation(sealed::Side::client)};
  (void)clients_.shard_->endpoint().send(*peer_, unconfirmed_.at("control"), MessageKind::text,
                                         as_bytes(control::text(ours)));
  clients_.shard_->wake();
}

void StreamClient::on_confirm(std::string_view text) {
  const auto message = control::parse(text);
  const auto* theirs = message ? std::get_if<control::SealConfirm>(&*message) : nullptr;
  const std::string expected = confirmation(sealed::Side::runtime);
  if (theirs == nullptr || expected.empty() || !equal_in_constant_time(as_bytes(theirs->mac), as_bytes(expected))) {
    return refuse_seal(sealed::errc::sealed_unconfirmed);
  }
  confirm_key_.clear();
  channels_.merge(unconfirmed_);
  if (on_state) on_state();
}

void StreamClient::refuse_seal(Errc why) {
  seal_failure_ = why;
  end(explain(why));
}

void StreamClient::on_offer(const std::string& sdp) {
  Endpoint& endpoint = clients_.shard_->endpoint();
  const auto accepted = endpoint.accept(sdp, {.dtls_role = DtlsRole::client});
  if (!accepted) return end(explain(accepted.error()));
  peer_ = accepted->peer;
  clients_.by_peer_[peer_->value] = this;
  std::vector<std::string> names{"control"};
  names.insert(names.end(), wishes_.channels.begin(), wishes_.channels.end());
  for (const std::string& name : names) {
    if (const auto channel = endpoint.open_channel(*peer_, name)) labels_[channel->value] = name;
  }
  clients_.shard_->wake();
  send(signalling::Answer{accepted->answer});
}

// The connection.

void StreamClient::on_output(Endpoint&, const Output& output) {
  if (const auto* found = std::get_if<LocalCandidate>(&output)) {
    send(signalling::Candidate{std::string(found->candidate), "0", 0});
  } else if (std::holds_alternative<Connected>(output)) {
    state_ = State::connected;
    counts_.connected = counts_.last_packet = net::now();
    if (socket_) socket_->close();
    if (on_state) on_state();
  } else if (const auto* opened = std::get_if<ChannelOpened>(&output)) {
    const std::string& label = labels_[opened->channel.value];
    if (confirm_key_.empty()) {
      channels_[label] = opened->channel;
      if (on_state) on_state();
    } else {
      unconfirmed_[label] = opened->channel;
      if (label == "control") confirm();
    }
  } else if (const auto* message = std::get_if<Message>(&output)) {
    if (!confirm_key_.empty()) return on_confirm(as_text(message->payload));
    count();
    ++counts_.messages;
    if (on_bytes) on_bytes(labels_[message->channel.value], message->payload);
    if (on_message) on_message(labels_[message->channel.value], as_text(message->payload));
  } else if (std::holds_alternative<BufferedAmountLow>(output)) {
    if (on_room) on_room();
  } else if (const auto* gone = std::get_if<ChannelClosed>(&output)) {
    const std::string label = labels_[gone->channel.value];
    channels_.erase(label);
    if (on_channel_closed) on_channel_closed(label);
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

Result<bool> StreamClient::send_bytes(const std::string& channel, Bytes bytes) {
  const auto found = channels_.find(channel);
  if (found == channels_.end() || !peer_) return refuse(Errc::channel_unknown);
  Endpoint& endpoint = clients_.shard_->endpoint();
  (void)endpoint.set_buffered_amount_low_threshold(*peer_, found->second, kEnoughBuffered / 4);
  REDAN_CHECK(endpoint.send(*peer_, found->second, MessageKind::binary, bytes));
  const auto buffered = endpoint.buffered_amount(*peer_, found->second);
  clients_.shard_->wake();
  return buffered && *buffered < kEnoughBuffered;
}

void StreamClient::close_channel(const std::string& channel) {
  const auto found = channels_.find(channel);
  if (found == channels_.end() || !peer_) return;
  (void)clients_.shard_->endpoint().close_channel(*peer_, found->second);
  clients_.shard_->wake();
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
