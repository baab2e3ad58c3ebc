// RawSocket (WAMP, "RawSocket Transport"): the handshake, and message framing on a byte stream.
#pragma once

#include "wamp/serializer.hpp"

namespace redan::wamp {

/// What carries the messages.
enum class Carrier : std::uint8_t { websocket, rawsocket };

//   0x7F | length (4 bits), serializer (4 bits) | 0 | 0
inline constexpr std::uint8_t kRawSocketMagic = 0x7F;
inline constexpr std::size_t kRawSocketHandshakeSize = 4;

/// The first message of each side: the longest message that it accepts, and its serializer.
struct RawSocketHandshake {
  std::size_t max_message = 0;  ///< 2^9 to 2^24
  Serializer serializer{};
  friend bool operator==(const RawSocketHandshake&, const RawSocketHandshake&) = default;

  [[nodiscard]] std::array<std::uint8_t, kRawSocketHandshakeSize> write() const;
};

enum class RawSocketRefusal : std::uint8_t {
  serializer_unsupported = 1,
  max_message_unacceptable = 2,
  reserved_bits = 3,
  too_many_connections = 4,
};
/// The answer of a router that refuses: 0x7F, the reason in the upper 4 bits, 0, 0.
std::array<std::uint8_t, kRawSocketHandshakeSize> write(RawSocketRefusal refusal);

/// Parses a client's handshake. nullopt if it is not one; a refusal if it requests something unsupported.
using RawSocketAnswer = std::variant<RawSocketHandshake, RawSocketRefusal>;
/// A client reads the router's answer with it too: a refusal then looks like an unsupported serializer.
std::optional<RawSocketAnswer> read_handshake(std::span<const std::uint8_t, kRawSocketHandshakeSize> bytes);

/// The largest power of two that a handshake can express and that does not exceed `limit`, which is at least 512.
std::size_t rawsocket_length(std::size_t limit);

//   reserved (5 bits), type (3 bits) | length (24 bits)
inline constexpr std::size_t kRawSocketHeaderSize = 4;
enum class RawSocketFrame : std::uint8_t { message = 0, ping = 1, pong = 2 };

struct RawSocketHeader {
  RawSocketFrame type{};
  std::size_t length = 0;
  friend bool operator==(const RawSocketHeader&, const RawSocketHeader&) = default;

  [[nodiscard]] std::array<std::uint8_t, kRawSocketHeaderSize> write() const;
  /// nullopt for reserved bits and unknown types.
  static std::optional<RawSocketHeader> parse(std::span<const std::uint8_t, kRawSocketHeaderSize> bytes);
};

}  // namespace redan::wamp
