// RTP packets (RFC 3550 section 5.1) and the packetisation of VP8 frames (RFC 7741).
#pragma once

#include <redan/types.hpp>

#include "base/writer.hpp"

namespace redan::rtp {

struct RtpHeader {
  static constexpr std::size_t kSize = 12;

  bool marker = false;
  std::uint8_t payload_type = 0;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;

  /// Without CSRCs and extensions.
  void write(Writer& writer) const;
  friend bool operator==(const RtpHeader&, const RtpHeader&) = default;
};

struct RtpPacket {
  RtpHeader header;
  Bytes payload;  ///< without CSRCs, header extensions and padding; borrowed
  static std::optional<RtpPacket> parse(Bytes packet);
};

/// RFC 7741 section 4.2, with the PictureID of 15 bits.
struct Vp8Descriptor {
  static constexpr std::size_t kSize = 4;

  bool start = false;  ///< the payload begins a frame
  std::uint16_t picture_id = 0;

  void write(Writer& writer) const;
};
/// The VP8 part of a received payload, and whether it begins a frame.
struct Vp8Payload {
  bool start = false;
  Bytes data;  ///< borrowed
  static std::optional<Vp8Payload> parse(Bytes payload);
};

/// RFC 6386 section 9.1: whether these bytes begin a key frame.
bool is_vp8_key_frame(Bytes frame);

/// Divides a frame into as few pieces as possible, of nearly equal size.
class Pieces {
 public:
  /// `most` is the largest piece, more than 0.
  Pieces(std::size_t size, std::size_t most) : size_(size), count_((size + most - 1) / most) {}
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] Bytes piece(Bytes frame, std::size_t index) const {
    const std::size_t begin = size_ * index / count_, end = size_ * (index + 1) / count_;
    return frame.subspan(begin, end - begin);
  }

 private:
  std::size_t size_, count_;
};

/// Whether `a` comes before `b` (RFC 1982).
constexpr bool sequence_before(std::uint16_t a, std::uint16_t b) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(a - b)) < 0;
}

}  // namespace redan::rtp
