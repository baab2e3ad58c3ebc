// Whole connections on one virtual clock: handshake and 100 messages over links with many kinds of faults, thousands of
// seeds. A failing seed is printed and can be replayed bit for bit.
#include <gtest/gtest.h>

#include "base/crc32.hpp"
#include "tests/support/endpoint_pair.hpp"
#include "tests/support/simulated_provider.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using test::EndpointPair;
using test::EndpointPairOptions;
using test::SeededRandom;

constexpr int kMessages = 100;

std::string payload(std::uint64_t seed, int index) {
  SeededRandom random(seed * 1000 + static_cast<std::uint64_t>(index));
  std::string text(random.below(random.chance(0.05) ? 20'000 : 300), '\0');
  for (char& c : text) c = static_cast<char>(random.next());
  return std::to_string(index) + ":" + text;
}

EndpointPairOptions options_of(std::uint64_t seed) {
  SeededRandom random(seed);
  EndpointPairOptions options;
  options.seed = seed;
  options.link.loss = 0.30 * static_cast<double>(random.below(101)) / 100;
  options.link.duplicate = random.chance(0.5) ? 0.1 : 0;
  options.link.delay = std::chrono::milliseconds(random.below(201));
  options.link.jitter = std::chrono::milliseconds(random.chance(0.5) ? random.below(50) : 0);
  options.offerer.mtu = options.answerer.mtu = 600 + random.below(801);
  options.link.mtu = options.offerer.mtu;
  options.accept.dtls_role = random.chance(0.5) ? DtlsRole::server : DtlsRole::client;
  return options;
}

struct Outcome {
  bool complete = false;
  std::string state;  // human-readable, for a stuck run
  bool intact = true;
  std::uint32_t digest = 0;  // of everything that was delivered, and when
  TimePoint end{};
};

Outcome simulate(std::uint64_t seed, bool partial_drains) {
  static const std::unique_ptr<Provider> real = default_provider();
  test::SimulatedProvider provider(*real, seed + 1);
  EndpointPair pair(provider, options_of(seed));
  pair.signal();
  // Ordered and unordered, both reliable: every message must arrive.
  const ChannelId ordered = *pair.offerer.endpoint.open_channel(pair.offerer_peer, "ordered");
  const ChannelId unordered =
      *pair.offerer.endpoint.open_channel(pair.offerer_peer, "unordered", {.order = ChannelOrder::unordered});
  SeededRandom steps(seed);
  SeededRandom* partial = partial_drains ? &steps : nullptr;
  Outcome outcome;
  const auto describe = [&] {
    const auto reason = [](const test::EndpointEnd& end) {
      return end.closed ? std::string(name(end.closed->reason)) : "open";
    };
    return std::to_string(pair.answerer.channels.size()) + " channels, " +
           std::to_string(pair.answerer.messages.size()) + " messages, " +
           std::to_string(pair.now.time_since_epoch() / 1ms) + " ms, offerer " + reason(pair.offerer) + ", answerer " +
           reason(pair.answerer);
  };
  const auto both_open = [&] { return pair.answerer.channels.size() == 2; };
  if (!pair.run(180s, both_open, partial)) {
    outcome.state = describe();
    return outcome;
  }
  for (int i = 0; i < kMessages; ++i) {
    (void)pair.offerer.endpoint.send(pair.offerer_peer, i % 2 == 0 ? ordered : unordered, MessageKind::binary,
                                     as_bytes(payload(seed, i)));
  }
  const auto all_came = [&] { return pair.answerer.messages.size() == kMessages; };
  outcome.complete = pair.run(600s, all_came, partial);
  outcome.state = describe();

  std::vector<bool> seen(kMessages);
  int last_ordered = -2;
  const auto label = [&](ChannelId id) { return pair.answerer.channels[id.value]; };
  std::string digest_of;
  for (const test::ReceivedMessage& message : pair.answerer.messages) {
    const int index = std::atoi(message.payload.c_str());
    const bool right = index >= 0 && index < kMessages && !seen[static_cast<std::size_t>(index)] &&
                       message.payload == payload(seed, index);
    outcome.intact = outcome.intact && right;
    if (!right) break;
    seen[static_cast<std::size_t>(index)] = true;
    if (label(message.channel) == "ordered") {
      outcome.intact = outcome.intact && index == last_ordered + 2;
      last_ordered = index;
    }
    digest_of += message.payload;
  }
  digest_of += std::to_string(pair.now.time_since_epoch().count()) + "," + std::to_string(pair.offerer.sent_datagrams) +
               "," + std::to_string(pair.answerer.sent_datagrams);
  outcome.digest = crc32(as_bytes(digest_of));
  outcome.end = pair.now;
  return outcome;
}

class EndpointSimulation : public testing::TestWithParam<int> {};

// 2,000 seeds in 20 tests of 100.
TEST_P(EndpointSimulation, EveryRunCompletesWithoutCorruption) {
  for (std::uint64_t i = 0; i < 100; ++i) {
    const std::uint64_t seed = static_cast<std::uint64_t>(GetParam()) * 100 + i;
    const Outcome outcome = simulate(seed, false);
    ASSERT_TRUE(outcome.complete) << "stuck: seed " << seed << ": " << outcome.state;
    ASSERT_TRUE(outcome.intact) << "corrupted: seed " << seed;
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, EndpointSimulation, testing::Range(0, 20));

TEST(EndpointSimulation, AReplayedSeedIsBitIdentical) {
  for (std::uint64_t seed = 5000; seed < 5020; ++seed) {
    EXPECT_EQ(simulate(seed, false).digest, simulate(seed, false).digest) << "seed " << seed;
  }
}

TEST(EndpointSimulation, RandomPartialPollingIsHarmless) {
  for (std::uint64_t seed = 6000; seed < 6100; ++seed) {
    const Outcome outcome = simulate(seed, true);
    ASSERT_TRUE(outcome.complete) << "stuck: seed " << seed << ": " << outcome.state;
    ASSERT_TRUE(outcome.intact) << "corrupted: seed " << seed;
  }
}

}  // namespace
}  // namespace redan
