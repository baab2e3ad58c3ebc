// One forged datagram of each kind at each position of a handshake between two of ours, to either side.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/support/forgeries.hpp"
#include "tests/support/handshake_wire.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using test::Datagram;
using test::RedanParty;

class ForgedDatagram : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();
  Identity client_identity = test::test_identity(*provider);
  Identity server_identity = test::test_identity(*provider);
  std::size_t mtu = 1200;
  Duration round_trip = 50ms;

  dtls::ConnectionConfig config(dtls::Role role) {
    const Identity& peer = role == dtls::Role::client ? server_identity : client_identity;
    dtls::ConnectionConfig made;
    made.role = role;
    made.peer_fingerprints = {Fingerprint::of(*provider, HashAlgorithm::sha256, peer.certificate_der)};
    made.srtp_profiles = {7, 1};
    made.max_version = dtls::kDtls12;
    made.mtu = mtu;
    return made;
  }
  /// Both sides connect in spite of what `forge` slips in.
  bool survives(const test::HandshakeWire::Forge& forge, std::string* story = nullptr,
                std::array<int, 2>* delivered = nullptr) {
    RedanParty client(config(dtls::Role::client), client_identity, *provider);
    RedanParty server(config(dtls::Role::server), server_identity, *provider);
    test::HandshakeWire wire(client, server, {.one_way = round_trip / 2});
    wire.forge = forge;
    const bool ok = wire.run();
    if (story != nullptr) *story = client.story() + ", " + server.story();
    if (delivered != nullptr) *delivered = {wire.delivered(false), wire.delivered(true)};
    return ok;
  }
  /// The forgery before each datagram that arrives at either side, to the same side and to the other.
  test::Survival survival(const test::Forgery& forgery, const std::array<int, 2>& positions) {
    test::Survival all;
    for (const bool victim : {false, true}) {
      for (const bool keyed_to : {false, true}) {
        for (int position = 0; position < positions[keyed_to ? 1 : 0]; ++position) {
          std::string story;
          const bool ok = survives(
              [&](bool to_server, int index, const Datagram& genuine) {
                if (to_server != keyed_to || index != position) return std::pair(victim, Datagram());
                return std::pair(victim, forgery.make(victim, victim == keyed_to ? genuine : Datagram()));
              },
              &story);
          all.add(ok, (victim ? "to the server, " : "to the client, ") + std::to_string(position) + ": " + story);
        }
      }
    }
    return all;
  }
};

TEST_F(ForgedDatagram, OfAnyKindAnywhereEndsNoHandshake) {
  const auto kinds = test::forgeries(*provider);
  ASSERT_EQ(kinds.size(), 27U);
  for (const std::size_t size : {1200U, 300U}) {
    for (const Duration rtt : {Duration(0ms), Duration(100ms)}) {
      mtu = size;
      round_trip = rtt;
      std::array<int, 2> positions{};
      ASSERT_TRUE(survives({}, nullptr, &positions));
      std::printf("one forged datagram, MTU %zu, round trip %d ms\n", size, static_cast<int>(rtt / 1ms));
      for (const test::Forgery& kind : kinds) {
        const test::Survival result = survival(kind, positions);
        std::printf("  %-70s %3d of %3d\n", kind.name.c_str(), result.survived, result.tried);
        EXPECT_EQ(result.survived, result.tried) << kind.name << " " << testing::PrintToString(result.losses);
      }
    }
  }
}

// Much of a server's flight is not signed; only the keys show that such a byte was changed.
TEST_F(ForgedDatagram, CopyWithAnyByteChangedEndsNoHandshake) {
  std::vector<std::vector<Datagram>> genuine(2);
  ASSERT_TRUE(survives([&](bool to_server, int, const Datagram& datagram) {
    genuine[to_server ? 1 : 0].push_back(datagram);
    return std::pair(to_server, Datagram());
  }));
  for (const bool keyed_to : {false, true}) {
    for (int position = 0; position < 2; ++position) {
      const std::size_t size = genuine[keyed_to ? 1 : 0][static_cast<std::size_t>(position)].size();
      for (std::size_t at = 0; at < size; at += 3) {
        std::string story;
        EXPECT_TRUE(survives(
            [&](bool to_server, int index, Datagram datagram) {
              if (to_server != keyed_to || index != position || at >= datagram.size()) datagram.clear();
              if (!datagram.empty()) datagram[at] ^= 1U;
              return std::pair(to_server, datagram);
            },
            &story))
            << (keyed_to ? "to the server, " : "to the client, ") << position << ", byte " << at << ": " << story;
      }
    }
  }
}

