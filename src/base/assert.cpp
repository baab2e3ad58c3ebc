#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace redan {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: redan bug: %s\n", file, line, condition);
  std::abort();
}

}  // namespace redan
