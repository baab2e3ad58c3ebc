#include "rtc/peer/classify.hpp"

#include <gtest/gtest.h>

namespace redan::peer {
namespace {

TEST(Classify, EveryFirstByteHasItsKind) {
  for (unsigned first = 0; first < 256; ++first) {
    const std::array<std::uint8_t, 2> datagram{static_cast<std::uint8_t>(first), 96};
    const DatagramKind expected = first <= 3                     ? DatagramKind::stun
                                  : first >= 20 && first <= 63   ? DatagramKind::dtls
                                  : first >= 128 && first <= 191 ? DatagramKind::rtp
                                                                 : DatagramKind::other;
    EXPECT_EQ(classify(datagram), expected) << first;
  }
}

TEST(Classify, RecognisesRtcpByItsPacketTypes) {
  for (unsigned second = 0; second < 256; ++second) {
    const std::array<std::uint8_t, 2> datagram{0x80, static_cast<std::uint8_t>(second)};
    EXPECT_EQ(classify(datagram) == DatagramKind::rtcp, second >= 192 && second <= 223) << second;
  }
}

TEST(Classify, RefusesDatagramsShorterThanTwoBytes) {
  const std::array<std::uint8_t, 1> one{0x80};
  EXPECT_EQ(classify({}), DatagramKind::other);
  EXPECT_EQ(classify(one), DatagramKind::other);
}

}  // namespace
}  // namespace redan::peer
