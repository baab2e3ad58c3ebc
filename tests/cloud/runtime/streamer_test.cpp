// A Streamer and clients, which are endpoints of our own, on one loop over loopback.
#include "cloud/runtime/streamer.hpp"

#include <gtest/gtest.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/reader.hpp"
#include "cloud/api/signalling.hpp"
#include "cloud/api/stream_figures.hpp"
#include "cloud/errors.hpp"
#include "media/rtp_source.hpp"
#include "tests/support/dtls_pair.hpp"
#include "tests/support/echo_server.hpp"

namespace redan::cloud::runtime {
namespace {

namespace signalling = api::signalling;
namespace json = boost::json;
using namespace std::chrono_literals;

const Address kLoopback = Address::v4({127, 0, 0, 1}, 0);

/// A client without a browser: it checks connectivity and is the DTLS client.
struct TestClient {
  TestClient(boost::asio::io_context& io, Provider& provider) {
    EndpointConfig config;
    config.local_addresses = {kLoopback};
    config.announce_lite = false;
    shard = *Shard::open(io, config, redan::test::test_identity(provider), provider,
                         [this](Endpoint&, const Output& output) { on_output(output); });
  }
  void on_output(const Output& output) {
    if (std::holds_alternative<Connected>(output)) connected = true;
    if (const auto* opened = std::get_if<ChannelOpened>(&output))
      channels[std::string(opened->label)] = opened->channel;
    if (const auto* message = std::get_if<Message>(&output)) {
      messages.emplace_back(as_text(message->payload));
      kinds.push_back(message->kind);
    }
    if (const auto* end = std::get_if<Closed>(&output)) closed = end->reason;
    if (const auto* gone = std::get_if<ChannelClosed>(&output)) {
      std::erase_if(channels, [&](const auto& entry) { return entry.second == gone->channel; });
    }
    if (const auto* media = std::get_if<MediaPacket>(&output)) on_media(*media);
  }
  void on_media(const MediaPacket& media) {
    if (media.kind == MediaKind::rtcp) return void(++reports);
    const auto packet = rtp::RtpPacket::parse(media.packet);
    if (!packet) return;
    payload_types.insert(packet->header.payload_type);
    sources.insert(packet->header.ssrc);
    if (packet->header.payload_type != 96) return;
    if (const auto frame = assembler.add(*packet)) {
      ++frames;
      keys += frame->key ? 1 : 0;
      if (frame->key) width = frame->bytes[6] | (frame->bytes[7] & 0x3FU) << 8U;
    }
  }
  void send(std::string_view text, const std::string& channel = "control", MessageKind kind = MessageKind::text) {
    (void)shard->endpoint().send(peer, channels.at(channel), kind, as_bytes(text));
    shard->wake();
  }

