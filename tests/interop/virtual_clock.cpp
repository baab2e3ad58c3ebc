#include "tests/interop/virtual_clock.hpp"

#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <ctime>

namespace {

bool g_frozen = false;
std::int64_t g_now = 0;  // nanoseconds after kStart
constexpr std::int64_t kStart = 1'750'000'000;
constexpr std::int64_t kSecond = 1'000'000'000;

}  // namespace

// Visible, so that they replace the C library's functions in the other stacks, too.
#pragma GCC visibility push(default)
extern "C" int clock_gettime(clockid_t id, timespec* out) noexcept {
  if (!g_frozen) return static_cast<int>(syscall(SYS_clock_gettime, id, out));
  out->tv_sec = kStart + g_now / kSecond;
  out->tv_nsec = g_now % kSecond;
  return 0;
}
extern "C" int gettimeofday(timeval* __restrict out, void* __restrict) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}
extern "C" time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}
#pragma GCC visibility pop

namespace redan::test {

FrozenClock::FrozenClock() {
  g_now = 0;
  g_frozen = true;
}
FrozenClock::~FrozenClock() { g_frozen = false; }
void FrozenClock::set(TimePoint now) { g_now = (now - TimePoint{}).count(); }

}  // namespace redan::test
