#include "cmd/demo/attack/man_in_the_middle.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "cmd/connect/trace.hpp"
#include "net/clock.hpp"

namespace redan::cmd {
namespace {

constexpr std::int64_t kIdentityLifetime = 24 * 3600;
constexpr std::size_t kMaxPairs = 64;
constexpr std::size_t kMaxWaiting = 64;

std::vector<std::string_view> lines_of(std::string_view sdp) {
  std::vector<std::string_view> lines;
  while (!sdp.empty()) {
    lines.push_back(sdp.substr(0, sdp.find_first_of("\r\n")));
    sdp.remove_prefix(std::min(sdp.size(), lines.back().size() + 1));
  }
  return lines;
}

/// A plan for an offer of our own that resembles theirs. Their SSRCs are kept, so that RTP and RTCP need no rewriting.
MediaPlan plan_like(std::string_view offer) {
  MediaPlan plan;
  plan.data = false;
  plan.direction = MediaDirection::sendonly;
  std::uint32_t* ssrc = nullptr;
  for (const std::string_view line : lines_of(offer)) {
    if (line.starts_with("m=application")) plan.data = true;
    if (line.starts_with("m=audio")) plan.audio = true, ssrc = &plan.sources.audio_ssrc;
    if (line.starts_with("m=video")) plan.video = true, ssrc = &plan.sources.video_ssrc;
    constexpr std::string_view kSsrc = "a=ssrc:";
    if (ssrc != nullptr && line.starts_with(kSsrc)) {
      std::from_chars(line.data() + kSsrc.size(), line.data() + line.size(), *ssrc);
    }
  }
  plan.sources.cname = "middle";
  plan.sources.receiver_estimates = true;
  return plan;
}

}  // namespace

ManInTheMiddle::ManInTheMiddle(boost::asio::io_context& io, const std::vector<Address>& addresses, Provider& provider,
                               OnRead on_read)
    : provider_(provider), on_read_(std::move(on_read)) {
  for (const Side side : {client, runtime}) shards_[side] = open(io, addresses, side);
}

ManInTheMiddle::~ManInTheMiddle() {
  for (const auto& shard : shards_) shard->stop();
}

std::unique_ptr<Shard> ManInTheMiddle::open(boost::asio::io_context& io, const std::vector<Address>& addresses,
                                            Side side) {
  EndpointConfig config;
  config.local_addresses = addresses;
  // The runtime is lite, so the side towards it must check.
  config.announce_lite = side == client;
  const std::int64_t now = net::wall_time().seconds_since_1970;
  auto identity = self_signed(provider_, {.not_before = {now - 3600}, .not_after = {now + kIdentityLifetime}});
  if (!identity) throw std::runtime_error(explain(identity.error()));
  auto shard = Shard::open(io, std::move(config), std::move(*identity), provider_,
                           [this, side](Endpoint&, const Output& output) { on_output(side, output); });
  if (!shard) throw std::runtime_error(explain(shard.error()));
  return std::move(*shard);
}

// Descriptions.

std::string ManInTheMiddle::offer(const std::string& id, std::string_view runtimes_offer, Company company) {
  if (pairs_.size() >= kMaxPairs || pairs_.contains(id)) return {};
  const auto offered = endpoint(client).offer(plan_like(runtimes_offer));
  if (!offered) return {};
  Pair& pair = pairs_[id];
  pair.ends[client].peer = offered->peer;
  by_peer_[{client, offered->peer.value}] = id;
  if (company == Company::both) {
    const auto accepted = endpoint(runtime).accept(runtimes_offer, {.dtls_role = DtlsRole::client});
    if (!accepted) {
      close(id);
      return {};
    }
    pair.ends[runtime].peer = accepted->peer;
    pair.answer = accepted->answer;
    by_peer_[{runtime, accepted->peer.value}] = id;
    shards_[runtime]->wake();
  }
  shards_[client]->wake();
  return offered->offer;
}

std::string ManInTheMiddle::answer(const std::string& id, std::string_view clients_answer) {
  const auto found = pairs_.find(id);
  if (found == pairs_.end() || !found->second.ends[client].peer) return {};
  Pair& pair = found->second;
  if (!endpoint(client).complete(*pair.ends[client].peer, clients_answer)) return {};
  for (const Side side : {client, runtime}) {
    if (!pair.ends[side].peer) continue;
    if (auto media = endpoint(side).media(*pair.ends[side].peer)) pair.ends[side].media = std::move(*media);
  }
  shards_[client]->wake();
  return pair.answer;
}

void ManInTheMiddle::close(const std::string& id) {
  const auto found = pairs_.find(id);
  if (found == pairs_.end()) return;
  const Pair pair = std::move(found->second);
  pairs_.erase(found);
  for (const Side side : {client, runtime}) {
    if (!pair.ends[side].peer) continue;
    by_peer_.erase({side, pair.ends[side].peer->value});
    endpoint(side).close(*pair.ends[side].peer);
    shards_[side]->wake();
  }
}

// Forwarding.

void ManInTheMiddle::on_output(Side side, const Output& output) {
  const auto peer = std::visit(
      [](const auto& each) -> std::optional<PeerId> {
        if constexpr (requires { each.peer; }) return each.peer;
        return std::nullopt;
      },
      output);
  const auto id = peer ? by_peer_.find({side, peer->value}) : by_peer_.end();
  if (id == by_peer_.end()) return;
  Pair& pair = pairs_.at(id->second);
  if (const auto* opened = std::get_if<ChannelOpened>(&output)) return on_opened(pair, side, *opened);
  if (const auto* message = std::get_if<Message>(&output)) return on_message(id->second, side, *message);
  if (const auto* media = std::get_if<MediaPacket>(&output)) return on_media(pair, side, *media);
  if (const auto* closed = std::get_if<Closed>(&output)) return on_closed(side, closed->peer);
}

// Clients open channels; the same channel is then opened on the other side.
void ManInTheMiddle::on_opened(Pair& pair, Side side, const ChannelOpened& opened) {
  End& end = pair.ends[side];
  const bool ours = end.labels.contains(opened.channel.value);
  const std::string label = ours ? end.labels.at(opened.channel.value) : std::string(opened.label);
  end.labels[opened.channel.value] = label;
  end.channels[label] = opened.channel;
  std::deque<Said> waiting;
  waiting.swap(end.waiting);
  for (Said& said : waiting) hand_on(pair, side, std::move(said));
  End& other = pair.ends[side == client ? runtime : client];
  if (ours || !other.peer) return;
  const Side there = side == client ? runtime : client;
  if (const auto channel = endpoint(there).open_channel(*other.peer, label)) other.labels[channel->value] = label;
  shards_[there]->wake();
}

void ManInTheMiddle::on_message(const std::string& id, Side side, const Message& message) {
  const std::string_view text = as_text(message.payload);
  on_read_(id, side == client ? "client" : "runtime", text);
  Pair& pair = pairs_.at(id);
  hand_on(pair, side == client ? runtime : client,
          {pair.ends[side].labels[message.channel.value], message.kind, std::string(text)});
}

void ManInTheMiddle::hand_on(Pair& pair, Side to, Said said) {
  End& end = pair.ends[to];
  if (!end.peer) return;
  const auto channel = end.channels.find(said.label);
  if (channel == end.channels.end()) {
    if (end.waiting.size() < kMaxWaiting) end.waiting.push_back(std::move(said));
    return;
  }
  (void)endpoint(to).send(*end.peer, channel->second, said.kind, as_bytes(said.text));
  shards_[to]->wake();
}

void ManInTheMiddle::on_media(Pair& pair, Side side, const MediaPacket& media) {
  const Side to = side == client ? runtime : client;
  if (!pair.ends[to].peer || media.packet.size() < 2) return;
  std::vector<std::uint8_t> packet(media.packet.begin(), media.packet.end());
  packet.resize(packet.size() + kSrtpTrailer);
  if (media.kind == MediaKind::rtp) {
    // The same codec may have another payload type on the other side (RFC 3550 section 5.1).
    for (const AgreedMedia& here : pair.ends[side].media) {
      if (here.payload_type != (packet[1] & 0x7FU)) continue;
      for (const AgreedMedia& there : pair.ends[to].media) {
        if (there.type == here.type) packet[1] = static_cast<std::uint8_t>((packet[1] & 0x80U) | there.payload_type);
      }
      break;
    }
  }
  (void)endpoint(to).send_media(*pair.ends[to].peer, media.kind, packet, media.packet.size());
  shards_[to]->wake();
}

void ManInTheMiddle::on_closed(Side side, PeerId peer) {
  const auto id = by_peer_.find({side, peer.value});
  const std::string name = id->second;
  pairs_.at(name).ends[side].peer.reset();
  by_peer_.erase(id);
  close(name);
}

}  // namespace redan::cmd
