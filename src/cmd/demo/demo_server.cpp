#include "cmd/demo/demo_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "cmd/demo/demo_cloud.hpp"
#include "cmd/demo/media_echo.hpp"
#include "net/clock.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  const json::string* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::string_view(*text) : std::string_view();
}

}  // namespace

DemoServer::DemoServer(boost::asio::io_context& io, DemoServerConfig config, Provider& provider, Trace& trace,
                       std::function<void()> on_token_used)
    : io_(io),
      config_(std::move(config)),
      trace_(trace),
      on_token_used_(std::move(on_token_used)),
      admission_(provider) {}

// Visitors.

void DemoServer::on_websocket(const std::shared_ptr<net::WebSocket>& socket) {
  const auto visitor = std::make_shared<Visitor>();
  visitor->socket = socket;
  visitors_.insert(visitor);
  socket->on_message = [this, visitor](std::string_view text) { on_message(visitor, text); };
  socket->on_close = [this, visitor] {
    // The peers continue without their page's signalling; consent expiry ends them when the page is gone.
    visitors_.erase(visitor);
  };
}

void DemoServer::on_message(const VisitorPtr& visitor, std::string_view text) {
  boost::system::error_code error;
  json::parse_options limits;
  limits.max_depth = 4;
  const json::value value = json::parse(std::string(text), error, {}, limits);
  const json::object* message = error ? nullptr : value.if_object();
  if (message == nullptr) {
    send_error(*visitor, "bad_message", "the message is not a JSON object", "reload the page");
    if (!visitor->admitted) visitor->socket->close();
    return;
  }
  const std::string_view type = text_of(*message, "type");
  if (type == "hello") return on_hello(visitor, *message);
  if (!visitor->admitted) {
    send_error(*visitor, "not_admitted", "nothing before hello", "start from the URL that the terminal shows");
    return visitor->socket->close();
  }
  if (type == "offer") return on_offer(visitor, text_of(*message, "sdp"));
  if (type == "want-offer") return on_want_offer(visitor);
  if (type == "answer") return on_answer(*visitor, text_of(*message, "sdp"));
  if (type == "renegotiate") return on_renegotiate(*visitor, text_of(*message, "sdp"));
  if (type == "grant") {
    auto asking = grant(visitor, std::string(text_of(*message, "session")), std::string(text_of(*message, "key")));
    return boost::asio::co_spawn(io_, std::move(asking), boost::asio::detached);
  }
  send_error(*visitor, "unknown_type", "no message type '" + printable(type) + "'", "reload the page");
}

void DemoServer::on_hello(const VisitorPtr& visitor, const json::object& message) {
  const TimePoint now = net::now();
  std::string session(text_of(message, "session"));
  const bool by_token = message.contains("token");
  if (by_token) session = admission_.redeem_token(now, text_of(message, "token")).value_or("");
  if (session.empty() || (!by_token && !admission_.resume(now, session))) {
    send_error(*visitor, "bad_token", "the token in the URL is wrong, or was used already",
               "open the URL that the terminal shows now; each works once");
    return visitor->socket->close();
  }
  visitor->admitted = true;
  boost::asio::co_spawn(io_, welcome(visitor, session), boost::asio::detached);
  if (by_token) on_token_used_();
}

net::Task<void> DemoServer::welcome(VisitorPtr visitor, std::string session) {
  const net::TlsDescription tls = visitor->socket->connection().tls;
  const auto token = co_await cloud_->new_token();
  json::object api{{"application", "demo"}, {"token", token ? *token : std::string()}};
  json::object hop{{"version", tls.version}, {"cipher", tls.cipher}, {"fingerprint", config_.tls_fingerprint}};
  json::object welcome{{"type", "welcome"},     {"session", session},    {"media", config_.media},
                       {"tls", std::move(hop)}, {"api", std::move(api)}, {"chain", cloud_->chain()}};
  welcome["authorities"] = cloud_->authorities();
  send(*visitor, welcome);
}

// The visitor trusts the page's back end, and so does AMS; the gateway is not involved.
net::Task<void> DemoServer::grant(VisitorPtr visitor, std::string session, std::string key) {
  const auto granted = co_await cloud_->new_grant(std::move(session), std::move(key));
  json::object reply{{"type", "grant"}};
  if (granted) reply["grant"] = *granted;
  if (!granted) reply["error"] = granted.error().message;
  send(*visitor, reply);
}

