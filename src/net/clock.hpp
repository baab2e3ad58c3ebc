// The only now() in the project.
#pragma once

#include <redan/types.hpp>

namespace redan::net {

/// Monotonic; the epoch is the system's boot.
inline TimePoint now() {
  return TimePoint{std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

inline WallTime wall_time() {
  return {
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

}  // namespace redan::net
