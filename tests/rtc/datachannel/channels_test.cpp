#include "rtc/datachannel/channels.hpp"

#include <gtest/gtest.h>

#include "tests/support/channels_pair.hpp"

namespace redan::datachannel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::ChannelsPair;
using test::LinkConfig;

std::vector<std::uint8_t> numbered(std::size_t size, std::uint32_t number) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(number * 31 + i * 7 + i / 251);
  if (size >= 4) Writer(bytes).u32(number);
  return bytes;
}

ChannelId open_one(ChannelsPair& pair, const ChannelOptions& options = {}) {
  const auto channel = pair.a.open("chat", options);
  EXPECT_TRUE(channel.has_value());
  return channel.value_or(ChannelId{});
}

TEST(Channels, OpenWhenBothSidesSendInitAtOnce) {
  ChannelsPair pair;
  const ChannelId channel = open_one(pair);
  ASSERT_TRUE(pair.a.send(channel, MessageKind::text, as_bytes("early")));
  pair.connect();
  EXPECT_TRUE(pair.log_a.connected);
  EXPECT_TRUE(pair.log_b.connected);
  ASSERT_EQ(pair.log_b.opened.size(), 1U);
  EXPECT_EQ(pair.log_b.opened[0].second, "chat");
  ASSERT_EQ(pair.log_a.opened.size(), 1U);
  ASSERT_EQ(pair.log_b.messages.size(), 1U);
  EXPECT_EQ(as_text(pair.log_b.messages[0].payload), "early");
  EXPECT_EQ(pair.log_b.messages[0].kind, MessageKind::text);
}

TEST(Channels, CarryMessagesOfEverySizeInBothDirections) {
  ChannelsPair pair;
  const ChannelId channel = open_one(pair);
  pair.a.set_max_send_message(1U << 20U);
  pair.connect();
  const std::size_t sizes[] = {0,    1,    2,    3,    4,    1131,  1132,  1133,   1134,
                               1135, 1136, 4095, 4096, 4097, 16384, 65536, 262144, 1048576};
  for (const std::size_t size : sizes) {
    ASSERT_TRUE(pair.a.send(channel, MessageKind::binary, numbered(size, static_cast<std::uint32_t>(size))));
  }
  pair.run();
  ASSERT_EQ(pair.log_b.messages.size(), std::size(sizes));
  for (std::size_t i = 0; i < std::size(sizes); ++i) {
    EXPECT_EQ(pair.log_b.messages[i].payload, numbered(sizes[i], static_cast<std::uint32_t>(sizes[i])));
  }
  ASSERT_TRUE(pair.b.send(pair.log_b.opened[0].first, MessageKind::text, {}));
  pair.run();
  ASSERT_EQ(pair.log_a.messages.size(), 1U);
  EXPECT_EQ(pair.log_a.messages[0].kind, MessageKind::text);
  EXPECT_TRUE(pair.log_a.messages[0].payload.empty());
}

TEST(Channels, DeliverAllInOrderOverALossyReorderingLink) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    ChannelsPair pair(seed, LinkConfig{.loss = 0.05, .duplicate = 0.02, .jitter = milliseconds(5)});
    const ChannelId channel = open_one(pair);
    pair.connect();
    for (std::uint32_t i = 0; i < 300; ++i) {
      ASSERT_TRUE(pair.a.send(channel, MessageKind::binary, numbered(4 + i * 37 % 9000, i)));
    }
    pair.run(seconds(120));
    ASSERT_EQ(pair.log_b.messages.size(), 300U);
    for (std::uint32_t i = 0; i < 300; ++i) ASSERT_EQ(pair.log_b.messages[i].payload, numbered(4 + i * 37 % 9000, i));
  }
}

