#include "rtc/sctp/control/setup.hpp"

#include "tests/rtc/sctp/chunks.hpp"
#include "tests/support/seeded_random.hpp"

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Setup::Config kConfig{.max_packet = 1163, .max_retransmits = 3, .accept_zero_checksum = false};
constexpr std::uint32_t kWindow = 100'000;

/// A packet in memory of its own.
struct Message {
  std::vector<std::uint8_t> bytes;
  Packet packet;
  Chunk first;

  explicit Message(Bytes written) : bytes(written.begin(), written.end()) {
    Drop reason{};
    packet = Packet::parse(bytes, Packet::Checksum::crc32c, reason).value();
    for_each_chunk(packet.chunks, [&](const Chunk& chunk) { return first = chunk, false; });
  }
};

/// One side: its setup, and what it writes.
struct Side {
  explicit Side(std::uint64_t seed, const Setup::Config& config = kConfig) : random(seed), setup(config, drops) {}

  std::optional<Message> write(TimePoint now) {
    if (!setup.packet_due()) return std::nullopt;
    std::array<std::uint8_t, 1200> buffer{};
    return std::optional<Message>(setup.write(now, buffer, {5000, 5000, {}}, kWindow));
  }
  ChunkTypes cookie_ack() {
    return Chunks([&](Writer& w) { setup.write_cookie_ack(w); }).types();
  }

  test::SeededRandom random;
  Counters<Drop> drops;
  Setup setup;
};

class SetupTest : public ::testing::Test {
 protected:
  static ChunkType type(const Message& message) { return message.first.type; }
  void init(Side& side, const Message& message) {
    ASSERT_EQ(type(message), ChunkType::init);
    side.setup.on_init(now, message.packet, message.first, side.random);
  }
  static void init_ack(Side& side, const Message& message) {
    ASSERT_EQ(type(message), ChunkType::init_ack);
    side.setup.on_init_ack(message.packet, message.first);
  }
  CookieResult cookie_echo(Side& side, const Message& message, bool may_restart = true) {
    EXPECT_EQ(type(message), ChunkType::cookie_echo);
    return side.setup.on_cookie_echo(now, message.packet, message.first, may_restart);
  }
  /// Up to `from`'s COOKIE ECHO.
  Message connect(Side& from, Side& to) {
    from.setup.connect(from.random);
    init(to, *from.write(now));
    init_ack(from, *to.write(now));
    return *from.write(now);
  }
  void establish() {
    EXPECT_EQ(cookie_echo(server, connect(client, server)), CookieResult::established);
    EXPECT_EQ(server.cookie_ack(), ChunkTypes{ChunkType::cookie_ack});
    EXPECT_TRUE(client.setup.on_cookie_ack());
  }
  static Message init_with(const Init& init, ChunkType type = ChunkType::init, int copies = 1) {
    std::array<std::uint8_t, 1200> buffer{};
    PacketWriter writer(buffer, {5000, 5000, {}});
    for (int i = 0; i < copies; ++i) init.write(writer.chunks(), type);
    return Message(writer.finish());
  }
  static Init valid_init(std::uint32_t tag) {
    Init init;
    init.initiate_tag = VerificationTag(tag);
    init.a_rwnd = kWindow;
    init.outbound_streams = init.inbound_streams = 10;
    init.initial_tsn = Tsn(1000);
    return init;
  }

  TimePoint now{seconds(1)};
  Side client{1}, server{2};
};

TEST_F(SetupTest, EstablishesBothSidesWithFourMessages) {
  establish();
  ASSERT_TRUE(client.setup.established());
  ASSERT_TRUE(server.setup.established());
  const Sides& ours = *client.setup.sides();
  const Sides& theirs = *server.setup.sides();
  EXPECT_EQ(ours.local.tag, theirs.peer.tag);
  EXPECT_EQ(ours.peer.tag, theirs.local.tag);
  EXPECT_EQ(ours.local.initial_tsn, theirs.peer.initial_tsn);
  EXPECT_EQ(ours.peer.initial_tsn, theirs.local.initial_tsn);
  EXPECT_EQ(ours.peer.a_rwnd, kWindow);
  EXPECT_TRUE(ours.peer.forward_tsn && ours.peer.re_config);
  EXPECT_EQ(client.setup.deadline(), kNever);
  EXPECT_EQ(client.write(now), std::nullopt);
}

