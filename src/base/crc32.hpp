// The two CRCs of the stack: CRC-32 (STUN FINGERPRINT, RFC 8489 section 14.7) and CRC32c (SCTP, RFC 9260 appendix A).
#pragma once

#include <redan/types.hpp>

namespace redan {

/// ITU V.42 polynomial, reflected.
std::uint32_t crc32(Bytes bytes);

/// Castagnoli polynomial, reflected. Uses SSE4.2 if the processor has it and a self-test matches the table.
std::uint32_t crc32c(Bytes bytes);
/// Uses the table only, for comparison.
std::uint32_t crc32c_table(Bytes bytes);
/// Whether crc32c() uses SSE4.2 here.
bool crc32c_is_accelerated();

}  // namespace redan
