#include <openssl/core_names.h>

#include "base/assert.hpp"
#include "crypto/openssl/algorithms.hpp"

namespace redan::openssl {
namespace {

constexpr std::size_t kX25519Size = 32;    // RFC 7748 section 5: keys, points and results
constexpr std::size_t kMaxPointSize = 97;  // P-384, uncompressed

/// Computes the shared secret of two keys into `shared`, which has the right size. Returns false if OpenSSL refuses.
bool derive(EVP_PKEY* own, EVP_PKEY* peer, MutableBytes shared) {
  const PkeyCtx ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, own, nullptr));
  std::size_t size = shared.size();
  // The peer's point was validated when it was decoded.
  return ctx && EVP_PKEY_derive_init(ctx.get()) == 1 && EVP_PKEY_derive_set_peer_ex(ctx.get(), peer, 0) == 1 &&
         EVP_PKEY_derive(ctx.get(), shared.data(), &size) == 1 && size == shared.size();
}

class EcdhKeyExchange final : public KeyExchange {
 public:
  EcdhKeyExchange(const Curve& curve, std::size_t field_size)
      : curve_(curve), field_size_(field_size), key_(generate(curve.keygen.get())) {
    std::size_t size = 0;
    REDAN_ASSERT(EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, share_.data(),
                                                 share_.size(), &size) == 1);
    REDAN_ASSERT(size == point_size() && share_[0] == 4);
  }

  Bytes share() const override { return Bytes(share_).first(point_size()); }

  bool finish(Bytes peer_share, SharedSecret& secret) override {
    if (peer_share.size() != point_size() || peer_share[0] != 4) return false;
    const ErrorScope errors;
    const Pkey peer = ecdsa_public_key(curve_, peer_share);
    return peer && derive(key_.get(), peer.get(), secret.fill(field_size_));
  }

 private:
  [[nodiscard]] std::size_t point_size() const { return 1 + 2 * field_size_; }

  const Curve& curve_;
  std::size_t field_size_;
  Pkey key_;
  std::array<std::uint8_t, kMaxPointSize> share_{};
};

class X25519KeyExchange final : public KeyExchange {
 public:
  explicit X25519KeyExchange(EVP_PKEY_CTX* keygen) : key_(generate(keygen)) {
    std::size_t size = share_.size();
    REDAN_ASSERT(EVP_PKEY_get_raw_public_key(key_.get(), share_.data(), &size) == 1 && size == share_.size());
  }

  Bytes share() const override { return share_; }

  bool finish(Bytes peer_share, SharedSecret& secret) override {
    if (peer_share.size() != kX25519Size) return false;
    const ErrorScope errors;
    const Pkey peer(EVP_PKEY_new_raw_public_key_ex(nullptr, "X25519", nullptr, peer_share.data(), kX25519Size));
    static constexpr std::uint8_t kZeros[kX25519Size] = {};
    return peer && derive(key_.get(), peer.get(), secret.fill(kX25519Size)) &&
           !equal_in_constant_time(secret.expose(), kZeros);
  }

 private:
  Pkey key_;
  std::array<std::uint8_t, kX25519Size> share_{};
};

}  // namespace

std::unique_ptr<KeyExchange> make_key_exchange(const Algorithms& algorithms, Group group) {
  if (group == Group::x25519) return std::make_unique<X25519KeyExchange>(algorithms.x25519_keygen.get());
  if (group == Group::secp256r1) return std::make_unique<EcdhKeyExchange>(algorithms.p256, 32);
  return std::make_unique<EcdhKeyExchange>(algorithms.p384, 48);
}

}  // namespace redan::openssl
