// The random of a hello, RFC 5246 section 7.4.1.2.
#pragma once

#include <array>
#include <cstdint>

namespace redan::dtls {

using Random = std::array<std::uint8_t, 32>;

}  // namespace redan::dtls
