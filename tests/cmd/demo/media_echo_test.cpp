#include "cmd/demo/media_echo.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"

namespace redan::cmd {
namespace {

TEST(MediaEcho, ChangesTheSourceOfRtpReversibly) {
  auto packet = *from_hex("806000010000000211223344aabb");
  const auto original = packet;
  ASSERT_TRUE(echo_rtp(packet));
  EXPECT_EQ(to_hex(packet), "80600001000000024b78691eaabb");
  ASSERT_TRUE(echo_rtp(packet));
  EXPECT_EQ(packet, original);
}

TEST(MediaEcho, RefusesPacketsThatAreNotRtp) {
  auto old_version = *from_hex("406000010000000211223344aabb");
  EXPECT_FALSE(echo_rtp(old_version));
  for (std::size_t n = 0; n < 12; ++n) {
    std::vector<std::uint8_t> short_packet(n, 0x80);
    EXPECT_FALSE(echo_rtp(short_packet));
  }
}

// A receiver report, then a picture loss indication: only the latter is returned.
TEST(MediaEcho, RelaysPictureLossUnderTheOriginalSource) {
  const auto compound = *from_hex(
      "80c9000100000001"
      "81ce0002000000014b78691e");
  const auto feedback = echo_feedback(compound);
  ASSERT_EQ(feedback.size(), 1U);
  EXPECT_EQ(to_hex(feedback[0]), "81ce00020000000111223344");
}

TEST(MediaEcho, FullIntraRequestsAreRewrittenInEveryEntry) {
  const auto request = *from_hex("84ce000600000001000000004b78691e010000004b78691f02000000");
  const auto feedback = echo_feedback(request);
  ASSERT_EQ(feedback.size(), 1U);
  EXPECT_EQ(to_hex(feedback[0]), "84ce0006000000010000000011223344010000001122334502000000");
}

// The lost sequence numbers (packet 0x1234 and the following bitmap) are unchanged, because the echo keeps them.
TEST(MediaEcho, RelaysNacksUnderTheOriginalSource) {
  const auto feedback = echo_feedback(*from_hex("81cd0003000000014b78691e1234800f"));
  ASSERT_EQ(feedback.size(), 1U);
  EXPECT_EQ(to_hex(feedback[0]), "81cd000300000001112233441234800f");
}

// Transport-wide congestion control counts packets that the sender did not send; slice loss and others are not
// supported.
TEST(MediaEcho, OtherFeedbackIsDropped) {
  EXPECT_TRUE(echo_feedback(*from_hex("8fcd0003000000014b78691e12340000")).empty());
  EXPECT_TRUE(echo_feedback(*from_hex("82ce0003000000014b78691e12340000")).empty());
  EXPECT_TRUE(echo_feedback(*from_hex("81c80002000000014b78691e")).empty());
}

TEST(MediaEcho, StopsAtALengthBeyondThePacket) {
  const auto compound = *from_hex("81ce00ff000000014b78691e");
  EXPECT_TRUE(echo_feedback(compound).empty());
  for (std::size_t n = 0; n < compound.size(); ++n) EXPECT_TRUE(echo_feedback(Bytes(compound).first(n)).empty());
}

TEST(MediaEcho, RelaysAtMostItsLimit) {
  std::vector<std::uint8_t> many;
  for (int i = 0; i < 100; ++i) {
    const auto one = *from_hex("81ce0002000000014b78691e");
    many.insert(many.end(), one.begin(), one.end());
  }
  EXPECT_EQ(echo_feedback(many).size(), kMaxFeedback);
}

}  // namespace
}  // namespace redan::cmd
