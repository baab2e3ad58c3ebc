#include "base/assert.hpp"
#include "crypto/mbedtls/primitives.hpp"

namespace redan::mbedtls {
namespace {

class MbedtlsHash final : public Hash {
 public:
  explicit MbedtlsHash(HashAlgorithm algorithm) : size_(hash_size(algorithm)) {
    REDAN_ASSERT(mbedtls_md_setup(running_.get(), md_info(algorithm), 0) == 0);
    REDAN_ASSERT(mbedtls_md_setup(copy_.get(), md_info(algorithm), 0) == 0);
    REDAN_ASSERT(mbedtls_md_starts(running_.get()) == 0);
  }

  void update(Bytes data) override { REDAN_ASSERT(mbedtls_md_update(running_.get(), data.data(), data.size()) == 0); }

  Digest digest() const override {
    Digest digest;
    digest.size = size_;
    REDAN_ASSERT(mbedtls_md_clone(copy_.get(), running_.get()) == 0 &&
                 mbedtls_md_finish(copy_.get(), digest.storage.data()) == 0);
    return digest;
  }

 private:
  Md running_;
  mutable Md copy_;
  std::size_t size_;
};

class MbedtlsHmac final : public Hmac {
 public:
  MbedtlsHmac(HashAlgorithm algorithm, Bytes key) : size_(hash_size(algorithm)) {
    REDAN_ASSERT(mbedtls_md_setup(md_.get(), md_info(algorithm), 1) == 0);
    REDAN_ASSERT(mbedtls_md_hmac_starts(md_.get(), key.data(), key.size()) == 0);
  }

  Digest compute(std::span<const Bytes> parts) override {
    Digest digest;
    digest.size = size_;
    REDAN_ASSERT(mbedtls_md_hmac_reset(md_.get()) == 0);
    for (const Bytes part : parts) REDAN_ASSERT(mbedtls_md_hmac_update(md_.get(), part.data(), part.size()) == 0);
    REDAN_ASSERT(mbedtls_md_hmac_finish(md_.get(), digest.storage.data()) == 0);
    return digest;
  }

 private:
  Md md_;
  std::size_t size_;
};

}  // namespace

std::unique_ptr<Hash> make_hash(HashAlgorithm algorithm) { return std::make_unique<MbedtlsHash>(algorithm); }

std::unique_ptr<Hmac> make_hmac(HashAlgorithm algorithm, Bytes key) {
  return std::make_unique<MbedtlsHmac>(algorithm, key);
}

}  // namespace redan::mbedtls
