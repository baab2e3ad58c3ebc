// Peers that have the keys and break the rules.
#include "tests/support/rogue_dtls.hpp"

#include <gtest/gtest.h>

#include "tests/support/null_provider.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using dtls::ContentType;
using test::Datagram;
using test::DtlsEnd;
using test::operator+;
using test::RogueClient;
using test::RogueServer;

class RoguePeer : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();
  Identity identity = test::test_identity(*provider);
  TimePoint now{};

  dtls::ConnectionConfig config(dtls::Role role, const Identity& peer) {
    dtls::ConnectionConfig made;
    made.role = role;
    made.peer_fingerprints = {Fingerprint::of(*provider, HashAlgorithm::sha256, peer.certificate_der)};
    made.srtp_profiles = {7, 1};
    return made;
  }
  void give(DtlsEnd& end, Datagram datagram) {
    end.connection.handle_input(now, datagram);
    end.drain(now, nullptr);
  }
  Datagram take(DtlsEnd& end) {
    end.drain(now, nullptr);
    Datagram all;
    for (const Datagram& datagram : std::exchange(end.sent, {})) all = all + datagram;
    return all;
  }
  /// Lets the clock of the end run out; its reason.
  std::optional<Errc> outcome(DtlsEnd& end) {
    while (!end.closed) {
      const TimePoint next = end.drain(now, nullptr);
      if (next == kNever || end.closed) break;
      now = next;
    }
    return end.closed ? std::optional(end.closed->reason) : std::nullopt;
  }
};

// ---- a server that breaks rules
// ---------------------------------------------------------------------------------------

class ClientOfARogue : public RoguePeer {
 protected:
  std::optional<RogueServer> rogue;
  std::optional<DtlsEnd> client;

  void start(std::span<const Group> groups = dtls::kGroups, std::vector<std::uint16_t> profiles = {7, 1}) {
    now = TimePoint{};
    rogue.emplace(*provider);
    auto made = config(dtls::Role::client, rogue->identity);
    made.groups = groups;
    made.srtp_profiles = std::move(profiles);
    client.emplace(std::move(made), identity, *provider);
    client->connection.start(now);
  }
  /// Both flights of the client are there, and the keys.
  void until_finished() {
    start();
    give(*client, rogue->flight_4(take(*client), {}));
    rogue->read_flight_5(take(*client));
  }
  void connect() {
    until_finished();
    give(*client, rogue->flight_6(rogue->verify_data()));
    ASSERT_EQ(client->connected, 1);
    client->sent.clear();
  }
  /// What the client makes of a server flight: its reason and the alert it says. It says so when the grace ends.
  std::pair<std::optional<Errc>, int> refusal(const RogueServer::Plan& plan) {
    const TimePoint asked = now;
    give(*client, rogue->flight_4(take(*client), plan));
    EXPECT_TRUE(take(*client).empty()) << "it went on, or said at once that it does not";
    const auto reason = outcome(*client);
    EXPECT_GE(now, asked + 4s);
    const Datagram& last = client->sent.back();
    return {reason, last[0] == 21 && last.size() == 15 ? last[14] : -1};
  }
  std::pair<std::optional<Errc>, int> refusal_of_extension(std::uint16_t type, const Datagram& data) {
    start(dtls::kGroups, type == 14 && data.empty() ? std::vector<std::uint16_t>{} : std::vector<std::uint16_t>{7, 1});
    return refusal({.extensions = extension(type, data)});
  }
  static Datagram extension(std::uint16_t type, const Datagram& data) {
    Datagram bytes(4 + data.size());
    Writer w(bytes);
    w.u16(type);
    w.opaque16(data);
    return bytes;
  }
  /// The protected alert the client says last.
  int alert() {
    const Datagram text = rogue->opened(take(*client));
    return text.size() == 2 ? text[1] : -1;
  }
};

using Refusal = std::pair<std::optional<Errc>, int>;

TEST_F(ClientOfARogue, ConnectsWhereTheRulesAreKept) {
  connect();
  give(*client, rogue->sealed_text("hello"));
  EXPECT_EQ(client->received, std::vector<std::string>{"hello"});
}

