#include "cmd/program.hpp"

#include <array>
#include <cstdio>
#include <ctime>

#include "net/clock.hpp"

namespace redan::cmd {

void log_line(std::string_view line) {
  const std::time_t now = net::wall_time().seconds_since_1970;
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 24> time{};
  std::strftime(time.data(), time.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  std::fprintf(stderr, "%s %.*s\n", time.data(), static_cast<int>(line.size()), line.data());
}

}  // namespace redan::cmd