  std::unique_ptr<Shard> shard;
  PeerId peer{};
  bool connected = false;
  std::map<std::string, ChannelId> channels;
  std::vector<std::string> messages;
  std::vector<MessageKind> kinds;  ///< of the messages
  std::optional<Errc> closed;
  std::set<std::uint8_t> payload_types;
  std::set<std::uint32_t> sources;
  media::Vp8Assembler assembler;
  int frames = 0, keys = 0, reports = 0;
  unsigned width = 0;
};

class StreamerTest : public testing::Test {
 protected:
  void start(StreamerConfig config = {}) {
    config.addresses = {kLoopback};
    streamer = std::make_unique<Streamer>(io, std::move(config), *provider);
    streamer->on_client = [this](const std::string& client, ClientState state, Errc why) {
      states[client].emplace_back(state, why);
    };
  }
  void TearDown() override {
    if (streamer) streamer->stop();
    pump(30ms);
  }
  void open(const std::string& client, ClientOptions options = {}) {
    streamer->open(client, options, [this, client](std::string text) { said[client].push_back(std::move(text)); });
  }
  void say(const std::string& client, const signalling::Message& message) {
    streamer->on_message(client, signalling::text(message));
  }
  template <class T>
  std::optional<T> last(const std::string& client) {
    if (said[client].empty()) return std::nullopt;
    const auto message = signalling::parse(said[client].back());
    if (!message || !std::holds_alternative<T>(*message)) return std::nullopt;
    return std::get<T>(*message);
  }
  std::string error(const std::string& client) {
    const auto message = last<signalling::Error>(client);
    return message ? message->message : "";
  }
  /// Answers the offer that `id` received, with `channels` opened before.
  void answer(const std::string& id, TestClient& client, const std::vector<std::string>& channels = {"control"}) {
    const auto offer = last<signalling::Offer>(id);
    ASSERT_TRUE(offer);
    const auto accepted = client.shard->endpoint().accept(offer->sdp, {.dtls_role = DtlsRole::client});
    ASSERT_TRUE(accepted) << accepted.error().detail;
    client.peer = accepted->peer;
    for (const std::string& name : channels) {
      ASSERT_TRUE(client.shard->endpoint().open_channel(client.peer, name));
    }
    client.shard->wake();
    say(id, signalling::Answer{accepted->answer});
  }
  void connect(const std::string& id, TestClient& client, const signalling::Settings& settings,
               ClientOptions options = {}) {
    open(id, options);
    say(id, settings);
    std::vector<std::string> channels = settings.data_channels;
    channels.insert(channels.begin(), "control");
    answer(id, client, channels);
    ASSERT_TRUE(until([&] { return client.connected && client.channels.size() == channels.size(); }));
  }
  static signalling::Settings settings(bool video, std::vector<std::string> channels = {}) {
    signalling::Settings wanted;
    wanted.enable_video = wanted.enable_speaker = video;
    wanted.data_channels = std::move(channels);
    return wanted;
  }
  void pump(std::chrono::milliseconds time) {
    io.restart();
    io.run_for(time);
  }
  bool until(const std::function<bool()>& condition, std::chrono::seconds limit = 10s) {
    for (const auto end = std::chrono::steady_clock::now() + limit; std::chrono::steady_clock::now() < end;) {
      if (condition()) return true;
      pump(5ms);
    }
    return condition();
  }
  std::uint64_t figure(const char* name) { return streamer->statistics().at(name).to_number<std::uint64_t>(); }
  // ABORT and close_notify arrive in one flight, and either may be processed first.
  static bool said_goodbye(const TestClient& client) {
    return client.closed == Errc::sctp_aborted || client.closed == Errc::dtls_peer_closed;
  }
  bool left(const std::string& client, Errc why) {
    return !states[client].empty() && states[client].back() == std::pair(ClientState::left, why);
  }

