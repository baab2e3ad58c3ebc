#include "cloud/token/rfc3339.hpp"

#include <cstdio>

namespace redan::cloud::token {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::size_t kMaxFraction = 9;

/// A cursor over the text. Failure is sticky: call done() once.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  /// Exactly `n` digits, of a value in [least, most].
  int number(std::size_t n, int least, int most) {
    int value = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (i >= rest_.size() || rest_[i] < '0' || rest_[i] > '9') return fail();
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(n);
    return value < least || value > most ? fail() : value;
  }
  void expect(char c) {
    if (!skip(c)) fail();
  }
  bool skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void fraction() {
    const std::size_t n = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    if (n == 0 || n > kMaxFraction) fail();
    rest_.remove_prefix(n);
  }
  [[nodiscard]] bool done() const { return !failed_ && rest_.empty(); }

 private:
  int fail() {
    failed_ = true;
    return 0;
  }
  std::string_view rest_;
  bool failed_ = false;
};

/// Days since 1970-01-01; nullopt for a day that the month does not have.
std::optional<std::int64_t> full_date(Scanner& in) {
  const std::chrono::year year(in.number(4, 0, 9999));
  in.expect('-');
  const std::chrono::month month(static_cast<unsigned>(in.number(2, 1, 12)));
  in.expect('-');
  const std::chrono::day day(static_cast<unsigned>(in.number(2, 1, 31)));
  const std::chrono::year_month_day date(year, month, day);
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::int64_t partial_time(Scanner& in) {
  std::int64_t seconds = in.number(2, 0, 23) * kHour;
  in.expect(':');
  seconds += in.number(2, 0, 59) * kMinute;
  in.expect(':');
  seconds += in.number(2, 0, 59);
  if (in.skip('.')) in.fraction();
  return seconds;
}

/// How far local time is ahead of UTC.
std::int64_t time_offset(Scanner& in) {
  if (in.skip('Z')) return 0;
  const bool behind = in.skip('-');
  if (!behind) in.expect('+');
  std::int64_t seconds = in.number(2, 0, 23) * kHour;
  in.expect(':');
  seconds += in.number(2, 0, 59) * kMinute;
  return behind ? -seconds : seconds;
}

}  // namespace

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  Scanner in(text);
  const auto days = full_date(in);
  in.expect('T');
  const std::int64_t seconds = partial_time(in);
  const std::int64_t offset = time_offset(in);
  if (!days || !in.done()) return std::nullopt;
  return WallTime{*days * kDay + seconds - offset};
}

std::string to_rfc3339(WallTime time) {
  const std::chrono::sys_seconds seconds{std::chrono::seconds(time.seconds_since_1970)};
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(seconds - day);
  char text[64];
  const int size = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                 static_cast<int>(clock.seconds().count()));
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace redan::cloud::token
