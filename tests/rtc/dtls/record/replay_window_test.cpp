#include "rtc/dtls/record/replay_window.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/link.hpp"

namespace redan::dtls {
namespace {

TEST(ReplayWindow, AcceptsEachNumberOnce) {
  ReplayWindow window;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    EXPECT_FALSE(window.replayed(i));
    window.accept(i);
    EXPECT_TRUE(window.replayed(i));
  }
}

TEST(ReplayWindow, NumbersOlderThanTheWindowAreReplays) {
  ReplayWindow window;
  window.accept(1000);
  EXPECT_TRUE(window.replayed(1000 - ReplayWindow::kSize));
  EXPECT_FALSE(window.replayed(1001 - ReplayWindow::kSize));
}

TEST(ReplayWindow, AgreesWithASetOnRandomNumbers) {
  test::SeededRandom random(7);
  ReplayWindow window;
  std::set<std::uint64_t> seen;
  std::uint64_t highest = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t step = random.chance(0.01) ? 1000 : 3;
    const std::uint64_t top = highest + random.below(step);
    const std::uint64_t sequence = top - std::min(top, random.below(300));
    const bool old = !seen.empty() && highest + 1 - std::min(sequence, highest + 1) > ReplayWindow::kSize;
    ASSERT_EQ(window.replayed(sequence), old || seen.contains(sequence)) << sequence << " " << highest;
    if (window.replayed(sequence)) continue;
    window.accept(sequence);
    seen.insert(sequence);
    highest = std::max(highest, sequence);
  }
}

}  // namespace
}  // namespace redan::dtls
