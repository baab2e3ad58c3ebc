#include "sealed/handshake.hpp"

#include "sealed/errors.hpp"
#include "support.hpp"

namespace redan::sealed::test {
namespace {

class Handshake : public testing::TestWithParam<Suite> {
 protected:
  World world_;
};
INSTANTIATE_TEST_SUITE_P(Suites, Handshake, testing::Values(Suite::aes_256_gcm, Suite::cryptobox));

TEST_P(Handshake, TwoCertifiedEndsEstablishAChannel) {
  Pair pair(world_, GetParam());
  EXPECT_EQ(pair.client->suite, GetParam());
  EXPECT_TRUE(equal_in_constant_time(pair.client->confirm.expose(), pair.runtime->confirm.expose()));
  const auto question = pair.client->channel.seal("signalling", "settings", Channel::Kind::question);
  const auto asked = pair.runtime->channel.open(question.value());
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->body, "settings");
  const auto answer = pair.runtime->channel.answer(*asked, "signalling", "offer");
  const auto answered = pair.client->channel.open(answer.value());
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->body, "offer");
  EXPECT_TRUE(answered->is_answer);
}

TEST_P(Handshake, KeysDifferFromChannelToChannel) {
  Pair one(world_, GetParam());
  world_.now.seconds_since_1970 += 1;  // another grant
  Pair two(world_, GetParam());
  EXPECT_FALSE(equal_in_constant_time(one.client->confirm.expose(), two.client->confirm.expose()));
  EXPECT_EQ(error_of(two.runtime->channel.open(one.client->channel.seal("a", "b").value())), errc::sealed_bad_record);
}

