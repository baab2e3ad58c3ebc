// What comes out of an ICE agent.
#pragma once

#include <redan/error.hpp>
#include <redan/types.hpp>
#include <variant>

namespace redan::ice {

struct Transmit {
  Path path;
  MutableBytes bytes;    ///< at the start of the caller's buffer
  bool request = false;  ///< a check: its response is expected, under the same transaction id
};
/// Data may be sent on this path: a full agent's check was answered, or a lite agent received one.
struct Validated {
  Path path;
};
/// This path carries the session from now on; comes again when another one does.
struct Selected {
  Path path;
};
struct Failed {
  Errc reason{};
};
using Output = std::variant<Wait, Transmit, Validated, Selected, Failed>;

}  // namespace redan::ice
