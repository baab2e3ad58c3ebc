// Which side of the handshake an endpoint takes.
#pragma once

#include <cstdint>

namespace redan::dtls {

enum class Role : std::uint8_t { client, server };

}  // namespace redan::dtls
