// A bug of ours ends the process, in release builds too: a security stack must not continue in a wrong state.
#pragma once

namespace redan {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}  // namespace redan

#define REDAN_ASSERT(condition) \
  (static_cast<bool>(condition) ? void() : ::redan::assertion_failed(#condition, __FILE__, __LINE__))
