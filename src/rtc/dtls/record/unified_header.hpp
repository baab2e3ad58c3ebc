// The header of a protected record of DTLS 1.3, RFC 9147 section 4.
#pragma once

#include <optional>

#include "base/reader.hpp"
#include "base/writer.hpp"

namespace redan::dtls {

/// Names one protected or plaintext record of a sender (RFC 9147 section 4).
struct RecordNumber {
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  bool operator==(const RecordNumber&) const = default;
};

//    0 1 2 3 4 5 6 7
//    |0|0|1|C|S|L|E E|       C: a connection id follows, S: the sequence number has 16 bits and not 8,
//    |sequence number|       L: a 16-bit length follows, E: the low bits of the epoch
//    |length (if L)  |
struct UnifiedHeader {
  /// The form that we write: 16 bits of sequence number, and a length.
  static constexpr std::size_t kSize = 5;

  std::uint8_t epoch_bits = 0;
  /// As received: masked. As many bytes as sequence_size.
  std::uint16_t sequence = 0;
  std::size_t sequence_size = 2;
  /// Without a length field the record fills the rest of the datagram.
  std::optional<std::uint16_t> length;

  [[nodiscard]] static bool starts(std::uint8_t first) { return first >> 5U == 1; }
  [[nodiscard]] std::size_t size() const { return 1 + sequence_size + (length ? 2 : 0); }

  /// nullopt if truncated, or with a connection id: we negotiate none.
  static std::optional<UnifiedHeader> parse(Reader& reader) {
    UnifiedHeader header;
    const std::uint8_t first = reader.u8();
    header.epoch_bits = first & 3U;
    header.sequence_size = (first & kSequence16) != 0 ? 2 : 1;
    header.sequence = header.sequence_size == 2 ? reader.u16() : reader.u8();
    if ((first & kLength) != 0) header.length = reader.u16();
    if (!reader.ok() || !starts(first) || (first & kConnectionId) != 0) return std::nullopt;
    return header;
  }
  void write(Writer& writer) const {
    writer.u8(static_cast<std::uint8_t>(kFixed | (sequence_size == 2 ? kSequence16 : 0U) | (length ? kLength : 0U) |
                                        epoch_bits));
    if (sequence_size == 2) {
      writer.u16(sequence);
    } else {
      writer.u8(static_cast<std::uint8_t>(sequence));
    }
    if (length) writer.u16(*length);
  }

 private:
  static constexpr unsigned kFixed = 0x20;
  static constexpr unsigned kConnectionId = 0x10;
  static constexpr unsigned kSequence16 = 0x08;
  static constexpr unsigned kLength = 0x04;
};

/// The full sequence number that ends in the `bytes` low bytes `low` and is closest to `expected` (RFC 9147 section
/// 4.2.2).
constexpr std::uint64_t reconstruct_sequence(std::uint64_t expected, std::uint16_t low, std::size_t bytes) {
  const std::uint64_t range = 1ULL << (8 * bytes);
  const std::uint64_t guess = (expected & ~(range - 1)) | low;
  if (guess + range / 2 < expected) return guess + range;
  if (guess > expected + range / 2 && guess >= range) return guess - range;
  return guess;
}

}  // namespace redan::dtls
