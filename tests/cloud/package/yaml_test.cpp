#include "cloud/package/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "cloud/api/manifest.hpp"

namespace redan::cloud::package::test {
namespace {

using ::testing::HasSubstr;

/// As JSON; the refusal's message if there is one.
std::string parsed(std::string_view text, std::span<const std::string_view> texts = {}) {
  const auto object = parse_yaml(text, texts);
  if (object) return json::serialize(*object);
  EXPECT_EQ(object.error().status, 400U);
  return object.error().message;
}

/// The value of "a" in "a: <text>".
json::value value_of(std::string_view text) {
  const auto object = parse_yaml("a: " + std::string(text));
  return object ? object->at("a") : json::value("refused: " + object.error().message);
}

TEST(Yaml, ReadsAManifest) {
  EXPECT_EQ(parsed(R"(
# an application
name: candy
image: jammy:android13:amd64
tags: [game, "x y"]
watchdog:
  disabled: false
  allowed-packages:
    - com.android.settings
services:
  - name: adb
    port: 5559
    protocols: [tcp]
  - {name: web, port: 80}
resources: {cpus: 4, memory: 4GB}
)"),
            R"({"name":"candy","image":"jammy:android13:amd64","tags":["game","x y"],)"
            R"("watchdog":{"disabled":false,"allowed-packages":["com.android.settings"]},)"
            R"("services":[{"name":"adb","port":5559,"protocols":["tcp"]},{"name":"web","port":80}],)"
            R"("resources":{"cpus":4,"memory":"4GB"}})");
}

TEST(Yaml, NothingIsAnEmptyObject) {
  EXPECT_EQ(parsed(""), "{}");
  EXPECT_EQ(parsed("# nothing\n\n"), "{}");
  EXPECT_EQ(parsed("---\n...\n"), "{}");
  EXPECT_EQ(parsed("{}"), "{}");
}

TEST(Yaml, PlainScalarsFollowTheCoreSchema) {
  for (const char* null : {"", "~", "null", "Null", "NULL"}) EXPECT_EQ(value_of(null), json::value()) << null;
  for (const char* yes : {"true", "True", "TRUE"}) EXPECT_EQ(value_of(yes), json::value(true)) << yes;
  for (const char* no : {"false", "False", "FALSE"}) EXPECT_EQ(value_of(no), json::value(false)) << no;
  const std::pair<const char*, std::int64_t> integers[] = {{"0", 0},
                                                           {"007", 7},
                                                           {"-19", -19},
                                                           {"+5", 5},
                                                           {"0o17", 15},
                                                           {"0x1F", 31},
                                                           {"0xff", 255},
                                                           {"9223372036854775807", INT64_MAX},
                                                           {"-9223372036854775808", INT64_MIN}};
  for (const auto& [text, number] : integers) {
    EXPECT_TRUE(value_of(text).is_int64()) << text;
    EXPECT_EQ(value_of(text), json::value(number)) << text;
  }
  EXPECT_EQ(value_of("18446744073709551615"), json::value(UINT64_MAX));
  const std::pair<const char*, double> floats[] = {{"0.", 0},           {"-0.0", -0.0},   {".5", 0.5},
                                                   {"+12e03", 12000.0}, {"-2E+05", -2e5}, {"1.10", 1.1},
                                                   {"1e-3", 0.001},     {"5.e1", 50}};
  for (const auto& [text, number] : floats) {
    EXPECT_TRUE(value_of(text).is_double()) << text;
    EXPECT_EQ(value_of(text), json::value(number)) << text;
  }
}

TEST(Yaml, OtherPlainScalarsAreText) {
  for (const char* text :
       {"tRUE", "yes", "no", "on", "off",  "nULL",       "0b1", "0o8",       "0xG", "0x", "1_000", "1.2.3", "1e",
        "e1",   "+",   ".",  "+.", "1:30", "2001-01-01", "3GB", ".infinity", "nan", "<<", "=",     "+0x1F"}) {
    EXPECT_EQ(value_of(text), json::value(text)) << text;
  }
}

TEST(Yaml, QuotedAndBlockScalarsAreText) {
  EXPECT_EQ(value_of("\"1\""), json::value("1"));
  EXPECT_EQ(value_of("'true'"), json::value("true"));
  EXPECT_EQ(value_of("''"), json::value(""));
  EXPECT_EQ(value_of("\"\\x41\\n\\u00e4\\0\""), json::value(std::string("A\nä\0", 5)));
  EXPECT_EQ(value_of("|\n 1\n 2\n"), json::value("1\n2\n"));
  EXPECT_EQ(value_of(">-\n 1\n 2\n"), json::value("1 2"));
}

TEST(Yaml, NumbersThatCannotBeRepresentedAreRefused) {
  for (const char* text : {".inf", "-.Inf", "+.INF", ".nan", ".NaN", "18446744073709551616", "-9223372036854775809",
                           "0x10000000000000000", "1e999", "-1e999"}) {
    EXPECT_EQ(parsed("a: " + std::string(text)), "line 1, column 4: this number cannot be represented") << text;
  }
}

TEST(Yaml, NumbersBelowNamedMembersAreText) {
  constexpr std::string_view kTexts[] = {"version", "tags"};
  EXPECT_EQ(parsed("version: 1.10\ntags: [007, true, x, {deep: 0640}]\nport: 10", kTexts),
            R"({"version":"1.10","tags":["007","true","x",{"deep":"0640"}],"port":10})");
  EXPECT_EQ(parsed("version: .inf", kTexts), R"({"version":".inf"})");
  EXPECT_EQ(parsed("version:\ntags: ~", kTexts), R"({"version":null,"tags":null})");
  EXPECT_EQ(parsed("a: {version: 2}\nb: {c: [{version: 3}]}\nport: 2", kTexts),
            R"({"a":{"version":"2"},"b":{"c":[{"version":"3"}]},"port":2})");
}

TEST(Yaml, AnchorsAliasesAndTagsAreRefused) {
  constexpr std::string_view kRefusal = "anchors, aliases and tags are not permitted";
  for (const char* text : {"a: &x 1", "a: &x [1]", "a: &x {b: 1}", "&x a: 1", "a: *x", "a: !!str 1", "a: ! 1",
                           "a: !<x> [1]", "a: !!map {}", "!!str a: 1", "a: &x 1\nb: *x"}) {
    EXPECT_THAT(parsed(text), HasSubstr(std::string(kRefusal))) << text;
  }
  EXPECT_EQ(parsed("name: x\nb:\n  - &y 1"), "line 3, column 5: " + std::string(kRefusal));
}

TEST(Yaml, AKeyThatIsThereTwiceIsRefused) {
  EXPECT_EQ(parsed("a: 1\nb:\n  c: 1\n  c: 2"), "line 4, column 3: this key is there twice");
  EXPECT_EQ(parsed("{a: 1, \"a\": 2}"), "line 1, column 8: this key is there twice");
  EXPECT_EQ(parsed("a: {b: 1}\nc: {b: 1}"), R"({"a":{"b":1},"c":{"b":1}})");
}

TEST(Yaml, KeysAreTextAsWritten) { EXPECT_EQ(parsed("1: a\ntrue: b\n~: c"), R"({"1":"a","true":"b","~":"c"})"); }

TEST(Yaml, AKeyThatIsNotATextIsRefused) {
  EXPECT_THAT(parsed("? [a]\n: 1"), HasSubstr("a key is not a text"));
  EXPECT_THAT(parsed("{{a: 1}: 1}"), HasSubstr("a key is not a text"));
}

TEST(Yaml, OnlyOneMappingIsPermitted) {
  EXPECT_EQ(parsed("[a]"), "line 1, column 1: the document is not a mapping");
  EXPECT_EQ(parsed("just text"), "line 1, column 1: the document is not a mapping");
  EXPECT_EQ(parsed("a: 1\n---\nb: 2"), "line 2, column 1: there is a second document");
}

TEST(Yaml, MoreThanEightLevelsAreRefused) {
  const auto nested = [](int levels) {
    return std::string("a: ") + std::string(static_cast<std::size_t>(levels - 1), '[') +
           std::string(static_cast<std::size_t>(levels - 1), ']');
  };
  EXPECT_EQ(parsed(nested(8)), R"({"a":[[[[[[[]]]]]]]})");
  EXPECT_THAT(parsed(nested(9)), HasSubstr("there are more than 8 levels"));
  EXPECT_THAT(parsed(std::string(60000, '[')), HasSubstr("there are more than 8 levels"));
  EXPECT_THAT(parsed("a: {b: {c: {d: {e: {f: {g: {h: {}}}}}}}}"), HasSubstr("there are more than 8 levels"));
}

TEST(Yaml, MoreThan64KiBAreRefused) {
  EXPECT_EQ(parsed("#" + std::string(kMaxYamlSize - 1, 'x')), "{}");
  EXPECT_EQ(parsed("#" + std::string(kMaxYamlSize, 'x')), "there are more than 64 KiB of YAML");
}

TEST(Yaml, SyntaxErrorsNameLineAndColumn) {
  EXPECT_THAT(parsed("a: 1\nb: ]"), HasSubstr("line 2, column 4: "));
  EXPECT_THAT(parsed("a: 1\n\tb: 2"), HasSubstr("line 2, column 1: "));
  EXPECT_THAT(parsed("a: \"\\q\""), HasSubstr("line 1, column "));
}

TEST(Yaml, TextThatIsNotUtf8IsRefusedByPlace) {
  EXPECT_THAT(parsed("a: 1\nbc: \xff"), HasSubstr("line 2, column 5: "));
  EXPECT_THAT(parsed(std::string("a: \0", 4)), HasSubstr("line 1, column 4: "));
  EXPECT_FALSE(
      parse_yaml(std::string_view("\xff\xfe"
                                  "a\0:\0 \0001\0",
                                  10)));  // UTF-16
}

/// Reads back what was written.
void comes_back(const json::object& object) {
  const std::string text = to_yaml(object);
  const auto again = parse_yaml(text);
  ASSERT_TRUE(again) << again.error().message << "\n" << text;
  EXPECT_EQ(*again, object) << text;
}

TEST(YamlWriter, WritesBlocks) {
  EXPECT_EQ(to_yaml(json::parse(R"({"name":"candy","tags":["game","x y"],"services":[{"name":"adb","port":5559},
      [1,[2]]],"watchdog":{"disabled":true,"allowed-packages":[]},"hooks":{},"none":null})")
                        .as_object()),
            R"(name: candy
tags:
  - game
  - "x y"
services:
  - name: adb
    port: 5559
  - - 1
    - - 2
watchdog:
  disabled: true
  allowed-packages: []
hooks: {}
none: null
)");
  EXPECT_EQ(to_yaml({}), "{}\n");
}

