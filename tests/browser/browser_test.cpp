// Real browsers with a Redan endpoint: offerer and answerer, DTLS roles, data, media, closing, ICE restart, many tabs.
#include <gtest/gtest.h>

#include <map>
#include <redan/asio.hpp>

#include "net/socket_address.hpp"
#include "tests/browser/browser_process.hpp"
#include "tests/browser/page_server.hpp"
#include "tests/support/dtls_pair.hpp"

namespace redan {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;
using test::Browser;

/// The outputs for one peer.
struct PeerLog {
  bool connected = false;
  std::map<std::string, ChannelId> channels;
  std::map<std::uint32_t, std::string> labels;
  std::map<std::string, std::vector<std::pair<MessageKind, std::string>>> messages;
  std::vector<std::string> closed_channels;
  std::size_t rtp = 0;
  int paths = 0;
  std::optional<Closed> closed;
};

/// One browser and one endpoint for all tests of a browser, because starting a browser takes seconds.
struct Stage {
  explicit Stage(Browser browser) : identity(test::test_identity(*provider)), process(browser, page.port_url()) {
    EndpointConfig config;
    for (Address address : net::host_addresses()) config.local_addresses.push_back(address);
    shard = *Shard::open(io, config, identity, *provider,
                         [this](Endpoint& endpoint, const Output& output) { on_output(endpoint, output); });
  }

  struct Page : test::PageServer {
    [[nodiscard]] std::string port_url() const { return "http://127.0.0.1:" + std::to_string(port()) + "/"; }
  };

  // Echoes messages, RTP under another SSRC, and the browser's requests for key frames.
  void on_output(Endpoint& endpoint, const Output& output) {
    if (const auto* connected = std::get_if<Connected>(&output)) {
      log(connected->peer).connected = true;
    } else if (const auto* opened = std::get_if<ChannelOpened>(&output)) {
      log(opened->peer).channels[std::string(opened->label)] = opened->channel;
      log(opened->peer).labels[opened->channel.value] = opened->label;
    } else if (const auto* message = std::get_if<Message>(&output)) {
      PeerLog& peer = log(message->peer);
      const std::string payload(as_text(message->payload));
      peer.messages[peer.labels[message->channel.value]].emplace_back(message->kind, payload);
      if (echo) (void)endpoint.send(message->peer, message->channel, message->kind, message->payload);
    } else if (const auto* media = std::get_if<MediaPacket>(&output)) {
      on_media(endpoint, *media);
    } else if (const auto* channel = std::get_if<ChannelClosed>(&output)) {
      PeerLog& peer = log(channel->peer);
      peer.closed_channels.push_back(peer.labels[channel->channel.value]);
    } else if (const auto* path = std::get_if<PathSelected>(&output)) {
      ++log(path->peer).paths;
    } else if (const auto* closed = std::get_if<Closed>(&output)) {
      log(closed->peer).closed = *closed;
    }
  }
  void on_media(Endpoint& endpoint, const MediaPacket& media) {
    std::vector<std::uint8_t> packet(media.packet.begin(), media.packet.end());
    packet.resize(packet.size() + kSrtpTrailer);
    constexpr std::uint8_t kOtherSource = 0x5A;
    if (media.kind == MediaKind::rtp && media.packet.size() >= 12) {
      ++log(media.peer).rtp;
      packet[8] ^= kOtherSource;
      (void)endpoint.send_media(media.peer, MediaKind::rtp, packet, media.packet.size());
      return;
    }
    // A picture loss indication (RFC 4585 section 6.3.1) about our echo is for the browser's own encoder.
    for (std::size_t at = 0; at + 12 <= media.packet.size();) {
      const std::size_t size = 4 * (static_cast<std::size_t>(packet[at + 2] << 8U | packet[at + 3]) + 1);
      if (packet[at + 1] == 206 && size == 12 && at + size <= media.packet.size()) {
        std::vector<std::uint8_t> indication(12 + kSrtpTrailer);
        std::copy_n(packet.begin() + static_cast<std::ptrdiff_t>(at), 12, indication.begin());
        indication[8] ^= kOtherSource;
        (void)endpoint.send_media(media.peer, MediaKind::rtcp, indication, 12);
      }
      at += size;
    }
  }

