#include "wamp/cryptobox.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/wamp/test_keys.hpp"
#include "wamp/errors.hpp"
#include "wamp/message.hpp"

namespace redan::wamp {
namespace {

namespace json = boost::json;

/// Returns the nonce of a vector.
class FixedNonce final : public RandomSource {
 public:
  explicit FixedNonce(std::vector<std::uint8_t> nonce) : nonce_(std::move(nonce)) {}
  void random(MutableBytes out) override {
    ASSERT_EQ(out.size(), nonce_.size());
    std::copy(nonce_.begin(), nonce_.end(), out.begin());
  }

 private:
  std::vector<std::uint8_t> nonce_;
};

Party sender_of(const json::value& vector) {
  return text_of(vector.at("sender")) == "originator" ? Party::originator : Party::responder;
}
Party other(Party party) { return party == Party::originator ? Party::responder : Party::originator; }

TEST(WampCryptobox, VectorsOfAutobahnOpenAndAreReproducedBitForBit) {
  const json::object vectors = read_vectors("cryptobox.json");
  const Key key = test_key();
  for (const json::value& vector : vectors.at("deterministic_vectors").as_array()) {
    const std::string name = text_of(vector.at("name"));
    const Party sender = sender_of(vector);
    const std::string uri = text_of(vector.at("uri"));
    const auto plaintext = open_box(key, other(sender), uri, hex_of(vector.at("payload_hex")));
    ASSERT_TRUE(plaintext) << name;
    EXPECT_EQ(plaintext->write(), hex_of(vector.at("plaintext_hex"))) << name;
    FixedNonce nonce(hex_of(vector.at("nonce_hex")));
    EXPECT_EQ(seal_box(key, sender, *plaintext, nonce), hex_of(vector.at("payload_hex"))) << name;
  }
  EXPECT_EQ(vectors.at("deterministic_vectors").as_array().size(), 11U);
}

TEST(WampCryptobox, OpenedValuesMatchTheVectors) {
  const auto binary = BoxPlaintext::parse(as_bytes(R"({"uri":"a.b","args":["\u0000",""],"kwargs":{}})"));
  ASSERT_TRUE(binary);
  EXPECT_EQ(binary->args, (List{Binary{}, ""}));
  const auto none = BoxPlaintext::parse(as_bytes(R"({"uri":"a.b","args":null,"kwargs":null})"));
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, (BoxPlaintext{"a.b", std::nullopt, std::nullopt}));
  const auto reordered = BoxPlaintext::parse(as_bytes(R"( {"kwargs":{"k":1}, "args":[1], "uri":"a.b"} )"));
  ASSERT_TRUE(reordered) << "JSON has no order of members";
  EXPECT_EQ(*reordered, (BoxPlaintext{"a.b", List{1}, Dict{{"k", 1}}}));
}

TEST(WampCryptobox, NegativeVectorsAreRefusedForTheirReason) {
  const json::object vectors = read_vectors("cryptobox.json");
  const Key key = test_key();
  for (const json::value& vector : vectors.at("negative_vectors").as_array()) {
    const std::string name = text_of(vector.at("name"));
    const auto opened = open_box(key, Party::responder, text_of(vector.at("uri")), hex_of(vector.at("payload_hex")));
    ASSERT_FALSE(opened) << name;
    const Errc expected = name == "inner_uri_mismatch" ? errc::wamp_uri_mismatch : errc::wamp_decrypt_error;
    EXPECT_EQ(opened.error(), expected) << name;
  }
  EXPECT_EQ(vectors.at("negative_vectors").as_array().size(), 23U);
}

TEST(WampCryptobox, RefusesEveryFlippedBitOfABox) {
  test::SeededRandom random(1);
  const Key key = test_key();
  const Binary box = seal_box(key, Party::originator, {"a.b", List{1}, Dict{}}, random);
  for (std::size_t bit = 0; bit < box.size() * 8; ++bit) {
    Binary changed = box;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(open_box(key, Party::responder, "a.b", changed)) << bit;
  }
  EXPECT_NE(seal_box(key, Party::originator, {"a.b", List{1}, Dict{}}, random), box) << "another nonce each time";
}

TEST(WampCryptobox, PlaintextsAreParsedStrictly) {
  for (const std::string_view text : {
           "",
           "[]",
           "{}",
           "null",
           R"({"uri":"a.b","args":[]})",
           R"({"uri":"a.b","kwargs":{}})",
           R"({"args":[],"kwargs":{}})",
           R"({"uri":null,"args":[],"kwargs":{}})",
           R"({"uri":7,"args":[],"kwargs":{}})",
           R"({"uri":"a.b","args":{},"kwargs":{}})",
           R"({"uri":"a.b","args":[],"kwargs":[]})",
           R"({"uri":"a.b","args":"x","kwargs":{}})",
           R"({"uri":"a.b","args":[],"kwargs":{},"z":1})",
           R"({"uri":"a.b","uri":"a.b","args":[],"kwargs":{}})",
           R"({"uri":"a.b","args":[],"kwargs":{"a":1,"a":1}})",
           R"({"uri":"a.b","args":[NaN],"kwargs":{}})",
           R"({"uri":"a.b","args":[],"kwargs":{}} x)",
           R"({"uri":"a.b","args":["\u0000=A=="],"kwargs":{}})",
           R"({"uri":"\u0000YQ==","args":[],"kwargs":{}})",
       }) {
    EXPECT_FALSE(BoxPlaintext::parse(as_bytes(text))) << text;
  }
}

TEST(WampCryptobox, EachPartyNeedsItsOwnPrivateKeyAndTheOthersPublicOne) {
  const TestKeys keys = test_keys();
  const auto caller = Key::make({keys.originator_private, {}, {}, keys.responder_public});
  const auto callee = Key::make({{}, keys.originator_public, keys.responder_private, {}});
  ASSERT_TRUE(caller && callee);
  EXPECT_TRUE(caller->serves(Party::originator) && !caller->serves(Party::responder));
  EXPECT_TRUE(callee->serves(Party::responder) && !callee->serves(Party::originator));
  EXPECT_TRUE(equal_in_constant_time(caller->shared(Party::originator), callee->shared(Party::responder)));
  EXPECT_EQ(to_hex(caller->shared(Party::originator)),
            "bb3f234ce6fa2f3929fbe808ef2c37794a54018f95c653eca6c252401d2767c1");
  test::SeededRandom random(1);
  const Binary box = seal_box(*caller, Party::originator, {"a.b", List{1}, Dict{}}, random);
  EXPECT_TRUE(open_box(*callee, Party::responder, "a.b", box));
  EXPECT_FALSE(open_box(*caller, Party::responder, "a.b", box)) << "it does not serve that party";
}

TEST(WampCryptobox, PublicKeysMustMatchTheirPrivateKeys) {
  const TestKeys keys = test_keys();
  EXPECT_TRUE(Key::make({keys.originator_private, keys.originator_public, {}, keys.responder_public}));
  EXPECT_FALSE(Key::make({keys.originator_private, keys.responder_public, {}, keys.responder_public}));
}

TEST(WampCryptobox, UnusableKeysAreRefused) {
  const TestKeys keys = test_keys();
  const std::vector<std::uint8_t> cut(keys.responder_public.begin(), keys.responder_public.end() - 1);
  EXPECT_FALSE(Key::make({}));
  EXPECT_FALSE(Key::make({keys.originator_private, {}, {}, {}}));
  EXPECT_FALSE(Key::make({{}, keys.originator_public, {}, keys.responder_public}));
  EXPECT_FALSE(Key::make({keys.originator_private, {}, {}, cut}));
}

TEST(WampCryptobox, PublicKeysOfSmallOrderAreRefused) {
  const TestKeys keys = test_keys();
  const json::object vectors = read_vectors("cryptobox.json");
  for (const json::value& row : vectors.at("small_order_public_keys_libsodium").as_array()) {
    const auto small = hex_of(row.at(0));
    const auto as_originator = Key::make({keys.originator_private, {}, {}, small});
    ASSERT_FALSE(as_originator) << text_of(row.at(0));
    EXPECT_EQ(as_originator.error(), Errc::crypto_bad_key);
    EXPECT_FALSE(Key::make({{}, small, keys.responder_private, {}})) << text_of(row.at(0));
  }
  EXPECT_EQ(vectors.at("small_order_public_keys_libsodium").as_array().size(), 7U);
}

TEST(WampCryptobox, KeysParseFromBase64) {
  const json::object vectors = read_vectors("cryptobox.json");
  const auto text = [&](const char* name) { return text_of(vectors.at("keys").at(name)); };
  const std::string private_key = text("originator_priv_b64");
  const std::string public_key = text("responder_pub_b64");
  const auto key = Key::from_base64({private_key, {}, {}, public_key});
  ASSERT_TRUE(key);
  EXPECT_TRUE(equal_in_constant_time(key->shared(Party::originator), test_key().shared(Party::originator)));
  EXPECT_FALSE(Key::from_base64({private_key, {}, {}, public_key.substr(1)}));
  EXPECT_FALSE(Key::from_base64({private_key, {}, {}, "AAAA"}));
  EXPECT_FALSE(Key::from_base64({private_key, {}, {}, public_key + "\n"}));
}

TEST(WampCryptobox, GeneratedPairsAgree) {
  test::SeededRandom random(1);
  const BoxKeyPair one = BoxKeyPair::generate(random);
  const BoxKeyPair two = BoxKeyPair::generate(random);
  const auto caller = Key::make({one.private_key.expose(), {}, {}, two.public_key});
  const auto callee = Key::make({{}, one.public_key, two.private_key.expose(), {}});
  ASSERT_TRUE(caller && callee);
  const Binary box = seal_box(*callee, Party::responder, {"a.b", List{1}, std::nullopt}, random);
  EXPECT_TRUE(open_box(*caller, Party::originator, "a.b", box));
}

}  // namespace
}  // namespace redan::wamp
