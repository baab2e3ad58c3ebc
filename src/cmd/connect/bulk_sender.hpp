// Sends as much as a channel accepts for some time, with a short queue.
#pragma once

#include <redan/endpoint.hpp>
#include <vector>

namespace redan::cmd {

class BulkSender {
 public:
  static constexpr std::size_t kHighWater = 4U << 20U;
  static constexpr std::size_t kLowWater = 1U << 20U;

  BulkSender(PeerId peer, ChannelId channel, std::size_t message_size, TimePoint start, Duration time);

  /// Fills the channel up to the high-water mark. Call it at the start and at each BufferedAmountLow. False once the
  /// time is over.
  bool push(Endpoint& endpoint, TimePoint now);
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] PeerId peer() const { return peer_; }
  [[nodiscard]] ChannelId channel() const { return channel_; }

 private:
  PeerId peer_;
  ChannelId channel_;
  std::vector<std::uint8_t> message_;
  TimePoint end_;
  std::uint64_t bytes_ = 0;
};

}  // namespace redan::cmd
