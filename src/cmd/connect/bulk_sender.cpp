#include "cmd/connect/bulk_sender.hpp"

namespace redan::cmd {

BulkSender::BulkSender(PeerId peer, ChannelId channel, std::size_t message_size, TimePoint start, Duration time)
    : peer_(peer), channel_(channel), message_(message_size, 0x42), end_(start + time) {}

bool BulkSender::push(Endpoint& endpoint, TimePoint now) {
  if (now >= end_) return false;
  (void)endpoint.set_buffered_amount_low_threshold(peer_, channel_, kLowWater);
  while (endpoint.buffered_amount(peer_, channel_).value_or(kHighWater) < kHighWater) {
    if (!endpoint.send(peer_, channel_, MessageKind::binary, message_)) break;
    bytes_ += message_.size();
  }
  return true;
}

}  // namespace redan::cmd