// A pending failure leaves a genuine handshake the time that it needs on a slow and lossy path.
TEST_F(ForgedDatagram, AlertLeavesTimeForAHandshakeOverASlowLossyPath) {
  const Datagram alert = test::record(21, 0, 9, {2, 40});
  constexpr int kRuns = 300;
  for (const int rtt : {50, 300, 800, 1200}) {
    int clean = 0;
    int forged = 0;
    for (int run = 0; run < kRuns; ++run) {
      for (const bool attacked : {false, true}) {
        test::DtlsPairOptions options;
        options.seed = static_cast<std::uint64_t>(run) + 1;
        options.link.delay = std::chrono::milliseconds(rtt / 2);
        options.link.loss = 0.2;
        test::DtlsPair pair(*provider, options);
        pair.client.connection.set_round_trip_time(std::chrono::milliseconds(rtt));
        pair.server.connection.set_round_trip_time(std::chrono::milliseconds(rtt));
        pair.start();
        for (test::DtlsEnd* end : {&pair.client, &pair.server}) {
          Datagram copy = alert;
          if (attacked) end->connection.handle_input(pair.now, copy);
        }
        pair.run();
        (attacked ? forged : clean) += pair.both_connected() ? 1 : 0;
      }
    }
    std::printf("round trip %d ms, 20 %% loss: %d of %d connect, %d with a forged alert to either side\n", rtt, clean,
                kRuns, forged);
    EXPECT_GE(forged, clean - kRuns / 100);
    if (rtt == 800) {
      EXPECT_EQ(forged, kRuns);
    }
  }
}

// The two that draw answers, at every moment of a handshake.
TEST_F(ForgedDatagram, RacingHelloOrCookieRequestAtAnyMomentEndsNoHandshake) {
  for (const test::Forgery& kind : test::forgeries(*provider)) {
    if (!kind.draws_answers) continue;
    for (const bool at_server : {false, true}) {
      int survived = 0;
      int tried = 0;
      for (Duration moment{}; moment < 80ms; moment += 1ms) {
        test::DtlsPairOptions options;
        options.link.delay = 20ms;
        test::DtlsPair pair(*provider, options);
        pair.start();
        pair.run(TimePoint{} + moment);
        pair.now = TimePoint{} + moment;
        Datagram forged = kind.make(at_server, {});
        (at_server ? pair.server : pair.client).connection.handle_input(pair.now, forged);
        pair.run();
        ++tried;
        survived += pair.both_connected() && !pair.client.closed && !pair.server.closed ? 1 : 0;
      }
      EXPECT_EQ(survived, tried) << kind.name << (at_server ? " to the server" : " to the client");
    }
  }
}

// One datagram starts one handshake, however many hellos it holds, and pushes no genuine one out.
TEST(ForgedDatagrams, HellosInOneEndNoHandshake) {
  const auto provider = default_provider();
  for (std::size_t count = 1; count <= 8; ++count) {
    std::vector<std::uint8_t> hellos;
    for (std::size_t i = 0; i < count; ++i) {
      test::DtlsPair other(*provider);
      other.client.connection.start(other.now);
      other.client.drain(other.now, nullptr);
      const auto& hello = other.client.sent.front();
      hellos.insert(hellos.end(), hello.begin(), hello.end());
    }
    test::DtlsPair pair(*provider);
    pair.start();
    pair.run(TimePoint{} + std::chrono::milliseconds(15));  // the genuine hello is there, its answer on its way
    pair.server.connection.handle_input(pair.now, hellos);
    pair.run();
    EXPECT_TRUE(pair.both_connected()) << count;
  }
}

}  // namespace
}  // namespace redan
