// The epoch of a record, RFC 6347 section 4.1: how often the sender has changed its keys.
#pragma once

#include <cstdint>

namespace redan::dtls {

/// A version of DTLS names the epochs in which it uses keys.
enum class Epoch : std::uint16_t { plaintext = 0 };

}  // namespace redan::dtls
