#include "wamp/key_ring.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/wamp/test_keys.hpp"
#include "wamp/errors.hpp"

namespace redan::wamp {
namespace {

const Payload kClear{List{1}, Dict{{"k", "v"}}, std::nullopt};

class WampKeyRing : public ::testing::Test {
 protected:
  redan::Result<Payload> seal(std::string_view uri, Dict& attributes) {
    return ring_.seal(Party::originator, uri, kClear, attributes, random_);
  }

  test::SeededRandom random_{1};
  KeyRing ring_;
};

TEST_F(WampKeyRing, TheLongestPrefixInCharactersCounts) {
  for (const char* prefix : {"com.foo", "com.foo.bar", "com.", "org.x"}) ring_.set_key(prefix, test_key());
  const auto found = [&](std::string_view uri) { return ring_.find(uri, Party::originator); };
  EXPECT_EQ(found("com.foobar"), found("com.foo")) << "not in parts of a URI";
  EXPECT_EQ(found("com.foo.bar.x"), found("com.foo.bar"));
  EXPECT_EQ(found("com.foo.ba"), found("com.foo"));
  EXPECT_EQ(found("com.fo"), found("com."));
  EXPECT_EQ(found("com.zzz"), found("com."));
  EXPECT_NE(found("com.foo"), found("com."));
  EXPECT_EQ(found("com"), nullptr);
  EXPECT_EQ(found("org"), nullptr);
  EXPECT_EQ(found(""), nullptr);
  ring_.set_key("", test_key());
  EXPECT_NE(found("com"), nullptr);
  EXPECT_EQ(found("zzz"), found(""));
  ring_.erase_key("com.foo");
  EXPECT_EQ(found("com.foobar"), found("com."));
}

TEST_F(WampKeyRing, FindsTheSameKeyAsALinearSearch) {
  std::vector<std::string> prefixes;
  const auto word = [&](std::uint64_t longest) {
    std::string text;
    for (std::uint64_t n = random_.below(longest + 1); n > 0; --n) text += static_cast<char>('a' + random_.below(3));
    return text;
  };
  for (int i = 0; i < 40; ++i) ring_.set_key(prefixes.emplace_back(word(6)), test_key());
  std::sort(prefixes.begin(), prefixes.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (int i = 0; i < 2'000; ++i) {
    const std::string uri = word(9);
    const auto longest =
        std::find_if(prefixes.begin(), prefixes.end(), [&](const auto& p) { return uri.starts_with(p); });
    const Key* const expected = longest == prefixes.end() ? nullptr : ring_.find(*longest, Party::originator);
    ASSERT_EQ(ring_.find(uri, Party::originator), expected) << uri;
  }
}

TEST_F(WampKeyRing, PayloadsWithAKeyAreEncryptedAndDecrypted) {
  ring_.set_key("com.", test_key());
  Dict attributes{{"acknowledge", true}};
  const auto sealed = seal("com.topic", attributes);
  ASSERT_TRUE(sealed && sealed->sealed);
  EXPECT_TRUE(sealed->args.empty() && sealed->kwargs.empty());
  EXPECT_EQ(attributes, (Dict{{"acknowledge", true}, {"enc_algo", "cryptobox"}, {"enc_serializer", "json"}}));
  const auto opened = ring_.open(Party::responder, "com.topic", *sealed, attributes);
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, kClear);
}

TEST_F(WampKeyRing, PayloadsWithoutAKeyPassUnlessEncryptionIsRequired) {
  ring_.require("com.secret.");
  Dict attributes;
  EXPECT_EQ(*seal("com.topic", attributes), kClear);
  EXPECT_EQ(*ring_.open(Party::responder, "com.topic", kClear, {}), kClear);
  EXPECT_EQ(seal("com.secret.topic", attributes).error(), errc::wamp_no_key);
  EXPECT_EQ(ring_.open(Party::responder, "com.secret.topic", kClear, {}).error(), errc::wamp_clear_payload);
  EXPECT_EQ(ring_.open(Party::responder, "com.secret.topic", {}, {}).error(), errc::wamp_clear_payload)
      << "nothing at all is clear, too";
  EXPECT_TRUE(attributes.empty());
}

TEST_F(WampKeyRing, AKeyWithoutTheNeededHalfIsNotUsed) {
  const TestKeys keys = test_keys();
  ring_.set_key("com.", std::move(*Key::make({{}, keys.originator_public, keys.responder_private, {}})));
  ring_.require("com.secret.");
  Dict attributes;
  EXPECT_EQ(*seal("com.topic", attributes), kClear) << "as Autobahn does";
  EXPECT_EQ(seal("com.secret.topic", attributes).error(), errc::wamp_no_key);
}

TEST_F(WampKeyRing, PayloadsThatCannotBeDecryptedAreRefused) {
  ring_.set_key("com.", test_key());
  Dict attributes;
  const Payload sealed = *seal("com.topic", attributes);
  const auto open = [&](std::string_view uri, const Payload& payload, const Dict& with) {
    return ring_.open(Party::responder, uri, payload, with).error();
  };
  EXPECT_EQ(open("com.other", sealed, attributes), errc::wamp_uri_mismatch);
  EXPECT_EQ(open("org.topic", sealed, attributes), errc::wamp_no_key);
  EXPECT_EQ(open("com.topic", sealed, {}), errc::wamp_decrypt_error);
  EXPECT_EQ(open("com.topic", sealed, {{"enc_algo", "cryptobox"}}), errc::wamp_decrypt_error);
  EXPECT_EQ(open("com.topic", sealed, {{"enc_algo", "cryptobox"}, {"enc_serializer", "cbor"}}),
            errc::wamp_decrypt_error);
  EXPECT_EQ(open("com.topic", sealed, {{"enc_algo", "xbr"}, {"enc_serializer", "json"}}), errc::wamp_decrypt_error);
  ring_.set_key("com.", other_key());
  EXPECT_EQ(open("com.topic", sealed, attributes), errc::wamp_decrypt_error);
}

TEST_F(WampKeyRing, SealedPayloadsAreNotSealedAgain) {
  ring_.set_key("com.", test_key());
  Dict attributes;
  const Payload sealed = *seal("com.topic", attributes);
  EXPECT_EQ(ring_.seal(Party::originator, "com.topic", sealed, attributes, random_).error(), Errc::invalid_argument);
}

TEST_F(WampKeyRing, ErrorsAreEncryptedWithTheKeyOfTheirUriOrOfTheProcedure) {
  ring_.set_key("com.", test_key());
  Dict attributes;
  const auto sealed = ring_.seal_error(Party::responder, "com.add", "org.boom", kClear, attributes, random_);
  ASSERT_TRUE(sealed && sealed->sealed) << "Autobahn would leak it";
  EXPECT_EQ(*ring_.open_error(Party::originator, "com.add", "org.boom", *sealed, attributes), kClear);
  EXPECT_EQ(ring_.open_error(Party::originator, "com.add", "org.other", *sealed, attributes).error(),
            errc::wamp_uri_mismatch);
  ring_.set_key("org.", other_key());
  EXPECT_EQ(*ring_.open_error(Party::originator, "com.add", "org.boom", *sealed, attributes), kClear)
      << "the sender may have had no key for it";
  const auto by_error = ring_.seal_error(Party::responder, "com.add", "org.boom", kClear, attributes, random_);
  EXPECT_EQ(*ring_.open_error(Party::originator, "com.add", "org.boom", *by_error, attributes), kClear);
}

TEST_F(WampKeyRing, RequirementsApplyToErrorsByProcedureAndByUri) {
  ring_.require("com.");
  Dict attributes;
  const auto seal = [&](std::string_view procedure, std::string_view error) {
    return ring_.seal_error(Party::responder, procedure, error, kClear, attributes, random_);
  };
  EXPECT_EQ(seal("com.add", "org.boom").error(), errc::wamp_no_key);
  EXPECT_EQ(seal("org.add", "com.boom").error(), errc::wamp_no_key);
  EXPECT_EQ(*seal("org.add", "org.boom"), kClear);
  const auto open = [&](std::string_view procedure, std::string_view error) {
    return ring_.open_error(Party::originator, procedure, error, kClear, {});
  };
  EXPECT_EQ(open("com.add", "org.boom").error(), errc::wamp_clear_payload);
  EXPECT_EQ(open("org.add", "com.boom").error(), errc::wamp_clear_payload);
  EXPECT_EQ(*open("org.add", "org.boom"), kClear);
}

TEST_F(WampKeyRing, CarriedPayloadsPassOnlySealed) {
  ring_.carry("com.own.");
  ring_.set_key("com.", test_key());
  const Payload box{{}, {}, Binary(64, 7)};
  Dict attributes;
  EXPECT_EQ(seal("com.own.topic", attributes).error(), errc::wamp_no_key) << "not even by a key that is there";
  EXPECT_TRUE(attributes.empty());
  EXPECT_EQ(*ring_.seal(Party::originator, "com.own.topic", box, attributes, random_), box);
  EXPECT_EQ(attributes, (Dict{{"enc_algo", "cryptobox"}, {"enc_serializer", "json"}}));
  EXPECT_EQ(*ring_.open(Party::responder, "com.own.topic", box, attributes), box);
  EXPECT_EQ(ring_.open(Party::responder, "com.own.topic", box, {}).error(), errc::wamp_decrypt_error);
  EXPECT_EQ(ring_.open(Party::responder, "com.own.topic", kClear, {}).error(), errc::wamp_clear_payload);
  const auto fail = [&](const Payload& payload) {
    return ring_.seal_error(Party::responder, "com.own.add", "com.error", payload, attributes, random_);
  };
  EXPECT_EQ(fail(kClear).error(), errc::wamp_no_key);
  EXPECT_EQ(*fail({}), Payload{}) << "without content";
  EXPECT_EQ(ring_.open_error(Party::originator, "com.own.add", "com.error", kClear, {}).error(),
            errc::wamp_clear_payload);
  EXPECT_EQ(ring_.open_error(Party::originator, "com.own.add", "com.error", box, attributes).error(),
            errc::wamp_clear_payload);
}

TEST_F(WampKeyRing, ErrorsHaveTheUrisOfAutobahn) {
  EXPECT_EQ(encryption_error_uri(errc::wamp_uri_mismatch), "wamp.error.encryption.trusted_uri_mismatch");
  EXPECT_EQ(encryption_error_uri(errc::wamp_decrypt_error), "wamp.error.encryption.decrypt_error");
  EXPECT_EQ(encryption_error_uri(errc::wamp_no_key), "wamp.error.no_payload_codec");
  EXPECT_EQ(encryption_error_uri(Errc::io_failed), "");
}

}  // namespace
}  // namespace redan::wamp
