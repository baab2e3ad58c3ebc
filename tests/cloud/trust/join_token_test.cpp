#include "cloud/trust/join_token.hpp"

#include <boost/json.hpp>

#include "base/base64.hpp"
#include "cloud/errors.hpp"
#include "tests/cloud/token/token_test.hpp"

namespace redan::cloud::test {
namespace {

namespace json = boost::json;

trust::JoinToken token() {
  trust::JoinToken token{"node-1", {"192.0.2.1:8444", "[2001:db8::1]:8444"}, std::string(64, 'a'), {}, k2030};
  std::uint8_t next = 0;
  for (std::uint8_t& byte : token.secret.fill(32)) byte = next++;
  return token;
}

std::string encode(std::string_view text) { return to_base64(as_bytes(text), Base64::url); }

/// The token's object with one member changed or removed.
std::string altered(const char* name, const std::optional<json::value>& value) {
  const auto bytes = from_base64(trust::to_text(token()), Base64::url);
  json::object object = json::parse(std::string(as_text(*bytes))).as_object();
  EXPECT_EQ(object.erase(name), 1U) << name;
  if (value) object[name] = *value;
  return encode(json::serialize(object));
}

TEST(JoinToken, RoundTrips) {
  const auto parsed = trust::parse_join_token(trust::to_text(token()));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->name, "node-1");
  EXPECT_EQ(parsed->addresses, token().addresses);
  EXPECT_EQ(parsed->fingerprint, token().fingerprint);
  EXPECT_TRUE(equal_in_constant_time(parsed->secret.expose(), token().secret.expose()));
  EXPECT_EQ(parsed->expires_at, k2030);
}

TEST(JoinToken, RefusesMissingAndMistypedMembers) {
  for (const char* name : {"name", "addresses", "fingerprint", "secret", "expires_at"}) {
    EXPECT_EQ(reason(trust::parse_join_token(altered(name, std::nullopt))), errc::trust_join_token) << name;
    EXPECT_EQ(reason(trust::parse_join_token(altered(name, nullptr))), errc::trust_join_token) << name;
    EXPECT_EQ(reason(trust::parse_join_token(altered(name, json::object()))), errc::trust_join_token) << name;
  }
  EXPECT_EQ(reason(trust::parse_join_token(altered("addresses", json::array{1}))), errc::trust_join_token);
  EXPECT_EQ(reason(trust::parse_join_token(altered("expires_at", 1.5))), errc::trust_join_token);
}

TEST(JoinToken, ASecretHas32Bytes) {
  for (const std::size_t size : {0U, 31U, 33U, 64U}) {
    const std::vector<std::uint8_t> bytes(size, 7);
    EXPECT_EQ(reason(trust::parse_join_token(altered("secret", json::value(to_base64(bytes, Base64::url))))),
              errc::trust_join_token)
        << size;
  }
  EXPECT_EQ(reason(trust::parse_join_token(altered("secret", "not base64!"))), errc::trust_join_token);
}

TEST(JoinToken, EveryTruncationAndOtherTextIsRefused) {
  const std::string text = trust::to_text(token());
  for (std::size_t n = 0; n < text.size(); ++n) {
    EXPECT_EQ(reason(trust::parse_join_token(text.substr(0, n))), errc::trust_join_token) << n;
  }
  for (const std::string& other : {text + "A", text + "=", " " + text, text + "\n", encode("[]"), encode("{}"),
                                   encode(R"({"name":"a","name":"b"})"), std::string("{}")}) {
    EXPECT_EQ(reason(trust::parse_join_token(other)), errc::trust_join_token) << other;
  }
}

TEST(JoinToken, RefusesATooLargeToken) {
  EXPECT_TRUE(trust::parse_join_token(altered("name", json::string(5000, 'x'))));
  EXPECT_EQ(reason(trust::parse_join_token(altered("name", json::string(trust::kMaxJoinToken, 'x')))),
            errc::trust_join_token);
  EXPECT_EQ(reason(trust::parse_join_token(std::string(10'000'000, 'A'))), errc::trust_join_token);
}

TEST(JoinToken, IsValidOnceAndUntilItExpires) {
  const trust::JoinRecord record{"node-1", trust::Role::agent, k2030};
  EXPECT_TRUE(trust::check_join(record, after(k2030, -1)));
  EXPECT_EQ(reason(trust::check_join(record, k2030)), errc::trust_join_token);
  EXPECT_EQ(reason(trust::check_join(record, after(k2030, 1))), errc::trust_join_token);
  EXPECT_EQ(reason(trust::check_join(std::nullopt, k2029)), errc::trust_join_token);
}

TEST(JoinToken, IsFoundInTheStoreBySha256) {
  // SHA-256 of 00 01 ... 1f.
  EXPECT_EQ(trust::secret_id(provider(), token().secret.expose()),
            "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd");
}

TEST(JoinToken, NewSecretsDiffer) {
  const trust::JoinSecret one = trust::new_join_secret(provider());
  const trust::JoinSecret two = trust::new_join_secret(provider());
  EXPECT_EQ(one.size(), 32U);
  EXPECT_FALSE(equal_in_constant_time(one.expose(), two.expose()));
}

}  // namespace
}  // namespace redan::cloud::test
