// DTLS 1.3 handshakes over bad links, on virtual time.
#include <gtest/gtest.h>

#include "tests/support/dtls_pair.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using test::DtlsPair;
using test::DtlsPairOptions;
using Datagram = std::vector<std::uint8_t>;

struct Shape {
  bool both_versions = false;
  bool cookie = false;
  std::size_t mtu = 1200;
  int datagrams = 10;
};

class Handshake13Loss : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();

  DtlsPairOptions options_of(const Shape& shape) {
    auto options = DtlsPairOptions::versions(shape.both_versions ? dtls::kDtls12 : dtls::kDtls13, dtls::kDtls13);
    options.client.timeout = options.server.timeout = 5min;
    options.server.require_cookie = shape.cookie;
    options.client.mtu = options.server.mtu = shape.mtu;
    return options;
  }
  /// Delivers what each side sends; `change` may drop, duplicate or reorder a flight. Both sides connect, and neither
  /// has anything left to send.
  template <class Change>
  void connects(const Shape& shape, Change&& change) {
    DtlsPair pair(*provider, options_of(shape));
    pair.start();
    const auto quiet = [&] { return pair.both_connected() && pair.client.drain(pair.now, nullptr) == kNever; };
    const auto deliver = [&](test::DtlsEnd& from, test::DtlsEnd& to) {
      std::vector<Datagram> flight = std::exchange(from.sent, {});
      change(flight);
      for (auto& datagram : flight) to.connection.handle_input(pair.now, datagram);
    };
    for (int round = 0; round < 400 && !quiet(); ++round) {
      const TimePoint client_next = pair.client.drain(pair.now, nullptr);
      deliver(pair.client, pair.server);
      const TimePoint server_next = pair.server.drain(pair.now, nullptr);
      deliver(pair.server, pair.client);
      if (pair.client.sent.empty() && pair.server.sent.empty() && round % 2 == 1) {
        const TimePoint next = std::min(client_next, server_next);
        if (next != kNever) pair.now = std::max(pair.now, next);
      }
    }
    ASSERT_TRUE(pair.both_connected());
    EXPECT_EQ(pair.client.drain(pair.now, nullptr), kNever) << "the last flight is acknowledged";
    EXPECT_FALSE(pair.client.closed || pair.server.closed);
  }
};

TEST_F(Handshake13Loss, ConnectsWhateverSubsetOfTheFirstDatagramsIsLost) {
  for (const Shape& shape : {Shape{}, Shape{.both_versions = true}, Shape{.cookie = true, .datagrams = 9},
                             Shape{.mtu = 600, .datagrams = 9}}) {
    for (unsigned mask = 0; mask < 1U << shape.datagrams; ++mask) {
      int count = 0;
      connects(shape, [&](std::vector<Datagram>& flight) {
        std::erase_if(flight, [&](const Datagram&) {
          const int index = count++;
          return index < shape.datagrams && (mask >> index & 1U) != 0;
        });
      });
      ASSERT_FALSE(HasFatalFailure()) << "mask " << mask << " mtu " << shape.mtu << " cookie " << shape.cookie;
    }
  }
}

TEST_F(Handshake13Loss, ConnectsWhateverTheOrderOfAFlight) {
  for (const std::size_t mtu : {1200U, 700U}) {
    for (unsigned seed = 0; seed < 120; ++seed) {
      test::SeededRandom random(seed);
      connects({.mtu = mtu}, [&](std::vector<Datagram>& flight) {
        for (std::size_t i = flight.size(); i > 1; --i) std::swap(flight[i - 1], flight[random.below(i)]);
        if (!flight.empty() && seed % 3 == 0) flight.push_back(flight.front());
      });
      ASSERT_FALSE(HasFatalFailure()) << "seed " << seed << " mtu " << mtu;
    }
  }
}

TEST_F(Handshake13Loss, ConnectsOverLossyReorderingDuplicatingSmallLinks) {
  for (int run = 0; run < 200; ++run) {
    test::SeededRandom random(static_cast<std::uint64_t>(run) + 1000);
    DtlsPairOptions options = options_of({.both_versions = run % 2 == 0, .cookie = run % 3 == 0});
    options.seed = static_cast<std::uint64_t>(run);
    options.link.loss = 0.3 * static_cast<double>(random.below(101)) / 100;
    options.link.duplicate = 0.1;
    options.link.delay = std::chrono::milliseconds(random.below(100));
    options.link.jitter = std::chrono::milliseconds(random.below(50));
    options.client.mtu = options.server.mtu = 256 + random.below(1144);
    DtlsPair pair(*provider, options);
    pair.handshake();
    EXPECT_TRUE(pair.both_connected()) << "run " << run;
  }
}

}  // namespace
}  // namespace redan
