// Boxes that were already sent or received. An honest nonce never occurs twice, so a repeated one was replayed or
// reflected by the router.
#pragma once

#include <deque>
#include <set>

#include "wamp/key_ring.hpp"

namespace redan::wamp {

using BoxNonce = std::array<std::uint8_t, kBoxNonceSize>;

/// The beginning of an encrypted payload, which holds its nonce; nullopt for plaintext.
inline std::optional<BoxNonce> nonce_of(const Payload& payload, const Dict& attributes) {
  const Binary* const box = payload.sealed                ? &*payload.sealed
                            : is_ppt(payload, attributes) ? payload.args[0].get_if<Binary>()
                                                          : nullptr;
  if (box == nullptr || box->size() < kBoxNonceSize) return std::nullopt;
  BoxNonce nonce;
  std::copy_n(box->begin(), kBoxNonceSize, nonce.begin());
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