TEST_F(ClientOfARogue, RefusesAWrongFinished) {
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

TEST_F(ClientOfARogue, RefusesAFinishedOfTheWrongLength) {
  until_finished();
  give(*client, rogue->flight_6(Datagram(11)));
  ASSERT_TRUE(client->closed);
  EXPECT_EQ(alert(), 50);
}

TEST_F(ClientOfARogue, RefusesAServerHelloWithoutExtendedMasterSecret) {
  start();
  EXPECT_EQ(refusal({.extended_master_secret = false}), Refusal(Errc::dtls_no_extended_master_secret, 40));
}

TEST_F(ClientOfARogue, RefusesAGroupItDidNotOffer) {
  constexpr std::array kOne{Group::secp256r1};
  start(kOne);
  EXPECT_EQ(refusal({}), Refusal(Errc::dtls_no_common_group, 47));
}

TEST_F(ClientOfARogue, RefusesACertificateOfAnotherKindThanTheSuites) {
  start();
  EXPECT_EQ(refusal({.suite = 0xC02F}), Refusal(Errc::dtls_illegal_parameter, 47));
}

TEST_F(ClientOfARogue, RefusesASuiteItDidNotOffer) {
  start();
  EXPECT_EQ(refusal({.suite = 0xC009}), Refusal(Errc::dtls_no_common_suite, 47));
}

TEST_F(ClientOfARogue, RefusesCompressionAndOtherVersions) {
  start();
  EXPECT_EQ(refusal({.compression = 1}), Refusal(Errc::dtls_illegal_parameter, 47));
  start();
  EXPECT_EQ(refusal({.version = dtls::kDtls10}), Refusal(Errc::dtls_version, 70));
}

// RFC 5246 section 7.2.2: unsupported_extension for what was not offered, illegal_parameter for wrong content.
TEST_F(ClientOfARogue, RefusesExtensionsItDidNotOfferAndWrongOnes) {
  const Errc illegal = Errc::dtls_illegal_parameter;
  EXPECT_EQ(refusal_of_extension(0x1234, {1}), Refusal(illegal, 110));
  EXPECT_EQ(refusal_of_extension(43, {2, 0xFE, 0xFD}), Refusal(illegal, 110));
  start(dtls::kGroups, {});
  EXPECT_EQ(refusal({.extensions = extension(14, {0, 2, 0, 7, 0})}), Refusal(illegal, 110));
  EXPECT_EQ(refusal_of_extension(14, {0, 2, 0, 8, 0}), Refusal(illegal, 47)) << "a profile that was not offered";
  EXPECT_EQ(refusal_of_extension(14, {0, 4, 0, 7, 0, 1, 0}), Refusal(illegal, 47)) << "two profiles";
  EXPECT_EQ(refusal_of_extension(14, {0, 2, 0, 7, 1, 5}), Refusal(illegal, 47)) << "a key identifier";
  EXPECT_EQ(refusal_of_extension(13, {0, 2, 4, 3}), Refusal(illegal, 47));
  EXPECT_EQ(refusal_of_extension(0xFF01, {1, 9}), Refusal(illegal, 47)) << "a renegotiation";
}

TEST_F(ClientOfARogue, NamesAServerThatAsksForNoCertificateWhenTheGraceEnds) {
  start();
  EXPECT_EQ(refusal({.asks = false}), Refusal(Errc::dtls_no_certificate_request, 40));
}

// Only a signature over our random makes it a fact: anybody can send a certificate.
TEST_F(ClientOfARogue, NamesAWrongCertificateOnlyIfThePeerHasProvenIt) {
  for (const bool proven : {false, true}) {
    start();
    RogueServer other(*provider);
    const Datagram hello = take(*client);
    Datagram other_hello = hello;
    if (!proven) other_hello[13 + 12 + 2] ^= 1U;  // signed over another random
    give(*client, other.flight_4(other_hello, {}));
    EXPECT_EQ(outcome(*client), proven ? Errc::dtls_fingerprint_mismatch : Errc::dtls_bad_signature);
  }
}

TEST_F(ClientOfARogue, AProvenReasonTakesThePlaceOfAGuess) {
  start();
  const Datagram hello = take(*client);
  give(*client, test::record(21, 0, 9, {2, 40}));
  RogueServer other(*provider);
  give(*client, other.flight_4(hello, {}));
  give(*client, test::record(21, 0, 10, {2, 70}));
  EXPECT_EQ(outcome(*client), Errc::dtls_fingerprint_mismatch);
}

TEST_F(ClientOfARogue, HoldsApplicationDataThatOvertakesTheFinished) {
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

// What the peer says under protection nobody else can have said.
TEST_F(ClientOfARogue, IllegalMessagesUnderProtectionEndTheConnectionWithTheirAlert) {
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

TEST_F(ClientOfARogue, IllegalMessagesUnderProtectionEndAHandshakeToo) {
  until_finished();
  give(*client, rogue->sealed_message(11, 5, Datagram(20)));
  ASSERT_TRUE(client->closed);
  EXPECT_EQ(client->closed->reason, Errc::dtls_illegal_parameter);
  EXPECT_EQ(alert(), 10);
}

TEST_F(ClientOfARogue, AWarningUnderProtectionEndsNothing) {
  connect();
  give(*client, rogue->sealed(ContentType::alert, {1, 90}));
  EXPECT_FALSE(client->closed);
}

// ---- a client that breaks rules
// ---------------------------------------------------------------------------------------

class ServerOfARogue : public RoguePeer {
 protected:
  std::optional<RogueClient> rogue;
  std::optional<DtlsEnd> server;

  void start() {
    now = TimePoint{};
    rogue.emplace(*provider);
    server.emplace(config(dtls::Role::server, rogue->identity), identity, *provider);
    server->connection.start(now);
  }
  void until_finished() {
    start();
    give(*server, rogue->hello());
    give(*server, rogue->flight_5(take(*server)));
  }
  /// The type of each extension in the server's hello.
  std::vector<std::uint16_t> answered_extensions(const test::HelloParts& parts) {
    start();
    give(*server, rogue->hello(parts));
    const Datagram flight = take(*server);
    std::vector<std::uint16_t> types;
    // Behind record and message header: version, random, no session, suite, compression.
    Reader reader(Bytes(flight).subspan(13 + 12 + 2 + 32 + 1 + 2 + 1));
    for (Reader list = reader.prefixed16(); !list.empty();) {
      types.push_back(list.u16());
      list.opaque16();
    }
    return types;
  }
};

TEST_F(ServerOfARogue, ConnectsWhereTheRulesAreKept) {
  until_finished();
  give(*server, rogue->finished(rogue->verify_data()));
  EXPECT_EQ(server->connected, 1);
  give(*server, rogue->sealed_text("hello"));
  EXPECT_EQ(server->received, std::vector<std::string>{"hello"});
}

TEST_F(ServerOfARogue, RefusesAWrongFinished) {
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

TEST_F(ServerOfARogue, DeliversNoApplicationDataBeforeTheFinishedIsVerified) {
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
TEST_F(ServerOfARogue, KeepsWhatComesBeforeItsKeys) {
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

TEST_F(ServerOfARogue, KeepsTheLastFewEarlyRecordsOnly) {
  until_finished();
  const Datagram finished = rogue->finished(rogue->verify_data());
  for (int i = 0; i < 7; ++i) give(*server, rogue->sealed_text(std::to_string(i)));
  give(*server, finished);
  EXPECT_EQ(server->received, (std::vector<std::string>{"3", "4", "5", "6"}));
  EXPECT_EQ(server->connection.drops()[dtls::Drop::early_data], 3U);
}

// RFC 5746 section 3.6. wolfSSL's client ends the handshake otherwise.
TEST_F(ServerOfARogue, AnswersRenegotiationInfoOnlyIfOffered) {
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

TEST_F(ServerOfARogue, TheHelloWhoseClientProvesTheFingerprintWins) {
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
  // The others are gone, and no doubt is left to end it.
  give(*server, other.hello({.random = 1}));
  server->sent.clear();
  now += 60s;
  server->drain(now, nullptr);
  EXPECT_TRUE(server->sent.empty());
  EXPECT_FALSE(server->closed);
}

// An altered copy of the hello gets the same answer to the byte, so that the client sees one flight twice.
TEST_F(ServerOfARogue, CopiesOfAHelloShareOneAnswer) {
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

TEST_F(ServerOfARogue, AForgedEmptyCertificateIsForgottenAtEstablishment) {
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

// ---- limits
// -----------------------------------------------------------------------------------------------------------

// Every code point but our six, with a key and a provider that would verify anything.
TEST_F(RoguePeer, NoSignatureSchemeThatWasNotOfferedIsAccepted) {
  test::NullProvider null(*provider);
  const dtls::Authentication authentication(identity, {}, null);
  for (const KeyType type : {KeyType::ecdsa_p256, KeyType::rsa_2048}) {
    const test::NullPublicKey key(type);
    std::size_t accepted = 0;
    for (unsigned scheme = 0; scheme <= 0xFFFF; ++scheme) {
      accepted += authentication.check_signature(key, static_cast<std::uint16_t>(scheme), {}, {}) ? 0 : 1;
    }
    EXPECT_EQ(accepted, type == KeyType::ecdsa_p256 ? 2U : 4U);
  }
}

TEST_F(RoguePeer, ARecordOfMoreThan16KiBUnderProtectionEndsTheConnection) {
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

TEST_F(RoguePeer, NoRecordOfMoreThan16KiBIsSealed) {
  test::DtlsPair pair(*provider);
  pair.handshake();
  Datagram record(20'000);
  EXPECT_TRUE(pair.client.connection.seal(record, 16'385).empty());
  EXPECT_EQ(pair.client.connection.seal(record, 16'384).size(), 16'384 + pair.client.connection.overhead());
}

// RFC 9147 section 4.5.3.
TEST_F(RoguePeer, TooManyForgeriesEndTheConnection) {
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

TEST_F(RoguePeer, AUsedUpKeyEndsTheConnectionAndThePeerIsTold) {
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

TEST_F(RoguePeer, TheLimitsAreThoseOfTheAead) {
  EXPECT_EQ(dtls::limits_of(AeadAlgorithm::aes_128_gcm).blocks, 24'296'004'000U);  // 2^34.5
  EXPECT_EQ(dtls::limits_of(AeadAlgorithm::aes_256_gcm).forgeries, 1ULL << 36U);
  EXPECT_EQ(dtls::limits_of(AeadAlgorithm::chacha20_poly1305).forgeries, 1ULL << 36U);
}

/// Counts how often something as long as a certificate is hashed.
class CountingProvider final : public test::FixedProvider {
 public:
  CountingProvider(Provider& real, std::size_t size) : FixedProvider(real, 1), size_(size) {}
  Digest hash(HashAlgorithm algorithm, Bytes data) override {
    count += data.size() == size_ ? 1 : 0;
    return FixedProvider::hash(algorithm, data);
  }
  int count = 0;

 private:
  std::size_t size_;
};

TEST_F(RoguePeer, HashesACertificateOnceHoweverManyFingerprintsThereAre) {
  CountingProvider counting(*provider, identity.certificate_der.size());
  std::vector<Fingerprint> made;
  made.assign(540, Fingerprint::of(*provider, HashAlgorithm::sha256, as_bytes("somebody")));
  const dtls::Authentication authentication(identity, made, counting);
  EXPECT_FALSE(authentication.accepted_fingerprint(identity.certificate_der));
  EXPECT_EQ(counting.count, 1);
}

TEST_F(RoguePeer, OnlyTheFirstSixteenFingerprintsCount) {
  const auto right = Fingerprint::of(*provider, HashAlgorithm::sha256, identity.certificate_der);
  for (const std::size_t before : {15U, 16U}) {
    std::vector<Fingerprint> made;
    made.assign(before, Fingerprint::of(*provider, HashAlgorithm::sha256, as_bytes("somebody")));
    made.push_back(right);
    const dtls::Authentication authentication(identity, made, *provider);
    EXPECT_EQ(authentication.accepted_fingerprint(identity.certificate_der).has_value(), before == 15);
  }
}

// ---- what forged input draws
// ------------------------------------------------------------------------------------------

class Amplification : public ServerOfARogue {
 protected:
  std::size_t in = 0;
  std::size_t out = 0;

  void forge(Datagram datagram) {
    in += datagram.size();
    give(*server, std::move(datagram));
    out += take(*server).size();
  }
};

TEST_F(Amplification, EmptyFragmentsOfAnOldHelloDrawNothing) {
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

TEST_F(Amplification, RepeatedAndChangingHellosDrawThreeTimesTheirBytesAndOneFlight) {
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

TEST_F(Amplification, PiecesOfAServersFlightDrawNothingFromAClient) {
  RogueServer other(*provider);
  DtlsEnd client(config(dtls::Role::client, other.identity), identity, *provider);
  client.connection.start(now);
  const Datagram flight = other.flight_4(take(client), {});
  give(client, flight);
  EXPECT_FALSE(take(client).empty());
  for (int i = 0; i < 17; ++i) {
    now += 21ms;
    give(client, test::record(22, 0, 9, test::fragment_of(14, 0, 4, 0, {})));
    give(client, test::record(22, 0, 9, test::fragment_of(2, 0, 0, 0, {})));
    EXPECT_TRUE(take(client).empty());
  }
  // The whole flight again does: the server has not heard us.
  give(client, flight);
  EXPECT_FALSE(take(client).empty());
}

}  // namespace
}  // namespace redan