  PeerLog& log(PeerId peer) { return logs[peer.value]; }
  json::value run(const std::string& script, std::chrono::seconds timeout = 40s) {
    return page.run(io, script, timeout);
  }
  void pump(std::chrono::milliseconds time) {
    io.restart();
    io.run_for(time);
  }
  bool until(const std::function<bool()>& condition, std::chrono::seconds timeout = 20s) {
    for (const auto end = std::chrono::steady_clock::now() + timeout; std::chrono::steady_clock::now() < end;) {
      if (condition()) return true;
      pump(10ms);
    }
    return false;
  }

  asio::io_context io{1};
  std::unique_ptr<Provider> provider = default_provider();
  Identity identity;
  Page page;
  test::BrowserProcess process;
  std::unique_ptr<Shard> shard;
  std::map<std::uint64_t, PeerLog> logs;
  bool echo = true;
};

class BrowserTest : public testing::TestWithParam<Browser> {
 protected:
  static std::map<Browser, std::unique_ptr<Stage>>& stages() {
    static std::map<Browser, std::unique_ptr<Stage>> all;
    return all;
  }
  static void TearDownTestSuite() { stages().clear(); }

  void SetUp() override {
    auto& slot = stages()[GetParam()];
    if (!slot) {
      // One browser at a time, for two cores.
      for (auto& [browser, other] : stages()) {
        if (browser != GetParam()) other.reset();
      }
      slot = std::make_unique<Stage>(GetParam());
      ASSERT_EQ(slot->run("return 6 * 7", 60s).to_number<int>(), 42);
    }
    stage = slot.get();
    stage->echo = true;
  }
  void TearDown() override {
    if (stage != nullptr) stage->run("for (const name of Object.keys(t.peers)) await t.close(name); return true");
  }

  static std::string text_of(const json::value& value) { return std::string(value.as_string()); }
  static std::string quoted(const std::string& text) { return json::serialize(json::value(text)); }

  Endpoint& endpoint() const { return stage->shard->endpoint(); }

  /// The browser offers; returns our peer.
  PeerId browser_offers(const std::string& options, DtlsRole our_role = DtlsRole::server,
                        const std::string& name = "a") {
    const std::string offer =
        text_of(stage->run("await t.create('" + name + "', " + options + "); return await t.offer('" + name + "')"));
    const auto accepted = endpoint().accept(offer, {.dtls_role = our_role});
    EXPECT_TRUE(accepted) << accepted.error().detail;
    stage->shard->wake();
    stage->run("return await t.accept('" + name + "', " + quoted(accepted->answer) + ")");
    stage->run("await t.connected('" + name + "'); return true");
    return accepted->peer;
  }
  /// We offer; the browser answers.
  PeerId we_offer(const MediaPlan& plan, const std::string& options) {
    const auto offered = endpoint().offer(plan);
    EXPECT_TRUE(offered);
    const std::string answer = text_of(
        stage->run("await t.create('a', " + options + "); return await t.answer('a', " + quoted(offered->offer) + ")"));
    const auto completed = endpoint().complete(offered->peer, answer);
    EXPECT_TRUE(completed) << completed.error().detail;
    stage->shard->wake();
    stage->run("await t.connected('a'); return true");
    return offered->peer;
  }
  void expect_echo(const std::string& label, const std::string& text) {
    const json::value back = stage->run(
        "await t.open('a', '" + label + "'); const peer = t.peer(); const before = peer.received['" + label +
        "'].length; peer.channels['" + label + "'].send(" + quoted(text) + "); await t.until(() => peer.received['" +
        label + "'].length > before, 'echo'); return peer.received['" + label + "'][before]");
    EXPECT_EQ(text_of(back), text);
  }
  void expect_video_decoded() {
    const json::value frames = stage->run(
        "const before = await t.framesDecoded('a'); "
        "return await t.until(async () => { const now = await t.framesDecoded('a'); "
        "return now > before + 10 && now; }, 'decoded frames')");
    EXPECT_GT(frames.to_number<int>(), 10);
    const json::value transport = stage->run("return await t.stats('a', 'transport')");
    EXPECT_EQ(text_of(transport.at("dtlsState")), "connected");
    EXPECT_FALSE(text_of(transport.at("srtpCipher")).empty());
  }