TEST(Channels, DeliverEachUnorderedMessageOnceOverALossyLink) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    ChannelsPair pair(seed, LinkConfig{.loss = 0.05, .duplicate = 0.02, .jitter = milliseconds(5)});
    const ChannelId channel = open_one(pair, {.order = ChannelOrder::unordered});
    pair.connect();
    for (std::uint32_t i = 0; i < 300; ++i) {
      ASSERT_TRUE(pair.a.send(channel, MessageKind::binary, numbered(4 + i * 37 % 9000, i)));
    }
    pair.run(seconds(120));
    ASSERT_EQ(pair.log_b.messages.size(), 300U);
    std::vector<bool> seen(300);
    for (const auto& message : pair.log_b.messages) {
      const std::uint32_t i = Reader(message.payload).u32();
      ASSERT_LT(i, 300U);
      EXPECT_FALSE(seen[i]);
      seen[i] = true;
      ASSERT_EQ(message.payload, numbered(4 + i * 37 % 9000, i));
    }
  }
}

TEST(Channels, AbandonMessagesOfLimitedReliabilityAndContinue) {
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    SCOPED_TRACE(seed);
    ChannelOptions options;
    options.order = seed % 2 == 0 ? ChannelOrder::ordered : ChannelOrder::unordered;
    if (seed % 4 < 2) {
      options.max_retransmits = 0;
    } else {
      options.max_lifetime_ms = 100;
    }
    ChannelsPair pair(seed, LinkConfig{.loss = 0.1});
    const ChannelId reliable = open_one(pair);
    const ChannelId channel = open_one(pair, options);
    pair.connect();
    for (std::uint32_t i = 0; i < 200; ++i) {
      ASSERT_TRUE(pair.a.send(channel, MessageKind::binary, numbered(4 + i * 37 % 5000, i)));
      ASSERT_TRUE(pair.a.send(reliable, MessageKind::binary, numbered(100, i)));
      pair.run(milliseconds(5));
    }
    pair.run(seconds(60));
    std::size_t partial = 0, whole = 0;
    std::int64_t last = -1;
    for (const auto& message : pair.log_b.messages) {
      const std::uint32_t i = Reader(message.payload).u32();
      if (message.channel == pair.log_b.opened[0].first) {
        ASSERT_EQ(message.payload, numbered(100, i));
        ASSERT_EQ(i, whole++);
        continue;
      }
      ASSERT_EQ(message.payload, numbered(4 + i * 37 % 5000, i));
      if (options.order == ChannelOrder::ordered) {
        EXPECT_GT(std::int64_t{i}, last);
        last = i;
      }
      ++partial;
    }
    EXPECT_EQ(whole, 200U);
    EXPECT_LT(partial, 200U);
    EXPECT_GT(partial, 40U);
  }
}

TEST(Channels, DropAMessageWhoseLifetimeExpiresInTheQueue) {
  ChannelsPair pair;
  const ChannelId channel = open_one(pair, {.max_lifetime_ms = 50});
  pair.connect();
  ASSERT_TRUE(pair.a.send(channel, MessageKind::text, as_bytes("first")));
  std::array<std::uint8_t, 1200> buffer;
  while (!std::holds_alternative<Wait>(pair.a.poll_output(pair.now, buffer))) {
  }
  std::vector<std::uint8_t> bulk(60000);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(pair.a.send(channel, MessageKind::binary, bulk));
  pair.run();
  EXPECT_LT(pair.log_b.messages.size(), 60U);
  EXPECT_EQ(pair.a.buffered_amount(channel).value(), 0U);
  ASSERT_TRUE(pair.a.send(channel, MessageKind::text, as_bytes("last")));
  pair.run();
  ASSERT_FALSE(pair.log_b.messages.empty());
  EXPECT_EQ(as_text(pair.log_b.messages.back().payload), "last");
}

TEST(Channels, ClosingResetsBothDirectionsAndFreesTheId) {
  ChannelsPair pair(3, LinkConfig{.loss = 0.1});
  pair.connect();
  for (int round = 0; round < 20; ++round) {
    const ChannelId channel = open_one(pair);
    ASSERT_TRUE(pair.a.send(channel, MessageKind::text, as_bytes("bye")));
    ASSERT_TRUE(pair.a.close(channel));
    EXPECT_EQ(pair.a.send(channel, MessageKind::text, {}).error(), Errc::channel_closing);
    pair.run(seconds(20));
    ASSERT_EQ(pair.log_a.closed_channels.size(), static_cast<std::size_t>(round) + 1);
    ASSERT_EQ(pair.log_b.closed_channels.size(), static_cast<std::size_t>(round) + 1);
    EXPECT_EQ(pair.log_b.messages.size(), static_cast<std::size_t>(round) + 1);
    EXPECT_EQ(pair.a.open_channels(), 0U);
    EXPECT_EQ(pair.b.open_channels(), 0U);
    EXPECT_EQ(pair.a.send(channel, MessageKind::text, {}).error(), Errc::channel_unknown);
  }
}

