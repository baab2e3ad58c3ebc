#include "wamp/rawsocket.hpp"

#include <bit>

namespace redan::wamp {
namespace {

constexpr unsigned kSmallest = 9;  // 2^9
constexpr unsigned kLargest = 24;

std::optional<Serializer> serializer_of(unsigned nibble) {
  switch (nibble) {
    case 1:
      return Serializer::json;
    case 2:
      return Serializer::msgpack;
    case 3:
      return Serializer::cbor;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::array<std::uint8_t, kRawSocketHandshakeSize> RawSocketHandshake::write() const {
  const unsigned length = static_cast<unsigned>(std::bit_width(max_message)) - 1 - kSmallest;
  const unsigned nibble = static_cast<unsigned>(serializer) + 1;
  return {kRawSocketMagic, static_cast<std::uint8_t>(length << 4U | nibble), 0, 0};
}

std::array<std::uint8_t, kRawSocketHandshakeSize> write(RawSocketRefusal refusal) {
  return {kRawSocketMagic, static_cast<std::uint8_t>(static_cast<unsigned>(refusal) << 4U), 0, 0};
}

std::optional<RawSocketAnswer> read_handshake(std::span<const std::uint8_t, kRawSocketHandshakeSize> bytes) {
  if (bytes[0] != kRawSocketMagic) return std::nullopt;
  if (bytes[2] != 0 || bytes[3] != 0) return RawSocketRefusal::reserved_bits;
  const auto serializer = serializer_of(bytes[1] & 0xFU);
  if (!serializer) return RawSocketRefusal::serializer_unsupported;
  return RawSocketHandshake{std::size_t{1} << (kSmallest + (bytes[1] >> 4U)), *serializer};
}

std::size_t rawsocket_length(std::size_t limit) { return std::bit_floor(std::min(limit, std::size_t{1} << kLargest)); }

std::array<std::uint8_t, kRawSocketHeaderSize> RawSocketHeader::write() const {
  return {static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(length >> 16U),
          static_cast<std::uint8_t>(length >> 8U), static_cast<std::uint8_t>(length)};
}

std::optional<RawSocketHeader> RawSocketHeader::parse(std::span<const std::uint8_t, kRawSocketHeaderSize> bytes) {
  if (bytes[0] > static_cast<std::uint8_t>(RawSocketFrame::pong)) return std::nullopt;
  const std::size_t length = std::size_t{bytes[1]} << 16U | std::size_t{bytes[2]} << 8U | bytes[3];
  return RawSocketHeader{static_cast<RawSocketFrame>(bytes[0]), length};
}

}  // namespace redan::wamp