  Stage* stage = nullptr;
};

TEST_P(BrowserTest, BrowserOffersDataAndWeAreTheDtlsServer) {
  const PeerId peer = browser_offers("{}");
  expect_echo("first", "hello, ünï");
  const auto security = endpoint().security(peer);
  ASSERT_TRUE(security);
  EXPECT_EQ(security->dtls_role, DtlsRole::server);
  EXPECT_TRUE(security->extended_master_secret);
  EXPECT_EQ(security->dtls_version, "DTLS 1.3");
  EXPECT_EQ(security->group, "X25519MLKEM768");
}

TEST_P(BrowserTest, BrowserOffersDataAndWeAreTheDtlsClient) {
  const PeerId peer = browser_offers("{}", DtlsRole::client);
  expect_echo("first", "hello");
  const auto security = endpoint().security(peer);
  ASSERT_TRUE(security);
  EXPECT_EQ(security->dtls_role, DtlsRole::client);
  EXPECT_EQ(security->dtls_version, "DTLS 1.3");
  EXPECT_EQ(security->group, "X25519MLKEM768");
}

TEST_P(BrowserTest, BrowserOffersMediaAndDataInBothDtlsRoles) {
  for (const DtlsRole role : {DtlsRole::server, DtlsRole::client}) {
    const PeerId peer = browser_offers("{media: true}", role);
    expect_echo("first", "beside media");
    expect_video_decoded();
    EXPECT_GT(stage->log(peer).rtp, 0U);
    EXPECT_TRUE(endpoint().security(peer)->srtp_profile);
    stage->run("return await t.close('a')");
  }
}

TEST_P(BrowserTest, WeOfferDataInBothDtlsRoles) {
  for (const DtlsRole role : {DtlsRole::server, DtlsRole::client}) {
    const PeerId peer = we_offer({.dtls_role = role}, "{data: false}");
    ASSERT_TRUE(endpoint().open_channel(peer, "ours", {.protocol = "chat"}));
    stage->shard->wake();
    expect_echo("ours", "from the browser");
    EXPECT_EQ(endpoint().security(peer)->dtls_role, role);
    stage->run("return await t.close('a')");
  }
}

TEST_P(BrowserTest, WeOfferMediaAndData) {
  const PeerId peer = we_offer({.data = true, .audio = true, .video = true}, "{media: true, data: false}");
  ASSERT_TRUE(endpoint().open_channel(peer, "ours"));
  stage->shard->wake();
  expect_echo("ours", "beside media");
  expect_video_decoded();
}

TEST_P(BrowserTest, LargeMessagesArriveIntactInBothDirections) {
  const PeerId peer = browser_offers("{}");
  for (const int size : {256 * 1024, 1024 * 1024}) {
    // Chromium accepts and sends at most 256 KiB in one message, and announces it; both sides refuse a larger message
    // before they send any of it.
    if (size > 256 * 1024 && GetParam() == Browser::chromium) {
      const json::value thrown = stage->run("try { t.peer().channels.first.send(t.bytes(" + std::to_string(size) +
                                            ", 7)); return 'sent'; } catch (error) { return error.name; }");
      EXPECT_EQ(text_of(thrown), "TypeError");
      const std::string big(static_cast<std::size_t>(size), 'x');
      const auto refused =
          endpoint().send(peer, stage->log(peer).channels["first"], MessageKind::binary, as_bytes(big));
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error(), Errc::channel_message_too_large);
      continue;
    }
    const json::value same =
        stage->run("await t.open('a', 'first'); const peer = t.peer(); const sent = t.bytes(" + std::to_string(size) +
                       ", 7); const before = peer.received.first.length; peer.channels.first.send(sent); "
                       "await t.until(() => peer.received.first.length > before, 'the echo', 60000); "
                       "return t.same(sent, peer.received.first[before])",
                   90s);
    EXPECT_TRUE(same.as_bool()) << size;
  }
}