// Descriptions.

void DemoServer::add_peer(const VisitorPtr& visitor, PeerId peer) {
  peers_[peer.value] = {visitor, net::now()};
  visitor->peers.push_back(peer);
  if (visitor->peers.size() > kMaxPeersPerVisitor) {
    shard_->endpoint().close(visitor->peers.front());
    visitor->peers.erase(visitor->peers.begin());
  }
  shard_->wake();
}

void DemoServer::on_offer(const VisitorPtr& visitor, std::string_view sdp) {
  const auto accepted = shard_->endpoint().accept(sdp, {config_.dtls_role, config_.media});
  if (!accepted) return send_error(*visitor, accepted.error());
  add_peer(visitor, accepted->peer);
  trace_event(accepted->peer, "ice", "offer accepted; waiting for connectivity checks");
  send(*visitor, {{"type", "answer"}, {"sdp", accepted->answer}});
}

void DemoServer::on_want_offer(const VisitorPtr& visitor) {
  const auto offered = shard_->endpoint().offer({.data = true, .audio = config_.media, .video = config_.media});
  if (!offered) return send_error(*visitor, offered.error());
  add_peer(visitor, offered->peer);
  (void)shard_->endpoint().open_channel(offered->peer, "echo");
  trace_event(offered->peer, "ice", "offer made; waiting for the answer");
  send(*visitor, {{"type", "offer"}, {"sdp", offered->offer}});
}

void DemoServer::on_answer(Visitor& visitor, std::string_view sdp) {
  if (visitor.peers.empty()) return send_error(visitor, Error{Errc::sdp_wrong_state});
  const auto completed = shard_->endpoint().complete(visitor.peers.back(), sdp);
  if (!completed) return send_error(visitor, completed.error());
  shard_->wake();
}

void DemoServer::on_renegotiate(Visitor& visitor, std::string_view sdp) {
  if (visitor.peers.empty()) return send_error(visitor, Error{Errc::sdp_wrong_state});
  const auto answer = shard_->endpoint().renegotiate(visitor.peers.back(), sdp);
  if (!answer) return send_error(visitor, answer.error());
  shard_->wake();
  trace_event(visitor.peers.back(), "ice", "new offer accepted (ICE restart)");
  send(visitor, {{"type", "answer"}, {"sdp", *answer}});
}

// Peers.

void DemoServer::on_output(Endpoint& endpoint, const Output& output) {
  const TimePoint now = net::now();
  if (const auto* path = std::get_if<PathSelected>(&output)) {
    const auto entry = peers_.find(path->peer.value);
    const std::string pair = std::string(name_of(path->local_type)) + " to " + std::string(name_of(path->remote_type));
    if (entry != peers_.end()) entry->second.pair = pair;
    trace_event(path->peer, "ice", "path selected: " + path->path.remote.text() + ", " + pair);
  } else if (const auto* connected = std::get_if<Connected>(&output)) {
    on_connected(endpoint, connected->peer);
  } else if (const auto* opened = std::get_if<ChannelOpened>(&output)) {
    labels_[{opened->peer.value, opened->channel.value}] = printable(opened->label);
    services_.on_opened(*opened);
    trace_event(opened->peer, "channel", "opened '" + printable(opened->label) + "'");
  } else if (const auto* message = std::get_if<Message>(&output)) {
    services_.on_message(endpoint, now, *message);
  } else if (const auto* low = std::get_if<BufferedAmountLow>(&output)) {
    services_.on_low(endpoint, now, *low);
  } else if (const auto* media = std::get_if<MediaPacket>(&output)) {
    on_media(endpoint, *media);
  } else if (const auto* channel = std::get_if<ChannelClosed>(&output)) {
    services_.on_closed(channel->peer, channel->channel);
    const auto label = labels_.extract({channel->peer.value, channel->channel.value});
    trace_event(channel->peer, "channel", "closed '" + (label.empty() ? "" : label.mapped()) + "'");
  } else if (const auto* closed = std::get_if<Closed>(&output)) {
    services_.on_peer_closed(closed->peer);
    std::erase_if(labels_, [&](const auto& entry) { return entry.first.first == closed->peer.value; });
    const std::string alert = closed->reason == Errc::dtls_peer_alert ? ", alert " + std::to_string(closed->alert) : "";
    trace_event(closed->peer, "closed", explain(closed->reason) + alert);
    peers_.erase(closed->peer.value);
  }
}