  boost::asio::io_context io{1};
  std::unique_ptr<Provider> provider = default_provider();
  std::unique_ptr<Streamer> streamer;
  std::map<std::string, std::vector<std::string>> said;
  std::map<std::string, std::vector<std::pair<ClientState, Errc>>> states;
};

TEST_F(StreamerTest, DiscoverReturnsTheCapabilities) {
  start();
  ClientOptions options;
  options.screen.fps = 60;
  open("a", options);
  say("a", signalling::Discover{});
  EXPECT_EQ(last<signalling::Discovered>("a"), (signalling::Discovered{2, 60, {}}));
  EXPECT_EQ(states["a"][0].first, ClientState::connecting);
}

TEST_F(StreamerTest, AClientReceivesMediaAndReportsWithTheOffersSources) {
  start();
  TestClient client(io, *provider);
  const bool video = figure("frames_encoded") == 0 && [&] {
    open("probe");
    say("probe", settings(true));
    const bool possible = last<signalling::Offer>("probe").has_value();
    streamer->close("probe");
    return possible;
  }();
  if (!video) GTEST_SKIP() << "skipped: this build has no libvpx";
  ClientOptions options;
  options.screen.width = 320;
  options.screen.height = 240;
  connect("a", client, settings(true), options);
  ASSERT_TRUE(until([&] { return client.frames > 30 && client.reports >= 2; }));
  EXPECT_EQ(client.payload_types, (std::set<std::uint8_t>{96, 111}));
  EXPECT_EQ(client.keys, 1);
  EXPECT_EQ(client.width, 320U);
  const std::string sdp = last<signalling::Offer>("a")->sdp;
  for (const std::uint32_t ssrc : client.sources) {
    EXPECT_NE(sdp.find("a=ssrc:" + std::to_string(ssrc) + " cname:"), std::string::npos);
  }
  EXPECT_EQ(client.sources.size(), 2U);
  // Without a client nothing is encoded.
  streamer->close("a");
  const auto encoded = figure("frames_encoded");
  pump(200ms);
  EXPECT_LE(figure("frames_encoded"), encoded);
  EXPECT_GT(figure("bytes_sent"), 1000U);  // including clients that have left
}

TEST_F(StreamerTest, OnlyTheControllersMessagesAreApplied) {
  start();
  TestClient first(io, *provider), second(io, *provider);
  connect("a", first, settings(false));
  ClientOptions viewer;
  viewer.role = ClientOptions::Role::viewer;
  open("v", viewer);
  say("v", settings(false, {"foo"}));
  answer("v", second, {"control", "foo"});
  ASSERT_TRUE(until([&] { return second.channels.contains("control"); }));
  first.send(R"({"type":"input::key","data":{"code":4,"pressed":true}})");
  first.send("nonsense");
  second.send(R"({"type":"input::key","data":{"code":4,"pressed":true}})");
  ASSERT_TRUE(until([&] { return figure("control_messages") == 1 && figure("control_ignored") == 2; }));
  EXPECT_TRUE(until([&] { return !second.channels.contains("foo"); }));  // neither does it reach a program
  first.send(R"({"type":"vhal::get-all-prop-configs"})");
  ASSERT_TRUE(until([&] { return first.messages.size() == 1; }));
  EXPECT_EQ(json::parse(first.messages[0]).at("type"), "vhal-prop-configs");
}

TEST_F(StreamerTest, RequestedChannelsEchoAndOthersAreClosed) {
  start();
  TestClient client(io, *provider);
  open("a");
  say("a", settings(false, {"foo"}));
  answer("a", client, {"control", "foo", "bar"});
  ASSERT_TRUE(until([&] { return client.channels.contains("foo"); }));
  EXPECT_TRUE(until([&] { return client.channels.contains("control") && !client.channels.contains("bar"); }));
  client.send("hello", "foo");
  ASSERT_TRUE(until([&] { return client.messages.size() == 1; }));
  EXPECT_EQ(client.messages[0], "hello");
}

TEST_F(StreamerTest, ADisconnectMessageEndsTheClient) {
  start();
  TestClient client(io, *provider);
  connect("a", client, settings(false));
  client.send(R"({"type":"stream::disconnect","data":{}})");
  ASSERT_TRUE(until([&] { return left("a", Errc::dtls_peer_closed); }));
  EXPECT_TRUE(until([&] { return client.closed.has_value(); }));
  EXPECT_EQ(streamer->clients(), 0U);
}

TEST_F(StreamerTest, ANewControllerDisplacesThePreviousOneConnectedOrNot) {
  start();
  TestClient first(io, *provider);
  connect("a", first, settings(false));
  open("b");
  EXPECT_TRUE(left("a", errc::link_displaced));
  ASSERT_TRUE(until([&] { return first.closed.has_value(); }, 1s));
  EXPECT_TRUE(said_goodbye(first));
  EXPECT_EQ(error("a"), "");  // it is connected, so the ABORT is the message
  open("c");
  EXPECT_TRUE(left("b", errc::link_displaced));
  EXPECT_EQ(error("b").substr(0, 15), "link_displaced:");
  EXPECT_EQ(streamer->clients(), 1U);
}

TEST_F(StreamerTest, TextAndBinaryDataReachTheProgramAndTheClientAsSuch) {
  std::string folder = (std::filesystem::temp_directory_path() / "redan-streamer-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  start({.channel_directory = folder});
  TestClient client(io, *provider);
  connect("a", client, settings(false, {"foo"}));
  const std::filesystem::path path = std::filesystem::path(folder) / "webrtc_data_foo";
  ASSERT_TRUE(until([&] { return std::filesystem::exists(path); }));
  boost::asio::local::stream_protocol::socket program(io);
  program.connect(path.string());
  program.non_blocking(true);
  const auto write = [&](std::string_view text) {
    const std::size_t before = client.messages.size();
    program.send(boost::asio::buffer(text));
    EXPECT_TRUE(until([&] { return client.messages.size() > before; }));
  };
  write("gr\xC3\xBC\xC3\x9F");
  write("\xFF\x01");
  client.send("\xC3(", "foo");
  client.send("\xFF", "foo", MessageKind::binary);
  std::string heard(16, '\0');
  boost::system::error_code error;
  std::size_t size = 0;
  ASSERT_TRUE(until([&] { return (size = program.receive(boost::asio::buffer(heard), 0, error)) != 0; }));
  EXPECT_EQ(heard.substr(0, size), "\xFF") << "text that is not UTF-8 goes no further";
  write("abc");
  EXPECT_EQ(client.kinds, (std::vector{MessageKind::text, MessageKind::binary, MessageKind::binary}));
  std::filesystem::remove_all(folder);
}

TEST_F(StreamerTest, AClientForAdbReachesAdbdAndNothingElse) {
  redan::test::EchoServer adbd(io);
  StreamerConfig config;
  config.adb = Address::parse("127.0.0.1", adbd.port());
  start(std::move(config));
  TestClient client(io, *provider);
  connect("a", client, settings(true, {"adb"}), {.role = ClientOptions::Role::adb});
  EXPECT_EQ(streamer->user(), api::User::awaited) << "it is not the user";
  ASSERT_TRUE(until([&] { return adbd.accepted() == 1; }));
  std::string all, heard;
  for (int i = 0; i < 100; ++i) all += std::string(997, static_cast<char>(i + 128));
  for (std::size_t i = 0; i < all.size(); i += 1000) {
    client.send(all.substr(i, 1000), "adb", MessageKind::binary);
  }
  ASSERT_TRUE(until([&] {
    heard.clear();
    for (const std::string& message : client.messages) heard += message;
    return heard.size() >= all.size();
  }));
  EXPECT_TRUE(heard == all);
  EXPECT_TRUE(client.payload_types.empty()) << "neither picture nor sound";
  adbd.close();
  EXPECT_TRUE(until([&] { return !client.channels.contains("adb"); })) << "it ends with the connection";
}

TEST_F(StreamerTest, TheTunnelToAdbdEndsWithItsChannel) {
  redan::test::EchoServer adbd(io);
  StreamerConfig config;
  config.adb = Address::parse("127.0.0.1", adbd.port());
  start(std::move(config));
  TestClient client(io, *provider);
  connect("a", client, settings(false, {"adb"}), {.role = ClientOptions::Role::adb});
  ASSERT_TRUE(until([&] { return adbd.accepted() == 1; }));
  (void)client.shard->endpoint().close_channel(client.peer, client.channels.at("adb"));
  client.shard->wake();
  EXPECT_TRUE(until([&] { return adbd.ended() == 1; }));
}

TEST_F(StreamerTest, NoOtherClientReachesAdbd) {
  redan::test::EchoServer adbd(io);
  StreamerConfig config;
  config.adb = Address::parse("127.0.0.1", adbd.port());
  start(std::move(config));
  TestClient viewer(io, *provider), controller(io, *provider);
  connect("c", controller, settings(false, {"adb"}));
  open("v", {.role = ClientOptions::Role::viewer});
  say("v", settings(false, {"adb"}));
  answer("v", viewer, {"control", "adb"});
  ASSERT_TRUE(until([&] { return viewer.connected; }));
  pump(300ms);
  EXPECT_EQ(adbd.accepted(), 0);
  EXPECT_FALSE(viewer.channels.contains("adb"));
}

TEST_F(StreamerTest, AnInstanceWithoutAdbdClosesTheChannelOfAClientForAdb) {
  start();
  TestClient client(io, *provider);
  open("a", {.role = ClientOptions::Role::adb});
  say("a", settings(false, {"adb"}));
  answer("a", client, {"control", "adb"});
  ASSERT_TRUE(until([&] { return client.connected; }));
  EXPECT_TRUE(until([&] { return !client.channels.contains("adb"); }));
}

TEST_F(StreamerTest, OtherClientsLeaveRoomForAController) {
  start({.max_clients = 3});
  for (const char* viewer : {"v1", "v2"}) open(viewer, {.role = ClientOptions::Role::viewer});
  open("v3", {.role = ClientOptions::Role::adb});
  EXPECT_NE(error("v3").find("too_many"), std::string::npos);
  open("c1");
  open("c2");
  EXPECT_EQ(error("c2"), "");
  EXPECT_EQ(streamer->clients(), 3U);
}

TEST_F(StreamerTest, TheUserIsAwaitedThenPresentThenLeft) {
  start();
  EXPECT_EQ(streamer->user(), api::User::awaited);
  open("failed");
  EXPECT_EQ(streamer->user(), api::User::present) << "it is connecting";
  streamer->close("failed");
  EXPECT_EQ(streamer->user(), api::User::awaited) << "it has never connected";
  TestClient one(io, *provider), other(io, *provider), viewer(io, *provider);
  connect("viewer", viewer, settings(false), {1, {}, ClientOptions::Role::viewer});
  EXPECT_EQ(streamer->user(), api::User::awaited) << "a viewer is not the user";
  connect("one", one, settings(false));
  EXPECT_EQ(streamer->user(), api::User::present);
  connect("other", other, settings(false));
  EXPECT_EQ(streamer->user(), api::User::present) << "one was displaced";
  other.send(R"({"type":"stream::disconnect"})");
  EXPECT_TRUE(until([&] { return streamer->user() == api::User::left; }));
}

TEST_F(StreamerTest, StopEndsAllClients) {
  start();
  TestClient client(io, *provider);
  connect("a", client, settings(false));
  streamer->stop();
  EXPECT_TRUE(left("a", Errc::closed_locally));
  ASSERT_TRUE(until([&] { return client.closed.has_value(); }, 1s));
  EXPECT_TRUE(said_goodbye(client));
  open("b");
  EXPECT_TRUE(states["b"].empty());
}

TEST_F(StreamerTest, AnInvalidMessageGetsAnErrorAndEndsTheClient) {
  const std::pair<const char*, std::string> wrong[] = {
      {"{", "signalling_syntax"},
      {R"({"type":"answer","sdp":"%"})", "signalling_syntax"},
      {R"({"type":"settings","api_version":2,"data_channels":["a","b","c","d","e","f"]})", "too_many"},
      {R"({"type":"settings","api_version":2,"data_channels":["../x"]})", "signalling_syntax"},
      {R"({"type":"settings","api_version":2,"data_channels":[""]})", "signalling_syntax"},
      {R"({"type":"offer","sdp":"bm9uc2Vuc2U="})", "sdp_syntax"},
  };
  start();
  for (const auto& [message, code] : wrong) {
    open("a");
    streamer->on_message("a", message);
    EXPECT_EQ(error("a").substr(0, code.size() + 1), code + ":") << message << error("a");
    EXPECT_EQ(states["a"].back().first, ClientState::left) << message;
    EXPECT_EQ(streamer->clients(), 0U);
  }
  EXPECT_EQ(figure("signalling_errors"), std::size(wrong));
}

TEST_F(StreamerTest, AnAnswerThatDoesNotMatchGetsAnError) {
  start();
  open("a");
  say("a", settings(false));
  ASSERT_TRUE(last<signalling::Offer>("a"));
  say("a", signalling::Answer{"v=0\r\n"});
  EXPECT_EQ(states["a"].back().first, ClientState::left);
  EXPECT_EQ(error("a").substr(0, 4), "sdp_");
}

TEST_F(StreamerTest, AnInvalidMessageDoesNotEndAConnectedClient) {
  start();
  TestClient client(io, *provider);
  connect("a", client, settings(false));
  streamer->on_message("a", "{");
  EXPECT_EQ(error("a").substr(0, 17), "signalling_syntax");
  pump(50ms);
  EXPECT_EQ(streamer->clients(), 1U);
  EXPECT_FALSE(client.closed);
}

TEST_F(StreamerTest, UnknownAndRepeatedMessagesAreIgnored) {
  start();
  open("a");
  say("a", signalling::Unknown{"news"});
  say("a", signalling::Candidate{"candidate:1 1 udp 1 x.local 9 typ host"});
  say("a", signalling::Answer{"too early"});
  EXPECT_TRUE(said["a"].empty());
  say("a", settings(false));
  say("a", settings(false));
  say("a", signalling::Offer{"v=0\r\n", {}});
  EXPECT_EQ(said["a"].size(), 1U);
  streamer->on_message("nobody", "{");
  streamer->close("nobody");
}

TEST_F(StreamerTest, AClientThatNeverConnectsIsRemoved) {
  StreamerConfig config;
  config.connect_timeout = 1s;
  start(config);
  open("a");
  say("a", settings(false));
  ASSERT_TRUE(until([&] { return left("a", errc::link_timeout); }, 3s));
  EXPECT_EQ(error("a").substr(0, 13), "link_timeout:");
  EXPECT_EQ(streamer->clients(), 0U);
}

TEST_F(StreamerTest, TheNumberOfClientsIsLimitedAndANameInUseIsReplaced) {
  StreamerConfig config;
  config.max_clients = 3;  // one is for a controller
  start(config);
  ClientOptions viewer;
  viewer.role = ClientOptions::Role::viewer;
  open("v1", viewer);
  open("v2", viewer);
  open("v3", viewer);
  EXPECT_EQ(error("v3").substr(0, 9), "too_many:");
  EXPECT_TRUE(left("v3", Errc::too_many));
  open("v2", viewer);
  EXPECT_EQ(streamer->clients(), 2U);
}

TEST_F(StreamerTest, AClientOfVersion1GetsAnAnswer) {
  start();
  TestClient client(io, *provider);
  const auto offered = client.shard->endpoint().offer({.data = true});
  ASSERT_TRUE(offered);
  client.peer = offered->peer;
  ASSERT_TRUE(client.shard->endpoint().open_channel(client.peer, "control"));
  open("a");
  say("a", signalling::Settings{1, {}});
  EXPECT_TRUE(said["a"].empty());
  say("a", signalling::Offer{offered->offer, {}});
  const auto answer = last<signalling::Answer>("a");
  ASSERT_TRUE(answer);
  ASSERT_TRUE(client.shard->endpoint().complete(client.peer, answer->sdp));
  client.shard->wake();
  EXPECT_TRUE(until([&] { return client.connected && client.channels.contains("control"); }));
}

TEST_F(StreamerTest, APathThroughARelayIsDetected) {
  start();
  TestClient client(io, *provider);
  open("a");
  say("a", settings(false));
  const Address at = client.shard->local_addresses().front();
  for (const std::string wrong : {"candidate:", " typ relay", "candidate:1 1 udp 1 127.0.0.1 x typ relay"}) {
    say("a", signalling::Candidate{wrong});
  }
  say("a", signalling::Candidate{"candidate:1 1 udp 1 " + at.ip_text() + " " + std::to_string(at.port()) +
                                 " typ relay raddr 0.0.0.0 rport 0"});
  answer("a", client);
  ASSERT_TRUE(until([&] { return client.connected; }));
  EXPECT_TRUE(until([&] { return figure("relay_in_use") == 1; }));
  EXPECT_NE(streamer->metrics().find("webrtc_relay_in_use 1\n"), std::string::npos);
}

TEST_F(StreamerTest, StatisticsHaveTheNamesOfTheMetrics) {
  start();
  const std::string page = streamer->metrics();
  for (const api::StreamFigure& known : api::kStreamFigures) {
    EXPECT_NE(page.find("webrtc_" + std::string(known.name) + " 0\n"), std::string::npos) << known.name;
  }
  EXPECT_EQ(streamer->statistics().size(), api::kStreamFigures.size());
}

TEST_F(StreamerTest, ThrowsAReadableErrorWithoutAPortOrWithAnInvalidSource) {
  StreamerConfig config;
  config.source = "nonsense";
  EXPECT_THROW(start(config), std::runtime_error);
  StreamerConfig elsewhere;
  elsewhere.addresses = {Address::v4({192, 0, 2, 1}, 1)};
  EXPECT_THROW(Streamer(io, elsewhere, *provider), std::runtime_error);
}

}  // namespace
}  // namespace redan::cloud::runtime
