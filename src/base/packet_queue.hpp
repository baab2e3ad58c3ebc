// A queue of packets between an input and the next poll: packets are copied in and returned in order, from one small
// block of memory.
#pragma once

#include <redan/types.hpp>
#include <vector>

namespace redan {

class PacketQueue {
 public:
  struct Packet {
    std::uint8_t tag = 0;
    MutableBytes bytes;  ///< valid until the next call on the queue
  };

  explicit PacketQueue(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  /// Returns false, and stores nothing, if the queue is full or the packet is longer than 65,535 bytes.
  bool push(std::uint8_t tag, Bytes packet) {
    if (!has_room(packet.size())) return false;
    bytes_.push_back(tag);
    bytes_.push_back(static_cast<std::uint8_t>(packet.size() >> 8U));
    bytes_.push_back(static_cast<std::uint8_t>(packet.size()));
    bytes_.insert(bytes_.end(), packet.begin(), packet.end());
    return true;
  }
  [[nodiscard]] bool has_room(std::size_t size) const {
    return size <= 0xFFFF && bytes_.size() + kHeader + size <= max_bytes_;
  }
  std::optional<Packet> pop() {
    if (read_ == bytes_.size()) {
      if (bytes_.capacity() > kKept) bytes_ = std::vector<std::uint8_t>();
      bytes_.clear();
      read_ = 0;
      return std::nullopt;
    }
    const MutableBytes rest = MutableBytes(bytes_).subspan(read_);
    const std::size_t size = static_cast<std::size_t>(rest[1]) << 8U | rest[2];
    read_ += kHeader + size;
    return Packet{rest[0], rest.subspan(kHeader, size)};
  }
  [[nodiscard]] bool empty() const { return read_ == bytes_.size(); }
  /// Memory held, bytes.
  [[nodiscard]] std::size_t held() const { return bytes_.capacity(); }

 private:
  static constexpr std::size_t kHeader = 3;
  // An empty queue keeps the memory of one datagram.
  static constexpr std::size_t kKept = 4096;

  std::size_t max_bytes_;
  std::vector<std::uint8_t> bytes_;
  std::size_t read_ = 0;
};

}  // namespace redan
