// The last packets of one stream, for sending and retransmission: a ring by sequence number that keeps its memory.
#pragma once

#include <redan/types.hpp>
#include <vector>

namespace redan::rtp {

class PacketHistory {
 public:
  /// More than five seconds of video at 2 Mbit/s; a power of two, so that sequence numbers wrap with the ring.
  static constexpr std::size_t kSize = 1024;
  /// A packet is retransmitted at most once in this time, because its request may arrive twice.
  static constexpr Duration kBetweenResends = std::chrono::milliseconds(50);

  struct Packet {
    std::uint16_t sequence = 0;
    bool waiting = false;  ///< not sent yet
    TimePoint queued{};
    TimePoint sent{};         ///< latest
    std::size_t payload = 0;  ///< bytes after the RTP header
    std::vector<std::uint8_t> bytes;
  };

  /// The slot for a new packet, replacing the packet kSize before it.
  Packet& add(std::uint16_t sequence) {
    if (packets_.empty()) packets_.resize(kSize);
    Packet& packet = packets_[sequence % kSize];
    packet.sequence = sequence;
    packet.waiting = true;
    packet.bytes.clear();
    return packet;
  }
  /// nullptr if it is not in the history.
  [[nodiscard]] Packet* find(std::uint16_t sequence) {
    if (packets_.empty()) return nullptr;
    Packet& packet = packets_[sequence % kSize];
    return packet.sequence == sequence && !packet.bytes.empty() ? &packet : nullptr;
  }
  /// The packet, if it may be sent again now.
  [[nodiscard]] Packet* resendable(TimePoint now, std::uint16_t sequence) {
    Packet* packet = find(sequence);
    return packet != nullptr && !packet->waiting && now - packet->sent >= kBetweenResends ? packet : nullptr;
  }

 private:
  std::vector<Packet> packets_;
};

}  // namespace redan::rtp
