// The source of nonces for encryption: a counter that only increases (security rule: one nonce, one record).
#pragma once

#include <redan/crypto.hpp>
#include <utility>

namespace redan {

/// How a 12-byte nonce is made of a fixed part and a 64-bit number.
enum class NonceForm : std::uint8_t {
  explicit_gcm,  ///< RFC 5288 section 3: 4 bytes of salt, then the number
  xor_counter,   ///< RFC 7905 section 2: the number, padded left to 12 bytes, xored with the 12-byte iv
};

/// The fixed part of the nonces of one key, 4 or 12 bytes.
class NonceBase {
 public:
  NonceBase(NonceForm form, Bytes fixed) : form_(form), fixed_(fixed) {}

  /// For decryption: any received number.
  [[nodiscard]] OpenNonce at(std::uint64_t number) const {
    OpenNonce nonce;
    const Bytes fixed = fixed_.expose();
    std::copy(fixed.begin(), fixed.end(), nonce.bytes.begin());
    for (std::size_t i = 0; i < 8; ++i) nonce.bytes[4 + i] ^= static_cast<std::uint8_t>(number >> (56 - 8 * i));
    return nonce;
  }
  [[nodiscard]] NonceForm form() const { return form_; }

 private:
  NonceForm form_;
  Secret<kAeadNonceSize> fixed_;
};

/// Nonces for encryption under one key, for the numbers first, first + 1, ... below `end`. Move-only; each number is
/// used once. A moved-from sequence is exhausted.
class NonceSequence {
 public:
  NonceSequence(NonceBase base, std::uint64_t first, std::uint64_t end)
      : base_(std::move(base)), next_(std::min(first, end)), end_(end) {}
  NonceSequence(NonceSequence&& other) noexcept
      : base_(std::move(other.base_)), next_(std::exchange(other.next_, other.end_)), end_(other.end_) {}
  NonceSequence& operator=(NonceSequence&& other) noexcept {
    if (this == &other) return *this;
    base_ = std::move(other.base_);
    next_ = std::exchange(other.next_, other.end_);
    end_ = other.end_;
    return *this;
  }

  /// The number of the next nonce.
  [[nodiscard]] std::uint64_t peek() const { return next_; }
  [[nodiscard]] bool exhausted() const { return next_ >= end_; }
  [[nodiscard]] std::uint64_t remaining() const { return end_ - next_; }
  /// nullopt once exhausted.
  std::optional<SealNonce> take() {
    if (exhausted()) return std::nullopt;
    return SealNonce(base_.at(next_++).bytes);
  }

 private:
  NonceBase base_;
  std::uint64_t next_;
  std::uint64_t end_;
};

}  // namespace redan