TEST(Channels, AllCloseWhenBothSidesCloseManyAtOnce) {
  ChannelsPair pair(5, LinkConfig{.loss = 0.05});
  std::vector<ChannelId> ids;
  for (int i = 0; i < 200; ++i) ids.push_back(open_one(pair));
  pair.connect();
  ASSERT_EQ(pair.log_b.opened.size(), 200U);
  for (std::size_t i = 0; i < 200; ++i) {
    if (i % 3 != 0) {
      ASSERT_TRUE(pair.a.close(ids[i]));
    }
    if (i % 3 != 1) {
      ASSERT_TRUE(pair.b.close(pair.log_b.opened[i].first));
    }
  }
  pair.run(seconds(60));
  EXPECT_EQ(pair.log_a.closed_channels.size(), 200U);
  EXPECT_EQ(pair.log_b.closed_channels.size(), 200U);
  const ChannelId again = open_one(pair);
  ASSERT_TRUE(pair.a.send(again, MessageKind::text, as_bytes("again")));
  pair.run();
  ASSERT_EQ(pair.log_b.messages.size(), 1U);
}

TEST(Channels, NegotiatedChannelsNeedNoDcep) {
  ChannelsPair pair;
  const ChannelId here = pair.a.open("n", {.negotiated = 7}).value();
  const ChannelId there = pair.b.open("n", {.negotiated = 7}).value();
  EXPECT_EQ(pair.a.open("n", {.negotiated = 7}).error(), Errc::invalid_argument);
  pair.connect();
  EXPECT_EQ(pair.log_a.opened.size(), 1U);
  ASSERT_TRUE(pair.b.send(there, MessageKind::text, as_bytes("x")));
  pair.run();
  ASSERT_EQ(pair.log_a.messages.size(), 1U);
  EXPECT_EQ(pair.log_a.messages[0].channel, here);
}

TEST(Channels, RefuseMessagesThatCannotBeSent) {
  ChannelsPair pair;
  const ChannelId channel = open_one(pair);
  pair.a.set_max_send_message(10);
  EXPECT_EQ(pair.a.send(channel, MessageKind::text, numbered(11, 0)).error(), Errc::channel_message_too_large);
  EXPECT_EQ(pair.a.send(ChannelId{99}, MessageKind::text, {}).error(), Errc::channel_unknown);
  EXPECT_EQ(pair.a.open(std::string(65536, 'x'), {}).error(), Errc::channel_label_too_long);
  EXPECT_EQ(pair.a.open("x", {.max_retransmits = 1, .max_lifetime_ms = 1}).error(), Errc::invalid_argument);
}

TEST(Channels, CarryALabelOf65535Bytes) {
  ChannelsPair pair;
  const std::string label(65535, 'L');
  ASSERT_TRUE(pair.a.open(label, {}));
  pair.connect();
  ASSERT_EQ(pair.log_b.opened.size(), 1U);
  EXPECT_EQ(pair.log_b.opened[0].second, label);
}

TEST(Channels, ReportALowBufferedAmount) {
  ChannelsPair pair;
  const ChannelId channel = open_one(pair);
  pair.connect();
  ASSERT_TRUE(pair.a.set_buffered_amount_low_threshold(channel, 1000));
  ASSERT_TRUE(pair.a.send(channel, MessageKind::binary, numbered(60000, 1)));
  EXPECT_EQ(pair.a.buffered_amount(channel).value(), 60000U);
  pair.run();
  ASSERT_EQ(pair.log_a.low.size(), 1U);
  EXPECT_EQ(pair.log_a.low[0], channel);
}

