// The handshake over bad links, on virtual time.
#include <gtest/gtest.h>

#include "tests/support/dtls_pair.hpp"

namespace redan {
namespace {

using test::DtlsPair;
using test::DtlsPairOptions;

TEST(HandshakeLoss, ConnectsWhateverSubsetOfTheFirstDatagramsIsLost) {
  const auto provider = default_provider();
  constexpr int kDatagrams = 8;
  for (unsigned mask = 0; mask < 1U << kDatagrams; ++mask) {
    DtlsPairOptions options;
    options.client.timeout = options.server.timeout = std::chrono::minutes(5);
    DtlsPair pair(*provider, options);
    pair.start();
    int count = 0;
    const auto deliver = [&](test::DtlsEnd& from, test::DtlsEnd& to) {
      for (auto& datagram : std::exchange(from.sent, {})) {
        const bool lost = count < kDatagrams && (mask >> count & 1U) != 0;
        ++count;
        if (!lost) to.connection.handle_input(pair.now, datagram);
      }
    };
    for (int round = 0; round < 200 && !pair.both_connected(); ++round) {
      const TimePoint client_next = pair.client.drain(pair.now, nullptr);
      deliver(pair.client, pair.server);
      const TimePoint server_next = pair.server.drain(pair.now, nullptr);
      deliver(pair.server, pair.client);
      if (pair.client.sent.empty() && pair.server.sent.empty() && round % 2 == 1) {
        const TimePoint next = std::min(client_next, server_next);
        if (next != kNever) pair.now = std::max(pair.now, next);
      }
    }
    ASSERT_TRUE(pair.both_connected()) << "mask " << mask;
  }
}

TEST(HandshakeLoss, ConnectsOverLossyReorderingDuplicatingSmallLinks) {
  const auto provider = default_provider();
  int connected = 0;
  constexpr int kRuns = 300;
  for (int run = 0; run < kRuns; ++run) {
    test::SeededRandom random(static_cast<std::uint64_t>(run) + 1000);
    DtlsPairOptions options;
    options.seed = static_cast<std::uint64_t>(run);
    options.link.loss = 0.3 * static_cast<double>(random.below(101)) / 100;
    options.link.duplicate = 0.1;
    options.link.delay = std::chrono::milliseconds(random.below(100));
    options.link.jitter = std::chrono::milliseconds(random.below(50));
    options.client.mtu = options.server.mtu = 300 + random.below(1100);
    DtlsPair pair(*provider, options);
    pair.handshake();
    connected += pair.both_connected() ? 1 : 0;
    EXPECT_TRUE(pair.both_connected()) << "run " << run;
  }
  EXPECT_EQ(connected, kRuns);
}

}  // namespace
}  // namespace redan
