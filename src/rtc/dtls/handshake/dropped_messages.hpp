// Remembers which messages were dropped for lack of room or budget, and recognizes them when they come again: the
// genuine peer repeats its messages to the byte. A table of tags under a secret key, so that an attacker cannot choose
// messages that overwrite the tag of another one.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "base/sip_hash.hpp"

namespace redan::dtls {

class DroppedMessages {
 public:
  void add(Bytes message, RandomSource& random) {
    if (!hash_) {
      hash_.emplace(random);
      rows_.resize(kRows);
    }
    const std::uint64_t hash = (*hash_)(message);
    Row& row = rows_[hash % kRows];
    std::copy_backward(row.begin(), row.end() - 1, row.end());
    row.front() = tag(hash);
  }
  [[nodiscard]] bool contains(Bytes message) const {
    if (!hash_) return false;
    const std::uint64_t hash = (*hash_)(message);
    const Row& row = rows_[hash % kRows];
    return std::find(row.begin(), row.end(), tag(hash)) != row.end();
  }
  /// Frees the memory.
  void clear() {
    hash_.reset();
    rows_ = std::vector<Row>();
  }

 private:
  // 16 KiB. After 4,000 others, which is 0.8 s at 5,000 a second, 96 of 100 are still recognized.
  static constexpr std::size_t kRows = 1024;
  using Row = std::array<std::uint16_t, 8>;  // the latest first

  static std::uint16_t tag(std::uint64_t hash) { return static_cast<std::uint16_t>(hash >> 48U); }

  std::optional<SipHash> hash_;
  std::vector<Row> rows_;
};

}  // namespace redan::dtls