TEST(YamlWriter, QuotesWhatWouldBeReadDifferently) {
  EXPECT_EQ(to_yaml({{"a", "1.10"},
                     {"b", "yes"},
                     {"c", ""},
                     {"d", "null"},
                     {"e", "a:"},
                     {"f", "3GB"},
                     {"g", "- x"},
                     {"12", "Off"}}),
            "a: \"1.10\"\nb: \"yes\"\nc: \"\"\nd: \"null\"\ne: \"a:\"\nf: \"3GB\"\ng: \"- x\"\n\"12\": \"Off\"\n");
  EXPECT_EQ(to_yaml({{"a", "jammy:android13"}, {"b", "/data/x"}, {"c", "a-b_c.d"}}),
            "a: jammy:android13\nb: /data/x\nc: a-b_c.d\n");
}

TEST(YamlWriter, WhatItWritesIsReadBack) {
  comes_back({});
  comes_back({{"numbers", {0, -1, INT64_MAX, INT64_MIN, UINT64_MAX, 0.0, -0.0, 1.0, 1e300, 5e-324, 0.1, 1e20}}});
  comes_back({{"words", {"",   " ",  "true", "~",  "-",   "?",   ":",    "# x", "a #b", "a: b", "&x",
                         "*x", "!x", "%x",   "@x", "`x",  "---", "...",  "'",   "\"",   "\\",   "[",
                         "{",  ",",  "|",    ">",  "0x1", "1e3", ".inf", "<<",  "a\tb"}}});
  comes_back(
      {{"lines",
        {"\n", "a\nb", "a\r\nb", "\xc2\x85", "\xe2\x80\xa8", "\xef\xbb\xbf", std::string("\0", 1), "\x7f", "\x1b"}}});
  comes_back({{"languages", {"ä", "日本", "😀", "\xef\xbf\xbe", "\xef\xbf\xbf"}}});
  comes_back({{"", 1}, {" ", 2}, {"a: b", 3}, {"a\nb", 4}, {"~", 5}, {"1", 6}, {"ä", 7}, {"- a", 8}});
  comes_back({{std::string(3000, 'k'), json::object{{std::string(3000, ' '), json::array{1}}}},
              {std::string(2000, '\n'), "x"}});
  comes_back(json::parse(R"({"a":[[],{},[[]],[{}],{"b":[{"c":[1,{"d":2}]}]}]})").as_object());
}

TEST(YamlWriter, AManifestComesBackWithItsTexts) {
  const auto manifest = api::parse_manifest(json::parse(R"({"name":"7","version":"1.10","tags":["yes","1e3"],
      "extra-data":{"0":{"target":"/data/app/p","permissions":"0640","owner":"1:2"}},
      "resources":{"memory":"3GB","cpus":2}})")
                                                .as_object());
  ASSERT_TRUE(manifest) << manifest.error().message;
  const std::string text = to_yaml(api::to_json(*manifest, api::Spelling::yaml));
  const auto object = parse_yaml(text, api::kManifestTexts);
  ASSERT_TRUE(object) << text;
  EXPECT_EQ(api::parse_manifest(*object).value(), *manifest) << text;
}

}  // namespace
}  // namespace redan::cloud::package::test
