// Malformed and misplaced datagrams, slipped into a handshake at every position in both directions: both sides must
// still finish. Well-formed ones are in forged_datagram_test.cpp.
#include <gtest/gtest.h>

#include <functional>

#include "tests/support/forgeries.hpp"

namespace redan {
namespace {

using test::Datagram;
using test::record;

Datagram fragment_of(std::uint8_t type, std::uint32_t length, std::uint16_t seq, std::uint32_t offset,
                     std::size_t size) {
  return test::fragment_of(type, length, seq, offset, Datagram(size, 0x66));
}

struct Forgery {
  std::string name;
  Datagram datagram;
};

std::vector<Forgery> forgeries() {
  Datagram cut_short = record(22, 0, 9, Datagram(40, 1));
  cut_short.resize(30);
  std::vector<Forgery> all{
      {"fatal alert in the clear", record(21, 0, 9, {2, 40})},
      {"close_notify in the clear", record(21, 0, 9, {1, 0})},
      {"warning alert", record(21, 0, 9, {1, 90})},
      {"early ChangeCipherSpec", record(20, 0, 9, {1})},
      {"plaintext application data", record(23, 0, 9, {1, 2, 3})},
      {"unknown content type", record(99, 0, 9, {1, 2, 3})},
      {"fragment of a future message", record(22, 0, 9, fragment_of(11, 5000, 7, 0, 20))},
      {"HelloRequest", record(22, 0, 9, fragment_of(0, 0, 0, 0, 0))},
      {"wrong record version", record(22, 0, 9, fragment_of(11, 20, 1, 0, 20), 0x0303)},
      {"record longer than the datagram", cut_short},
      {"high record number", record(22, 0, (1ULL << 47U), fragment_of(14, 0, 9, 0, 0))},
      {"epoch 1 garbage", record(22, 1, 0, Datagram(61, 0x77))},
      {"epoch 1 garbage of a high number", record(23, 1, (1ULL << 47U), Datagram(61, 0x77))},
      {"empty handshake record", record(22, 0, 9, {})},
      {"random bytes", Datagram(100, 0x16)},
      {"Finished in epoch 0", record(22, 0, 9, fragment_of(20, 12, 3, 0, 12))},
  };
  // The right message number with a false length: each message of either flight, a part of it and all of it.
  constexpr std::array<std::pair<std::uint8_t, std::uint16_t>, 9> kMessages{
      {{1, 0}, {2, 0}, {11, 1}, {12, 2}, {13, 3}, {14, 4}, {11, 1}, {16, 2}, {15, 3}}};
  for (const auto& [type, seq] : kMessages) {
    const std::string which = "message " + std::to_string(seq) + " of type " + std::to_string(type);
    all.push_back({which + ", a part of 5,000", record(22, 0, 9, fragment_of(type, 5000, seq, 0, 20))});
    all.push_back({which + ", the end of 16,384", record(22, 0, 9, fragment_of(type, 16384, seq, 16364, 20))});
    all.push_back({which + ", whole", record(22, 0, 9, fragment_of(type, 20, seq, 0, 20))});
  }
  return all;
}

// A genuine datagram with its first record's sequence number raised far beyond any window.
Datagram with_high_number(Datagram genuine) {
  genuine[5] = 0x80;
  return genuine;
}

// Runs a handshake in which `forge` makes, of each genuine datagram to that end, what comes just before it at this
// position; at a position without one, of an empty datagram.
void expect_survival(Provider& provider, const std::string& name,
                     const std::function<Datagram(const Datagram&)>& forge) {
  for (int position = 0; position < 5; ++position) {
    for (const bool at_server : {false, true}) {
      test::DtlsPair pair(provider);
      pair.start();
      for (int step = 0; step < 14; ++step) {
        test::DtlsEnd& from = step % 2 == 0 ? pair.client : pair.server;
        test::DtlsEnd& to = step % 2 == 0 ? pair.server : pair.client;
        from.drain(pair.now, nullptr);
        auto flight = std::exchange(from.sent, {});
        if (step == position) {
          test::DtlsEnd& victim = at_server ? pair.server : pair.client;
          Datagram forged = forge(&to == &victim && !flight.empty() ? flight.front() : Datagram());
          victim.connection.handle_input(pair.now, forged);
        }
        for (auto& datagram : flight) to.connection.handle_input(pair.now, datagram);
        if (step >= 6) pair.now += std::chrono::milliseconds(450);
      }
      EXPECT_TRUE(pair.both_connected()) << name << " at " << position << (at_server ? " to server" : " to client");
    }
  }
}

TEST(Injection, OneForgedDatagramAnywhereEndsNoHandshake) {
  const auto provider = default_provider();
  for (const Forgery& forgery : forgeries()) {
    expect_survival(*provider, forgery.name, [&](const Datagram&) { return forgery.datagram; });
  }
}

TEST(Injection, AGenuineRecordCopiedWithAHighNumberShutsNothingOut) {
  const auto provider = default_provider();
  expect_survival(*provider, "high copy",
                  [](const Datagram& genuine) { return genuine.empty() ? genuine : with_high_number(genuine); });
}

TEST(Injection, ChangeCipherSpecTenThousandTimesChangesNothing) {
  const auto provider = default_provider();
  test::DtlsPair pair(*provider);
  pair.start();
  for (int i = 0; i < 10'000; ++i) {
    Datagram ccs = record(20, 0, static_cast<std::uint64_t>(i), {1});
    pair.server.connection.handle_input(pair.now, ccs);
    pair.client.connection.handle_input(pair.now, ccs);
  }
  pair.run();
  EXPECT_TRUE(pair.both_connected());
}

TEST(Injection, AFloodOfAlertsAfterTheHandshakeChangesNothing) {
  const auto provider = default_provider();
  test::DtlsPair pair(*provider);
  pair.handshake();
  for (int i = 0; i < 10'000; ++i) {
    Datagram alert = record(21, 0, static_cast<std::uint64_t>(i), {2, 40});
    pair.server.connection.handle_input(pair.now, alert);
  }
  pair.server.drain(pair.now, nullptr);
  EXPECT_TRUE(pair.server.connection.connected());
  EXPECT_FALSE(pair.server.closed);
  EXPECT_EQ(pair.server.connection.drops()[dtls::Drop::plaintext_alert], 10'000U);
}

// Cut anywhere, in each of the datagrams of a handshake: nothing crashes, and the whole datagram still counts
// afterwards.
TEST(Injection, TruncatedDatagramsAreHarmless) {
  const auto provider = default_provider();
  test::DtlsPair pair(*provider);
  pair.start();
  for (int step = 0; step < 4; ++step) {
    test::DtlsEnd& from = step % 2 == 0 ? pair.client : pair.server;
    test::DtlsEnd& to = step % 2 == 0 ? pair.server : pair.client;
    from.drain(pair.now, nullptr);
    for (auto& datagram : std::exchange(from.sent, {})) {
      for (std::size_t n = 0; n < datagram.size(); ++n) {
        Datagram cut(datagram.begin(), datagram.begin() + static_cast<std::ptrdiff_t>(n));
        if (step < 2) to.connection.handle_input(pair.now, cut);
      }
      to.connection.handle_input(pair.now, datagram);
    }
  }
  pair.run();
  EXPECT_TRUE(pair.both_connected());
}

}  // namespace
}  // namespace redan
