#include "tests/interop/peers/session.hpp"

#include "net/socket_address.hpp"
#include "tests/support/dtls_pair.hpp"

namespace redan::test {
namespace {

namespace json = boost::json;

EndpointConfig config_of(OurAgent agent) {
  EndpointConfig config;
  config.announce_lite = agent == OurAgent::lite;
  config.local_addresses = net::host_addresses();
  return config;
}

std::string without_candidates(const std::string& sdp) {
  std::string kept;
  for (std::size_t at = 0; at < sdp.size();) {
    const std::size_t end = std::min(sdp.find('\n', at), sdp.size() - 1) + 1;
    const std::string line = sdp.substr(at, end - at);
    if (!line.starts_with("a=candidate:")) kept += line;
    at = end;
  }
  return kept;
}

std::string hex(Bytes bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4U];
    text += "0123456789abcdef"[byte & 15U];
  }
  return text;
}

}  // namespace

Session::Session(const Stack& stack, OurAgent agent)
    : shard_(*Shard::open(io_, config_of(agent), test_identity(*provider_), *provider_,
                          [this](Endpoint& endpoint, const Output& output) { on_output(endpoint, output); })),
      peer(io_, stack.program) {}

void Session::on_output(Endpoint& endpoint, const Output& output) {
  if (std::holds_alternative<Connected>(output)) connected = true;
  if (const auto* channel = std::get_if<ChannelOpened>(&output)) {
    opened.push_back({channel->channel, std::string(channel->label), std::string(channel->parameters.protocol),
                      channel->parameters});
    opened.back().parameters.protocol = {};
  }
  if (const auto* message = std::get_if<Message>(&output))
    messages.push_back({message->channel, message->kind, {message->payload.begin(), message->payload.end()}});
  if (const auto* channel = std::get_if<ChannelClosed>(&output))
    closed_channels.emplace_back(channel->channel.value, channel->reason);
  if (const auto* end = std::get_if<Closed>(&output)) closed = *end;
  if (const auto* media = std::get_if<MediaPacket>(&output)) echo_media(endpoint, *media);
}

void Session::echo_media(Endpoint& endpoint, const MediaPacket& media) {
  if (media.kind != MediaKind::rtp) return;
  ++rtp;
  rtp_largest = std::max(rtp_largest, media.packet.size());
  std::vector<std::uint8_t> packet(media.packet.begin(), media.packet.end());
  packet.resize(packet.size() + kSrtpTrailer);
  for (unsigned i = 0; i < 4; ++i) packet[8 + i] = static_cast<std::uint8_t>(kOurVideo >> (24 - 8 * i));
  if (endpoint.send_media(media.peer, MediaKind::rtp, packet, media.packet.size())) ++rtp_returned;
}

std::string Session::description(const std::string& type, Candidates candidates) {
  const json::object found =
      peer.expect("description", [&](const json::object& one) { return text_of(one, "type") == type; });
  last_description = text_of(found, "sdp");
  return candidates == Candidates::all ? last_description : without_candidates(last_description);
}

void Session::connect() {
  wake();
  if (!until([&] { return connected || closed; }, std::chrono::seconds(10)) || closed)
    throw std::runtime_error((closed ? "closed: " + std::string(name(closed->reason)) : "not connected") + "\n" +
                             last_description + "\n" + peer.notes());
  peer.expect("connected");
}

void Session::peer_offers(const AcceptOptions& options, Candidates candidates) {
  peer.tell({{"do", "offer"}});
  const auto accepted = endpoint().accept(description("offer", candidates), options);
  if (!accepted) throw std::runtime_error("offer refused: " + accepted.error().detail + "\n" + last_description);
  id = accepted->peer;
  our_answer = accepted->answer;
  wake();
  peer.tell({{"do", "accept"}, {"sdp", accepted->answer}});
  connect();
}

