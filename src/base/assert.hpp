// Our own bugs end the process, in release builds too: a wrong state in a security stack must not go on.
#pragma once

namespace redan {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}  // namespace redan

#define REDAN_ASSERT(condition) \
  (static_cast<bool>(condition) ? void() : ::redan::assertion_failed(#condition, __FILE__, __LINE__))
