#include "cloud/gateway/relay.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "base/hex.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::gateway {
namespace {

// More clients than a runtime serves at once.
constexpr std::size_t kMaxDeparted = 32;

constexpr bus::LinkLimits kLinkLimits{.max_messages = 512, .max_bytes = 512 * 1024, .max_message = 64 * 1024};

/// A link's id: the client's id, and a random part for each socket. Another socket of the same client is a new link,
/// whose numbering starts at 1.
std::string link_id(const std::string& client, RandomSource& random) {
  std::array<std::uint8_t, 6> bytes{};
  random.random(bytes);
  return client + "-" + to_hex(bytes);
}

std::string_view words(Errc why) {
  return why == Errc::not_connected ? "the session has ended this client" : text(why);
}

}  // namespace

std::string signalling_error(std::string_view message) {
  return boost::json::serialize(boost::json::object{{"type", "error"}, {"message", message}});
}

Relay::Relay(boost::asio::io_context& io, bus::Bus& bus, RandomSource& random, TimeSource now, RelayLimits limits)
    : timer_(io), bus_(bus), random_(random), now_(std::move(now)), limits_(limits) {}

// Subscribes before it sends the first message, so that no reply is missed.
Result<Relay::ClientId> Relay::attach(const SocketClaims& claims, RelayPort port) {
  if (clients_.size() >= limits_.max_clients) return refuse(Errc::too_many);
  if (const auto former = by_client_.find(claims.client); former != by_client_.end()) {
    end(former->second, errc::link_displaced, "this client has connected again");
  }
  Room& room = rooms_[claims.session];
  if (!room.up) {
    auto up = bus_.subscribe(
        api::subject::session(claims.session, "up"),
        [this, session = claims.session](const bus::BusMessage& message) { on_up(session, message.payload); });
    auto ready = bus_.subscribe(api::subject::session(claims.session, "ready"),
                                [this, session = claims.session](const bus::BusMessage&) { on_ready(session); });
    if (!up || !ready) {
      rooms_.erase(claims.session);
      return refuse(Errc::invalid_argument);
    }
    room.up = std::move(*up);
    room.ready = std::move(*ready);
  }
  const TimePoint now = now_();
  const ClientId id = ++last_id_;
  auto client = std::make_unique<Client>(Client{id, claims, bus::Link(link_id(claims.client, random_), kLinkLimits),
                                                std::move(port), false, limits_.burst, now, now + limits_.first_message,
                                                deadlines_.end()});
  room.by_link.emplace(client->link.id(), id);
  by_client_[claims.client] = id;
  bus::Link& link = client->link;
  clients_.emplace(id, std::move(client));
  ++counts_.attached;
  const api::LinkHello hello{claims.order, claims.screen, claims.role};
  REDAN_CHECK(link.send(now, api::message_text(hello)));
  drain(id);
  return id;
}

bool Relay::within_rate(Client& client) {
  const TimePoint now = now_();
  const double seconds = std::chrono::duration<double>(now - client.refilled).count();
  client.tokens = std::min(client.tokens + seconds * limits_.messages_per_second, limits_.burst);
  client.refilled = now;
  if (client.tokens < 1) return false;
  client.tokens -= 1;
  return true;
}

void Relay::receive(ClientId id, std::string_view message) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  Client& client = *found->second;
  if (!client.heard) {
    client.heard = true;
    client.limit = kNever;
  }
  ++counts_.from_clients;
  if (message.size() > limits_.max_message) return end(id, Errc::channel_message_too_large, "a message is too large");
  if (!within_rate(client)) return end(id, Errc::too_many, "too many messages");
  const auto sent = client.link.send(now_(), std::string(message));
  if (!sent) return end(id, sent.error(), "too many messages wait for the session");
  drain(id);
}

void Relay::detach(ClientId id) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  found->second->port = {};
  found->second->limit = now_() + limits_.linger;
  drain(id);
}

void Relay::on_up(const std::string& session, std::string_view payload) {
  const auto frame = bus::LinkFrame::parse(payload);
  const auto room = rooms_.find(session);
  if (!frame || room == rooms_.end()) return;
  // An unknown link may belong to another gateway.
  const auto found = room->second.by_link.find(frame->link);
  if (found == room->second.by_link.end()) return;
  const ClientId id = found->second;
  clients_.at(id)->link.handle_input(now_(), *frame);
  drain(id);
}

void Relay::on_ready(const std::string& session) {
  const auto room = rooms_.find(session);
  if (room == rooms_.end()) return;
  std::vector<ClientId> ids;
  for (const auto& [link, id] : room->second.by_link) ids.push_back(id);
  for (const ClientId id : ids) retransmit_now(id);
}

void Relay::retransmit_all_now() {
  std::vector<ClientId> ids;
  for (const auto& [id, client] : clients_) {
    if (!client->link.idle()) ids.push_back(id);
  }
  for (const ClientId id : ids) retransmit_now(id);
}

void Relay::retransmit_now(ClientId id) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  found->second->link.retransmit_now(now_());
  drain(id);
}

