// The outputs of an ICE agent.
#pragma once

#include <redan/error.hpp>
#include <redan/types.hpp>
#include <variant>

namespace redan::ice {

struct Transmit {
  Path path;
  MutableBytes bytes;    ///< at the start of the caller's buffer
  bool request = false;  ///< a check: a response with the same transaction id is expected
};
/// Data may be sent on this path: a full agent's check was answered, or a lite agent received one.
struct Validated {
  Path path;
};
/// The session uses this path from now on; repeated when the path changes.
struct Selected {
  Path path;
};
struct Failed {
  Errc reason{};
};
using Output = std::variant<Wait, Transmit, Validated, Selected, Failed>;

}  // namespace redan::ice
