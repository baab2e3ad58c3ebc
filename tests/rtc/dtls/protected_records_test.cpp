// Protected records: before their keys, before and after Finished, and up to the limits of a key.
#include <gtest/gtest.h>

#include "tests/rtc/dtls/rogue_peer_fixture.hpp"
#include "tests/support/null_provider.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using dtls::ContentType;
using test::Datagram;

class ProtectedRecordsToClient : public test::RogueServerTest {};
class ProtectedRecordsToServer : public test::RogueClientTest {};

class ProtectedRecords : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();
};

TEST_F(ProtectedRecordsToClient, AreHeldIfDataOvertakesTheFinished) {
  until_finished();
  const Datagram finished = rogue->flight_6(rogue->verify_data());
  give(*client, rogue->sealed_text("first"));
  give(*client, rogue->sealed_text("second"));
  EXPECT_TRUE(client->received.empty());
  EXPECT_EQ(client->connected, 0);
  give(*client, finished);
  EXPECT_EQ(client->connected, 1);
  EXPECT_EQ(client->received, (std::vector<std::string>{"first", "second"}));
}

// Only the peer can have sent a protected message.
TEST_F(ProtectedRecordsToClient, TerminateTheConnectionWithAnAlertIfTheyAreIllegal) {
  struct Case {
    ContentType type;
    Datagram content;
    int alert;
  };
  const std::vector<Case> cases{
      {ContentType::handshake, {11, 0, 0}, 50},
      {ContentType::handshake, {}, 50},
      {ContentType::handshake, test::fragment_of(11, 20, 6, 0, Datagram(20)), 10},
      {ContentType::handshake, test::fragment_of(2, 20, 0, 0, Datagram(20)), 10},
      {ContentType::handshake, test::fragment_of(20, 12, 6, 0, Datagram(12)), 10},
      {ContentType::alert, {2}, 50},
      {ContentType::alert, {3, 40}, 50},
      {ContentType::change_cipher_spec, {1}, 10},
  };
  for (const Case& each : cases) {
    connect();
    give(*client, rogue->sealed(each.type, each.content));
    ASSERT_TRUE(client->closed) << testing::PrintToString(each.content);
    EXPECT_EQ(client->closed->reason, Errc::dtls_illegal_parameter);
    EXPECT_EQ(alert(), each.alert) << testing::PrintToString(each.content);
  }
}

TEST_F(ProtectedRecordsToClient, DoNotTerminateTheConnectionIfTheyAreWarnings) {
  connect();
  give(*client, rogue->sealed(ContentType::alert, {1, 90}));
  EXPECT_FALSE(client->closed);
}

TEST_F(ProtectedRecordsToServer, AreNotDeliveredBeforeTheFinishedIsVerified) {
  for (const bool right : {true, false}) {
    until_finished();
    Datagram verify = rogue->verify_data();
    if (!right) verify[3] ^= 1U;
    const Datagram finished = rogue->finished(verify);
    give(*server, rogue->sealed_text("early"));
    EXPECT_TRUE(server->received.empty());
    give(*server, finished);
    EXPECT_EQ(server->received, right ? std::vector<std::string>{"early"} : std::vector<std::string>{});
  }
}

// Everything of epoch 1 comes first, data before Finished: reordering alone loses nothing.
TEST_F(ProtectedRecordsToServer, AreHeldIfTheyComeBeforeTheirKeys) {
  start();
  give(*server, rogue->hello());
  const Datagram flight = rogue->flight_5(take(*server));
  const Datagram finished = rogue->finished(rogue->verify_data());
  give(*server, rogue->sealed_text("data"));
  give(*server, finished);
  EXPECT_EQ(server->connected, 0);
  give(*server, flight);
  EXPECT_EQ(server->connected, 1);
  EXPECT_EQ(server->received, std::vector<std::string>{"data"});
}

TEST_F(ProtectedRecordsToServer, AreDroppedIfMoreThanAFewComeEarly) {
  until_finished();
  const Datagram finished = rogue->finished(rogue->verify_data());
  for (int i = 0; i < 7; ++i) give(*server, rogue->sealed_text(std::to_string(i)));
  give(*server, finished);
  EXPECT_EQ(server->received, (std::vector<std::string>{"3", "4", "5", "6"}));
  EXPECT_EQ(server->connection.drops()[dtls::Drop::early_data], 3U);
}

TEST_F(ProtectedRecords, TerminateTheConnectionAbove16KiB) {
  test::NullProvider null(*provider);
  for (const std::size_t size : {16'384U, 16'385U}) {
    test::DtlsPair pair(null);
    pair.handshake();
    ASSERT_TRUE(pair.both_connected());
    Datagram fragment(8 + size);
    fragment.resize(fragment.size() + kAeadTagSize);
    Datagram datagram = test::record(23, 1, 1000, fragment);
    pair.client.connection.handle_input(pair.now, datagram);
    pair.client.drain(pair.now, nullptr);
    EXPECT_EQ(pair.client.closed.has_value(), size > 16'384);
    if (pair.client.closed) {
      EXPECT_EQ(pair.client.closed->reason, Errc::dtls_illegal_parameter);
      EXPECT_EQ(pair.client.sent.back()[13 + 8 + 1], 22) << "record_overflow";
    }
  }
}

TEST_F(ProtectedRecords, AreNotSealedAbove16KiB) {
  test::DtlsPair pair(*provider);
  pair.handshake();
  Datagram record(20'000);
  EXPECT_TRUE(pair.client.connection.seal(record, 16'385).empty());
  EXPECT_EQ(pair.client.connection.seal(record, 16'384).size(), 16'384 + pair.client.connection.overhead());
}

// RFC 9147 section 4.5.3.
TEST_F(ProtectedRecords, TerminateTheConnectionAfterTooManyForgeries) {
  test::DtlsPairOptions options;
  options.client.limits = dtls::AeadLimits{1'000'000, 10};
  test::DtlsPair pair(*provider, options);
  pair.handshake();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(pair.client.closed) << i;
    Datagram forged = pair.server.seal("forged");
    forged.back() ^= 1U;
    pair.client.connection.handle_input(pair.now, forged);
    pair.client.drain(pair.now, nullptr);
  }
  ASSERT_TRUE(pair.client.closed);
  EXPECT_EQ(pair.client.closed->reason, Errc::dtls_too_many_forgeries);
}

TEST_F(ProtectedRecords, TerminateTheConnectionWithCloseNotifyWhenTheKeyIsUsedUp) {
  test::DtlsPairOptions options;
  options.client.limits = dtls::AeadLimits{100, 10};
  test::DtlsPair pair(*provider, options);
  pair.handshake();
  // 1,000 bytes are 63 blocks, and one for what is authenticated with them.
  EXPECT_FALSE(pair.client.seal(std::string(1000, 'x')).empty());
  EXPECT_FALSE(pair.client.seal(std::string(1000, 'x')).empty());
  EXPECT_TRUE(pair.client.seal("x").empty());
  pair.run(pair.now + 1s);
  ASSERT_TRUE(pair.client.closed && pair.server.closed);
  EXPECT_EQ(pair.client.closed->reason, Errc::dtls_sequence_exhausted);
  EXPECT_EQ(pair.server.closed->reason, Errc::dtls_peer_closed);
}

}  // namespace
}  // namespace redan