void Relay::drain(ClientId id) {
  Client& client = *clients_.at(id);
  const bool closed = !client.port.send;
  if (closed && client.link.idle()) client.link.close("closed");
  while (true) {
    bus::Link::Output output = client.link.poll_output(now_());
    if (auto* transmit = std::get_if<bus::Link::Transmit>(&output)) {
      // Lost frames are retransmitted.
      static_cast<void>(bus_.publish(api::subject::session(client.claims.session, "down"), transmit->frame.text()));
    } else if (auto* deliver = std::get_if<bus::Link::Deliver>(&output)) {
      if (closed) continue;  // the client has left
      ++counts_.to_clients;
      client.port.send(std::move(deliver->body));
    } else if (const auto* ended = std::get_if<bus::Link::Ended>(&output)) {
      if (closed) {
        remember(client);
        return forget(id, "client");
      }
      return end(id, ended->why, words(ended->why));
    } else {
      return schedule(client, std::min(std::get<Wait>(output).until, client.limit));
    }
  }
}

void Relay::schedule(Client& client, TimePoint at) {
  if (client.deadline != deadlines_.end()) deadlines_.erase(client.deadline);
  client.deadline = at == kNever ? deadlines_.end() : deadlines_.emplace(at, client.id);
  arm();
}

void Relay::arm() {
  const TimePoint next = deadlines_.empty() ? kNever : deadlines_.begin()->first;
  // A timer that expires early finds nothing due and is armed again.
  if (next >= armed_) return;
  armed_ = next;
  timer_.expires_after(next - now_());
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) on_time();
  });
}

void Relay::on_time() {
  armed_ = kNever;
  const TimePoint now = now_();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const ClientId id = deadlines_.begin()->second;
    Client& client = *clients_.at(id);
    if (client.limit > now) {
      drain(id);
    } else if (client.port.send) {
      end(id, errc::link_timeout, "no message came");
    } else {
      client.link.close("closed");
      drain(id);
    }
  }
  arm();
}

void Relay::end(ClientId id, Errc why, std::string_view message) {
  Client& client = *clients_.at(id);
  client.link.close(why == errc::token_revoked ? "revoked" : "closed");
  const RelayPort port = std::exchange(client.port, {});
  bus::Link::Output output = client.link.poll_output(now_());
  for (; !std::holds_alternative<bus::Link::Ended>(output); output = client.link.poll_output(now_())) {
    if (const auto* transmit = std::get_if<bus::Link::Transmit>(&output)) {
      static_cast<void>(bus_.publish(api::subject::session(client.claims.session, "down"), transmit->frame.text()));
    } else if (std::holds_alternative<Wait>(output)) {
      break;  // it had already ended
    }
  }
  forget(id, name(why));
  if (!port.send) return;
  port.send(signalling_error(message));
  port.close();
}

void Relay::forget(ClientId id, std::string_view reason) {
  const auto found = clients_.find(id);
  const Client& client = *found->second;
  ++counts_.ends[std::string(reason)];
  if (client.deadline != deadlines_.end()) deadlines_.erase(client.deadline);
  if (const auto by = by_client_.find(client.claims.client); by != by_client_.end() && by->second == id) {
    by_client_.erase(by);
  }
  if (const auto room = rooms_.find(client.claims.session); room != rooms_.end()) {
    room->second.by_link.erase(client.link.id());
    if (room->second.by_link.empty()) rooms_.erase(room);
  }
  clients_.erase(found);
}

void Relay::remember(const Client& client) {
  std::deque<Departed>& departed = departed_[client.claims.session];
  departed.push_back({client.link.id(), client.claims});
  if (departed.size() > kMaxDeparted) departed.pop_front();
}

template <class Which>
void Relay::revoke(Which which, std::string_view message) {
  end_those([&](const Client& client) { return which(client.claims); }, errc::token_revoked, message);
  for (auto room = departed_.begin(); room != departed_.end();) {
    std::erase_if(room->second, [&](const Departed& one) {
      if (!which(one.claims)) return false;
      bus::LinkFrame last;
      last.link = one.link;
      last.end = "revoked";
      static_cast<void>(bus_.publish(api::subject::session(room->first, "down"), last.text()));
      return true;
    });
    room = room->second.empty() ? departed_.erase(room) : std::next(room);
  }
}

template <class Which>
void Relay::end_those(Which which, Errc why, std::string_view message) {
  std::vector<ClientId> ids;
  for (const auto& [id, client] : clients_) {
    if (which(*client)) ids.push_back(id);
  }
  for (const ClientId id : ids) {
    if (clients_.contains(id)) end(id, why, message);
  }
}

void Relay::end_session(const std::string& session, std::string_view message) {
  departed_.erase(session);
  if (!rooms_.contains(session)) return;
  end_those([&](const Client& client) { return client.claims.session == session; }, errc::session_wrong_state, message);
}

void Relay::end_share(const std::string& share, std::string_view message) {
  revoke([&](const SocketClaims& claims) { return claims.share == share; }, message);
}

void Relay::end_revoked(const std::function<bool(const SocketClaims&)>& revoked, std::string_view message) {
  revoke(revoked, message);
}

void Relay::end_all(std::string_view message) {
  end_those([](const Client&) { return true; }, Errc::closed_locally, message);
}

}  // namespace redan::cloud::gateway
