#include "base/assert.hpp"
#include "crypto/openssl/algorithms.hpp"

namespace redan::openssl {
namespace {

class OpensslHash final : public Hash {
 public:
  OpensslHash(const EVP_MD* md, std::size_t size) : running_(EVP_MD_CTX_new()), copy_(EVP_MD_CTX_new()), size_(size) {
    REDAN_ASSERT(running_ && copy_ && EVP_DigestInit_ex2(running_.get(), md, nullptr) == 1);
  }

  void update(Bytes data) override { REDAN_ASSERT(EVP_DigestUpdate(running_.get(), data.data(), data.size()) == 1); }

  Digest digest() const override {
    Digest digest;
    digest.size = size_;
    REDAN_ASSERT(EVP_MD_CTX_copy_ex(copy_.get(), running_.get()) == 1 &&
                 EVP_DigestFinal_ex(copy_.get(), digest.storage.data(), nullptr) == 1);
    return digest;
  }

 private:
  MdCtx running_;
  MdCtx copy_;
  std::size_t size_;
};

constexpr std::size_t kMaxBlockSize = 128;

// RFC 2104 over a plain digest: EVP_MAC allocates in every computation and this does not.
class OpensslHmac final : public Hmac {
 public:
  OpensslHmac(const EVP_MD* md, HashAlgorithm algorithm, Bytes key)
      : md_(md), ctx_(EVP_MD_CTX_new()), size_(hash_size(algorithm)) {
    REDAN_ASSERT(ctx_);
    const std::size_t block_size = algorithm == HashAlgorithm::sha384 ? 128 : 64;
    Secret<kMaxHashSize> hashed;
    if (key.size() > block_size) {
      const MutableBytes digest = hashed.fill(size_);
      begin(key);
      end(digest);
      key = digest;
    }
    pad(inner_.fill(block_size), key, 0x36);
    pad(outer_.fill(block_size), key, 0x5c);
  }

  Digest compute(std::span<const Bytes> parts) override {
    Digest digest;
    digest.size = size_;
    const MutableBytes out = MutableBytes(digest.storage).first(size_);
    begin(inner_.expose());
    for (const Bytes part : parts) update(part);
    end(out);
    begin(outer_.expose());
    update(out);
    end(out);
    return digest;
  }

 private:
  static void pad(MutableBytes block, Bytes key, std::uint8_t value) {
    for (std::size_t i = 0; i < block.size(); ++i) {
      block[i] = static_cast<std::uint8_t>((i < key.size() ? key[i] : 0U) ^ value);
    }
  }
  void begin(Bytes first) {
    REDAN_ASSERT(EVP_DigestInit_ex2(ctx_.get(), md_, nullptr) == 1);
    update(first);
  }
  void update(Bytes data) { REDAN_ASSERT(EVP_DigestUpdate(ctx_.get(), data.data(), data.size()) == 1); }
  void end(MutableBytes out) { REDAN_ASSERT(EVP_DigestFinal_ex(ctx_.get(), out.data(), nullptr) == 1); }

  const EVP_MD* md_;
  MdCtx ctx_;
  std::size_t size_;
  Secret<kMaxBlockSize> inner_;
  Secret<kMaxBlockSize> outer_;
};

}  // namespace

std::unique_ptr<Hash> make_hash(const Algorithms& algorithms, HashAlgorithm algorithm) {
  return std::make_unique<OpensslHash>(algorithms.hash(algorithm), hash_size(algorithm));
}

std::unique_ptr<Hmac> make_hmac(const Algorithms& algorithms, HashAlgorithm algorithm, Bytes key) {
  return std::make_unique<OpensslHmac>(algorithms.hash(algorithm), algorithm, key);
}

}  // namespace redan::openssl
