// The SRTP protection profiles that Redan supports, with the values of use_srtp (RFC 5764 section 4.1.2, RFC 7714
// section 14.2).
#pragma once

#include <cstdint>
#include <redan/export.hpp>

namespace redan REDAN_PUBLIC {

enum class SrtpProfile : std::uint16_t {
  aes128_cm_hmac_sha1_80 = 0x0001,
  aead_aes_128_gcm = 0x0007,
  aead_aes_256_gcm = 0x0008,
};

}  // namespace REDAN_PUBLIC
