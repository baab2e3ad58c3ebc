// Anti-replay, RFC 6347 section 4.1.2.6. Check before decrypting; update only after the record authenticated.
#pragma once

#include <array>
#include <cstdint>

namespace redan::dtls {

class ReplayWindow {
 public:
  static constexpr std::uint64_t kSize = 256;

  /// Whether this sequence number was seen before, or is too old for the window.
  [[nodiscard]] bool replayed(std::uint64_t sequence) const {
    if (sequence >= end_) return false;
    return end_ - sequence > kSize || (word(sequence) >> (sequence % 64) & 1U) != 0;
  }
  /// One past the highest accepted.
  [[nodiscard]] std::uint64_t end() const { return end_; }
  void accept(std::uint64_t sequence) {
    if (sequence >= end_) {
      slide(sequence + 1);
    }
    bits_[sequence / 64 % bits_.size()] |= 1ULL << (sequence % 64);
  }

 private:
  [[nodiscard]] std::uint64_t word(std::uint64_t sequence) const { return bits_[sequence / 64 % bits_.size()]; }
  // Clears the words that leave the window. One word more than the window, so that a partly entered word clears nothing
  // in it.
  void slide(std::uint64_t end) {
    const std::uint64_t first = end_ == 0 ? 0 : (end_ - 1) / 64 + 1;
    const std::uint64_t last = (end - 1) / 64;
    if (last >= first + bits_.size()) {
      bits_.fill(0);
    } else {
      for (std::uint64_t i = first; i <= last; ++i) bits_[i % bits_.size()] = 0;
    }
    end_ = end;
  }

  std::array<std::uint64_t, kSize / 64 + 1> bits_{};
  std::uint64_t end_ = 0;  // one past the highest accepted
};

}  // namespace redan::dtls
