#include "wamp/key_ring_file.hpp"

#include <gtest/gtest.h>

#include "base/base64.hpp"

namespace redan::wamp {
namespace {

const std::string kOne = to_base64(Binary(32, 1));
const std::string kTwo = to_base64(Binary(32, 2));

std::string refusal_of(std::string_view json) {
  const auto ring = read_key_ring(json);
  return ring ? "" : ring.error();
}

TEST(WampKeyRingFile, NamesKeysByPrefixAndWhatMustBeEncrypted) {
  const auto ring = read_key_ring(R"({"keys": [{"uri": "com.a.", "originator_private": ")" + kOne +
                                  R"(", "responder_private": ")" + kTwo + R"("}], "required": ["com."]})");
  ASSERT_TRUE(ring) << ring.error();
  EXPECT_NE(ring->find("com.a.b", Party::originator), nullptr);
  EXPECT_EQ(ring->find("com.b", Party::originator), nullptr);
  EXPECT_TRUE(ring->is_required("com.b"));
  EXPECT_FALSE(ring->is_required("org.b"));
}

TEST(WampKeyRingFile, MayBeEmpty) { EXPECT_TRUE(read_key_ring("{}")); }

TEST(WampKeyRingFile, RefusesWhatItDoesNotUnderstand) {
  EXPECT_NE(refusal_of(""), "");
  EXPECT_NE(refusal_of("[]"), "");
  EXPECT_NE(refusal_of(R"({"required": ["com."], "requird": ["org."]})"), "");
  EXPECT_NE(refusal_of(R"({"required": "com."})"), "");
  EXPECT_NE(refusal_of(R"({"required": [1]})"), "");
  EXPECT_NE(refusal_of(R"({"required": ["com. a"]})"), "");
  EXPECT_NE(refusal_of(R"({"keys": {}})"), "");
  EXPECT_NE(refusal_of(R"({"keys": [1]})"), "");
  EXPECT_NE(refusal_of(R"({"keys": [{}]})"), "");
  EXPECT_NE(refusal_of(R"({"keys": [{"uri": "com.a.", "private": "x"}]})"), "");
  EXPECT_NE(refusal_of(R"({"keys": [{"uri": "com.a."}]})"), "") << "a key without halves";
}

TEST(WampKeyRingFile, ItsRefusalsDoNotContainKeys) {
  const std::string refusal = refusal_of(R"({"keys": [{"uri": "com.a.", "originator_private": "c2VjcmV0"}]})");
  EXPECT_NE(refusal.find("com.a."), std::string::npos);
  EXPECT_EQ(refusal.find("c2VjcmV0"), std::string::npos);
}

}  // namespace
}  // namespace redan::wamp