void DemoServer::on_connected(Endpoint& endpoint, PeerId peer) {
  const auto found = endpoint.security(peer);
  if (!found) return;
  const Security& s = *found;
  const std::string role = s.dtls_role == DtlsRole::server ? "server" : "client";
  const std::string profile(s.srtp_profile ? name_of(*s.srtp_profile) : "");
  trace_event(peer, "dtls", std::string(s.dtls_version) + ", we are the " + role + ", " + std::string(s.group));
  trace_event(peer, "dtls", std::string(s.cipher_suite));
  trace_event(peer, "dtls", "fingerprint of the offer proven: " + s.remote_fingerprint.text().substr(0, 31) + "...");
  trace_event(peer, "srtp", profile.empty() ? "no media" : profile);
  const auto entry = peers_.find(peer.value);
  const VisitorPtr visitor = entry == peers_.end() ? nullptr : entry->second.visitor.lock();
  if (!visitor) return;
  send(*visitor, {{"type", "security"},
                  {"dtls_version", s.dtls_version},
                  {"dtls_role", role},
                  {"cipher", s.cipher_suite},
                  {"group", s.group},
                  {"signature", s.signature_scheme},
                  {"extended_master_secret", s.extended_master_secret},
                  {"srtp_profile", profile.empty() ? json::value(nullptr) : json::value(profile)},
                  {"local_fingerprint", s.local_fingerprint.text()},
                  {"remote_fingerprint", s.remote_fingerprint.text()},
                  {"remote", s.path.remote.text()},
                  {"pair", entry->second.pair}});
}

void DemoServer::on_media(Endpoint& endpoint, const MediaPacket& media) {
  std::vector<std::uint8_t> packet(media.packet.begin(), media.packet.end());
  packet.resize(packet.size() + kSrtpTrailer);
  if (media.kind == MediaKind::rtp) {
    if (echo_rtp(MutableBytes(packet).first(media.packet.size()))) {
      (void)endpoint.send_media(media.peer, MediaKind::rtp, packet, media.packet.size());
    }
    return;
  }
  for (std::vector<std::uint8_t>& feedback : echo_feedback(media.packet)) {
    const std::size_t size = feedback.size();
    feedback.resize(size + kSrtpTrailer);
    (void)endpoint.send_media(media.peer, MediaKind::rtcp, feedback, size);
  }
}

void DemoServer::close_all() {
  for (const auto& [id, entry] : peers_) shard_->endpoint().close(PeerId{id});
  shard_->wake();
  for (const VisitorPtr& visitor : visitors_) visitor->socket->close();
}

// Notifications.

void DemoServer::trace_event(PeerId peer, std::string_view event, const std::string& text) {
  const auto entry = peers_.find(peer.value);
  if (entry == peers_.end()) return;
  const std::int64_t ms = (net::now() - entry->second.start) / std::chrono::milliseconds(1);
  trace_.peer(peer, ms, event, text);
  if (const VisitorPtr visitor = entry->second.visitor.lock()) {
    send(*visitor, {{"type", "trace"}, {"ms", ms}, {"event", event}, {"text", text}});
  }
}

void DemoServer::send(Visitor& visitor, const json::object& message) { visitor.socket->send(json::serialize(message)); }

void DemoServer::send_error(Visitor& visitor, std::string_view code, std::string_view text, std::string_view hint) {
  send(visitor, {{"type", "error"}, {"code", code}, {"text", text}, {"hint", hint}});
}

void DemoServer::send_error(Visitor& visitor, const Error& error) {
  const std::string what = std::string(text(error.code)) + (error.detail.empty() ? "" : ": " + printable(error.detail));
  send_error(visitor, name(error.code), what, hint(error.code));
}

}  // namespace redan::cmd
