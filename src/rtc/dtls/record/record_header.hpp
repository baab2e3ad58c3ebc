// The record header, RFC 6347 section 4.1.
#pragma once

#include <optional>

#include "base/reader.hpp"
#include "base/writer.hpp"
#include "rtc/dtls/record/epoch.hpp"

namespace redan::dtls {

enum class ContentType : std::uint8_t {
  change_cipher_spec = 20,
  alert = 21,
  handshake = 22,
  application_data = 23,
  ack = 26,  // RFC 9147 section 7
};

/// ProtocolVersion counts down: DTLS 1.0 is {254, 255}, 1.2 is {254, 253}, 1.3 is {254, 252}.
inline constexpr std::uint16_t kDtls10 = 0xFEFF;
inline constexpr std::uint16_t kDtls12 = 0xFEFD;
/// Only in supported_versions: the version fields of records and hellos say 1.2 (RFC 9147 sections 4, 5.3 and 5.4).
inline constexpr std::uint16_t kDtls13 = 0xFEFC;

/// Epoch and sequence number as one 64-bit number, as the AEAD uses them (RFC 5246 section 6.2.3.3).
constexpr std::uint64_t record_number(Epoch epoch, std::uint64_t sequence) {
  return static_cast<std::uint64_t>(epoch) << 48U | sequence;
}

//    struct {
//      ContentType type;
//      ProtocolVersion version;
//      uint16 epoch;
//      uint48 sequence_number;
//      uint16 length;
//      opaque fragment[DTLSPlaintext.length];
//    } DTLSPlaintext;
struct RecordHeader {
  static constexpr std::size_t kSize = 13;
  /// RFC 6347 section 4.1: the sequence number must not wrap.
  static constexpr std::uint64_t kSequenceEnd = (1ULL << 48U) - 1;
  /// RFC 5246 section 6.2: what a record may hold, and how much longer protection may make it.
  static constexpr std::size_t kMaxPlaintext = 1U << 14U;
  static constexpr std::size_t kMaxExpansion = 2048;

  ContentType type{};
  std::uint16_t version = kDtls12;
  Epoch epoch = Epoch::plaintext;
  std::uint64_t sequence = 0;
  std::uint16_t length = 0;

  /// nullopt if this is not a header of this form: truncated, or of a type that RFC 9147 section 4 gives to other
  /// forms.
  static std::optional<RecordHeader> parse(Reader& reader) {
    RecordHeader header;
    const std::uint8_t type = reader.u8();
    header.type = static_cast<ContentType>(type);
    header.version = reader.u16();
    header.epoch = static_cast<Epoch>(reader.u16());
    header.sequence = reader.u48();
    header.length = reader.u16();
    if (!reader.ok() || type < 20 || type > 31) return std::nullopt;
    return header;
  }
  /// Of a known content type and of DTLS 1.0 or 1.2 (both appear in one handshake), and not too long.
  [[nodiscard]] bool acceptable() const {
    const bool known = (type >= ContentType::change_cipher_spec && type <= ContentType::application_data) ||
                       (type == ContentType::ack && epoch == Epoch::plaintext);
    const std::size_t limit = epoch == Epoch::plaintext ? kMaxPlaintext : kMaxPlaintext + kMaxExpansion;
    return known && (version == kDtls10 || version == kDtls12) && length <= limit;
  }
  void write(Writer& writer) const {
    writer.u8(static_cast<std::uint8_t>(type));
    writer.u16(version);
    writer.u16(static_cast<std::uint16_t>(epoch));
    writer.u48(sequence);
    writer.u16(length);
  }
};

}  // namespace redan::dtls
