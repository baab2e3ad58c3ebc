#include "base/assert.hpp"
#include "crypto/openssl/algorithms.hpp"

namespace redan::openssl {
namespace {

MdCtx make_context(const EVP_MD* md) {
  MdCtx ctx(EVP_MD_CTX_new());
  REDAN_ASSERT(ctx && EVP_DigestInit_ex2(ctx.get(), md, nullptr) == 1);
  return ctx;
}

class OpensslHash final : public Hash {
 public:
  OpensslHash(const EVP_MD* md, std::size_t size) : running_(make_context(md)), copy_(make_context(md)), size_(size) {}

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
constexpr std::uint8_t kInnerPad = 0x36;  // RFC 2104 section 2
constexpr std::uint8_t kOuterPad = 0x5c;

std::size_t block_size(HashAlgorithm algorithm) { return algorithm == HashAlgorithm::sha384 ? 128 : 64; }

/// Hashes the key, padded with zeros to a block and XORed with `pad`.
void absorb(EVP_MD_CTX* ctx, std::size_t block_size, Bytes key, std::uint8_t pad) {
  Secret<kMaxBlockSize> secret;
  const MutableBytes block = secret.fill(block_size);
  for (std::size_t i = 0; i < block.size(); ++i) {
    block[i] = static_cast<std::uint8_t>((i < key.size() ? key[i] : 0U) ^ pad);
  }
  REDAN_ASSERT(EVP_DigestUpdate(ctx, block.data(), block.size()) == 1);
}

/// RFC 2104 over a plain digest, from states that have hashed the padded key: EVP_MAC takes 25 % longer.
class OpensslHmac final : public Hmac {
 public:
  OpensslHmac(const EVP_MD* md, HashAlgorithm algorithm, Bytes key)
      : inner_(make_context(md)), outer_(make_context(md)), running_(make_context(md)), size_(hash_size(algorithm)) {
    Secret<kMaxHashSize> hashed;
    if (key.size() > block_size(algorithm)) {
      const MutableBytes digest = hashed.fill(size_);
      update(key);
      finish(digest);
      key = digest;
    }
    absorb(inner_.get(), block_size(algorithm), key, kInnerPad);
    absorb(outer_.get(), block_size(algorithm), key, kOuterPad);
  }

  Digest compute(std::span<const Bytes> parts) override {
    Digest digest;
    digest.size = size_;
    const MutableBytes out = MutableBytes(digest.storage).first(size_);
    resume(inner_);
    for (const Bytes part : parts) update(part);
    finish(out);
    resume(outer_);
    update(out);
    finish(out);
    return digest;
  }

 private:
  void resume(const MdCtx& state) { REDAN_ASSERT(EVP_MD_CTX_copy_ex(running_.get(), state.get()) == 1); }
  void update(Bytes data) { REDAN_ASSERT(EVP_DigestUpdate(running_.get(), data.data(), data.size()) == 1); }
  void finish(MutableBytes out) { REDAN_ASSERT(EVP_DigestFinal_ex(running_.get(), out.data(), nullptr) == 1); }

  MdCtx inner_;
  MdCtx outer_;
  MdCtx running_;
  std::size_t size_;
};

}  // namespace

std::unique_ptr<Hash> make_hash(const Algorithms& algorithms, HashAlgorithm algorithm) {
  return std::make_unique<OpensslHash>(algorithms.hash(algorithm), hash_size(algorithm));
}

std::unique_ptr<Hmac> make_hmac(const Algorithms& algorithms, HashAlgorithm algorithm, Bytes key) {
  return std::make_unique<OpensslHmac>(algorithms.hash(algorithm), algorithm, key);
}

Digest hmac_once(EVP_MD_CTX* ctx, const Algorithms& algorithms, HashAlgorithm algorithm, Bytes key, Bytes data) {
  const EVP_MD* const md = algorithms.hash(algorithm);
  const std::size_t block = block_size(algorithm);
  if (key.size() > block) return make_hmac(algorithms, algorithm, key)->compute(std::array{data});
  Digest digest;
  digest.size = hash_size(algorithm);
  const auto pass = [&](std::uint8_t pad, Bytes message) {
    REDAN_ASSERT(EVP_DigestInit_ex2(ctx, md, nullptr) == 1);
    absorb(ctx, block, key, pad);
    REDAN_ASSERT(EVP_DigestUpdate(ctx, message.data(), message.size()) == 1 &&
                 EVP_DigestFinal_ex(ctx, digest.storage.data(), nullptr) == 1);
  };
  pass(kInnerPad, data);
  pass(kOuterPad, digest.bytes());
  return digest;
}

}  // namespace redan::openssl
