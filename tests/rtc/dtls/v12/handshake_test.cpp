#include "rtc/dtls/v12/handshake.hpp"

#include <gtest/gtest.h>

#include "tests/rtc/dtls/rogue_peer_fixture.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using test::Datagram;
using test::RogueServer;

class DtlsClientHandshake : public test::RogueServerTest {};
class DtlsServerHandshake : public test::RogueClientTest {};

TEST_F(DtlsClientHandshake, FailsWithAWrongFinished) {
  for (std::size_t at = 0; at < 12; ++at) {
    until_finished();
    Datagram wrong = rogue->verify_data();
    wrong[at] ^= 1U;
    give(*client, rogue->flight_6(wrong));
    ASSERT_TRUE(client->closed) << at;
    EXPECT_EQ(client->closed->reason, Errc::dtls_bad_finished);
    EXPECT_EQ(client->connected, 0);
    EXPECT_EQ(alert(), 51);
  }
}

TEST_F(DtlsClientHandshake, FailsWithAFinishedOfTheWrongLength) {
  until_finished();
  give(*client, rogue->flight_6(Datagram(11)));
  ASSERT_TRUE(client->closed);
  EXPECT_EQ(alert(), 50);
}

TEST_F(DtlsClientHandshake, ReportsAProvenCauseRatherThanAnEarlierOne) {
  start();
  const Datagram hello = take(*client);
  give(*client, test::record(21, 0, 9, {2, 40}));
  RogueServer other(*provider);
  give(*client, other.flight_4(hello, {}));
  give(*client, test::record(21, 0, 10, {2, 70}));
  EXPECT_EQ(outcome(*client), Errc::dtls_fingerprint_mismatch);
}

TEST_F(DtlsClientHandshake, FailsWithAnIllegalProtectedMessage) {
  until_finished();
  give(*client, rogue->sealed_message(11, 5, Datagram(20)));
  ASSERT_TRUE(client->closed);
  EXPECT_EQ(client->closed->reason, Errc::dtls_illegal_parameter);
  EXPECT_EQ(alert(), 10);
}

TEST_F(DtlsServerHandshake, FailsWithAWrongFinished) {
  for (std::size_t at = 0; at < 12; ++at) {
    until_finished();
    Datagram wrong = rogue->verify_data();
    wrong[at] ^= 1U;
    give(*server, rogue->finished(wrong));
    ASSERT_TRUE(server->closed) << at;
    EXPECT_EQ(server->closed->reason, Errc::dtls_bad_finished);
    EXPECT_EQ(server->connected, 0);
  }
}

}  // namespace
}  // namespace redan