TEST_P(BrowserTest, EmptyMessagesKeepTheirKind) {
  const PeerId peer = browser_offers("{}");
  stage->run(
      "await t.open('a', 'first'); const c = t.peer().channels.first; c.send(''); c.send(new Uint8Array(0)); "
      "await t.until(() => t.peer().received.first.length === 2, 'echoes'); "
      "const [a, b] = t.peer().received.first; if (a !== '' || b.byteLength !== 0) throw new Error('kinds'); return "
      "true");
  const auto& messages = stage->log(peer).messages["first"];
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].first, MessageKind::text);
  EXPECT_EQ(messages[1].first, MessageKind::binary);
}

TEST_P(BrowserTest, AThousandMessagesArriveOnTwentyChannelsOfEveryKind) {
  browser_offers("{}");
  const json::value echoed = stage->run(R"(
    const peer = t.peer();
    const kinds = [{}, {ordered: false}, {maxRetransmits: 3}, {ordered: false, maxRetransmits: 0},
                   {maxPacketLifeTime: 2000}, {ordered: false, maxPacketLifeTime: 2000}];
    for (let i = 0; i < 20; ++i) t.watch(peer, peer.pc.createDataChannel('c' + i, kinds[i % kinds.length]));
    for (let i = 0; i < 20; ++i) await t.open('a', 'c' + i);
    for (let m = 0; m < 50; ++m) {
      for (let i = 0; i < 20; ++i) peer.channels['c' + i].send(i + ':' + m + ':' + 'x'.repeat(m * 20));
    }
    // A reliable channel owes every echo. A partially reliable one may give messages up when the machine is busy, one way
    // or the other; it still owes most of them, and repeats and reorders as little as the others.
    const reliable = i => i % kinds.length < 2;
    const got = i => peer.received['c' + i].map(text => Number(text.split(':')[1]));
    const all = [...Array(20).keys()];
    await t.until(() => all.every(i => got(i).length >= (reliable(i) ? 50 : 25)), 'the echoes', 30000)
      .catch(e => { throw new Error(e + ': ' + all.map(i => i + '=' + got(i).length).join(' ')); });
    for (const i of all) {
      if (new Set(got(i)).size !== got(i).length) throw new Error('channel ' + i + ' repeated');
      if (kinds[i % kinds.length].ordered !== false && got(i).some((n, k) => k > 0 && n <= got(i)[k - 1])) {
        throw new Error('order of ' + i);
      }
      for (const text of peer.received['c' + i]) {
        const m = Number(text.split(':')[1]);
        if (text !== i + ':' + m + ':' + 'x'.repeat(m * 20)) throw new Error('channel ' + i + ' altered');
      }
    }
    return all.filter(reliable).reduce((sum, i) => sum + got(i).length, 0))",
                                        60s);
  EXPECT_EQ(echoed.to_number<int>(), 8 * 50);
}

TEST_P(BrowserTest, NegotiatedChannelsNeedNoMessage) {
  const PeerId peer = browser_offers("{}");
  const auto ours = endpoint().open_channel(peer, "fixed", {.negotiated = 40});
  ASSERT_TRUE(ours);
  stage->log(peer).labels[ours->value] = "fixed";
  stage->run("t.watch(t.peer(), t.peer().pc.createDataChannel('fixed', {negotiated: true, id: 40})); return true");
  expect_echo("fixed", "without DCEP");
}

TEST_P(BrowserTest, AChannelClosesWhenEitherSideClosesIt) {
  const PeerId peer = browser_offers("{}");
  expect_echo("first", "open");
  stage->run("t.watch(t.peer(), t.peer().pc.createDataChannel('second')); await t.open('a', 'second'); return true");
  ASSERT_TRUE(stage->until([&] { return stage->log(peer).channels.contains("second"); }));
  stage->run("t.peer().channels.first.close(); return true");
  EXPECT_TRUE(stage->until([&] { return stage->log(peer).closed_channels == std::vector<std::string>{"first"}; }));
  ASSERT_TRUE(endpoint().close_channel(peer, stage->log(peer).channels["second"]));
  stage->shard->wake();
  stage->run("await t.until(() => t.peer().closed.includes('second'), 'the close event'); return true");
}

