// Bytes that must not outlive their use: wiped on destruction, moved rather than copied, never printed.
#pragma once

#include <algorithm>
#include <redan/export.hpp>
#include <redan/types.hpp>

namespace redan REDAN_PUBLIC {

/// Overwrites memory in a way that the compiler may not remove.
void wipe(MutableBytes memory);

/// Constant-time comparison: the duration depends on the lengths only.
bool equal_in_constant_time(Bytes a, Bytes b);

/// At most N secret bytes, held inline. Moving wipes the source.
template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  /// Copies the bytes in; at most N.
  explicit Secret(Bytes bytes) : size_(std::min(bytes.size(), N)) { std::copy_n(bytes.begin(), size_, bytes_.begin()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept { take(other); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      clear();
      take(other);
    }
    return *this;
  }
  ~Secret() { clear(); }

  /// Sets the size to `size` bytes (at most N) and returns them for writing.
  MutableBytes fill(std::size_t size) {
    size_ = std::min(size, N);
    return MutableBytes(bytes_).first(size_);
  }
  void clear() {
    wipe(bytes_);
    size_ = 0;
  }
  /// For immediate use; do not keep the span.
  [[nodiscard]] Bytes expose() const { return Bytes(bytes_).first(size_); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  void take(Secret& other) {
    bytes_ = other.bytes_;
    size_ = other.size_;
    other.clear();
  }
  std::array<std::uint8_t, N> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace REDAN_PUBLIC
