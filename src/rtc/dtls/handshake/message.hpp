// The header of a handshake message and its fragments, RFC 6347 section 4.2.2. Independent of the version.
#pragma once

#include <optional>

#include "base/reader.hpp"
#include "base/writer.hpp"
#include "rtc/dtls/record/epoch.hpp"

namespace redan::dtls {

enum class HandshakeType : std::uint8_t {
  hello_request = 0,
  client_hello = 1,
  server_hello = 2,
  hello_verify_request = 3,
  new_session_ticket = 4,
  encrypted_extensions = 8,
  certificate = 11,
  server_key_exchange = 12,
  certificate_request = 13,
  server_hello_done = 14,
  certificate_verify = 15,
  client_key_exchange = 16,
  finished = 20,
  key_update = 24,
  message_hash = 254,
};

//    struct {
//      HandshakeType msg_type;
//      uint24 length;
//      uint16 message_seq;
//      uint24 fragment_offset;
//      uint24 fragment_length;
//    } Handshake;
struct HandshakeHeader {
  static constexpr std::size_t kSize = 12;

  HandshakeType type{};
  std::uint32_t length = 0;
  std::uint16_t message_seq = 0;
  std::uint32_t fragment_offset = 0;
  std::uint32_t fragment_length = 0;

  static std::optional<HandshakeHeader> parse(Reader& reader) {
    HandshakeHeader header;
    header.type = static_cast<HandshakeType>(reader.u8());
    header.length = reader.u24();
    header.message_seq = reader.u16();
    header.fragment_offset = reader.u24();
    header.fragment_length = reader.u24();
    if (!reader.ok() || header.fragment_offset + header.fragment_length > header.length) return std::nullopt;
    return header;
  }
  void write(Writer& writer) const {
    writer.u8(static_cast<std::uint8_t>(type));
    writer.u24(length);
    writer.u16(message_seq);
    writer.u24(fragment_offset);
    writer.u24(fragment_length);
  }
};

/// A whole message. The body is borrowed from the assembler.
struct HandshakeMessage {
  HandshakeType type{};
  std::uint16_t message_seq = 0;
  Bytes body;
};

/// One slot of a flight: which message is expected there, and in which epoch.
struct ExpectedMessage {
  HandshakeType type{};
  Epoch epoch = Epoch::plaintext;
  /// Another type that is allowed in this slot, or the same.
  HandshakeType alternative = type;
};

}  // namespace redan::dtls
