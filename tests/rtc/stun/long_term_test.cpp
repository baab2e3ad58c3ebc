#include "rtc/stun/long_term.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"

namespace redan::stun {
namespace {

constexpr TransactionId kTransaction{1, 2, 3};
const std::string kBothBits = "obMatJos2AAAD";      // password algorithms and anonymity, counted from the right
const std::string kBothBitsLeft = "obMatJos2wAAA";  // from the left

class StunLongTerm : public testing::Test {
 protected:
  struct Challenge {
    std::uint16_t code = 401;
    std::string realm = "example.org", nonce = "n1";
    std::vector<std::uint16_t> algorithms{};
    bool with_realm = true, with_nonce = true;
  };
  Verdict challenge(const Challenge& parts, bool signed_request = false) {
    MessageBuilder builder(buffer, Class::error, kTransaction);
    builder.error_code(parts.code, "");
    if (parts.with_realm) builder.attribute(AttributeType::realm, as_bytes(parts.realm));
    if (parts.with_nonce) builder.attribute(AttributeType::nonce, as_bytes(parts.nonce));
    std::string list;
    for (const std::uint16_t each : parts.algorithms) list += {0, static_cast<char>(each), 0, 0};
    if (!list.empty()) builder.attribute(AttributeType::password_algorithms, as_bytes(list));
    return client.judge(*Message::parse(builder.finish()), signed_request);
  }
  /// The request that the client makes now.
  Message request() {
    MessageBuilder builder(sent, Class::request, kTransaction);
    return *Message::parse(client.finish(builder));
  }
  std::unique_ptr<Hmac> mac(HashAlgorithm algorithm, Bytes key) { return provider->hmac(algorithm, key); }
  std::unique_ptr<Hmac> old_mac() {
    return mac(HashAlgorithm::sha1, provider->md5_for_stun_credentials(as_bytes("user:example.org:secret"))->expose());
  }
  Digest sha256_key() { return provider->hash(HashAlgorithm::sha256, as_bytes("user:example.org:secret")); }
  template <class Finish>
  Verdict respond(Class result, std::uint16_t code, Finish&& finish) {
    MessageBuilder builder(buffer, result, kTransaction);
    if (result == Class::error) builder.error_code(code, "");
    return client.judge(*Message::parse(finish(builder)), true);
  }

  std::unique_ptr<Provider> provider = default_provider();
  LongTerm client{*Credentials::make("user", "secret"), *provider};
  std::array<std::uint8_t, 1000> buffer{}, sent{};
};

// RFC 5769 section 2.4.
TEST_F(StunLongTerm, SignsTheSampleRequestOfTheOlderForm) {
  const std::string sample =
      "000100602112a44278ad3433c6ad72c029da412e"
      "00060012e3839ee38388e383aae38383e382afe382b90000"
      "0015001c662f2f3439396b39353464364f4c33346f4c394653547679363473410014000b6578616d706c652e6f726700"
      "00080014f67024656dd64a3e02b8e0712e85c9a28ca89666";
  const auto bytes = *from_hex(sample);
  const auto message = Message::parse(bytes);
  ASSERT_TRUE(message);
  const std::string text = "マトリックス:example.org:TheMatrIX";
  const auto key = provider->md5_for_stun_credentials(as_bytes(text));
  EXPECT_TRUE(message->verify_integrity(*mac(HashAlgorithm::sha1, key->expose())));
  EXPECT_FALSE(message->verify_integrity(*old_mac()));
}

// RFC 8489 appendix B.1 with erratum 6268.
TEST_F(StunLongTerm, SignsTheSampleRequestOfSha256) {
  const std::string sample =
      "000100902112a44278ad3433c6ad72c029da412e"
      "001e00204a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704"
      "001500296f624d61744a6f733241414143662f2f3439396b39353464364f4c33346f4c394653547679363473410000000014000b"
      "6578616d706c652e6f726700"
      "001d000400020000"
      "001c0020b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278cc6518e65";
  const auto bytes = *from_hex(sample);
  const auto message = Message::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->unknown_count, 0U);
  const std::string text = "マトリックス:example.org:TheMatrIX";
  const Digest key = provider->hash(HashAlgorithm::sha256, as_bytes(text));
  EXPECT_TRUE(message->verify_integrity_sha256(*mac(HashAlgorithm::sha256, key.bytes())));

