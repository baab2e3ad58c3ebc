// The tables of errors of all libraries.
#include "cloud/errors.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "media/errors.hpp"
#include "net/errors.hpp"
#include "rtc/turn/errors.hpp"
#include "sealed/errors.hpp"
#include "wamp/errors.hpp"

namespace redan {
namespace {

const std::vector<ErrorRow> kRows{
#define X(number, id, text, hint) {number, #id, text, hint},
    REDAN_ERRORS(X) REDAN_TURN_ERRORS(X) REDAN_NET_ERRORS(X) REDAN_CLOUD_ERRORS(X) REDAN_SEALED_ERRORS(X)
        REDAN_WAMP_ERRORS(X) REDAN_MEDIA_ERRORS(X)
#undef X
};

TEST(ErrorTables, NumbersAndNamesAreUniqueAcrossLibraries) {
  std::map<std::uint16_t, std::string_view> numbers;
  std::set<std::string_view> names;
  for (const ErrorRow& row : kRows) {
    EXPECT_TRUE(numbers.emplace(row.number, row.name).second) << row.name << " and " << numbers[row.number];
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.text.empty() || row.hint.empty()) << row.name;
  }
  EXPECT_EQ(kRows.size(), 157U) << "append rows, and never remove one";
}

TEST(ErrorTables, EachLibraryHasItsRangeOfNumbers) {
  EXPECT_EQ(net::errc::connect_failed.number(), 1000);
  EXPECT_EQ(net::errc::tls_key_too_small.number(), 1008);
  EXPECT_EQ(cloud::errc::token_syntax.number(), 2000);
  EXPECT_EQ(sealed::errc::sealed_required.number(), 3000);
  EXPECT_EQ(wamp::errc::wamp_aborted.number(), 4000);
  EXPECT_EQ(media::errc::media_unsupported.number(), 5000);
}

}  // namespace
}  // namespace redan
