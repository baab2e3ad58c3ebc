// What an encoder hands to a sender.
#pragma once

#include <redan/types.hpp>
#include <vector>

namespace redan::rtp {

/// One encoded picture, or 20 ms of sound.
struct EncodedFrame {
  std::vector<std::uint8_t> bytes;
  TimePoint time{};         ///< when it is due to be seen or heard
  bool key = false;         ///< a picture that needs no other
  Duration encode_time{0};  ///< spent on encoding it here; zero for what comes encoded
  std::uint32_t width = 0, height = 0;
};

}  // namespace redan::rtp
