// Caveats, one per line, and RFC 3339 times. Caveats that are met are met in any order, and only for the request that
// they name.
#include <algorithm>

#include "base/assert.hpp"
#include "cloud/token/caveat.hpp"
#include "cloud/token/rfc3339.hpp"

namespace {

using namespace redan;
using namespace redan::cloud;

constexpr WallTime kYear0{-62'167'219'200};
constexpr WallTime kYear10000{253'402'300'800};
constexpr cloud::token::MacaroonRequest kRequest{{1877688000}, "join", "s1", "eu-1", "i1"};

void time(std::string_view text) {
  const auto parsed = cloud::token::parse_rfc3339(text);
  if (!parsed) return;
  // An offset can lead to a year that does not have four digits.
  if (*parsed < kYear0 || !(*parsed < kYear10000)) return;
  REDAN_ASSERT(cloud::token::parse_rfc3339(cloud::token::to_rfc3339(*parsed)) == parsed);
}

std::vector<cloud::token::Caveat> caveats(std::string_view text) {
  std::vector<cloud::token::Caveat> all;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    all.push_back({std::string(text.substr(0, end))});
    time(all.back().identifier);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto all = caveats(as_text(Bytes(data, size)));
  const auto expires = cloud::token::check_caveats(all, kRequest);
  if (expires) REDAN_ASSERT(*expires > kRequest.now);
  std::reverse(all.begin(), all.end());
  const auto reversed = cloud::token::check_caveats(all, kRequest);
  REDAN_ASSERT(reversed.has_value() == expires.has_value() && (!expires || *reversed == *expires));
  // A caveat on a part that the request does not name is not met, and an empty one never is.
  cloud::token::MacaroonRequest other = kRequest;
  other.operation = {};
  const bool names_operation = std::any_of(
      all.begin(), all.end(), [](const cloud::token::Caveat& caveat) { return caveat.identifier.starts_with("op="); });
  REDAN_ASSERT(!names_operation || !cloud::token::check_caveats(all, other));
  all.push_back({"op="});
  REDAN_ASSERT(!cloud::token::check_caveats(all, other));
  return 0;
}