TEST_F(SetupTest, EstablishesOneAssociationWhenBothSidesConnect) {
  client.setup.connect(client.random);
  server.setup.connect(server.random);
  const Message ours = *client.write(now), theirs = *server.write(now);
  init(server, ours);
  init(client, theirs);
  init_ack(client, *server.write(now));
  init_ack(server, *client.write(now));
  EXPECT_EQ(cookie_echo(server, *client.write(now)), CookieResult::established);
  EXPECT_TRUE(client.setup.on_cookie_ack());
  EXPECT_EQ(client.setup.sides()->local.tag, server.setup.sides()->peer.tag);
  EXPECT_EQ(client.setup.sides()->peer.tag, server.setup.sides()->local.tag);
}

TEST_F(SetupTest, AnswersAnInitThatCrossesItsOwnWithTheSameTag) {
  server.setup.connect(server.random);
  const auto sent = Init::parse(server.write(now)->first);
  init(server, init_with(valid_init(7)));
  const auto answer = Init::parse(server.write(now)->first);
  ASSERT_TRUE(sent && answer);
  EXPECT_EQ(answer->initiate_tag, sent->initiate_tag);
  EXPECT_EQ(answer->initial_tsn, sent->initial_tsn);
}

TEST_F(SetupTest, RepeatsInitWithABackOffUntilItGivesUp) {
  client.setup.connect(client.random);
  for (const int timeout : {500, 1000, 2000, 3000}) {
    const auto sent = client.write(now);
    ASSERT_TRUE(sent);
    EXPECT_EQ(type(*sent), ChunkType::init);
    EXPECT_EQ(client.write(now), std::nullopt);
    EXPECT_EQ(client.setup.deadline(), now + milliseconds(timeout));
    now += milliseconds(timeout);
    EXPECT_EQ(client.setup.run_timers(now), timeout != 3000);
  }
}

TEST_F(SetupTest, RepeatsCookieEchoWithABackOffOfItsOwn) {
  client.setup.connect(client.random);
  client.write(now);
  now += milliseconds(500);
  ASSERT_TRUE(client.setup.run_timers(now));
  init(server, *client.write(now));
  init_ack(client, *server.write(now));
  for (const int timeout : {500, 1000, 2000, 3000}) {
    const auto sent = client.write(now);
    ASSERT_TRUE(sent);
    EXPECT_EQ(type(*sent), ChunkType::cookie_echo);
    now += milliseconds(timeout);
    EXPECT_EQ(client.setup.run_timers(now), timeout != 3000);
  }
}

TEST_F(SetupTest, ConnectsOnce) {
  client.setup.connect(client.random);
  const Message first = *client.write(now);
  client.setup.connect(client.random);
  EXPECT_EQ(client.write(now), std::nullopt);
}

TEST_F(SetupTest, RefusesACookieWithAnyBitChanged) {
  const Message echo = connect(client, server);
  const std::size_t first = kCommonHeaderSize + kChunkHeaderSize;
  for (std::size_t bit = 8 * first; bit < 8 * echo.bytes.size(); ++bit) {
    Message forged = echo;
    forged.bytes[bit / 8] = static_cast<std::uint8_t>(forged.bytes[bit / 8] ^ (1U << bit % 8));
    Chunk chunk = echo.first;
    chunk.value = Bytes(forged.bytes).subspan(first);
    EXPECT_EQ(server.setup.on_cookie_echo(now, echo.packet, chunk, true), CookieResult::refused);
  }
  EXPECT_EQ(server.drops[Drop::bad_cookie], 8 * (echo.bytes.size() - first));
  EXPECT_EQ(cookie_echo(server, echo), CookieResult::established);
}

TEST_F(SetupTest, RefusesACookieOfTheWrongLength) {
  const Message echo = connect(client, server);
  Chunk chunk = echo.first;
  chunk.value = chunk.value.first(chunk.value.size() - 1);
  EXPECT_EQ(server.setup.on_cookie_echo(now, echo.packet, chunk, true), CookieResult::refused);
  chunk.value = {};
  EXPECT_EQ(server.setup.on_cookie_echo(now, echo.packet, chunk, true), CookieResult::refused);
}

