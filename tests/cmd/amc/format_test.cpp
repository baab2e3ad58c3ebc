#include "cmd/amc/format.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "cmd/amc/session.hpp"
#include "cmd/commands.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

json::array parsed(const char* text) { return json::parse(text).as_array(); }

const std::vector<Column> kColumns{{"NAME", "name"}, {"TAGS", "tags"}};

TEST(Table, ShowsOneLineForEachElementWithoutALimit) {
  const std::string text = format_table(parsed(R"([{"name":"a","tags":["x","y"]},{"name":"longer"}])"), kColumns, 0);
  EXPECT_EQ(text, "NAME    TAGS\na       x,y\nlonger\n");
}

TEST(Table, DividesTheWidestCellsToFitAndKeepsAllOfTheirText) {
  const std::string text =
      format_table(parsed(R"([{"name":"0123456789","tags":["one","two","three"]}])"), kColumns, 14);
  EXPECT_EQ(text,
            "NAME    TAGS\n"
            "012345  one,\n"
            "6789    two,\n"
            "        three\n");
}

TEST(Table, CountsCharactersAndNotBytes) {
  EXPECT_EQ(format_table(parsed(R"([{"name":"äöü","tags":["x"]}])"), kColumns, 0), "NAME  TAGS\näöü   x\n");
  EXPECT_EQ(format_table(parsed(R"([{"name":"äöüäöü","tags":[]}])"), {{"N", "name"}}, 3), "N\näöü\näöü\n");
}

TEST(Table, EscapesWhatControlsATerminal) {
  EXPECT_EQ(format_table(parsed(R"([{"name":"a\u001b[2J","tags":[]}])"), {{"NAME", "name"}}, 0), "NAME\na\\x1b[2J\n");
}

TEST(Table, ShowsTimesInUtc) {
  EXPECT_EQ(text_of(json::object{{"created_at", 1563285212}}, "created_at"), "2019-07-16 13:53:32");
}

TEST(Csv, QuotesCommasAndQuotes) {
  EXPECT_EQ(format_csv(parsed(R"([{"name":"say \"hi\"","tags":["x","y"]},{"name":"b","tags":null}])"), kColumns),
            "NAME,TAGS\n\"say \"\"hi\"\"\",\"x,y\"\nb,\n");
}

TEST(Yaml, ShowsObjectsAndListsOfThem) {
  EXPECT_EQ(format_yaml(json::parse(R"({"name":"a","disk":{"size":"3GB"}})")), "name: a\ndisk:\n  size: \"3GB\"\n");
  EXPECT_EQ(format_yaml(json::parse(R"([{"name":"a","id":1},{"name":"b"}])")), "- name: a\n  id: 1\n- name: b\n");
  EXPECT_EQ(format_yaml(json::array()), "[]\n");
}

TEST(Filter, KeepsElementsThatHaveEachWord) {
  const std::vector<Column> fields{{"tags", "tags"}, {"published", "published"}};
  const json::array all =
      parsed(R"([{"tags":["a","b"],"published":true},{"tags":["a"],"published":false},{"tags":[]}])");
  EXPECT_EQ(filtered(all, "tags=a", fields).size(), 2U);
  EXPECT_EQ(filtered(all, "tags=b,a", fields).size(), 1U);
  EXPECT_EQ(filtered(all, "tags=", fields).size(), 1U);
  EXPECT_EQ(filtered(all, "published=true", fields).size(), 1U);
}

TEST(Filter, RefusesAnUnknownFieldAndNamesThoseThatThereAre) {
  for (const char* filter : {"colour=red", "tags", ""}) {
    try {
      filtered({}, filter, {{"tags", "tags"}});
      ADD_FAILURE() << filter;
    } catch (const AmcFailure& failure) {
      EXPECT_EQ(failure.code(), kUsage);
      EXPECT_NE(std::string(failure.what()).find("tags="), std::string::npos);
    }
  }
}

TEST(Words, AreSeparatedByCommasAndBlanksAroundThemAreRemoved) {
  EXPECT_EQ(split("a, b,,c"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(split("").empty());
}

}  // namespace
}  // namespace redan::cmd
