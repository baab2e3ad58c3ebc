// Chunks that give back what came: HEARTBEAT ACK, and ERROR about an unknown chunk.
#pragma once

#include <algorithm>
#include <vector>

#include "rtc/sctp/packet/control.hpp"

namespace redan::sctp {

/// Whole chunks that go with the next packet. What does not fit into one packet is not answered.
class Replies {
 public:
  /// `capacity` is the room for chunks in a packet.
  explicit Replies(std::size_t capacity) : capacity_(capacity) {}

  void acknowledge(const Heartbeat& heartbeat) {
    add([&](Writer& w) { heartbeat.write(w, ChunkType::heartbeat_ack); });
  }
  /// With the chunk, or its beginning if it is long (RFC 9260 section 3.3.10.6).
  void report_unknown(const Chunk& chunk) {
    const Bytes reported = chunk.whole.first(std::min({chunk.whole.size(), kMaxReportedChunk, capacity_ / 2}));
    add([&](Writer& w) { ErrorCauses{0, CauseCode::unrecognized_chunk_type, reported}.write(w, ChunkType::error); });
  }
  [[nodiscard]] bool empty() const { return chunks_.empty(); }
  void write(Writer& writer) {
    writer.bytes(chunks_);
    chunks_.clear();
  }
  /// Forgets everything and gives the memory back.
  void clear() { std::vector<std::uint8_t>().swap(chunks_); }

 private:
  static constexpr std::size_t kMaxReportedChunk = 512;

  // `write(Writer&)` writes one chunk.
  template <class Write>
  void add(Write&& write) {
    const std::size_t used = chunks_.size();
    chunks_.resize(capacity_);
    Writer writer(MutableBytes(chunks_).subspan(used));
    write(writer);
    chunks_.resize(writer.ok() ? used + writer.size() : used);
  }

  std::size_t capacity_;
  std::vector<std::uint8_t> chunks_;
};

}  // namespace redan::sctp
