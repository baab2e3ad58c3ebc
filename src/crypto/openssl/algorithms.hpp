// Algorithms that one OpenSSL provider fetches once and its objects share: in OpenSSL 3, looking up an algorithm by
// name takes longer than hashing a short message.
#pragma once

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>
#include <redan/crypto.hpp>

namespace redan::openssl {

template <auto Free>
struct Release {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Md = std::unique_ptr<EVP_MD, Release<EVP_MD_free>>;
using MdCtx = std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX_free>>;
using Cipher = std::unique_ptr<EVP_CIPHER, Release<EVP_CIPHER_free>>;
using CipherCtx = std::unique_ptr<EVP_CIPHER_CTX, Release<EVP_CIPHER_CTX_free>>;
using Pkey = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using PkeyCtx = std::unique_ptr<EVP_PKEY_CTX, Release<EVP_PKEY_CTX_free>>;

/// Clears what OpenSSL puts on this thread's error queue, because other code (TLS on the same thread) reads that queue.
class ErrorScope {
 public:
  ErrorScope() { ERR_set_mark(); }
  ~ErrorScope() { ERR_pop_to_mark(); }
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;
};

/// A named curve: an EVP_PKEY with the group only, and a context that makes keys on it.
struct Curve {
  Pkey parameters;
  PkeyCtx keygen;
};

struct Algorithms {
  Algorithms();

  [[nodiscard]] const EVP_MD* hash(HashAlgorithm algorithm) const;
  [[nodiscard]] const EVP_CIPHER* cipher(AeadAlgorithm algorithm) const;
  /// That of RecordNumberCipher.
  [[nodiscard]] const EVP_CIPHER* record_number_cipher(AeadAlgorithm algorithm) const;
  [[nodiscard]] const Curve& curve(KeyType type) const { return type == KeyType::ecdsa_p384 ? p384 : p256; }

  Md sha1, sha256, sha384;
  Cipher aes_128_gcm, aes_256_gcm, chacha20_poly1305;
  Cipher aes_128_ecb, aes_256_ecb, chacha20;
  Curve p256, p384;
  PkeyCtx x25519_keygen;
};

/// A key from a keygen context. Aborts the process if OpenSSL fails (no memory, no entropy).
Pkey generate(EVP_PKEY_CTX* keygen);
/// A public key on the curve; null if the point is not on it. `point` is uncompressed and of the right length.
Pkey ecdsa_public_key(const Curve& curve, Bytes point);

std::unique_ptr<Hash> make_hash(const Algorithms& algorithms, HashAlgorithm algorithm);
std::unique_ptr<Hmac> make_hmac(const Algorithms& algorithms, HashAlgorithm algorithm, Bytes key);
/// The context may be in any state, and is left in any state.
Digest hmac_once(EVP_MD_CTX* ctx, const Algorithms& algorithms, HashAlgorithm algorithm, Bytes key, Bytes data);
std::unique_ptr<Aead> make_aead(const Algorithms& algorithms, AeadAlgorithm algorithm, Bytes key);
std::unique_ptr<RecordNumberCipher> make_record_number_cipher(const Algorithms& algorithms, AeadAlgorithm algorithm,
                                                              Bytes key);
std::unique_ptr<KeyExchange> make_key_exchange(const Algorithms& algorithms, Group group);
std::unique_ptr<PrivateKey> make_private_key(const Algorithms& algorithms, KeyType type);
Result<std::unique_ptr<PrivateKey>> load_private_key(const Algorithms& algorithms, Bytes pkcs8_der);
Result<std::unique_ptr<PublicKey>> load_public_key(const Algorithms& algorithms, Bytes subject_public_key_info_der);

}  // namespace redan::openssl
