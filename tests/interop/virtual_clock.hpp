// The clock of the libraries under test: while it is frozen, it replaces gettimeofday(), clock_gettime() and time() of
// this program.
#pragma once

#include <redan/types.hpp>

namespace redan::test {

class FrozenClock {
 public:
  FrozenClock();
  ~FrozenClock();
  FrozenClock(const FrozenClock&) = delete;
  FrozenClock& operator=(const FrozenClock&) = delete;
  static void set(TimePoint now);
};

}  // namespace redan::test
