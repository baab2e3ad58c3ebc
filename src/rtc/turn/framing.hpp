// How data travels between client and server: ChannelData and Send indications (RFC 8656 sections 11 and 12), and how
// both and STUN messages follow each other in a stream (section 12.5).
#pragma once

#include <optional>
#include <redan/types.hpp>
#include <vector>

#include "rtc/stun/attribute.hpp"
#include "rtc/stun/transaction.hpp"

namespace redan::turn {

inline constexpr std::uint16_t kFirstChannel = 0x4000;
inline constexpr std::uint16_t kLastChannel = 0x4FFF;

/// Room that wrap functions need before and after the payload.
inline constexpr std::size_t kHeadroom = 52;
inline constexpr std::size_t kTailroom = 3;
inline constexpr std::size_t kMaxPayload = 65'000;

/// The payload is the `size` bytes at buffer[kHeadroom]; the header is written before it, and padding after it. Returns
/// the message, inside the buffer.
MutableBytes write_channel_data(std::uint16_t channel, stun::Transport layer, MutableBytes buffer, std::size_t size);
MutableBytes write_send_indication(const Address& peer, bool dont_fragment, const stun::TransactionId& transaction,
                                   MutableBytes buffer, std::size_t size);

struct ChannelData {
  std::uint16_t channel = 0;
  MutableBytes payload;

  /// `frame` is one frame of an Inbox.
  static std::optional<ChannelData> parse(MutableBytes frame);
};

/// Received bytes until they are handled, cut into frames: each is a STUN message or ChannelData without padding.
class Inbox {
 public:
  /// Bytes held; the largest frame has 65,555.
  static constexpr std::size_t kMax = 256 * 1024;

  /// A datagram is one frame; false, and it is not stored, if it is malformed or there is no room.
  bool push_datagram(Bytes datagram);
  /// Further bytes of the stream. False if there is no room: the stream cannot be used any more.
  bool push_stream(Bytes bytes);
  /// The next complete frame, valid until the next call.
  std::optional<MutableBytes> next();
  /// The stream has something that is neither a STUN message nor ChannelData.
  [[nodiscard]] bool broken() const { return broken_; }
  void clear();
  /// Memory held, bytes.
  [[nodiscard]] std::size_t held() const { return bytes_.capacity(); }

 private:
  bool append(Bytes bytes, std::size_t padded);

  std::vector<std::uint8_t> bytes_;
  std::size_t read_ = 0;
  bool broken_ = false;
};

}  // namespace redan::turn