TEST(Channels, WouldBlockWhenTheSendBufferIsFull) {
  ChannelsConfig config;
  config.send_buffer = 100000;
  ChannelsPair pair(1, {}, config);
  const ChannelId channel = open_one(pair);
  Result<void> result;
  int accepted = 0;
  while ((result = pair.a.send(channel, MessageKind::binary, numbered(10000, 0)))) ++accepted;
  EXPECT_EQ(result.error(), Errc::would_block);
  EXPECT_EQ(accepted, 9);
}

TEST(Channels, ReportTheParametersOfAChannelAndItsOpener) {
  ChannelsPair pair;
  open_one(pair);
  ASSERT_TRUE(
      pair.a.open("chat", {.order = ChannelOrder::unordered, .max_retransmits = 3, .protocol = "p", .priority = 512}));
  ASSERT_TRUE(pair.a.open("chat", {.max_lifetime_ms = 70}));
  ASSERT_TRUE(pair.a.open("chat", {.protocol = "q", .negotiated = 9}));
  ASSERT_TRUE(pair.b.open("chat", {.negotiated = 9}));
  pair.connect();
  ASSERT_EQ(pair.log_a.parameters.size(), 4U);
  ASSERT_EQ(pair.log_b.parameters.size(), 4U);
  for (const auto* log : {&pair.log_a, &pair.log_b}) {
    const auto& parameters = log->parameters;
    // The negotiated one first, because it needs no answer.
    EXPECT_TRUE(parameters[0].negotiated);
    EXPECT_EQ(parameters[0].stream, 9);
    EXPECT_FALSE(parameters[0].by_peer);
    EXPECT_EQ(parameters[1].stream, 0);
    EXPECT_EQ(parameters[1].order, ChannelOrder::ordered);
    EXPECT_EQ(parameters[1].priority, 256);
    EXPECT_FALSE(parameters[1].max_retransmits || parameters[1].max_lifetime_ms || parameters[1].negotiated);
    EXPECT_EQ(parameters[1].by_peer, log == &pair.log_b);
    EXPECT_EQ(parameters[2].order, ChannelOrder::unordered);
    EXPECT_EQ(parameters[2].max_retransmits, 3U);
    EXPECT_EQ(parameters[2].priority, 512);
    EXPECT_EQ(log->protocols[2], "p");
    EXPECT_EQ(parameters[3].max_lifetime_ms, 70U);
    EXPECT_EQ(parameters[3].stream, 4);
  }
}

TEST(Channels, ClosingIsReportedOnlyToTheOtherSideAndClosedHasAReason) {
  ChannelsPair pair;
  const ChannelId channel = open_one(pair);
  pair.connect();
  ASSERT_TRUE(pair.a.close(channel));
  const bool told = pair.run_until([&] { return !pair.log_b.closing.empty(); });
  ASSERT_TRUE(told);
  const ChannelId other = pair.log_b.opened[0].first;
  EXPECT_EQ(pair.log_b.closing, std::vector{other});
  EXPECT_EQ(pair.b.send(other, MessageKind::text, as_bytes("late")).error(), Errc::channel_closing);
  pair.run();
  EXPECT_TRUE(pair.log_a.closing.empty());
  EXPECT_EQ(pair.log_a.closed_reasons, std::vector{Errc::closed_locally});
  EXPECT_EQ(pair.log_b.closing.size(), 1U);
  EXPECT_EQ(pair.log_b.closed_channels, std::vector{other});
  EXPECT_EQ(pair.log_b.closed_reasons, std::vector{Errc::channel_closed_by_peer});
}

TEST(Channels, EveryChannelReportsTheReasonThatEndedTheAssociation) {
  ChannelsPair pair;
  open_one(pair);
  pair.connect();
  pair.a.abort();
  pair.run();
  EXPECT_EQ(pair.log_a.closed_reasons, std::vector{Errc::closed_locally});
  EXPECT_EQ(pair.log_b.closed_reasons, std::vector{Errc::sctp_aborted});
}

