// What a later description changes in a running connection, and what it cannot change.
#include <gtest/gtest.h>

#include "tests/support/endpoint_pair.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using test::EndpointPair;
using test::EndpointPairOptions;

class Renegotiation : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();

  static std::string with(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
  }
  // The offer of another peer with this one's transport, like a browser's offer after addTrack().
  std::string offer_of(EndpointPair& pair, const MediaPlan& plan) {
    const auto other = pair.offerer.endpoint.offer(plan);
    std::string text = other->offer;
    for (const std::string name : {"ice-ufrag", "ice-pwd"}) {
      const std::string theirs = test::sdp_value(text, name), ours = test::sdp_value(pair.offer, name);
      for (std::size_t at = 0; (at = text.find(theirs, at)) != std::string::npos; at += ours.size())
        text.replace(at, theirs.size(), ours);
    }
    pair.offerer.endpoint.close(other->peer);
    return text;
  }
  Result<std::string> renegotiate(EndpointPair& pair, const std::string& offer) {
    return pair.answerer.endpoint.renegotiate(pair.answerer_peer, offer);
  }
  static std::vector<std::uint8_t> rtp(std::size_t size) {
    std::vector<std::uint8_t> packet(size + kSrtpTrailer, 0x55);
    packet[0] = 0x80;
    packet[1] = 111;
    return packet;
  }
};

TEST_F(Renegotiation, MediaAddedLaterIsTransmitted) {
  EndpointPair pair(*provider);
  ASSERT_TRUE(pair.connect());
  auto packet = rtp(100);
  EXPECT_EQ(pair.answerer.endpoint.send_media(pair.answerer_peer, MediaKind::rtp, packet, 100).error(),
            Errc::srtp_not_negotiated);
  const auto answer = renegotiate(pair, offer_of(pair, {.data = true, .audio = true}));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->find("m=audio 0 "), std::string::npos) << *answer;
  packet = rtp(100);
  EXPECT_TRUE(pair.answerer.endpoint.send_media(pair.answerer_peer, MediaKind::rtp, packet, 100));
}

TEST_F(Renegotiation, MediaIsDeclinedWhenTheConnectionHasNoKeysForIt) {
  EndpointPairOptions options;
  options.answerer.srtp_profiles = {};
  EndpointPair pair(*provider, options);
  ASSERT_TRUE(pair.connect());
  const auto answer = renegotiate(pair, offer_of(pair, {.data = true, .audio = true}));
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find("m=audio 0 "), std::string::npos) << *answer;
  EXPECT_EQ(answer->find("m=application 0 "), std::string::npos) << *answer;
  EXPECT_TRUE(pair.answerer.endpoint.media(pair.answerer_peer)->empty());
}

TEST_F(Renegotiation, ANewMaxMessageSizeTakesEffect) {
  EndpointPair pair(*provider);
  pair.signal();
  const ChannelId channel = *pair.answerer.endpoint.open_channel(pair.answerer_peer, "c");
  ASSERT_TRUE(pair.run(10s, [&] { return pair.both_connected(); }));
  EXPECT_EQ(pair.answerer.endpoint.max_message_size(pair.answerer_peer), 1'048'576U);
  const std::vector<std::uint8_t> message(2000);
  EXPECT_TRUE(pair.answerer.endpoint.send(pair.answerer_peer, channel, MessageKind::binary, message));
  ASSERT_TRUE(renegotiate(pair, with(pair.offer, "a=max-message-size:1048576", "a=max-message-size:1000")));
  EXPECT_EQ(pair.answerer.endpoint.send(pair.answerer_peer, channel, MessageKind::binary, message).error(),
            Errc::channel_message_too_large);
  EXPECT_EQ(pair.answerer.endpoint.max_message_size(pair.answerer_peer), 1'000U);
}

TEST_F(Renegotiation, TheSameFingerprintMayHaveAnotherNotation) {
  EndpointPair pair(*provider);
  ASSERT_TRUE(pair.connect());
  const std::string value = test::sdp_value(pair.offer, "fingerprint");
  std::string lower = value;
  for (char& c : lower) c = static_cast<char>(std::tolower(c));
  EXPECT_TRUE(renegotiate(pair, with(pair.offer, value, lower)));
}

TEST_F(Renegotiation, AnotherSctpPortIsRefused) {
  EndpointPair pair(*provider);
  ASSERT_TRUE(pair.connect());
  const auto moved = renegotiate(pair, with(pair.offer, "a=sctp-port:5000", "a=sctp-port:5001"));
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error(), Errc::sdp_association_changed);
  EXPECT_NE(moved.error().detail.find("a=sctp-port"), std::string::npos);
}

