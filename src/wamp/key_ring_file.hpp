// A key ring as a file: one JSON object (docs/protocols/wamp.md).
#pragma once

#include "wamp/key_ring.hpp"

namespace redan::wamp {

/// The error says what is wrong, and never contains a key.
tl::expected<KeyRing, std::string> read_key_ring(std::string_view json);

}  // namespace redan::wamp
