// The cost of a channel must not depend on the number of open channels.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>

#include "tests/support/channels_pair.hpp"

namespace redan::datachannel {
namespace {

/// Processor time to close `count` channels at once, the oldest first, in seconds per channel.
double cost_of_one(std::size_t count) {
  test::ChannelsPair pair;
  pair.connect();
  std::vector<ChannelId> channels;
  for (std::size_t i = 0; i < count; ++i) channels.push_back(pair.a.open("chat", {}).value());
  pair.run();
  EXPECT_EQ(pair.b.open_channels(), count);
  const std::clock_t begin = std::clock();
  for (const ChannelId channel : channels) EXPECT_TRUE(pair.a.close(channel));
  pair.run();
  EXPECT_EQ(pair.a.open_channels() + pair.b.open_channels(), 0U);
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC / static_cast<double>(count);
}

// The best of several rounds, because other programs share the caches.
double best_cost(std::size_t count, int rounds) {
  double best = 1e9;
  for (int i = 0; i < rounds; ++i) best = std::min(best, cost_of_one(count));
  return best;
}

TEST(ChannelCost, ClosingDoesNotDependOnTheNumberOfOpenChannels) {
  const double few = best_cost(64, 20);
  const double many = best_cost(1024, 5);
  RecordProperty("ratio", std::to_string(many / few));
  EXPECT_LT(many, 3 * few) << "us: " << 1e6 * few << " and " << 1e6 * many;
}

}  // namespace
}  // namespace redan::datachannel