  // Our own request has the sample's USERHASH.
  client = LongTerm(*Credentials::make("マトリックス", "TheMatrIX"), *provider);
  ASSERT_EQ(challenge({.nonce = "obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA", .algorithms = {2}}), Verdict::retry);
  const Message ours = request();
  EXPECT_EQ(to_hex(*ours.find(AttributeType::userhash)), sample.substr(48, 64));
  EXPECT_TRUE(ours.verify_integrity_sha256(*mac(HashAlgorithm::sha256, key.bytes())));
}

TEST_F(StunLongTerm, DoesNotSignBeforeTheChallenge) {
  EXPECT_FALSE(client.challenged());
  const Message first = request();
  EXPECT_FALSE(first.has_integrity() || first.has_integrity_sha256() || first.username);
}

TEST_F(StunLongTerm, AnswersAnOldChallengeWithMd5AndSha1) {
  ASSERT_EQ(challenge({}), Verdict::retry);
  const Message answer = request();
  EXPECT_EQ(answer.username, "user");
  EXPECT_EQ(as_text(*answer.find(AttributeType::realm)), "example.org");
  EXPECT_EQ(as_text(*answer.find(AttributeType::nonce)), "n1");
  EXPECT_TRUE(answer.verify_integrity(*old_mac()));
  EXPECT_FALSE(answer.has_integrity_sha256());
}

TEST_F(StunLongTerm, AnswersAlgorithmsWithTheFirstItKnows) {
  ASSERT_EQ(challenge({.nonce = "obMatJos2AAAB", .algorithms = {7, 2, 1}}), Verdict::retry);
  const Message answer = request();
  EXPECT_EQ(answer.username, "user");
  EXPECT_EQ(to_hex(*answer.find(AttributeType::password_algorithm)), "00020000");
  EXPECT_EQ(to_hex(*answer.find(AttributeType::password_algorithms)), "000700000002000000010000");
  EXPECT_TRUE(answer.verify_integrity_sha256(*mac(HashAlgorithm::sha256, sha256_key().bytes())));
  EXPECT_FALSE(answer.has_integrity());
}

TEST_F(StunLongTerm, Md5FromAListIsUsedWithHmacSha256) {
  ASSERT_EQ(challenge({.nonce = "obMatJos2AAAB", .algorithms = {1, 2}}), Verdict::retry);
  const auto key = provider->md5_for_stun_credentials(as_bytes("user:example.org:secret"));
  EXPECT_TRUE(request().verify_integrity_sha256(*mac(HashAlgorithm::sha256, key->expose())));
}

TEST_F(StunLongTerm, HidesTheUserNameWhereTheNonceAsksForIt) {
  for (const std::string& nonce : {kBothBits, kBothBitsLeft}) {
    client.reset();
    ASSERT_EQ(challenge({.nonce = nonce, .algorithms = {2}}), Verdict::retry);
    const Message answer = request();
    EXPECT_FALSE(answer.username);
    EXPECT_EQ(to_hex(*answer.find(AttributeType::userhash)),
              to_hex(provider->hash(HashAlgorithm::sha256, as_bytes("user:example.org")).bytes()));
  }
}

TEST_F(StunLongTerm, RefusesAChallengeWithoutTheAlgorithmsThatItsNoncePromises) {
  for (const std::string& nonce : {kBothBits, kBothBitsLeft}) {
    EXPECT_EQ(challenge({.nonce = nonce}), Verdict::downgraded);
    EXPECT_EQ(challenge({.code = 438, .nonce = nonce}), Verdict::downgraded);
  }
  EXPECT_FALSE(client.challenged());
}

TEST_F(StunLongTerm, RefusesALaterChallengeThatIsWeaker) {
  ASSERT_EQ(challenge({.nonce = "obMatJos2AAAB", .algorithms = {2}}), Verdict::retry);
  EXPECT_EQ(challenge({.code = 438, .nonce = "n2"}, true), Verdict::downgraded);
  EXPECT_TRUE(request().has_integrity_sha256());
}

TEST_F(StunLongTerm, RefusesAChallengeWithoutACommonAlgorithm) {
  EXPECT_EQ(challenge({.algorithms = {3, 9}}), Verdict::unsupported);
  EXPECT_EQ(challenge({.algorithms = std::vector<std::uint16_t>(65, 2)}), Verdict::unsupported);
  EXPECT_FALSE(client.challenged());
}

TEST_F(StunLongTerm, RefusesAChallengeWithoutRealmOrNonce) {
  EXPECT_EQ(challenge({.with_realm = false}), Verdict::malformed_challenge);
  EXPECT_EQ(challenge({.with_nonce = false}), Verdict::malformed_challenge);
}

TEST_F(StunLongTerm, ASecondChallengeForTheSameRealmMeansWrongCredentials) {
  ASSERT_EQ(challenge({}), Verdict::retry);
  EXPECT_EQ(challenge({.nonce = "n2"}, true), Verdict::wrong_credentials);
  EXPECT_EQ(challenge({.realm = "elsewhere"}, true), Verdict::retry);
}

TEST_F(StunLongTerm, AStaleNonceIsReplaced) {
  ASSERT_EQ(challenge({}), Verdict::retry);
  EXPECT_EQ(challenge({.code = 438, .nonce = "n2"}, true), Verdict::retry);
  const Message answer = request();
  EXPECT_EQ(as_text(*answer.find(AttributeType::nonce)), "n2");
  EXPECT_TRUE(answer.verify_integrity(*old_mac()));
}

TEST_F(StunLongTerm, OnlyASignedResponseIsAccepted) {
  ASSERT_EQ(challenge({}), Verdict::retry);
  const auto good = old_mac();
  const auto bad = mac(HashAlgorithm::sha1, as_bytes("another key"));
  for (const Class result : {Class::success, Class::error}) {
    EXPECT_EQ(respond(result, 437, [&](MessageBuilder& b) { return b.finish(*good); }), Verdict::accepted);
    EXPECT_EQ(respond(result, 437, [&](MessageBuilder& b) { return b.finish(*bad); }), Verdict::ignored);
    EXPECT_EQ(respond(result, 437, [&](MessageBuilder& b) { return b.finish(); }), Verdict::ignored);
    EXPECT_EQ(respond(result, 400, [&](MessageBuilder& b) { return b.finish(); }), Verdict::ignored);
  }
}

TEST_F(StunLongTerm, AResponseWithTheWeakerIntegrityIsIgnored) {
  ASSERT_EQ(challenge({.nonce = "obMatJos2AAAB", .algorithms = {2}}), Verdict::retry);
  const auto sha256 = mac(HashAlgorithm::sha256, sha256_key().bytes());
  const auto sha1 = mac(HashAlgorithm::sha1, sha256_key().bytes());
  EXPECT_EQ(respond(Class::success, 0, [&](MessageBuilder& b) { return b.finish_sha256(*sha256); }), Verdict::accepted);
  EXPECT_EQ(respond(Class::success, 0, [&](MessageBuilder& b) { return b.finish(*sha1); }), Verdict::ignored);
  EXPECT_EQ(respond(Class::success, 0, [&](MessageBuilder& b) { return b.finish(*old_mac()); }), Verdict::ignored);
}

TEST_F(StunLongTerm, AResponseWhoseNoncePromisesMissingAlgorithmsIsIgnored) {
  ASSERT_EQ(challenge({}), Verdict::retry);
  const auto key = old_mac();
  const auto with_nonce = [&](MessageBuilder& b) {
    b.attribute(AttributeType::nonce, as_bytes("obMatJos2AAAB"));
    return b.finish(*key);
  };
  EXPECT_EQ(respond(Class::success, 0, with_nonce), Verdict::ignored);
}

TEST_F(StunLongTerm, SuccessWithoutAChallengeIsNotTrusted) {
  MessageBuilder builder(buffer, Class::success, kTransaction);
  EXPECT_EQ(client.judge(*Message::parse(builder.finish()), false), Verdict::unprotected);
}

TEST_F(StunLongTerm, ARefusalBeforeTheChallengeCounts) {
  for (const auto& [code, verdict] :
       {std::pair{300, Verdict::accepted}, {486, Verdict::accepted}, {400, Verdict::ignored}}) {
    MessageBuilder builder(buffer, Class::error, kTransaction);
    builder.error_code(static_cast<std::uint16_t>(code), "");
    EXPECT_EQ(client.judge(*Message::parse(builder.finish()), false), verdict) << code;
  }
}

TEST_F(StunLongTerm, RefusesUnusableCredentials) {
  EXPECT_EQ(Credentials::make("", "x").error(), Errc::invalid_argument);
  EXPECT_EQ(Credentials::make("x", "").error(), Errc::invalid_argument);
  EXPECT_EQ(Credentials::make("a\nb", "x").error(), Errc::invalid_argument);
  EXPECT_EQ(Credentials::make("x", std::string("a\0b", 3)).error(), Errc::invalid_argument);
  EXPECT_TRUE(Credentials::make(std::string(508, 'x'), std::string(512, 'x')));
  EXPECT_EQ(Credentials::make(std::string(509, 'x'), "x").error(), Errc::invalid_argument);
  EXPECT_EQ(Credentials::make("x", std::string(513, 'x')).error(), Errc::invalid_argument);
}

}  // namespace
}  // namespace redan::stun
