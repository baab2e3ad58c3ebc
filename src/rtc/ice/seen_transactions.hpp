// The transaction ids of accepted checks, used to detect copies. STUN has no other protection against replay: an
// attacker who records a check can send it again from anywhere.
#pragma once

#include <algorithm>
#include <vector>

#include "rtc/stun/message.hpp"

namespace redan::ice {

class SeenTransactions {
 public:
  /// The oldest ids make room. At one check in 2.5 s, the highest rate of browsers, this is almost three hours.
  static constexpr std::size_t kMax = 4096;

  /// Stores the id; returns true if it is new.
  bool insert(const stun::TransactionId& transaction) {
    // The first 64 of 96 random bits. They come from the peer, under its message integrity.
    std::uint64_t id = 0;
    std::memcpy(&id, transaction.data(), sizeof id);
    if (std::find(ids_.begin(), ids_.end(), id) != ids_.end()) return false;
    if (ids_.size() < kMax) {
      ids_.push_back(id);
    } else {
      ids_[oldest_] = id;
      oldest_ = (oldest_ + 1) % kMax;
    }
    return true;
  }

 private:
  std::vector<std::uint64_t> ids_;
  std::size_t oldest_ = 0;
};

}  // namespace redan::ice
