// The output of an encoder, for a sender.
#pragma once

#include <redan/types.hpp>
#include <vector>

namespace redan::rtp {

/// One encoded picture, or 20 ms of sound.
struct EncodedFrame {
  std::vector<std::uint8_t> bytes;
  TimePoint time{};         ///< when it is due for display or playback
  bool key = false;         ///< a picture that needs no other picture
  Duration encode_time{0};  ///< time spent encoding it here; zero if it was encoded elsewhere
  std::uint32_t width = 0, height = 0;
};

}  // namespace redan::rtp