TEST_F(SetupTest, RefusesACookieAfterItsLife) {
  const Message echo = connect(client, server);
  now += seconds(60);
  EXPECT_EQ(cookie_echo(server, echo), CookieResult::refused);
  now -= milliseconds(1);
  EXPECT_EQ(cookie_echo(server, echo), CookieResult::established);
}

TEST_F(SetupTest, AnswersARepeatedCookieEchoWithCookieAckAgain) {
  const Message echo = connect(client, server);
  EXPECT_EQ(cookie_echo(server, echo), CookieResult::established);
  EXPECT_EQ(server.cookie_ack().size(), 1U);
  EXPECT_TRUE(server.cookie_ack().empty());
  EXPECT_EQ(cookie_echo(server, echo), CookieResult::repeated);
  EXPECT_EQ(server.cookie_ack().size(), 1U);
}

TEST_F(SetupTest, MakesOneOfferForARepeatedInit) {
  client.setup.connect(client.random);
  const Message sent = *client.write(now);
  init(server, sent);
  const Message first = *server.write(now);
  init(server, sent);
  EXPECT_EQ(server.write(now)->bytes, first.bytes);
  now += seconds(60);
  init(server, sent);
  EXPECT_NE(server.write(now)->bytes, first.bytes);
}

TEST_F(SetupTest, VoidsTheOffersMadeBeforeItConnects) {
  const Message echo = connect(client, server);
  server.setup.connect(server.random);
  EXPECT_EQ(cookie_echo(server, echo), CookieResult::refused);
}

TEST_F(SetupTest, RestartsWhenBothTagsOfACookieAreNew) {
  establish();
  Side again{3};
  const Message echo = connect(again, server);
  EXPECT_EQ(cookie_echo(server, echo, false), CookieResult::refused);
  EXPECT_EQ(server.drops[Drop::unexpected_chunk], 1U);
  EXPECT_EQ(cookie_echo(server, echo), CookieResult::restarted);
  EXPECT_EQ(server.setup.sides()->peer.tag, again.setup.sides()->local.tag);
  EXPECT_EQ(server.setup.sides()->local.tag, again.setup.sides()->peer.tag);
}

TEST_F(SetupTest, RefusesACookieWithOnlyOneNewTag) {
  client.setup.connect(client.random);
  const Message sent = *client.write(now);
  init(server, sent);
  init_ack(client, *server.write(now));
  EXPECT_EQ(cookie_echo(server, *client.write(now)), CookieResult::established);
  now += seconds(61);  // too old to be repeated: a new tag of the server's, for the same tag of the client's
  init(server, sent);
  Side copy{1};
  copy.setup.connect(copy.random);
  copy.write(now);
  init_ack(copy, *server.write(now));
  EXPECT_EQ(cookie_echo(server, *copy.write(now)), CookieResult::refused);
  EXPECT_EQ(server.drops[Drop::bad_cookie], 1U);
}

TEST_F(SetupTest, DropsAnInitThatIsNotAloneOrHasImpossibleValues) {
  init(server, init_with(valid_init(7), ChunkType::init, 2));
  Init zero_tag = valid_init(0), small_window = valid_init(7), no_inbound = valid_init(7), no_outbound = valid_init(7);
  small_window.a_rwnd = 1499;
  no_inbound.inbound_streams = 0;
  no_outbound.outbound_streams = 0;
  for (const Init& bad : {zero_tag, small_window, no_inbound, no_outbound}) init(server, init_with(bad));
  EXPECT_EQ(server.drops[Drop::bad_init], 5U);
  EXPECT_EQ(server.write(now), std::nullopt);
}

TEST_F(SetupTest, DropsAnInitAckThatIsNotAloneOrHasNoCookieOrOneThatNoPacketHolds) {
  client.setup.connect(client.random);
  client.write(now);
  const std::vector<std::uint8_t> bytes(kConfig.max_packet);
  Init small = valid_init(7), large = valid_init(7);
  small.cookie = Bytes(bytes).first(32);
  large.cookie = Bytes(bytes).first(1150);
  init_ack(client, init_with(valid_init(7), ChunkType::init_ack));
  init_ack(client, init_with(large, ChunkType::init_ack));
  init_ack(client, init_with(small, ChunkType::init_ack, 2));
  EXPECT_EQ(client.setup.sides(), nullptr);
  EXPECT_EQ(client.drops[Drop::bad_init], 3U);
  init_ack(client, init_with(small, ChunkType::init_ack));
  EXPECT_NE(client.setup.sides(), nullptr);
}

