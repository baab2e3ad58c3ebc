#include "rtc/dtls/handshake/dropped_messages.hpp"

#include <gtest/gtest.h>

#include "tests/support/seeded_random.hpp"

namespace redan::dtls {
namespace {

std::vector<std::uint8_t> message(int number) {
  return {static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(number >> 8), 7};
}

TEST(DroppedMessages, RecognizesAMessageThatWasDroppedAndNoOther) {
  test::SeededRandom random(1);
  DroppedMessages dropped;
  EXPECT_FALSE(dropped.contains(message(1)));
  dropped.add(message(1), random);
  EXPECT_TRUE(dropped.contains(message(1)));
  EXPECT_FALSE(dropped.contains(message(2)));
}

TEST(DroppedMessages, RecognizesMostOfTheLast4000) {
  test::SeededRandom random(1);
  DroppedMessages dropped;
  for (int i = 0; i < 4'000; ++i) dropped.add(message(i), random);
  int known = 0;
  for (int i = 0; i < 4'000; ++i) known += dropped.contains(message(i)) ? 1 : 0;
  EXPECT_GE(known, 3'800);
}

TEST(DroppedMessages, RecognizesNothingOnceCleared) {
  test::SeededRandom random(1);
  DroppedMessages dropped;
  dropped.add(message(1), random);
  dropped.clear();
  EXPECT_FALSE(dropped.contains(message(1)));
}

}  // namespace
}  // namespace redan::dtls
