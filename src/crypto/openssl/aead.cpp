#include "base/assert.hpp"
#include "crypto/openssl/algorithms.hpp"

namespace redan::openssl {
namespace {

// EVP lengths are int.
int length(Bytes bytes) {
  REDAN_ASSERT(bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  return static_cast<int>(bytes.size());
}

/// Each record changes only the IV; the key schedule stays in a context per direction, created at its first use (a key
/// normally serves one direction).
class OpensslAead final : public Aead {
 public:
  OpensslAead(const EVP_CIPHER* cipher, Bytes key) : cipher_(cipher), key_(key) {}

  void seal(const SealNonce& nonce, Bytes associated, MutableBytes text,
            std::span<std::uint8_t, kAeadTagSize> tag) override {
    if (!seal_) seal_ = make(EVP_EncryptInit_ex2);
    EVP_CIPHER_CTX* ctx = seal_.get();
    int n = 0;
    REDAN_ASSERT(EVP_EncryptInit_ex2(ctx, nullptr, nullptr, nonce.bytes().data(), nullptr) == 1);
    REDAN_ASSERT(associated.empty() || EVP_EncryptUpdate(ctx, nullptr, &n, associated.data(), length(associated)) == 1);
    REDAN_ASSERT(text.empty() || EVP_EncryptUpdate(ctx, text.data(), &n, text.data(), length(text)) == 1);
    REDAN_ASSERT(EVP_EncryptFinal_ex(ctx, tag.data(), &n) == 1);
    REDAN_ASSERT(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, kAeadTagSize, tag.data()) == 1);
  }

  bool open(const OpenNonce& nonce, Bytes associated, MutableBytes text,
            std::span<const std::uint8_t, kAeadTagSize> tag) override {
    if (!open_) open_ = make(EVP_DecryptInit_ex2);
    EVP_CIPHER_CTX* ctx = open_.get();
    int n = 0;
    // EVP takes the expected tag as void*, but only reads it.
    std::array<std::uint8_t, kAeadTagSize> expected;
    std::copy(tag.begin(), tag.end(), expected.begin());
    REDAN_ASSERT(EVP_DecryptInit_ex2(ctx, nullptr, nullptr, nonce.bytes.data(), nullptr) == 1);
    REDAN_ASSERT(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, expected.data()) == 1);
    REDAN_ASSERT(associated.empty() || EVP_DecryptUpdate(ctx, nullptr, &n, associated.data(), length(associated)) == 1);
    REDAN_ASSERT(text.empty() || EVP_DecryptUpdate(ctx, text.data(), &n, text.data(), length(text)) == 1);
    return EVP_DecryptFinal_ex(ctx, expected.data(), &n) == 1;
  }

 private:
  using Init = int (*)(EVP_CIPHER_CTX*, const EVP_CIPHER*, const unsigned char*, const unsigned char*,
                       const OSSL_PARAM*);

  [[nodiscard]] CipherCtx make(Init init) const {
    CipherCtx ctx(EVP_CIPHER_CTX_new());
    REDAN_ASSERT(ctx && init(ctx.get(), cipher_, key_.expose().data(), nullptr, nullptr) == 1);
    return ctx;
  }

  const EVP_CIPHER* cipher_;
  Secret<32> key_;
  CipherCtx seal_;
  CipherCtx open_;
};

/// OpenSSL's ChaCha20 takes the block counter in front of the nonce, in the order of the sample.
class OpensslRecordNumberCipher final : public RecordNumberCipher {
 public:
  OpensslRecordNumberCipher(const EVP_CIPHER* cipher, Bytes key, bool stream)
      : ctx_(EVP_CIPHER_CTX_new()), stream_(stream) {
    REDAN_ASSERT(ctx_ && EVP_EncryptInit_ex2(ctx_.get(), cipher, key.data(), nullptr, nullptr) == 1);
  }

  Mask mask(std::span<const std::uint8_t, kSampleSize> sample) override {
    static constexpr Mask kZeros{};
    const std::uint8_t* text = stream_ ? kZeros.data() : sample.data();
    Mask mask;
    int n = 0;
    REDAN_ASSERT(!stream_ || EVP_EncryptInit_ex2(ctx_.get(), nullptr, nullptr, sample.data(), nullptr) == 1);
    REDAN_ASSERT(EVP_EncryptUpdate(ctx_.get(), mask.data(), &n, text, static_cast<int>(kSampleSize)) == 1);
    return mask;
  }

 private:
  CipherCtx ctx_;
  bool stream_;
};

}  // namespace

std::unique_ptr<RecordNumberCipher> make_record_number_cipher(const Algorithms& algorithms, AeadAlgorithm algorithm,
                                                              Bytes key) {
  REDAN_ASSERT(key.size() == key_size(algorithm));
  return std::make_unique<OpensslRecordNumberCipher>(algorithms.record_number_cipher(algorithm), key,
                                                     algorithm == AeadAlgorithm::chacha20_poly1305);
}

std::unique_ptr<Aead> make_aead(const Algorithms& algorithms, AeadAlgorithm algorithm, Bytes key) {
  REDAN_ASSERT(key.size() == key_size(algorithm));
  return std::make_unique<OpensslAead>(algorithms.cipher(algorithm), key);
}

}  // namespace redan::openssl