TEST_P(BrowserTest, ThePeerClosesWhenTheBrowserCloses) {
  const PeerId peer = browser_offers("{}");
  expect_echo("first", "open");
  stage->run("return await t.close('a')");
  ASSERT_TRUE(stage->until([&] { return stage->log(peer).closed.has_value(); }));
  const Errc reason = stage->log(peer).closed->reason;
  EXPECT_TRUE(reason == Errc::sctp_aborted || reason == Errc::dtls_peer_closed) << name(reason);
}

TEST_P(BrowserTest, TheBrowsersChannelsCloseWhenWeClose) {
  const PeerId peer = browser_offers("{}");
  expect_echo("first", "open");
  endpoint().close(peer);
  stage->shard->wake();
  stage->run("await t.until(() => t.peer().closed.includes('first'), 'the close event'); return true");
  EXPECT_TRUE(stage->until([&] { return stage->log(peer).closed.has_value(); }));
}

TEST_P(BrowserTest, AnIceRestartKeepsChannelsAndMessages) {
  const PeerId peer = browser_offers("{}");
  expect_echo("first", "before");
  const std::string offer = text_of(stage->run("return await t.offer('a', {iceRestart: true})"));
  const auto answer = endpoint().renegotiate(peer, offer);
  ASSERT_TRUE(answer) << answer.error().detail;
  stage->shard->wake();
  stage->run("return await t.accept('a', " + quoted(*answer) + ")");
  // The browser switches to the new credentials when a check with them has succeeded.
  stage->run(
      "await t.until(() => t.peer().pc.signalingState === 'stable' && t.peer().pc.iceConnectionState !== 'checking', "
      "'ICE'); "
      "await t.sleep(1500); return true");
  expect_echo("first", "after");
  EXPECT_FALSE(stage->log(peer).closed);
}

TEST_P(BrowserTest, TenTabsConnectAtOnce) {
  std::vector<PeerId> peers;
  for (int i = 0; i < 10; ++i)
    peers.push_back(browser_offers("{}", i % 2 == 0 ? DtlsRole::server : DtlsRole::client, "tab" + std::to_string(i)));
  const json::value count = stage->run(R"(
    await Promise.all([...Array(10).keys()].map(async i => {
      const name = 'tab' + i;
      await t.open(name, 'first');
      t.peer(name).channels.first.send('hello from ' + name);
      await t.until(() => t.peer(name).received.first.includes('hello from ' + name), name);
    }));
    return Object.keys(t.peers).length)");
  EXPECT_EQ(count.to_number<int>(), 10);
  for (const PeerId peer : peers) EXPECT_TRUE(stage->log(peer).connected);
}

TEST_P(BrowserTest, TheBrowserRefusesAWrongFingerprint) {
  const std::string offer = text_of(stage->run("await t.create('a'); return await t.offer('a')"));
  const auto accepted = endpoint().accept(offer);
  ASSERT_TRUE(accepted);
  std::string answer = accepted->answer;
  for (std::size_t at = answer.find("sha-256 "); at != std::string::npos; at = answer.find("sha-256 ", at + 1)) {
    answer[at + 8] = answer[at + 8] == 'A' ? 'B' : 'A';
  }
  stage->shard->wake();
  stage->run("await t.accept('a', " + quoted(answer) +
             "); "
             "await t.until(() => t.peer().pc.connectionState === 'failed', 'failure'); return true");
  ASSERT_TRUE(stage->until([&] { return stage->log(accepted->peer).closed.has_value(); }));
  EXPECT_EQ(stage->log(accepted->peer).closed->reason, Errc::dtls_peer_alert);
  EXPECT_FALSE(stage->log(accepted->peer).connected);
}

INSTANTIATE_TEST_SUITE_P(Browsers, BrowserTest, testing::Values(Browser::chromium, Browser::firefox),
                         [](const auto& suite) { return suite.param == Browser::chromium ? "Chromium" : "Firefox"; });

}  // namespace
}  // namespace redan
