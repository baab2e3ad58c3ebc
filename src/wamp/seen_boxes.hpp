// Boxes that were already sent or received. An honest nonce never occurs twice, so a repeated one was replayed or
// reflected by the router.
#pragma once

#include <deque>
#include <set>

#include "wamp/cryptobox.hpp"
#include "wamp/message.hpp"

namespace redan::wamp {

using BoxNonce = std::array<std::uint8_t, kBoxNonceSize>;

/// The nonce of a sealed payload; nullopt for plaintext.
inline std::optional<BoxNonce> nonce_of(const Payload& payload) {
  if (!payload.sealed || payload.sealed->size() < kBoxNonceSize) return std::nullopt;
  BoxNonce nonce;
  std::copy_n(payload.sealed->begin(), kBoxNonceSize, nonce.begin());
  return nonce;
}

/// Remembers the latest nonces: older boxes can be repeated without detection.
class SeenBoxes {
 public:
  explicit SeenBoxes(std::size_t capacity) : capacity_(capacity) {}

  /// Stores the nonce; false if it is already remembered for the same `place`.
  bool insert(const BoxNonce& nonce, std::uint64_t place = 0) {
    const auto [at, is_new] = entries_.emplace(place, nonce);
    if (!is_new) return false;
    order_.push_back(at);
    if (order_.size() > capacity_) {
      entries_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

 private:
  using Entry = std::pair<std::uint64_t, BoxNonce>;
  std::size_t capacity_;
  std::set<Entry> entries_;
  std::deque<std::set<Entry>::const_iterator> order_;
};

}  // namespace redan::wamp
