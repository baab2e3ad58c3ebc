#include "base/base64.hpp"

#include <gtest/gtest.h>

namespace redan {
namespace {

// RFC 4648 section 10.
TEST(Base64, KnownAnswers) {
  const std::array<std::pair<std::string_view, std::string_view>, 7> cases{{{"", ""},
                                                                            {"f", "Zg=="},
                                                                            {"fo", "Zm8="},
                                                                            {"foo", "Zm9v"},
                                                                            {"foob", "Zm9vYg=="},
                                                                            {"fooba", "Zm9vYmE="},
                                                                            {"foobar", "Zm9vYmFy"}}};
  for (const auto& [plain, coded] : cases) {
    EXPECT_EQ(to_base64(as_bytes(plain)), coded);
    const auto back = from_base64(coded);
    ASSERT_TRUE(back) << coded;
    EXPECT_EQ(as_text(*back), plain);
  }
}

TEST(Base64, TheUrlFormHasNoPaddingAndItsOwnAlphabet) {
  const std::array<std::uint8_t, 4> bytes{0xFB, 0xEF, 0xFF, 0xFE};
  EXPECT_EQ(to_base64(bytes), "++///g==");
  EXPECT_EQ(to_base64(bytes, Base64::url), "--___g");
  EXPECT_TRUE(from_base64("--___g", Base64::url));
  EXPECT_FALSE(from_base64("++///g", Base64::url));
}

TEST(Base64, RefusesNonCanonicalText) {
  for (const std::string_view bad : {"Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", "Zm 9v", "=Zg="}) {
    EXPECT_FALSE(from_base64(bad)) << bad;
  }
}

}  // namespace
}  // namespace redan