TEST(Channels, AcceptAnyUnusedIdAndSkipItForTheirOwn) {
  ChannelsPair pair;
  pair.connect(StreamParity::even);  // this peer chooses ids by another rule
  ASSERT_TRUE(pair.b.open("theirs", {}));
  pair.run();
  ASSERT_EQ(pair.log_a.opened.size(), 1U);
  EXPECT_EQ(pair.log_a.parameters[0].stream, 0);
  ASSERT_TRUE(pair.a.open("ours", {}));
  pair.run();
  ASSERT_EQ(pair.log_a.opened.size(), 2U);
  EXPECT_EQ(pair.log_a.parameters[1].stream, 2);
}

TEST(Channels, OpensThatCrossOnOneIdCloseBothChannelsAndNoOther) {
  ChannelsPair pair;
  pair.connect(StreamParity::even);
  const ChannelId ours = pair.a.open("ours", {}).value();
  const ChannelId theirs = pair.b.open("theirs", {}).value();
  pair.run();
  EXPECT_EQ(pair.log_a.closed_channels, std::vector{ours});
  EXPECT_EQ(pair.log_b.closed_channels, std::vector{theirs});
  EXPECT_TRUE(pair.log_a.opened.empty());
  EXPECT_EQ(pair.a.open_channels() + pair.b.open_channels(), 0U);
  ASSERT_TRUE(pair.a.open("again", {}));
  pair.run();
  EXPECT_EQ(pair.log_b.opened.size(), 1U);
}

TEST(Channels, WorkWithDifferentPorts) {
  ChannelsConfig config;
  config.local_port = 5001;
  ChannelsPair pair(1, {}, config);
  pair.a.set_remote_port(5001);
  pair.b.set_remote_port(5001);
  open_one(pair);
  pair.connect();
  EXPECT_EQ(pair.log_b.opened.size(), 1U);
}

TEST(Channels, SendNothingBeforeTheyAreStarted) {
  ChannelsPair pair;
  const ChannelId channel = open_one(pair);
  ASSERT_TRUE(pair.a.send(channel, MessageKind::text, as_bytes("x")));
  pair.run(seconds(300));
  EXPECT_EQ(pair.packets, 0U);
  EXPECT_EQ(pair.log_a.closed, std::nullopt);
  EXPECT_EQ(pair.a.max_send_message(), ChannelsConfig{}.max_send_message);
}

TEST(Channels, TerminateWhenThePeerIsLost) {
  ChannelsPair pair;
  const ChannelId channel = open_one(pair);
  pair.connect();
  ASSERT_TRUE(pair.a.send(channel, MessageKind::text, as_bytes("x")));
  pair.cut();
  pair.run(seconds(120));
  EXPECT_EQ(pair.log_a.closed, Errc::sctp_timeout);
  EXPECT_EQ(pair.log_a.closed_reasons, std::vector{Errc::sctp_timeout});
}

TEST(Channels, RefuseAMessageOf4GiBWhateverThePeerAccepts) {
  ChannelsPair pair;
  const ChannelId channel = open_one(pair);
  pair.a.set_max_send_message(0);
  const std::array<std::uint8_t, 1> byte{};
  // Never read: it is refused because of its size.
  const Bytes huge(byte.data(), std::size_t{1} << 32U);
  EXPECT_EQ(pair.a.send(channel, MessageKind::binary, huge).error(), Errc::channel_message_too_large);
}

