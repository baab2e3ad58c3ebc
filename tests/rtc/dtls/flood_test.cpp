// Floods of forged handshake messages, thousands a second: they cost a bounded number of public-key operations, and the
// genuine handshake completes all the same.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/support/counting_provider.hpp"
#include "tests/support/forgeries.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using dtls::HandshakeType;
using dtls::WorkBudget;
using test::Datagram;

Datagram forged_hello(test::SeededRandom& random) {
  Datagram body = test::hello_body({});
  random.random(MutableBytes(body).subspan(2, 32));
  return test::handshake_datagram(HandshakeType::client_hello, 0, body);
}

// Flights with this certificate and false signatures.
class ForgedFlights {
 public:
  ForgedFlights(Provider& provider, const Datagram& certificate) : foreign_(provider) {
    for (const std::size_t length : {certificate.size() + 3, certificate.size()}) {
      for (const unsigned shift : {16U, 8U, 0U}) certificate_.push_back(static_cast<std::uint8_t>(length >> shift));
    }
    certificate_.insert(certificate_.end(), certificate.begin(), certificate.end());
  }
  Datagram to_server(test::SeededRandom& random) {
    return flight(false,
                  {HandshakeType::certificate, HandshakeType::client_key_exchange, HandshakeType::certificate_verify},
                  random);
  }
  Datagram to_client(test::SeededRandom& random) {
    return flight(true,
                  {HandshakeType::server_hello, HandshakeType::certificate, HandshakeType::server_key_exchange,
                   HandshakeType::certificate_request, HandshakeType::server_hello_done},
                  random);
  }

 private:
  Datagram flight(bool from_server, std::initializer_list<HandshakeType> types, test::SeededRandom& random) {
    Datagram whole;
    for (const HandshakeType type : types) {
      test::Message message = foreign_.of(from_server, type);
      if (type == HandshakeType::certificate) message.body = certificate_;
      // Another signature each time, still in its encoding.
      const bool has_signature =
          type == HandshakeType::certificate_verify || type == HandshakeType::server_key_exchange;
      if (has_signature) random.random(MutableBytes(message.body).last(8));
      const Datagram datagram = message.datagram();
      whole.insert(whole.end(), datagram.begin(), datagram.end());
    }
    return whole;
  }

  test::ForeignMessages foreign_;
  Datagram certificate_;
};

class Flood : public testing::Test {
 protected:
  std::unique_ptr<Provider> real = default_provider();
  test::CountingProvider provider{*real};
  test::SeededRandom random{1};

  static test::DtlsPairOptions options(std::uint64_t seed = 1) {
    test::DtlsPairOptions made;
    made.seed = seed;
    made.link.delay = 50ms;
    return made;
  }
  /// Gives `victim` what `forge` makes, after each `gap()`, until both are connected or for so long.
  template <class Gap, class Forge>
  static void flood(test::DtlsPair& pair, test::DtlsEnd& victim, Gap&& gap, Duration length, Forge&& forge) {
    pair.start();
    for (TimePoint at{}; at <= TimePoint{} + length && !pair.both_connected(); at += gap()) {
      pair.run(at);
      pair.now = at;
      Datagram forged = forge();
      victim.connection.handle_input(at, forged);
    }
  }
  /// What the budget allows until now, the server's key pairs, and what the other side does in a handshake.
  static int allowed(TimePoint now) {
    return static_cast<int>(WorkBudget::kBurst + (now - TimePoint{}) / WorkBudget::kInterval + 3 + 5);
  }
  template <class Forge>
  void expect_survival(const char* what, test::DtlsPair& pair, test::DtlsEnd& victim, Forge&& forge) {
    provider.operations = 0;
    flood(
        pair, victim, [] { return Duration(200us); }, 30s, forge);
    std::printf("5,000 a second of %s: %d operations, connected after %d ms\n", what, provider.operations,
                static_cast<int>((pair.now - TimePoint{}) / 1ms));
    EXPECT_TRUE(pair.both_connected()) << what;
    EXPECT_LE(provider.operations, allowed(pair.now)) << what;
    EXPECT_GT(victim.connection.drops()[dtls::Drop::over_budget], 100U) << what;
  }
};

TEST_F(Flood, OfHellosCostsABoundedNumberOfOperations) {
  test::DtlsPair pair(provider, options());
  expect_survival("hellos", pair, pair.server, [&] { return forged_hello(random); });
}

TEST_F(Flood, OfClientFlightsCostsABoundedNumberOfOperations) {
  test::DtlsPair pair(provider, options());
  ForgedFlights unexpected(*real, test::test_identity(*real).certificate_der);
  expect_survival("flights with an unexpected certificate to the server", pair, pair.server,
                  [&] { return unexpected.to_server(random); });
}

TEST_F(Flood, OfClientFlightsWithTheExpectedCertificateCostsABoundedNumberOfOperations) {
  test::DtlsPair pair(provider, options());
  ForgedFlights expected(*real, pair.client_identity.certificate_der);
  expect_survival("forged flights to the server", pair, pair.server, [&] { return expected.to_server(random); });
}

