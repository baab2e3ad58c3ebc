// The subset of DER (X.690) that keys, signatures and certificates need: strict parsing and composition.
#pragma once

#include <initializer_list>
#include <vector>

#include "base/reader.hpp"

namespace redan::der {

inline constexpr std::uint8_t kInteger = 0x02;
inline constexpr std::uint8_t kBitString = 0x03;
inline constexpr std::uint8_t kOctetString = 0x04;
inline constexpr std::uint8_t kNull = 0x05;
inline constexpr std::uint8_t kObjectIdentifier = 0x06;
inline constexpr std::uint8_t kUtf8String = 0x0c;
inline constexpr std::uint8_t kUtcTime = 0x17;
inline constexpr std::uint8_t kGeneralizedTime = 0x18;
inline constexpr std::uint8_t kSequence = 0x30;
inline constexpr std::uint8_t kSet = 0x31;
/// Context-specific and constructed: [n] EXPLICIT, or IMPLICIT over a constructed type.
constexpr std::uint8_t context_constructed(std::uint8_t n) { return static_cast<std::uint8_t>(0xa0U | n); }
/// Context-specific and primitive: [n] IMPLICIT over a primitive type.
constexpr std::uint8_t context_primitive(std::uint8_t n) { return static_cast<std::uint8_t>(0x80U | n); }

// Reading. A failure is sticky in the Reader; spans are borrowed from its bytes.

struct Element {
  std::uint8_t tag = 0;
  Bytes content;
  Bytes whole;  ///< with tag and length
};

/// The next element. Single-byte tags; lengths definite, minimal and below 65,536.
Element next(Reader& reader);
/// The content of the next element, which must have this tag.
Bytes expect(Reader& reader, std::uint8_t tag);
/// The same, as a cursor over the content.
Reader enter(Reader& reader, std::uint8_t tag);
/// Whether the next element has this tag. Consumes nothing.
bool next_is(Reader reader, std::uint8_t tag);
/// The magnitude of an INTEGER that is positive and minimally encoded, without leading zero.
Bytes positive_integer(Reader& reader);

// Writing. Each call makes one element, so nested calls nest elements.

using Der = std::vector<std::uint8_t>;

/// An element around the concatenation of `parts` (below 65,536 bytes).
Der element(std::uint8_t tag, std::initializer_list<Bytes> parts);
/// An INTEGER from an unsigned big-endian magnitude, at least one byte.
Der unsigned_integer(Bytes magnitude);
/// A BIT STRING of whole bytes.
Der bit_string(Bytes bytes);

}  // namespace redan::der