TEST(Channels, AllCloseWithinTheCallThatDetectsAPeersRestart) {
  ChannelsPair pair;
  std::vector<ChannelId> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(open_one(pair));
  pair.connect();
  for (const ChannelId id : ids) ASSERT_TRUE(pair.a.send(id, MessageKind::binary, numbered(50000, 1)));
  ASSERT_TRUE(pair.a.close(ids[3]));
  std::array<std::uint8_t, 1200> buffer;
  for (int i = 0; i < 20; ++i) (void)pair.a.poll_output(pair.now, buffer);

  pair.replace_b();
  pair.start();
  // Outputs of a are polled; those of b are delivered, until its COOKIE ECHO has arrived.
  const bool restarted = pair.run_until([&] { return !pair.a.buffered_amount(ids[0]); });
  ASSERT_TRUE(restarted);
  for (const ChannelId id : ids) {
    EXPECT_EQ(pair.a.send(id, MessageKind::text, as_bytes("late")).error(), Errc::channel_unknown);
    EXPECT_EQ(pair.a.close(id).error(), Errc::channel_unknown);
    EXPECT_EQ(pair.a.set_buffered_amount_low_threshold(id, 1).error(), Errc::channel_unknown);
  }
  EXPECT_TRUE(pair.log_a.closed_channels.empty());
  // A channel opened before the reports are polled belongs to the new association.
  const ChannelId fresh = open_one(pair);
  ASSERT_TRUE(pair.a.send(fresh, MessageKind::text, as_bytes("new")));
  pair.run();
  EXPECT_EQ(pair.log_a.closed_channels, ids);
  EXPECT_EQ(pair.log_a.closed_reasons, std::vector<Errc>(4, Errc::sctp_restarted));
  EXPECT_EQ(pair.log_a.closed, std::nullopt);
  ASSERT_EQ(pair.log_b.messages.size(), 1U);
  EXPECT_EQ(as_text(pair.log_b.messages[0].payload), "new");
  const ChannelId back = pair.b.open("back", {}).value();
  ASSERT_TRUE(pair.b.send(back, MessageKind::text, as_bytes("hello")));
  pair.run();
  ASSERT_EQ(pair.log_a.messages.size(), 1U);
  EXPECT_EQ(as_text(pair.log_a.messages[0].payload), "hello");
}

TEST(Channels, AbortEndsBothSides) {
  ChannelsPair pair;
  open_one(pair);
  pair.connect();
  pair.a.abort();
  pair.run();
  EXPECT_EQ(pair.log_a.closed, Errc::closed_locally);
  EXPECT_EQ(pair.log_b.closed, Errc::sctp_aborted);
  EXPECT_EQ(pair.log_a.closed_channels.size(), 1U);
  EXPECT_EQ(pair.log_b.closed_channels.size(), 1U);
  EXPECT_EQ(pair.a.open("x", {}).error(), Errc::not_connected);
}

TEST(Channels, TimeOutWhenThePeerIsSilent) {
  ChannelsPair pair(1, LinkConfig{.loss = 1.0});
  pair.start();
  pair.run(seconds(120));
  EXPECT_EQ(pair.log_a.closed, Errc::sctp_timeout);
}

TEST(Channels, AnOpenFloodStaysBounded) {
  ChannelsConfig config;
  config.max_channels = 50;
  ChannelsPair pair(1, {}, config);
  pair.connect();
  for (int i = 0; i < 40; ++i) open_one(pair);
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(pair.b.open("x", {}));
  pair.run();
  EXPECT_GT(pair.b.drops()[ChannelDrop::bad_open] + pair.a.drops()[ChannelDrop::bad_open], 0U);
  EXPECT_LE(pair.b.open_channels(), 50U);
}

TEST(Channels, ABulkChannelDoesNotStarveAnother) {
  ChannelsPair pair;
  const ChannelId bulk = open_one(pair);
  const ChannelId ping = open_one(pair);
  pair.connect();
  for (std::uint32_t i = 0; i < 100; ++i) ASSERT_TRUE(pair.a.send(bulk, MessageKind::binary, numbered(16384, i)));
  ASSERT_TRUE(pair.a.send(ping, MessageKind::text, as_bytes("ping")));
  pair.run();
  ASSERT_EQ(pair.log_b.messages.size(), 101U);
  EXPECT_EQ(as_text(pair.log_b.messages[1].payload), "ping");
}

TEST(Channels, KeepAMegabitPerSecondAtOnePercentLossAndSixtyMilliseconds) {
  ChannelsPair pair(9, LinkConfig{.loss = 0.01, .delay = milliseconds(30)});
  const ChannelId channel = open_one(pair);
  pair.connect();
  for (std::uint32_t i = 0; i < 300; ++i) ASSERT_TRUE(pair.a.send(channel, MessageKind::binary, numbered(16384, i)));
  pair.run(seconds(20));
  std::size_t bytes = 0;
  for (const auto& message : pair.log_b.messages) bytes += message.payload.size();
  RecordProperty("kbit_per_second", static_cast<int>(bytes * 8 / 20 / 1000));
  EXPECT_GT(bytes * 8 / 20, 1'000'000U);
}

}  // namespace
}  // namespace redan::datachannel
