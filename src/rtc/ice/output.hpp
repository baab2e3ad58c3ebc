// What comes out of an ICE agent.
#pragma once

#include <redan/error.hpp>
#include <redan/types.hpp>
#include <variant>

namespace redan::ice {

struct Transmit {
  Address remote;
  MutableBytes bytes;  ///< at the start of the caller's buffer
};
/// An authenticated check passed on this path: DTLS may be accepted from it.
struct Validated {
  Address remote;
};
/// This path was nominated; comes again when another one is.
struct Selected {
  Address remote;
};
struct Failed {
  Errc reason{};
};
using Output = std::variant<Wait, Transmit, Validated, Selected, Failed>;

}  // namespace redan::ice
