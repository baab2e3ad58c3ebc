#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace redan {
namespace {

TEST(FirstBytes, CutsAtCharacterBoundaries) {
  EXPECT_EQ(first_bytes("abc", 3), "abc");
  EXPECT_EQ(first_bytes("abcd", 3), "abc");
  EXPECT_EQ(first_bytes("ab\u00e9", 3), "ab");
  EXPECT_EQ(first_bytes("ab\u00e9x", 4), "ab\u00e9");
  EXPECT_EQ(first_bytes("\U0001F600", 3), "");
  EXPECT_EQ(first_bytes("\u20ac\u20ac", 5), "\u20ac");
}

TEST(EscapeControls, KeepsPrintableText) {
  EXPECT_EQ(escape_controls(""), "");
  EXPECT_EQ(escape_controls("a session's \"text\" \\ caf\u00e9 \U0001F600"),
            "a session's \"text\" \\ caf\u00e9 \U0001F600");
}

TEST(EscapeControls, EscapesControlCharactersByteByByte) {
  EXPECT_EQ(escape_controls("a\r\nb\tc"), "a\\x0d\\x0ab\\x09c");
  EXPECT_EQ(escape_controls(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(escape_controls("\x1b[2J\x7f"), "\\x1b[2J\\x7f");
  EXPECT_EQ(escape_controls("\u009b2J"), "\\xc2\\x9b2J");
  EXPECT_EQ(escape_controls("\u2028\u202e"), "\\xe2\\x80\\xa8\\xe2\\x80\\xae");
}

TEST(EscapeControls, EscapesInvalidUtf8ByteByByte) {
  for (const std::string_view bad :
       {"\xff", "\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    const std::string out = escape_controls(bad);
    EXPECT_EQ(out.size(), 4 * bad.size()) << out;
    EXPECT_EQ(out.find_first_of("\x80\xc0\xe2\xed\xf4\xff"), std::string::npos);
  }
  EXPECT_EQ(escape_controls("\xc3("), "\\xc3(");
}

TEST(Utf8Check, FollowsRfc3629) {
  const auto is_whole = [](std::string_view text) {
    const Utf8Check check = check_utf8(text);
    return check.valid && check.whole();
  };
  for (const char* text :
       {"", "a", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_whole(text)) << text;
  }
  for (const char* text :
       {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\x80", "\xED\xA0\x80", "\xF0\x8F\x80\x80", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xFF", "a\xC3", "\xC3(", "\xE2\x82(", "\xF0\x9F\x98("}) {
    EXPECT_FALSE(is_whole(text)) << text;
  }
  EXPECT_TRUE(check_utf8("a\xE2\x82").valid) << "cut";
  EXPECT_FALSE(check_utf8("a\xE2(").valid);
}

}  // namespace
}  // namespace redan
