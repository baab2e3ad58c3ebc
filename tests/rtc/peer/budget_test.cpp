// What peers may make an endpoint hold, over all of them.
#include <gtest/gtest.h>

#include "tests/support/endpoint_pair.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using test::EndpointPair;
using test::EndpointPairOptions;

// What follows a lost packet waits for it.
TEST(MemoryBudget, BeyondItNothingIsKeptAheadOfAHoleAndAllArrivesLater) {
  const auto provider = default_provider();
  std::array<std::uint64_t, 2> over_budget{};
  for (const bool small : {false, true}) {
    EndpointPairOptions options;
    options.link.loss = 0.02;
    if (small) options.answerer.memory_budget = 40'000;
    EndpointPair pair(*provider, options);
    pair.signal();
    const ChannelId channel = *pair.offerer.endpoint.open_channel(pair.offerer_peer, "bulk");
    ASSERT_TRUE(pair.run(10s, [&] { return pair.answerer.channel("bulk").has_value(); }));
    const std::string message(5'000, 'x');
    constexpr std::size_t kMessages = 400;
    for (std::size_t i = 0; i < kMessages; ++i)
      ASSERT_TRUE(pair.offerer.endpoint.send(pair.offerer_peer, channel, MessageKind::binary, as_bytes(message)));
    ASSERT_TRUE(pair.run(60s, [&] { return pair.answerer.messages.size() == kMessages; })) << small;
    over_budget[small ? 1 : 0] = pair.answerer.endpoint.counters().over_budget;
  }
  EXPECT_EQ(over_budget[0], 0U);
  EXPECT_GT(over_budget[1], 0U);
}

}  // namespace
}  // namespace redan