TEST_F(Renegotiation, ARestartUsesTheNewCandidates) {
  EndpointPairOptions options;
  options.offerer.announce_lite = true;
  options.answerer.announce_lite = false;
  EndpointPair pair(*provider, options);
  pair.signal();
  ASSERT_TRUE(pair.offerer.endpoint.open_channel(pair.offerer_peer, "chat"));
  ASSERT_TRUE(pair.run(10s, [&] { return pair.answerer.channel("chat").has_value(); }));
  const Address moved = Address::v4({192, 0, 2, 77}, 7000);
  std::string offer = with(pair.offer, "192.0.2.1 1000 typ host", "192.0.2.77 7000 typ host");
  offer = with(offer, test::sdp_value(offer, "ice-ufrag"), "newufrag");
  offer = with(offer, test::sdp_value(offer, "ice-pwd"), "a-new-password-of-28-letters");
  ASSERT_TRUE(renegotiate(pair, offer));
  std::vector<Path> checked;
  std::array<std::uint8_t, 1500> buffer{};
  for (int step = 0; step < 20; ++step) {
    pair.now += 50ms;
    while (true) {
      const Output output = pair.answerer.endpoint.poll_output(pair.now, buffer);
      if (std::holds_alternative<Wait>(output)) break;
      if (const auto* transmit = std::get_if<Transmit>(&output)) checked.push_back(transmit->path);
    }
  }
  EXPECT_NE(std::find(checked.begin(), checked.end(), Path{pair.answerer.address, moved}), checked.end());
}

// Data channels together with media.

// The answerer's actual port is another, so nothing arrives.
TEST_F(Renegotiation, SctpUsesThePortOfTheDescription) {
  EndpointPair pair(*provider);
  pair.signal([](std::string& answer) { answer = with(answer, "a=sctp-port:5000", "a=sctp-port:5001"); });
  ASSERT_TRUE(pair.offerer.endpoint.open_channel(pair.offerer_peer, "chat"));
  ASSERT_TRUE(pair.run(10s, [&] { return pair.both_connected(); }));
  EXPECT_FALSE(pair.run(5s, [&] { return pair.answerer.channel("chat").has_value(); }));
}

TEST_F(Renegotiation, ASessionWithoutDataChannelsStaysConnected) {
  EndpointPairOptions options;
  options.plan = {.data = false, .audio = true};
  EndpointPair pair(*provider, options);
  ASSERT_TRUE(pair.connect());
  EXPECT_FALSE(pair.run(10min, [&] { return pair.offerer.closed || pair.answerer.closed; }));
}

TEST_F(Renegotiation, DataChannelsAddedLaterStart) {
  EndpointPairOptions options;
  options.plan = {.data = false, .audio = true};
  EndpointPair pair(*provider, options);
  ASSERT_TRUE(pair.connect());
  pair.run(1s);
  EXPECT_EQ(pair.answerer.endpoint.max_message_size(pair.answerer_peer).error(), Errc::channel_unknown);
  const std::size_t before = pair.answerer.sent_datagrams;
  ASSERT_TRUE(renegotiate(pair, offer_of(pair, {.data = true, .audio = true})));
  pair.run(100ms);
  EXPECT_GT(pair.answerer.sent_datagrams, before) << "INIT goes out";
}