TEST_F(SetupTest, DropsAnInitAckThatItDoesNotWaitFor) {
  Init ack = valid_init(7);
  const std::vector<std::uint8_t> cookie(10);
  ack.cookie = cookie;
  init_ack(client, init_with(ack, ChunkType::init_ack));
  EXPECT_EQ(client.drops[Drop::unexpected_chunk], 1U);
  EXPECT_FALSE(client.setup.on_cookie_ack());
}

TEST_F(SetupTest, ReportsTheParametersThatItDoesNotKnow) {
  std::array<std::uint8_t, 200> buffer{};
  PacketWriter writer(buffer, {5000, 5000, {}});
  write_chunk(writer.chunks(), ChunkType::init, 0, [](Writer& w) {
    for (const std::uint32_t word : {7U, kWindow, 10U << 16U | 10U, 1000U}) w.u32(word);
    write_parameter(w, 0xC123, [](Writer& p) { p.u32(42); });
  });
  init(server, Message(writer.finish()));
  const Message answer = *server.write(now);
  bool reported = false;
  for_each_parameter(answer.first.value.subspan(16), [&](const Parameter& parameter) {
    reported = reported || parameter.type == ParameterType::unrecognized_parameter;
    return true;
  });
  EXPECT_TRUE(reported);
}

TEST_F(SetupTest, OffersTheZeroChecksumWhenConfiguredOrAsked) {
  for (const bool configured : {false, true}) {
    for (const bool asked : {false, true}) {
      Setup::Config config = kConfig;
      config.accept_zero_checksum = configured;
      Side side{4, config};
      side.setup.connect(side.random);
      EXPECT_EQ(Init::parse(side.write(now)->first)->zero_checksum, configured);
      Init theirs = valid_init(7);
      theirs.zero_checksum = asked;
      init(side, init_with(theirs));
      EXPECT_EQ(Init::parse(side.write(now)->first)->zero_checksum, configured || asked);
    }
  }
}

TEST_F(SetupTest, AcceptsTheZeroChecksumOnceThePeerIsKnown) {
  Setup::Config config = kConfig;
  config.accept_zero_checksum = true;
  Side side{4, config};
  const Message echo = connect(client, side);
  EXPECT_EQ(side.setup.accepted_checksum(), Packet::Checksum::crc32c);
  EXPECT_EQ(client.setup.accepted_checksum(), Packet::Checksum::crc32c);  // it did not offer that
  cookie_echo(side, echo);
  EXPECT_EQ(side.setup.accepted_checksum(), Packet::Checksum::zero_accepted);
  EXPECT_TRUE(client.setup.needs_checksum());  // the association is not up
  client.setup.on_cookie_ack();
  EXPECT_FALSE(client.setup.needs_checksum());
  EXPECT_TRUE(side.setup.needs_checksum());
}

TEST_F(SetupTest, AcceptsTheTagThatTheFirstChunkCallsFor) {
  const auto accepts = [this](VerificationTag tag, ChunkType type, std::uint8_t flags = 0) {
    const std::array<std::uint8_t, 4> chunk{static_cast<std::uint8_t>(type), flags, 0, 4};
    Packet packet;
    packet.header.verification_tag = tag;
    packet.chunks = chunk;
    return server.setup.accepts_tag(packet);
  };
  EXPECT_FALSE(accepts({}, ChunkType::data));
  EXPECT_TRUE(accepts({}, ChunkType::init));
  EXPECT_FALSE(accepts({}, ChunkType::cookie_echo));
  establish();
  const auto [local, peer] = *server.setup.sides();
  EXPECT_TRUE(accepts(local.tag, ChunkType::data));
  EXPECT_FALSE(accepts(peer.tag, ChunkType::data));
  EXPECT_FALSE(accepts(local.tag, ChunkType::init));
  for (const ChunkType type : {ChunkType::abort, ChunkType::shutdown_complete}) {
    EXPECT_TRUE(accepts(local.tag, type));
    EXPECT_FALSE(accepts(peer.tag, type));
    EXPECT_TRUE(accepts(peer.tag, type, 1));
    EXPECT_FALSE(accepts(local.tag, type, 1));
  }
}

}  // namespace
}  // namespace redan::sctp
