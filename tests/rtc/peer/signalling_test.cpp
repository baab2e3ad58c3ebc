// Descriptions at the Endpoint: refusals and their reasons, roles, ICE restart.
#include <gtest/gtest.h>

#include "tests/support/endpoint_pair.hpp"
#include "tests/support/files.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using test::EndpointPair;

class Signalling : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();
  EndpointConfig config{.local_addresses = {Address::v4({192, 0, 2, 2}, 2000), *Address::parse("2001:db8::2", 2000)}};
  Endpoint endpoint{config, test::test_identity(*provider), *provider};

  static std::string captured(const std::string& name) {
    const auto bytes = test::read_test_file("captures/sdp/" + name + ".sdp");
    return {bytes.begin(), bytes.end()};
  }
};

TEST_F(Signalling, AnswersOffersOfBothBrowsersWithEveryAddress) {
  for (const std::string name : {"chromium-offer-plain-avdata", "firefox-offer-plain-avdata"}) {
    const auto accepted = endpoint.accept(captured(name));
    ASSERT_TRUE(accepted) << name;
    EXPECT_NE(accepted->answer.find("192.0.2.2 2000 typ host"), std::string::npos);
    EXPECT_NE(accepted->answer.find("2001:db8::2 2000 typ host"), std::string::npos);
    EXPECT_NE(accepted->answer.find("a=setup:passive"), std::string::npos);
    EXPECT_NE(accepted->answer.find("a=max-message-size:1048576"), std::string::npos);
  }
  EXPECT_EQ(endpoint.peer_count(), 2U);
}

TEST_F(Signalling, AMalformedOfferIsRefusedWithItsLineAndCreatesNoPeer) {
  const auto accepted = endpoint.accept("v=0\r\nrubbish\r\n");
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error(), Errc::sdp_syntax);
  EXPECT_EQ(accepted.error().detail.substr(0, 7), "line 2:");
  EXPECT_EQ(endpoint.peer_count(), 0U);
}

TEST_F(Signalling, OnlyStrongFingerprintsOfTheRightLengthCount) {
  const std::string offer = captured("chromium-offer-plain-data");
  const std::size_t at = offer.find("sha-256 ");
  const std::size_t end = offer.find("\r\n", at);
  const std::string value = offer.substr(at + 8, end - at - 8);
  for (const std::string& bad :
       {"sha-1 " + value, "md5 " + value, "sha-256 " + value.substr(3), "sha-256 " + value + ":00",
        "sha-256 ZZ" + value.substr(2), "sha-384 " + value, std::string("sha-256")}) {
    std::string text = offer;
    text.replace(at, end - at, bad);
    EXPECT_EQ(endpoint.accept(text).error(), Errc::sdp_no_fingerprint) << bad;
  }
  EXPECT_EQ(endpoint.peer_count(), 0U);
}

TEST_F(Signalling, AnAnswerFollowsExactlyOneOffer) {
  EndpointPair pair(*provider);
  pair.signal();
  EXPECT_EQ(pair.offerer.endpoint.complete(pair.offerer_peer, pair.answer).error(), Errc::sdp_wrong_state);
  EXPECT_EQ(pair.answerer.endpoint.complete(pair.answerer_peer, pair.answer).error(), Errc::sdp_wrong_state);
}

TEST_F(Signalling, OfTwoLiteAgentsTheAnswererChecks) {
  test::EndpointPairOptions options;
  options.offerer.announce_lite = true;
  EndpointPair pair(*provider, options);
  EXPECT_TRUE(pair.connect());
  EXPECT_EQ(pair.answer.find("a=ice-lite"), std::string::npos);
}

TEST_F(Signalling, AnIceRestartKeepsTheConnection) {
  EndpointPair pair(*provider);
  ASSERT_TRUE(pair.connect());
  // The same offer with new credentials, as by a browser's restartIce().
  std::string offer = pair.offer;
  const auto replace_value = [&](std::string_view name, std::string_view value) {
    const std::size_t at = offer.find(name) + name.size();
    offer.replace(at, offer.find("\r\n", at) - at, value);
  };
  replace_value("a=ice-ufrag:", "newufrag");
  replace_value("a=ice-pwd:", "a-new-password-of-28-letters");
  const auto answer = pair.answerer.endpoint.renegotiate(pair.answerer_peer, offer);
  ASSERT_TRUE(answer);
  EXPECT_NE(*answer, pair.answer);
  EXPECT_EQ(answer->find(pair.answer.substr(pair.answer.find("a=ice-ufrag:"), 20)), std::string::npos);
  // The old credentials are accepted until a check with the new ones succeeds.
  EXPECT_FALSE(pair.run(20s, [&] { return pair.answerer.closed || pair.offerer.closed; }));
}

TEST_F(Signalling, RefusesARenegotiationWithAnotherFingerprint) {
  EndpointPair pair(*provider);
  ASSERT_TRUE(pair.connect());
  std::string offer = pair.offer;
  const std::size_t at = offer.find("sha-256 ") + 8;
  offer[at] = offer[at] == 'A' ? 'B' : 'A';
  EXPECT_EQ(pair.answerer.endpoint.renegotiate(pair.answerer_peer, offer).error(), Errc::sdp_association_changed);
}

TEST_F(Signalling, BothSidesLearnWhichMediaWereAgreed) {
  test::EndpointPairOptions options;
  options.plan = {.data = true, .audio = true, .video = true, .direction = MediaDirection::sendonly};
  EndpointPair pair(*provider, options);
  EXPECT_EQ(pair.offerer.endpoint.media(PeerId{77}).error(), Errc::unknown_peer);
  const auto early = pair.offerer.endpoint.offer(options.plan);
  EXPECT_EQ(pair.offerer.endpoint.media(early->peer).error(), Errc::sdp_wrong_state);
  pair.signal();
  const auto ours = pair.offerer.endpoint.media(pair.offerer_peer);
  const auto theirs = pair.answerer.endpoint.media(pair.answerer_peer);
  ASSERT_TRUE(ours && theirs);
  ASSERT_EQ(ours->size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ((*ours)[i].direction, MediaDirection::sendonly);
    EXPECT_EQ((*theirs)[i].direction, MediaDirection::recvonly);
    EXPECT_EQ((*ours)[i].payload_type, (*theirs)[i].payload_type);
    EXPECT_EQ((*ours)[i].mid, (*theirs)[i].mid);
  }
  EXPECT_EQ((*ours)[0].codec, "opus");
  EXPECT_EQ((*ours)[1].codec, "VP8");
}

TEST_F(Signalling, DeclinedMediaIsNotListedAsAgreed) {
  test::EndpointPairOptions options;
  options.plan = {.data = true, .audio = true, .video = true};
  options.accept.accept_media = false;
  EndpointPair pair(*provider, options);
  pair.signal();
  EXPECT_TRUE(pair.offerer.endpoint.media(pair.offerer_peer)->empty());
  EXPECT_TRUE(pair.answerer.endpoint.media(pair.answerer_peer)->empty());
}

}  // namespace
}  // namespace redan