TEST_F(Renegotiation, MediaContinuesWhenDataChannelsEnd) {
  EndpointPairOptions options;
  options.plan = {.data = true, .audio = true};
  EndpointPair pair(*provider, options);
  pair.signal();
  ASSERT_TRUE(pair.offerer.endpoint.open_channel(pair.offerer_peer, "chat"));
  ASSERT_TRUE(pair.run(10s, [&] { return pair.offerer.channel("chat") && pair.answerer.channel("chat"); }));
  const std::string offer = with(pair.offer, "m=application 9 ", "m=application 0 ");
  const auto answer = renegotiate(pair, offer);
  ASSERT_TRUE(answer);
  ASSERT_TRUE(pair.run(5s, [&] { return pair.offerer.channels.empty() && pair.answerer.channels.empty(); }));
  for (auto* end : {&pair.offerer, &pair.answerer}) {
    const PeerId peer = end == &pair.offerer ? pair.offerer_peer : pair.answerer_peer;
    auto packet = rtp(100);
    EXPECT_TRUE(end->endpoint.send_media(peer, MediaKind::rtp, packet, 100));
  }
  EXPECT_TRUE(pair.run(5s, [&] { return pair.offerer.rtp.size() == 1 && pair.answerer.rtp.size() == 1; }));
  EXPECT_FALSE(pair.run(3min, [&] { return pair.offerer.closed || pair.answerer.closed; }));
}

TEST_F(Renegotiation, EndedDataChannelsRestartWithTheNextDescription) {
  EndpointPairOptions options;
  options.plan = {.data = true, .audio = true};
  EndpointPair pair(*provider, options);
  pair.signal();
  const ChannelId first = *pair.answerer.endpoint.open_channel(pair.answerer_peer, "first");
  ASSERT_TRUE(pair.run(10s, [&] { return pair.answerer.channel("first").has_value(); }));
  ASSERT_TRUE(renegotiate(pair, with(pair.offer, "m=application 9 ", "m=application 0 ")));
  ASSERT_TRUE(pair.run(5s, [&] { return pair.answerer.channels.empty(); }));
  EXPECT_EQ(pair.answerer.endpoint.open_channel(pair.answerer_peer, "x").error(), Errc::not_connected);
  const auto answer = renegotiate(pair, pair.offer);
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find("m=application 9 "), std::string::npos);
  const auto second = pair.answerer.endpoint.open_channel(pair.answerer_peer, "second");
  ASSERT_TRUE(second);
  EXPECT_GT(second->value, first.value) << "ids are never used again";
  const std::size_t before = pair.answerer.sent_datagrams;
  pair.run(100ms);
  EXPECT_GT(pair.answerer.sent_datagrams, before) << "INIT goes out";
}

TEST_F(Renegotiation, TheConnectionEndsWithItsDataChannelsWithoutMedia) {
  EndpointPair pair(*provider);
  ASSERT_TRUE(pair.connect());
  pair.run(1s);
  pair.offerer.endpoint.close(pair.offerer_peer);
  ASSERT_TRUE(pair.run(1s, [&] { return pair.answerer.closed.has_value(); }));
}

// Sizes.

TEST_F(Renegotiation, MediaHasItsOwnSizeLimit) {
  EndpointPairOptions options;
  options.plan = {.data = true, .audio = true};
  EndpointPair pair(*provider, options);
  ASSERT_TRUE(pair.connect());
  EXPECT_EQ(pair.offerer.endpoint.max_datagram(), 1472U);
  for (const std::size_t size : {1400U, 1472U - 16U}) {  // a GCM tag has 16 bytes
    auto packet = rtp(size);
    packet[3] = static_cast<std::uint8_t>(size);
    EXPECT_TRUE(pair.offerer.endpoint.send_media(pair.offerer_peer, MediaKind::rtp, packet, size)) << size;
  }
  auto packet = rtp(1472 - 15);
  EXPECT_EQ(pair.offerer.endpoint.send_media(pair.offerer_peer, MediaKind::rtp, packet, 1472 - 15).error(),
            Errc::srtp_packet_too_large);
  EXPECT_TRUE(pair.run(5s, [&] { return pair.answerer.rtp.size() == 2; }));
}

}  // namespace
}  // namespace redan
