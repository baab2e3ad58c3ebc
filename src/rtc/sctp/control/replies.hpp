// Chunks that give back what came: HEARTBEAT ACK, and ERROR about an unknown chunk.
#pragma once

#include <vector>

#include "rtc/sctp/packet/chunk.hpp"

namespace redan::sctp {

/// Whole chunks that go with the next packet. What does not fit into one packet is not answered.
class Replies {
 public:
  /// `capacity` is the room for chunks in a packet.
  explicit Replies(std::size_t capacity) : capacity_(capacity) {}

  /// `write(Writer&)` writes one chunk.
  template <class Write>
  void add(Write&& write) {
    const std::size_t used = chunks_.size();
    chunks_.resize(capacity_);
    Writer writer(MutableBytes(chunks_).subspan(used));
    write(writer);
    chunks_.resize(writer.ok() ? used + writer.size() : used);
  }
  [[nodiscard]] bool empty() const { return chunks_.empty(); }
  void write(Writer& writer) {
    writer.bytes(chunks_);
    chunks_.clear();
  }
  /// Forgets everything and gives the memory back.
  void clear() { std::vector<std::uint8_t>().swap(chunks_); }

 private:
  std::size_t capacity_;
  std::vector<std::uint8_t> chunks_;
};

}  // namespace redan::sctp