TEST_P(Handshake, RefusesEveryFlippedBitOfTheHello) {
  const auto hello = world_.initiate(GetParam()).hello();
  for (std::size_t bit = 0; bit < hello.size() * 8; ++bit) {
    Initiator initiator = world_.initiate(GetParam());
    auto bad = initiator.hello();
    bad[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    Responder responder = world_.respond();
    const auto share = responder.on_hello(bad, world_.now);
    if (!share) continue;
    // An error that a runtime cannot detect, the client detects in the signature.
    EXPECT_EQ(error_of(initiator.on_share(*share, world_.now)), errc::sealed_bad_signature) << bit;
  }
}

TEST_P(Handshake, RefusesEveryFlippedBitOfTheShare) {
  Initiator first = world_.initiate(GetParam());
  const auto size = world_.respond().on_hello(first.hello(), world_.now).value().size();
  for (std::size_t bit = 0; bit < size * 8; ++bit) {
    Initiator initiator = world_.initiate(GetParam());
    auto bad = world_.respond().on_hello(initiator.hello(), world_.now).value();
    bad[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(initiator.on_share(bad, world_.now)) << bit;
  }
}

TEST_P(Handshake, RefusesEveryFlippedBitOfTheProof) {
  Initiator first = world_.initiate(GetParam());
  Responder other = world_.respond();
  const auto size = first.on_share(other.on_hello(first.hello(), world_.now).value(), world_.now)->auth.size();
  for (std::size_t bit = 0; bit < size * 8; bit += 7) {
    Initiator initiator = world_.initiate(GetParam());
    Responder responder = world_.respond();
    auto done = initiator.on_share(responder.on_hello(initiator.hello(), world_.now).value(), world_.now);
    auto bad = done->auth;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(responder.on_auth(bad, world_.now)) << bit;
    EXPECT_FALSE(responder.on_auth(done->auth, world_.now)) << "one attempt";
  }
}

TEST_F(Handshake, ARuntimeWithoutACertificateIsRefused) {
  Initiator initiator = world_.initiate();
  const Ed25519Key mallory = key_of(9);
  const RuntimeCertificate own{"i1", mallory.public_key(), kNow, {kNow.seconds_since_1970 + 60}};
  Responder impostor(*world_.provider, {"s1", "i1", {world_.ams.public_key()}, own.sign(mallory)}, mallory,
                     world_.used);
  const auto share = impostor.on_hello(initiator.hello(), kNow);
  EXPECT_EQ(error_of(initiator.on_share(share.value(), kNow)), errc::sealed_bad_certificate);
}

TEST_F(Handshake, ACertificateWithoutItsKeyIsRefused) {
  Initiator initiator = world_.initiate();
  const Ed25519Key mallory = key_of(9);
  const auto stolen = world_.certificate().sign(world_.ams);
  Responder impostor(*world_.provider, {"s1", "i1", {world_.ams.public_key()}, stolen}, mallory, world_.used);
  const auto share = impostor.on_hello(initiator.hello(), kNow);
  EXPECT_EQ(error_of(initiator.on_share(share.value(), kNow)), errc::sealed_bad_signature);
}

TEST_F(Handshake, AnotherCertifiedRuntimeIsRefused) {
  Initiator initiator = world_.initiate();
  const Ed25519Key other = key_of(8);
  const RuntimeCertificate real{"i2", other.public_key(), kNow, {kNow.seconds_since_1970 + 60}};
  // A dishonest runtime checks nothing.
  Responder wrong(*world_.provider, {"s1", "i1", {world_.ams.public_key()}, real.sign(world_.ams)}, other, world_.used);
  const auto share = wrong.on_hello(initiator.hello(), kNow);
  EXPECT_EQ(error_of(initiator.on_share(share.value(), kNow)), errc::sealed_wrong_session);
}

TEST_F(Handshake, AGrantOfAnotherSessionOrInstanceIsRefusedByBothEnds) {
  SessionGrant grant = world_.grant();
  grant.session = "s2";
  EXPECT_EQ(error_of(world_.initiate(grant.sign(world_.ams))), errc::sealed_wrong_session);
  world_.session = "s2";
  Initiator initiator = world_.initiate();
  world_.session = "s1";
  EXPECT_EQ(error_of(world_.respond().on_hello(initiator.hello(), kNow)), errc::sealed_wrong_session);
  world_.instance = "i2";
  Initiator elsewhere = world_.initiate();
  world_.instance = "i1";
  EXPECT_EQ(error_of(world_.respond().on_hello(elsewhere.hello(), kNow)), errc::sealed_wrong_session);
}

TEST_F(Handshake, AGrantForAnotherKeyIsRefused) {
  SessionGrant grant = world_.grant();
  grant.client = key_of(7).public_key();
  EXPECT_EQ(error_of(world_.initiate(grant.sign(world_.ams))), errc::sealed_bad_grant);
  // A party that uses it nevertheless cannot prove that it is the holder.
  const Ed25519Key thief = key_of(9);
  grant.client = thief.public_key();
  const auto forged = grant.sign(thief);
  auto initiator = Initiator::begin(*world_.provider, {"s1", {thief.public_key()}, forged}, thief, kNow);
  EXPECT_EQ(error_of(world_.respond().on_hello(initiator->hello(), kNow)), errc::sealed_bad_grant);
}

TEST_F(Handshake, AStolenGrantWithoutItsKeyProvesNothing) {
  // The thief writes the hello itself: with the stolen grant and its own share.
  const Ed25519Key thief = key_of(9);
  const auto ephemeral = world_.provider->start_key_exchange(Group::x25519);
  ClientHello hello{"s1", {Suite::aes_256_gcm}, {}, {}, world_.grant().sign(world_.ams), false};
  std::copy_n(ephemeral->share().begin(), kShareSize, hello.share.begin());
  Responder responder = world_.respond();
  const auto hello_bytes = hello.write();
  const auto reply = responder.on_hello(hello_bytes, kNow);
  ASSERT_TRUE(reply);
  const auto share = RuntimeShare::parse(*reply);
  SharedSecret shared;
  ASSERT_TRUE(ephemeral->finish(share->share, shared));
  // It knows every key, and has not the one that counts.
  EXPECT_EQ(error_of(responder.on_auth(*reply, kNow)), errc::sealed_syntax);
}

TEST_F(Handshake, AGrantEstablishesOneChannel) {
  const auto grant = world_.grant().sign(world_.ams);
  for (const bool first : {true, false}) {
    auto initiator = world_.initiate(grant);
    Responder responder = world_.respond();
    const auto share = responder.on_hello(initiator->hello(), kNow);
    auto done = initiator->on_share(share.value(), kNow);
    const auto established = responder.on_auth(done.value().auth, kNow);
    EXPECT_EQ(established.has_value(), first);
    if (!first) {
      EXPECT_EQ(established.error(), errc::sealed_grant_used);
    }
  }
}

TEST_F(Handshake, ExpiredCredentialsAreRefused) {
  Initiator initiator = world_.initiate();
  EXPECT_EQ(error_of(world_.respond().on_hello(initiator.hello(), {kNow.seconds_since_1970 + 1000})),
            errc::sealed_expired);
  const auto share = world_.respond().on_hello(initiator.hello(), kNow);
  EXPECT_EQ(error_of(initiator.on_share(share.value(), {kNow.seconds_since_1970 + 10'000})), errc::sealed_expired);
  EXPECT_EQ(
      error_of(Initiator::begin(*world_.provider, {"s1", {world_.ams.public_key()}, world_.grant().sign(world_.ams)},
                                world_.client, {kNow.seconds_since_1970 + 1000})),
      errc::sealed_expired);
}

TEST_F(Handshake, ASuiteThatWasNotOfferedIsRefused) {
  auto initiator = world_.initiate(Suite::aes_256_gcm);
  auto share = world_.respond().on_hello(initiator.hello(), kNow).value();
  share[1] = 2;
  EXPECT_EQ(error_of(initiator.on_share(share, kNow)), errc::sealed_syntax);
  // Without a common suite there is no channel.
  auto hello = ClientHello::parse(world_.initiate().hello()).value();
  hello.suites = {};
  auto bytes = hello.write();
  EXPECT_FALSE(ClientHello::parse(bytes)) << "an empty list";
}

TEST_F(Handshake, ASmallOrderShareIsRefused) {
  auto hello = ClientHello::parse(world_.initiate().hello()).value();
  hello.share.fill(0);
  EXPECT_EQ(error_of(world_.respond().on_hello(hello.write(), kNow)), errc::sealed_syntax);
}

TEST_F(Handshake, AnOldShareIsRefused) {
  Initiator one = world_.initiate();
  const auto old = world_.respond().on_hello(one.hello(), kNow).value();
  Initiator two = world_.initiate();
  EXPECT_EQ(error_of(two.on_share(old, kNow)), errc::sealed_bad_signature);
}

TEST_F(Handshake, AConfirmationIsValidForOneEndAndOneConnection) {
  Pair pair(world_);
  const std::array<std::uint8_t, 32> exported{1}, client{2}, runtime{3}, other{4};
  const Connection connection{exported, client, runtime};
  const auto mac = [&](Side side, const Connection& of) {
    return to_vector(confirmation(*world_.provider, pair.client->confirm, side, of));
  };
  EXPECT_EQ(mac(Side::client, connection), mac(Side::client, connection));
  EXPECT_NE(mac(Side::client, connection), mac(Side::runtime, connection));
  EXPECT_NE(mac(Side::client, connection), mac(Side::client, {other, client, runtime}));
  EXPECT_NE(mac(Side::client, connection), mac(Side::client, {exported, other, runtime}));
  EXPECT_NE(mac(Side::client, connection), mac(Side::client, {exported, client, other}));
}

TEST(UsedGrants, AreRemovedWhenTheyHaveExpired) {
  World world;
  const auto bytes = world.grant().sign(world.ams);
  EXPECT_TRUE(world.used.use(world.grant(), bytes, kNow));
  EXPECT_FALSE(world.used.use(world.grant(), bytes, {kNow.seconds_since_1970 + 360}));
  EXPECT_TRUE(world.used.use(world.grant(), bytes, {kNow.seconds_since_1970 + 361}));
}

}  // namespace
}  // namespace redan::sealed::test
