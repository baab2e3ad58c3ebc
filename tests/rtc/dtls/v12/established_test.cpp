#include "rtc/dtls/v12/established.hpp"

#include <gtest/gtest.h>

#include "tests/rtc/dtls/rogue_peer_fixture.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;

TEST(DtlsLastFlight, IsRepeatedUntilTheClientHasIt) {
  const auto provider = default_provider();
  test::DtlsPair pair(*provider);
  pair.start();
  pair.client.drain(pair.now, nullptr);
  pair.server.connection.handle_input(pair.now, pair.client.sent.at(0));
  pair.server.drain(pair.now, nullptr);
  pair.client.connection.handle_input(pair.now, pair.server.sent.at(0));
  pair.client.drain(pair.now, nullptr);
  pair.server.connection.handle_input(pair.now, pair.client.sent.at(1));
  pair.server.drain(pair.now, nullptr);
  ASSERT_EQ(pair.server.sent.size(), 2U);  // and the Finished is lost
  pair.now += std::chrono::milliseconds(400);
  pair.client.drain(pair.now, nullptr);
  ASSERT_EQ(pair.client.sent.size(), 3U);
  pair.server.connection.handle_input(pair.now, pair.client.sent.at(2));
  pair.server.drain(pair.now, nullptr);
  ASSERT_EQ(pair.server.sent.size(), 3U);
  pair.client.connection.handle_input(pair.now, pair.server.sent.at(2));
  pair.client.drain(pair.now, nullptr);
  EXPECT_TRUE(pair.both_connected());
}

class DtlsEstablishedClient : public test::RogueServerTest {};
class DtlsEstablishedServer : public test::RogueClientTest {
 protected:
  void connect() {
    until_finished();
    give(*server, rogue->finished(rogue->verify_data()));
    ASSERT_EQ(server->connected, 1);
    server->sent.clear();
  }
};

// RFC 8827 section 6.5.
TEST_F(DtlsEstablishedClient, RefusesRenegotiationWithOneWarning) {
  connect();
  for (int i = 0; i < 3; ++i) give(*client, rogue->sealed_message(0, 6, {}));
  ASSERT_EQ(client->sent.size(), 1U);
  EXPECT_EQ(alert(), static_cast<int>(dtls::AlertDescription::no_renegotiation));
  EXPECT_TRUE(client->connection.connected());
  EXPECT_EQ(client->connection.drops()[dtls::Drop::unexpected_message], 3U);
}

TEST_F(DtlsEstablishedServer, RepeatsItsLastFlightAtMostEvery20MillisecondsForARepeatedFinished) {
  connect();
  give(*server, rogue->sealed_message(20, 4, rogue->verify_data()));
  EXPECT_TRUE(server->sent.empty()) << "it was sent just now";
  now += 20ms;
  give(*server, rogue->sealed_message(20, 4, rogue->verify_data()));
  EXPECT_EQ(server->sent.size(), 1U);
}

TEST_F(DtlsEstablishedServer, DropsItsLastFlightOnceTheClientSendsData) {
  connect();
  give(*server, rogue->sealed_text("data"));
  now += 20ms;
  give(*server, rogue->sealed_message(20, 4, rogue->verify_data()));
  EXPECT_TRUE(server->sent.empty());
}

}  // namespace
}  // namespace redan
