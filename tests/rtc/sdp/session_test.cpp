#include "rtc/sdp/session.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/rtc/sdp/texts.hpp"
#include "tests/support/files.hpp"

namespace redan::sdp {
namespace {

TEST(SessionDescription, CapturedDescriptionsRoundTripUnchanged) {
  int count = 0;
  for (const auto& file : std::filesystem::directory_iterator(std::string(REDAN_TESTS_DIR) + "/captures/sdp")) {
    const auto bytes = redan::test::read_test_file("captures/sdp/" + file.path().filename().string());
    const std::string text(bytes.begin(), bytes.end());
    const auto description = SessionDescription::parse(text);
    ASSERT_TRUE(description) << file.path() << description.error().detail;
    EXPECT_EQ(description->text(), text) << file.path();
    ++count;
  }
  EXPECT_GE(count, 30);
}

struct Bad {
  const char* text;
  std::size_t line;
};

TEST(SessionDescription, AnErrorNamesItsLine) {
  for (const Bad& bad :
       {Bad{"hello", 1}, Bad{"v=1\r\n", 1}, Bad{"v=0\r\nnonsense\r\n", 2}, Bad{"v=0\r\ns=-\r\nm=audio\r\n", 3},
        Bad{"v=0\r\nm=audio x RTP/SAVPF 1\r\n", 2}, Bad{"v=0\r\nm=audio 70000 RTP/SAVPF 1\r\n", 2},
        Bad{"v=0\r\n\r\ns=-\r\n", 2}, Bad{"v=0\r\nA=x\r\n", 2}, Bad{"v=0\r\na=x\ry\r\n", 2}}) {
    const auto description = SessionDescription::parse(bad.text);
    ASSERT_FALSE(description) << bad.text;
    EXPECT_EQ(description.error(), Errc::sdp_syntax);
    EXPECT_EQ(test::line_of(description.error()), bad.line) << bad.text;
    EXPECT_FALSE(description.error().detail.empty());
  }
}

TEST(SessionDescription, ControlCharactersInValuesAreRefused) {
  for (const char c : {'\0', '\x01', '\x1B'}) {
    std::string text = "v=0\r\na=x";
    text += c;
    EXPECT_FALSE(SessionDescription::parse(text + "\r\n"));
  }
}

TEST(SessionDescription, LimitsAreEnforced) {
  const std::size_t most = SessionDescription::kMaxSize;
  std::string text = "v=0\r\na=";
  text.append(most - text.size(), 'x');
  EXPECT_TRUE(SessionDescription::parse(text)) << "a line may be as long as the description";
  EXPECT_EQ(SessionDescription::parse(text + 'x').error(), Errc::sdp_too_large);
  std::string sections = "v=0\r\n";
  for (std::size_t i = 0; i < SessionDescription::kMaxSections; ++i) sections += "m=audio 9 X 1\r\n";
  EXPECT_TRUE(SessionDescription::parse(sections));
  EXPECT_EQ(SessionDescription::parse(sections + "m=audio 9 X 1\r\n").error(), Errc::sdp_too_large);
  EXPECT_EQ(SessionDescription::parse("").error(), Errc::sdp_syntax);
}

TEST(SessionDescription, BlankLinesAtTheEndAreIgnored) {
  for (const char* end : {"\r\n", "\n\n\n", " \r\n\t\r\n", "  "}) {
    const auto description = SessionDescription::parse("v=0\r\ns=-\r\n" + std::string(end));
    ASSERT_TRUE(description);
    EXPECT_EQ(description->text(), "v=0\r\ns=-\r\n");
  }
  EXPECT_EQ(SessionDescription::parse("\r\n \r\n").error(), Errc::sdp_syntax);
}

TEST(SessionDescription, BlanksAroundValuesAreIgnoredButPreserved) {
  const std::string text = "v=0 \r\na=mid: 0 \r\na=rtcp-mux \r\nm=audio 9 X 1 2\r\na=mid:a\t\r\n";
  const auto description = SessionDescription::parse(text);
  ASSERT_TRUE(description);
  EXPECT_EQ(description->session.attribute("mid"), "0");
  EXPECT_TRUE(description->session.has("rtcp-mux"));
  EXPECT_EQ(description->media[0].mid(), "a");
  EXPECT_EQ(description->text(), text);
  const auto wide = SessionDescription::parse("v=0\r\nm=audio  9 X  1 2  \r\n");
  ASSERT_TRUE(wide);
  EXPECT_EQ(wide->media[0].formats, (std::vector<std::string>{"1", "2"}));
}

TEST(SessionDescription, EveryTruncationParsesOrNamesItsLine) {
  const auto bytes = redan::test::read_test_file("captures/sdp/firefox-offer-plain-data.sdp");
  const std::string text(bytes.begin(), bytes.end());
  ASSERT_FALSE(text.empty());
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto description = SessionDescription::parse(std::string_view(text).substr(0, size));
    if (!description) {
      EXPECT_FALSE(description.error().detail.empty()) << size;
      continue;
    }
    const auto again = SessionDescription::parse(description->text());
    ASSERT_TRUE(again) << size;
    EXPECT_EQ(again->session, description->session);
    EXPECT_EQ(again->media, description->media);
  }
}

TEST(SessionDescription, BareLineFeedsAreAccepted) {
  const auto description = SessionDescription::parse("v=0\ns=-\nm=audio 9 X 1\na=mid:0\n");
  ASSERT_TRUE(description);
  EXPECT_EQ(description->media.at(0).mid(), "0");
}

TEST(Lines, AttributesAreFoundByTheirWholeName) {
  const auto description = SessionDescription::parse("v=0\r\na=mid-x:1\r\na=mid\r\na=mid:2\r\n");
  ASSERT_TRUE(description);
  EXPECT_EQ(description->session.attribute("mid"), "");
  EXPECT_EQ(description->session.attributes("mid"), std::vector<std::string_view>{"2"});
  EXPECT_FALSE(description->session.attribute("mi"));
}

}  // namespace
}  // namespace redan::sdp
