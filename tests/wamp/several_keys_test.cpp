// Several keys for the same URIs: ids, several subscribers, rotation, and ppt.
#include "tests/support/seeded_random.hpp"
#include "tests/wamp/session_fixture.hpp"
#include "tests/wamp/test_keys.hpp"
#include "wamp/errors.hpp"
#include "wamp/key_ring_file.hpp"

namespace redan::wamp {
namespace {

SecretKey secret(std::uint8_t byte, PptCipher cipher = PptCipher::xsalsa20poly1305) {
  return std::move(*SecretKey::make(cipher, Binary(32, byte)));
}

const Payload kClear{List{1}, Dict{{"k", "v"}}, std::nullopt};

class WampSeveralKeys : public ::testing::Test {
 protected:
  /// Sealed by `from` and opened by `to`.
  redan::Result<Payload> pass(const KeyRing& from, const KeyRing& to, const Protection* like = nullptr) {
    attributes_ = {};
    auto sealed = from.seal(Party::originator, "com.a", kClear, attributes_, random_, like);
    if (!sealed) return refuse(sealed.error());
    how_ = {};
    return to.open(Party::responder, "com.a", std::move(*sealed), attributes_, &how_);
  }

  test::SeededRandom random_{1};
  KeyRing one_, other_;
  Dict attributes_;
  Protection how_;
};

TEST_F(WampSeveralKeys, AreToldApartByTheirIds) {
  one_.set_key("com.", test_key(), {"new"});
  other_.set_key("com.", other_key(), {"old"});
  const auto unknown = pass(one_, other_);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error(), errc::wamp_unknown_key);
  EXPECT_EQ(*attributes_.find("enc_key"), Value("new"));
  other_.set_key("com.", test_key(), {"new"});
  EXPECT_EQ(pass(one_, other_), kClear);
  EXPECT_EQ(how_.key_id, "new");
  EXPECT_EQ(how_.kind, Protection::Kind::cryptobox);
}

TEST_F(WampSeveralKeys, AreAllTriedForAPayloadWithoutAnId) {
  one_.set_key("com.", test_key());
  other_.set_key("com.", other_key(), {"a"});
  other_.set_key("com.", test_key(), {"b"});
  EXPECT_EQ(pass(one_, other_), kClear);
  EXPECT_EQ(how_.key_id, "b");
  EXPECT_EQ(attributes_.find("enc_key"), nullptr);
}

TEST_F(WampSeveralKeys, AnUnnamedKeyOpensPayloadsWithAnyId) {
  one_.set_key("com.", test_key(), {"a"});
  other_.set_key("com.", test_key());
  EXPECT_EQ(pass(one_, other_), kClear);
}

TEST_F(WampSeveralKeys, DuringARotationTheOldOneOnlyOpensAndAnswers) {
  one_.set_key("com.", test_key(), {"old", true});
  ASSERT_EQ(one_.audience("com.a").size(), 1U);
  EXPECT_FALSE(one_.audience("com.a")[0].encrypted()) << "nothing is sent with it";
  const Protection old{Protection::Kind::cryptobox, "old"};
  other_.set_key("com.", test_key(), {"old"});
  EXPECT_EQ(pass(one_, other_, &old), kClear);
  EXPECT_EQ(pass(other_, one_), kClear);
}

TEST_F(WampSeveralKeys, AnAnswerHasTheKeyOfItsQuestionOrIsNotSent) {
  one_.set_key("com.", test_key(), {"a"});
  const Protection like{Protection::Kind::cryptobox, "b"};
  const auto answer = pass(one_, one_, &like);
  ASSERT_FALSE(answer) << "it is not sent in the clear instead";
  EXPECT_EQ(answer.error(), errc::wamp_no_key);
}

TEST_F(WampSeveralKeys, PptPayloadsNameSchemeCipherAndKey) {
  one_.set_key("com.", secret(1, PptCipher::aes256gcm), {"k"});
  EXPECT_EQ(pass(one_, one_), kClear);
  EXPECT_EQ(how_.kind, Protection::Kind::ppt);
  EXPECT_EQ(how_.key_id, "k");
  EXPECT_EQ(
      attributes_,
      (Dict{{"ppt_scheme", "wamp"}, {"ppt_serializer", "cbor"}, {"ppt_cipher", "aes256gcm"}, {"ppt_keyid", "k"}}));
  other_.set_key("com.", secret(1), {"k"});
  EXPECT_FALSE(pass(one_, other_)) << "the same key for another cipher";
  other_.set_key("com.", secret(2, PptCipher::aes256gcm), {"k"});
  const auto wrong = pass(one_, other_);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error(), errc::wamp_decrypt_error);
}

