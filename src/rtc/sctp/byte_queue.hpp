// A queue of bytes in pooled slabs: appended at the end, copied out from anywhere, released from the front.
#pragma once

#include <array>

#include "base/pool.hpp"
#include "rtc/sctp/ring.hpp"
#include "rtc/sctp/types.hpp"

namespace redan::sctp {

inline constexpr std::size_t kSlabSize = 4096;
using Slab = std::array<std::uint8_t, kSlabSize>;
using SlabPool = Pool<Slab>;

/// Bytes are named by their position since the queue began. The pool must outlive the queue.
class ByteQueue {
 public:
  [[nodiscard]] std::uint64_t end() const { return end_; }

  void append(SlabPool& pool, Bytes bytes) {
    while (!bytes.empty()) {
      const std::size_t offset = end_ % kSlabSize;
      if (offset == 0 || slabs_.empty()) slabs_.push_back(pool.take());
      const std::size_t n = std::min(bytes.size(), kSlabSize - offset);
      std::memcpy(slabs_.back()->data() + offset, bytes.data(), n);
      bytes = bytes.subspan(n);
      end_ += n;
    }
  }
  /// `begin` and what follows must not have been released.
  void copy(std::uint64_t begin, MutableBytes out) const {
    while (!out.empty()) {
      const std::size_t offset = begin % kSlabSize;
      const std::size_t n = std::min(out.size(), kSlabSize - offset);
      std::memcpy(out.data(), slabs_[static_cast<std::size_t>(begin / kSlabSize - first_)]->data() + offset, n);
      out = out.subspan(n);
      begin += n;
    }
  }
  /// Forgets everything before `begin`.
  void release(std::uint64_t begin) {
    while (!slabs_.empty() && (first_ + 1) * kSlabSize <= begin) drop_front();
    if (begin == end_) {
      while (!slabs_.empty()) drop_front();
      // The next byte starts a slab: what is left of the last one is skipped.
      first_ = (end_ + kSlabSize - 1) / kSlabSize;
      end_ = first_ * kSlabSize;
    }
  }
  void trim() { slabs_.release(); }

 private:
  void drop_front() {
    slabs_.pop_front();
    ++first_;
  }

  Ring<SlabPool::Slab> slabs_;
  std::uint64_t first_ = 0;  // number of the first slab
  std::uint64_t end_ = 0;
};

}  // namespace redan::sctp