TEST_F(Flood, OfServerFlightsCostsABoundedNumberOfOperations) {
  test::DtlsPair pair(provider, options());
  ForgedFlights unexpected(*real, test::test_identity(*real).certificate_der);
  expect_survival("flights with an unexpected certificate to the client", pair, pair.client,
                  [&] { return unexpected.to_client(random); });
}

TEST_F(Flood, OfServerFlightsWithTheExpectedCertificateCostsABoundedNumberOfOperations) {
  test::DtlsPair pair(provider, options());
  ForgedFlights expected(*real, pair.server_identity.certificate_der);
  expect_survival("forged flights to the client", pair, pair.client, [&] { return expected.to_client(random); });
}

TEST_F(Flood, OfHellosAndFlightsTogetherTerminatesNoHandshake) {
  test::DtlsPair pair(provider, options());
  ForgedFlights expected(*real, pair.client_identity.certificate_der);
  bool hello = false;
  expect_survival("hellos and flights", pair, pair.server,
                  [&] { return (hello = !hello) ? forged_hello(random) : expected.to_server(random); });
}

TEST_F(Flood, OfHellosPushesNoGenuineHandshakeOut) {
  constexpr int kRuns = 200;
  for (const int rate : {5, 10, 100, 500}) {
    int connected = 0;
    Duration slowest{};
    for (int run = 0; run < kRuns; ++run) {
      const auto seed = static_cast<std::uint64_t>(run) + 1;
      test::SeededRandom gaps(seed);
      test::DtlsPair pair(*real, options(seed));
      flood(
          pair, pair.server, [&] { return Duration(gaps.below(2 * 100'000 / static_cast<std::uint64_t>(rate)) * 1us); },
          30s, [&] { return forged_hello(random); });
      connected += pair.both_connected() ? 1 : 0;
      slowest = std::max(slowest, pair.now - TimePoint{});
    }
    std::printf("%d forged hellos in a round trip of 100 ms: %d of %d connect, the slowest after %d ms\n", rate,
                connected, kRuns, static_cast<int>(slowest / 1ms));
    EXPECT_GE(connected * 100, kRuns * 99) << rate;
  }
}

// A server of its own, and hellos to it.
class CrowdedServer : public Flood {
 protected:
  test::DtlsPair pair{provider, options()};
  TimePoint now{};

  static Datagram hello(std::uint8_t number) { return test::hello_datagram({.random = number}); }
  bool signs_for(Datagram datagram) {
    provider.operations = 0;
    pair.server.connection.handle_input(now, datagram);
    return provider.operations > 0;
  }
};

TEST_F(CrowdedServer, AnswersARepeatedHelloThatWasDroppedForLackOfRoom) {
  pair.server.connection.start(now);
  for (std::uint8_t i = 0; i < 4; ++i) EXPECT_TRUE(signs_for(hello(i)));
  EXPECT_FALSE(signs_for(hello(4)));
  EXPECT_FALSE(signs_for(hello(5)));
  EXPECT_TRUE(signs_for(hello(4)));
  EXPECT_FALSE(signs_for(hello(6)));
}

TEST_F(CrowdedServer, KeepsACandidateForASecondAndThenReplacesTheOldest) {
  pair.server.connection.start(now);
  for (std::uint8_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(signs_for(hello(i)));
    now += 100ms;
  }
  now = TimePoint{} + 999ms;
  EXPECT_FALSE(signs_for(hello(4)));
  now = TimePoint{} + 1s;
  EXPECT_TRUE(signs_for(hello(5)));
  EXPECT_FALSE(signs_for(hello(6))) << "the next has its time until 1.1 s";
  EXPECT_FALSE(signs_for(hello(1))) << "it is still known";
}

TEST_F(CrowdedServer, HasFourPlacesForRepeatedHellos) {
  pair.server.connection.start(now);
  for (std::uint8_t i = 0; i < 12; ++i) signs_for(hello(i));
  for (std::uint8_t i = 4; i < 8; ++i) EXPECT_TRUE(signs_for(hello(i)));
  for (std::uint8_t i = 8; i < 12; ++i) EXPECT_FALSE(signs_for(hello(i)));
}

// Flights with an unexpected certificate spend the same share as hellos.
TEST_F(CrowdedServer, DropsANewHelloIfUnexpectedCertificatesSpentTheShare) {
  pair.server.connection.start(now);
  EXPECT_TRUE(signs_for(hello(0)));
  ForgedFlights unexpected(*real, test::test_identity(*real).certificate_der);
  for (int i = 0; i < 7; ++i) EXPECT_TRUE(signs_for(unexpected.to_server(random)));
  EXPECT_FALSE(signs_for(unexpected.to_server(random)));
  EXPECT_FALSE(signs_for(hello(1)));
  EXPECT_TRUE(signs_for(hello(1)));
  now += 40ms;
  EXPECT_TRUE(signs_for(unexpected.to_server(random)));
}

}  // namespace
}  // namespace redan
