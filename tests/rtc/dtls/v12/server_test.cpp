#include "rtc/dtls/v12/server.hpp"

#include <gtest/gtest.h>

#include "tests/rtc/dtls/rogue_peer_fixture.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using test::Datagram;
using test::RogueClient;

class DtlsServer : public test::RogueClientTest {};

TEST_F(DtlsServer, ConnectsToAClientThatKeepsTheRules) {
  until_finished();
  give(*server, rogue->finished(rogue->verify_data()));
  EXPECT_EQ(server->connected, 1);
  give(*server, rogue->sealed_text("hello"));
  EXPECT_EQ(server->received, std::vector<std::string>{"hello"});
}

// RFC 5746 section 3.6. wolfSSL's client ends the handshake otherwise.
TEST_F(DtlsServer, AnswersRenegotiationInfoOnlyIfTheClientOfferedIt) {
  const auto answers = [&](const test::HelloParts& parts) {
    const auto types = answered_extensions(parts);
    EXPECT_FALSE(types.empty());
    return std::find(types.begin(), types.end(), 0xFF01) != types.end();
  };
  test::HelloParts parts;
  EXPECT_TRUE(answers(parts));
  parts.renegotiation_info = false;
  EXPECT_FALSE(answers(parts));
  parts.suites.push_back(0x00FF);
  EXPECT_TRUE(answers(parts));
}

TEST_F(DtlsServer, ConnectsToTheClientThatProvesTheFingerprintAmongSeveralHellos) {
  start();
  RogueClient other(*provider);
  RogueClient third(*provider);
  give(*server, other.hello({.random = 1}));
  const Datagram for_other = take(*server);
  now += 30ms;
  give(*server, rogue->hello({.random = 2}));
  const Datagram for_rogue = take(*server);
  now += 30ms;
  give(*server, third.hello({.random = 3}));
  give(*server, other.flight_5(for_other));
  give(*server, rogue->flight_5(for_rogue));
  give(*server, rogue->finished(rogue->verify_data()));
  EXPECT_EQ(server->connected, 1);
  // The other candidates are gone, and no pending failure is left.
  give(*server, other.hello({.random = 1}));
  server->sent.clear();
  now += 60s;
  server->drain(now, nullptr);
  EXPECT_TRUE(server->sent.empty());
  EXPECT_FALSE(server->closed);
}

// An altered copy of the hello gets the same answer to the byte, so that the client sees one flight twice.
TEST_F(DtlsServer, AnswersAnAlteredCopyOfAHelloWithTheSameFlight) {
  start();
  test::HelloParts altered;
  altered.schemes.push_back(0x0603);
  give(*server, rogue->hello(altered));
  const Datagram first = take(*server);
  now += 30ms;
  rogue.emplace(*provider);
  server->sent.clear();
  give(*server, rogue->hello());
  const Datagram second = take(*server);
  ASSERT_EQ(first.size(), second.size());
  std::size_t differing = 0;
  for (std::size_t i = 0; i < first.size(); ++i) differing += first[i] != second[i] ? 1 : 0;
  EXPECT_LE(differing, 5U) << "the record numbers of five messages";
}

TEST_F(DtlsServer, ConnectsAfterAForgedEmptyCertificate) {
  start();
  give(*server, rogue->hello());
  const Datagram flight = rogue->flight_5(take(*server));
  give(*server, test::Message{11, 1, {0, 0, 0}}.datagram());
  give(*server, flight);
  give(*server, rogue->finished(rogue->verify_data()));
  ASSERT_EQ(server->connected, 1);
  server->sent.clear();
  now += 60s;
  server->drain(now, nullptr);
  EXPECT_FALSE(server->closed);
  EXPECT_TRUE(server->sent.empty());
}

/// Measures what forged input draws from a server.
class DtlsServerAnswers : public test::RogueClientTest {
 protected:
  std::size_t in = 0;
  std::size_t out = 0;

  void forge(Datagram datagram) {
    in += datagram.size();
    give(*server, std::move(datagram));
    out += take(*server).size();
  }
};

TEST_F(DtlsServerAnswers, AreNotSentForEmptyFragmentsOfAnOldHello) {
  start();
  give(*server, rogue->hello());
  take(*server);
  for (int i = 0; i < 17; ++i) {
    now += 21ms;  // less than a retransmission in all
    forge(test::record(22, 0, 9, test::fragment_of(1, 0, 0, 0, {})));
    forge(test::record(22, 0, 9, test::fragment_of(1, 1000, 0, 500, {1})));
  }
  EXPECT_EQ(out, 0U);
}

TEST_F(DtlsServerAnswers, AreAtMostThreeTimesTheInputAndOneFlight) {
  start();
  forge(rogue->hello());
  const std::size_t flight = out;
  for (std::uint8_t i = 1; i < 4; ++i) {
    now += 1ms;
    forge(test::hello_datagram({.random = i}));
  }
  EXPECT_LE(out, 3 * in + flight);
  // The timer was set anew by the last of them, and waits for 400 ms.
  for (int i = 0; i < 18; ++i) {
    now += 21ms;
    forge(test::hello_datagram({.random = 3}));
  }
  EXPECT_GT(out, 10 * flight) << "most are answered";
  EXPECT_LE(out, 3 * in + flight);
}

}  // namespace
}  // namespace redan
