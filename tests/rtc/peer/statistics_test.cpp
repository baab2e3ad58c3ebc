// The counters of peers and endpoints.
#include <gtest/gtest.h>

#include <redan/endpoint.hpp>

#include "rtc/stun/message.hpp"
#include "tests/support/endpoint_pair.hpp"
#include "tests/support/simulated_provider.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using test::EndpointPair;
using test::EndpointPairOptions;

class StatisticsTest : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();

  void open_chat(EndpointPair& pair) {
    pair.signal();
    ASSERT_TRUE(pair.offerer.endpoint.open_channel(pair.offerer_peer, "chat"));
    ASSERT_TRUE(pair.run(30s, [&] { return pair.offerer.channel("chat") && pair.answerer.channel("chat"); }));
  }
  static PeerStatistics offerer(const EndpointPair& pair) {
    return pair.offerer.endpoint.statistics(pair.offerer_peer).value();
  }
  static PeerStatistics answerer(const EndpointPair& pair) {
    return pair.answerer.endpoint.statistics(pair.answerer_peer).value();
  }
};

TEST_F(StatisticsTest, AForgedCheckIsCountedAsUnauthenticated) {
  EndpointPair pair(*provider);
  open_chat(pair);
  const auto key = provider->hmac(HashAlgorithm::sha1, as_bytes("not the password of any peer"));
  for (std::uint64_t forged = 1; forged <= 10; ++forged) {
    std::vector<std::uint8_t> buffer(300);
    stun::MessageBuilder message(buffer, stun::Class::request, {});
    message.username(test::sdp_value(pair.answer, "ice-ufrag") + ":" + test::sdp_value(pair.offer, "ice-ufrag"));
    message.priority(1);
    pair.answerer.endpoint.handle_input(pair.now,
                                        {{pair.answerer.address, pair.offerer.address}, message.finish(*key)});
    EXPECT_EQ(pair.answerer.endpoint.statistics().dropped.unauthenticated, forged);
    EXPECT_EQ(answerer(pair).dropped.unauthenticated, forged);
  }
}

TEST_F(StatisticsTest, AForgedRecordAndARepeatedOneAreCounted) {
  EndpointPair pair(*provider);
  open_chat(pair);
  pair.offerer.keep_sent = true;
  ASSERT_TRUE(pair.offerer.endpoint.send(pair.offerer_peer, *pair.offerer.channel("chat"), MessageKind::text,
                                         as_bytes("hello")));
  ASSERT_TRUE(pair.run(10s, [&] { return !pair.answerer.messages.empty(); }));
  std::vector<std::uint8_t> record = pair.offerer.sent.front();
  std::vector<std::uint8_t> forged = record;
  forged.back() ^= 1U;
  forged[10] ^= 0x40U;  // another sequence number, which was not used
  const Path path{pair.answerer.address, pair.offerer.address};
  const DropCounters before = answerer(pair).dropped;
  pair.answerer.endpoint.handle_input(pair.now, {path, record});
  pair.answerer.endpoint.handle_input(pair.now, {path, forged});
  EXPECT_EQ(answerer(pair).dropped.replayed, before.replayed + 1);
  EXPECT_EQ(answerer(pair).dropped.unauthenticated, before.unauthenticated + 1);
}

TEST_F(StatisticsTest, ReceivedCountsMatchSentCounts) {
  EndpointPair pair(*provider);
  open_chat(pair);
  for (const std::string_view text : {"one", "", "three"}) {
    ASSERT_TRUE(pair.offerer.endpoint.send(pair.offerer_peer, *pair.offerer.channel("chat"), MessageKind::text,
                                           as_bytes(text)));
  }
  ASSERT_TRUE(pair.run(10s, [&] { return pair.answerer.messages.size() == 3; }));
  const PeerStatistics sent = offerer(pair), received = answerer(pair);
  EXPECT_EQ(sent.messages_sent, 3U);
  EXPECT_EQ(sent.message_bytes_sent, 8U);
  EXPECT_EQ(received.messages_received, 3U);
  EXPECT_EQ(received.message_bytes_received, 8U);
  EXPECT_EQ(sent.messages_received, 0U);
  EXPECT_EQ(sent.packets_sent, received.packets_received);
  EXPECT_EQ(sent.bytes_sent, received.bytes_received);
  EXPECT_EQ(sent.requests_sent, received.requests_received);
  EXPECT_EQ(received.responses_sent, sent.responses_received);
  EXPECT_GT(sent.requests_sent, 0U);
  EXPECT_GE(sent.selected_candidate_pair_changes, 1U);
  EXPECT_TRUE(sent.current_round_trip_time) << "a full agent measures";
  EXPECT_FALSE(received.current_round_trip_time) << "a lite agent does not";
  EXPECT_GT(sent.congestion_window, 0U);
}

TEST_F(StatisticsTest, PacketsMarkedByTheNetworkAreCounted) {
  EndpointPair pair(*provider);
  open_chat(pair);
  const Path path{pair.answerer.address, pair.offerer.address};
  std::vector<std::uint8_t> rtp(100, 0x80);
  for (const Ecn ecn : {Ecn::not_ect, Ecn::ect0, Ecn::ect1, Ecn::ce, Ecn::ce})
    pair.answerer.endpoint.handle_input(pair.now, {path, rtp, ecn});
  EXPECT_EQ(answerer(pair).packets_received_with_ect1, 1U);
  EXPECT_EQ(answerer(pair).packets_received_with_ce, 2U);
}

TEST_F(StatisticsTest, ChannelsAreCountedWhenTheyOpenAndWhenTheyClose) {
  EndpointPair pair(*provider);
  open_chat(pair);
  EXPECT_EQ(offerer(pair).data_channels_opened, 1U);
  EXPECT_EQ(answerer(pair).data_channels_opened, 1U);
  EXPECT_EQ(offerer(pair).data_channels_closed, 0U);
  ASSERT_TRUE(pair.offerer.endpoint.close_channel(pair.offerer_peer, *pair.offerer.channel("chat")));
  ASSERT_TRUE(pair.run(10s, [&] { return pair.offerer.channels.empty() && pair.answerer.channels.empty(); }));
  EXPECT_EQ(offerer(pair).data_channels_closed, 1U);
  EXPECT_EQ(answerer(pair).data_channels_closed, 1U);
}

TEST_F(StatisticsTest, TheEndpointKeepsTheDropsOfClosedPeers) {
  EndpointPair pair(*provider);
  open_chat(pair);
  std::vector<std::uint8_t> rtp(100, 0x80);
  pair.answerer.endpoint.handle_input(pair.now, {{pair.answerer.address, pair.offerer.address}, rtp});
  EXPECT_EQ(pair.answerer.endpoint.statistics().dropped.unknown_source, 1U);
  pair.answerer.endpoint.close(pair.answerer_peer);
  ASSERT_TRUE(pair.run(10s, [&] { return pair.answerer.closed.has_value(); }));
  EXPECT_EQ(pair.answerer.endpoint.statistics(pair.answerer_peer).error(), Errc::unknown_peer);
  EXPECT_EQ(pair.answerer.endpoint.statistics().dropped.unknown_source, 1U);
}

}  // namespace
}  // namespace redan