void Session::we_offer(const MediaPlan& plan, Candidates candidates) {
  const auto offered = endpoint().offer(plan);
  if (!offered) throw std::runtime_error("no offer");
  id = offered->peer;
  peer.tell({{"do", "answer"}, {"sdp", offered->offer}});
  const auto completed = endpoint().complete(id, description("answer", candidates));
  if (!completed) throw std::runtime_error("answer refused: " + completed.error().detail + "\n" + last_description);
  connect();
}

void Session::renegotiate(bool restart) {
  peer.tell({{"do", "offer"}, {"restart", restart}});
  const auto answer = endpoint().renegotiate(id, description("offer", Candidates::all));
  if (!answer) throw std::runtime_error("second offer refused: " + answer.error().detail + "\n" + last_description);
  wake();
  peer.tell({{"do", "accept"}, {"sdp", *answer}});
}

const OpenedChannel& Session::taken(std::string_view label) {
  const auto find = [&] {
    return std::find_if(opened.rbegin(), opened.rend(), [&](const OpenedChannel& one) {
      const bool gone = std::any_of(closed_channels.begin(), closed_channels.end(),
                                    [&](const auto& closed_one) { return closed_one.first == one.id.value; });
      return one.label == label && !gone;
    });
  };
  if (!until([&] { return find() != opened.rend(); }))
    throw std::runtime_error("channel " + std::string(label) + " does not open\n" + peer.notes());
  return *find();
}

const OpenedChannel& Session::we_open(std::string_view label, const ChannelOptions& options) {
  if (!endpoint().open_channel(id, label, options)) throw std::runtime_error("open_channel");
  wake();
  return taken(label);
}

void Session::send(ChannelId channel, MessageKind kind, Bytes payload) {
  const auto sent = endpoint().send(id, channel, kind, payload);
  EXPECT_TRUE(sent) << name(sent.error());
  wake();
}

void Session::expect_back(const OpenedChannel& channel) {
  const std::size_t before = messages.size();
  if (!until([&] { return messages.size() > before; }))
    throw std::runtime_error("no message on " + channel.label + "\n" + peer.notes());
  const ReceivedMessage message = messages.back();
  EXPECT_EQ(message.channel, channel.id);
  send(message.channel, message.kind, message.payload);
  const json::object back = peer.expect("message", channel.label);
  EXPECT_EQ(text_of(back, "kind"), message.kind == MessageKind::text ? "text" : "binary");
  EXPECT_EQ(back.at("size").to_number<std::size_t>(), message.payload.size());
  EXPECT_EQ(text_of(back, "sha256"), hex(provider_->hash(HashAlgorithm::sha256, message.payload).bytes()));
}

void Session::expect_echo(const OpenedChannel& channel, MessageKind kind, std::size_t size) {
  SCOPED_TRACE(std::to_string(size) + (kind == MessageKind::text ? " letters" : " bytes"));
  peer.tell({{"do", "send"},
             {"label", channel.label},
             {"kind", kind == MessageKind::text ? "text" : "binary"},
             {"size", size}});
  expect_back(channel);
  const ReceivedMessage& message = messages.back();
  EXPECT_EQ(message.kind, kind);
  ASSERT_EQ(message.payload.size(), size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t right = kind == MessageKind::text ? 'a' + i % 26 : (i * 31 + size) & 255U;
    ASSERT_EQ(message.payload[i], right) << i;
  }
}

void Session::expect_text_echo(const OpenedChannel& channel, const std::string& text) {
  peer.tell({{"do", "send"}, {"label", channel.label}, {"text", text}});
  expect_back(channel);
  EXPECT_EQ(messages.back().kind, MessageKind::text);
  EXPECT_EQ(as_text(messages.back().payload), text);
}

bool Session::until(const std::function<bool()>& condition, std::chrono::seconds timeout) {
  for (const auto end = std::chrono::steady_clock::now() + timeout; std::chrono::steady_clock::now() < end;) {
    if (condition()) return true;
    run_for(std::chrono::milliseconds(5));
  }
  return condition();
}

void Session::run_for(std::chrono::milliseconds time) {
  io_.restart();
  io_.run_for(time);
}

}  // namespace redan::test