TEST_F(WampSeveralKeys, PptIsOpenedWhereEncryptionIsRequiredAndPlaintextIsNot) {
  one_.set_key("com.", secret(1));
  one_.require("com.");
  EXPECT_EQ(pass(one_, one_), kClear);
  EXPECT_EQ(one_.open(Party::responder, "com.a", kClear, {}).error(), errc::wamp_clear_payload);
  Payload forged;
  forged.args.emplace_back(Binary(80));
  const Dict attributes{{"ppt_scheme", "wamp"}, {"ppt_serializer", "cbor"}, {"ppt_cipher", "xsalsa20poly1305"}};
  EXPECT_EQ(one_.open(Party::responder, "com.a", forged, attributes).error(), errc::wamp_decrypt_error);
  EXPECT_EQ(one_.open(Party::responder, "com.a", forged, {{"ppt_scheme", "x_other"}}).error(),
            errc::wamp_clear_payload);
  one_.erase_key("com.");
  EXPECT_EQ(one_.open(Party::responder, "com.a", forged, attributes).error(), errc::wamp_clear_payload);
}

TEST_F(WampSeveralKeys, APayloadIsNotSealedTwice) {
  one_.set_key("com.", secret(1));
  Dict attributes{{"ppt_scheme", "x_mine"}};
  EXPECT_EQ(one_.seal(Party::originator, "com.a", kClear, attributes, random_).error(), Errc::invalid_argument);
}

TEST_F(WampSeveralKeys, ErrorsArePptToo) {
  one_.set_key("com.", secret(1), {"k"});
  const Protection like{Protection::Kind::ppt, "k"};
  Dict attributes;
  auto sealed = one_.seal_error(Party::responder, "com.a", "org.error", kClear, attributes, random_, &like);
  ASSERT_TRUE(sealed);
  EXPECT_TRUE(is_ppt(*sealed, attributes));
  EXPECT_EQ(one_.open_error(Party::originator, "com.a", "org.error", *sealed, attributes), kClear);
}

TEST_F(WampSeveralKeys, AreLimitedSoThatAForgedPayloadCostsLittle) {
  for (int i = 0; i < 40; ++i) one_.set_key("com.", secret(1), {std::to_string(i)});
  EXPECT_EQ(one_.count("com."), KeyRing::kMaxKeys);
}

/// A session whose peer, the test, has the same ring.
class WampSessionWithSeveralKeys : public SessionFixture {
 protected:
  void SetUp() override {
    ring_.set_key("com.", secret(1), {"one"});
    ring_.set_key("com.", test_key(), {"two"});
    ring_.set_key("com.", secret(3), {"three", true});
    config_.key_ring = &ring_;
    join();
  }
  test::SeededRandom random_{1};
  KeyRing ring_;
};

TEST_F(WampSessionWithSeveralKeys, AnEventIsPublishedOnceForEachKey) {
  ASSERT_TRUE(session_->publish(now_, "com.topic", args({7}), {{"acknowledge", true}}));
  const auto first = sent_as<Publish>();
  const auto last = sent_as<Publish>();
  EXPECT_TRUE(quiet());
  EXPECT_EQ(*first.options.find("ppt_keyid"), Value("one"));
  EXPECT_EQ(first.options.find("acknowledge"), nullptr);
  EXPECT_EQ(*last.options.find("enc_key"), Value("two"));
  EXPECT_NE(last.options.find("acknowledge"), nullptr);
  EXPECT_EQ(last.request, first.request + 1);
  says(Published{last.request, 9});
  EXPECT_EQ(event<S::Granted>().id, 9U);
}

TEST_F(WampSessionWithSeveralKeys, AReflectedPptCallIsNotItsResult) {
  ring_.erase_key("com.");
  ring_.set_key("com.", secret(1));
  ASSERT_TRUE(session_->call(now_, "com.f", args({7})));
  auto call = sent_as<Call>();
  ASSERT_TRUE(is_ppt(call.payload, call.options));
  says(Result{call.request, call.options, call.payload});
  EXPECT_EQ(event<S::Failed>().failure.code, errc::wamp_replayed);
}

TEST(WampKeyRingFileWithSeveralKeys, HasIdsSecretsAndRotation) {
  const auto refusal = [](std::string_view keys) {
    const auto ring = read_key_ring(R"({"keys": [)" + std::string(keys) + "]}");
    return ring ? "" : ring.error();
  };
  const std::string key = R"("uri": "com.", "secret": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")";
  EXPECT_EQ(refusal("{" + key + R"(, "cipher": "aes256gcm", "id": "a"}, {)" + key +
                    R"(, "cipher": "xsalsa20poly1305", "id": "b", "opens_only": true})"),
            "");
  EXPECT_NE(refusal("{" + key + "}"), "") << "no cipher";
  EXPECT_NE(refusal("{" + key + R"(, "cipher": "aes128gcm"})"), "");
  EXPECT_NE(refusal("{" + key + R"(, "cipher": "aes256gcm", "originator_public": ""})"), "");
  EXPECT_NE(refusal(R"({"uri": "com.", "secret": "AQ==", "cipher": "aes256gcm"})"), "");
  EXPECT_NE(refusal("{" + key + R"(, "cipher": "aes256gcm", "opens_only": 1})"), "");
  const std::string twice = "{" + key + R"(, "cipher": "aes256gcm"})";
  EXPECT_NE(refusal(twice + "," + twice), "") << "the same id, or none, twice";
}

}  // namespace
}  // namespace redan::wamp
