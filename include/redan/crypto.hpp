// The interface to the cryptographic primitives. It contains no protocol knowledge: PRF, key schedule and exporter are
// in rtc/dtls.
//
// Construct a Provider with openssl_provider() or mbedtls_provider(). Both pass the same contract suite. A provider
// serves one thread and must outlive the objects it made.
#pragma once

#include <memory>
#include <optional>
#include <redan/error.hpp>
#include <redan/export.hpp>
#include <redan/random.hpp>
#include <redan/secret.hpp>
#include <redan/types.hpp>
#include <vector>

namespace redan REDAN_PUBLIC {

// Hashing.

enum class HashAlgorithm : std::uint8_t { sha1, sha256, sha384 };
inline constexpr std::size_t kMaxHashSize = 48;

constexpr std::size_t hash_size(HashAlgorithm algorithm) {
  return algorithm == HashAlgorithm::sha1 ? 20 : algorithm == HashAlgorithm::sha256 ? 32 : 48;
}

/// A digest of any of the algorithms, by value.
struct Digest {
  std::array<std::uint8_t, kMaxHashSize> storage{};
  std::size_t size = 0;
  [[nodiscard]] Bytes bytes() const { return Bytes(storage).first(size); }
};

/// A running hash. digest() may be called at any time and does not finish the hash.
class Hash {
 public:
  virtual ~Hash() = default;
  virtual void update(Bytes data) = 0;
  [[nodiscard]] virtual Digest digest() const = 0;
};

/// HMAC under one key; compute() any number of times over the concatenation of `parts`.
class Hmac {
 public:
  virtual ~Hmac() = default;
  virtual Digest compute(std::span<const Bytes> parts) = 0;
};

// Authenticated encryption.

enum class AeadAlgorithm : std::uint8_t { aes_128_gcm, aes_256_gcm, chacha20_poly1305 };
inline constexpr std::size_t kAeadTagSize = 16;
inline constexpr std::size_t kAeadNonceSize = 12;

constexpr std::size_t key_size(AeadAlgorithm algorithm) { return algorithm == AeadAlgorithm::aes_128_gcm ? 16 : 32; }

/// A nonce for encryption. Only a NonceSequence makes one, and each only once: a caller cannot repeat or choose a
/// nonce.
class SealNonce {
 public:
  SealNonce(const SealNonce&) = delete;
  SealNonce& operator=(const SealNonce&) = delete;
  SealNonce(SealNonce&&) = default;
  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  friend class NonceSequence;
  friend struct KnownAnswer;  // for tests: published vectors fix the nonce
  explicit SealNonce(const std::array<std::uint8_t, kAeadNonceSize>& bytes) : bytes_(bytes) {}
  std::array<std::uint8_t, kAeadNonceSize> bytes_;
};

/// A nonce for decryption, as received.
struct OpenNonce {
  std::array<std::uint8_t, kAeadNonceSize> bytes{};
};

/// An AEAD under one key.
class Aead {
 public:
  virtual ~Aead() = default;
  /// Encrypts `text` in place and writes the tag.
  virtual void seal(const SealNonce& nonce, Bytes associated, MutableBytes text,
                    std::span<std::uint8_t, kAeadTagSize> tag) = 0;
  /// Decrypts `text` in place. Returns false if the tag does not verify; the content of `text` is then unspecified.
  [[nodiscard]] virtual bool open(const OpenNonce& nonce, Bytes associated, MutableBytes text,
                                  std::span<const std::uint8_t, kAeadTagSize> tag) = 0;
};

/// Masks the record numbers of DTLS 1.3 under one key (RFC 9147 section 4.2.3).
class RecordNumberCipher {
 public:
  static constexpr std::size_t kSampleSize = 16;
  using Mask = std::array<std::uint8_t, kSampleSize>;

  virtual ~RecordNumberCipher() = default;
  /// The mask for a record whose ciphertext begins with `sample`: AES in ECB mode with an AES suite, and with ChaCha20
  /// a key stream whose block counter and nonce are the sample.
  [[nodiscard]] virtual Mask mask(std::span<const std::uint8_t, kSampleSize> sample) = 0;
};

// Key exchange.

/// Values as in TLS (RFC 8422 section 5.1.1, draft-ietf-tls-ecdhe-mlkem). x25519_mlkem768 is for TLS 1.3 only.
enum class Group : std::uint16_t { secp256r1 = 23, secp384r1 = 24, x25519 = 29, x25519_mlkem768 = 0x11EC };

using SharedSecret = Secret<64>;
inline constexpr std::size_t kMaxKeyShareSize = 1216;

// A key exchange has the shape of a KEM, so that the post-quantum group fits into it:
//
//   initiator   Provider::start_key_exchange(group)             its share
//   responder   Provider::respond_key_exchange(group, share)    its own share, and the secret
//   initiator   KeyExchange::finish(share)                      the secret
//
// In TLS 1.3 the client is the initiator. In DTLS 1.2 the server sends its share first, in ServerKeyExchange: there the
// server is the initiator, the client responds with ClientKeyExchange, and the server finishes.

/// The initiator's part, with one ephemeral key pair. Its secrets are wiped with it.
class KeyExchange {
 public:
  virtual ~KeyExchange() = default;
  /// For the responder. X25519: 32 bytes. P-256, P-384: the uncompressed point. X25519MLKEM768: the ML-KEM
  /// encapsulation key (1184 bytes) and the X25519 key. Lives as long as the object.
  [[nodiscard]] virtual Bytes share() const = 0;
  /// Computes the secret from the responder's share. False for a malformed or invalid point and for an all-zero X25519
  /// result (RFC 7748 section 6.1). An invalid ML-KEM ciphertext gives a secret that the responder does not have. May
  /// be called again.
  [[nodiscard]] virtual bool finish(Bytes peer_share, SharedSecret& secret) = 0;
};

/// The responder's part, which is done at once.
struct KeyExchangeResponse {
  std::vector<std::uint8_t> share;  ///< for the initiator
  SharedSecret secret;
};

// Signatures.

/// Values as in TLS (RFC 8446 section 4.2.3).
enum class SignatureScheme : std::uint16_t {
  rsa_pkcs1_sha256 = 0x0401,
  rsa_pkcs1_sha384 = 0x0501,
  ecdsa_secp256r1_sha256 = 0x0403,
  ecdsa_secp384r1_sha384 = 0x0503,
  rsa_pss_rsae_sha256 = 0x0804,
  rsa_pss_rsae_sha384 = 0x0805,
};

constexpr HashAlgorithm hash_of(SignatureScheme scheme) {
  return scheme == SignatureScheme::rsa_pkcs1_sha256 || scheme == SignatureScheme::rsa_pss_rsae_sha256 ||
                 scheme == SignatureScheme::ecdsa_secp256r1_sha256
             ? HashAlgorithm::sha256
             : HashAlgorithm::sha384;
}

enum class KeyType : std::uint8_t { ecdsa_p256, ecdsa_p384, rsa_2048, rsa_4096 };
inline constexpr std::size_t kMaxSignatureSize = 512;

/// Whether a key of this type can sign with this scheme. In TLS 1.2 an ECDSA scheme names a hash, not a curve (RFC 5246
/// section 7.4.1.4.1), and peers rely on that: OpenSSL signs with a P-384 key and SHA-256.
constexpr bool fits(KeyType type, SignatureScheme scheme) {
  const bool ecdsa_scheme =
      scheme == SignatureScheme::ecdsa_secp256r1_sha256 || scheme == SignatureScheme::ecdsa_secp384r1_sha384;
  return ecdsa_scheme == (type == KeyType::ecdsa_p256 || type == KeyType::ecdsa_p384);
}

class PrivateKey {
 public:
  virtual ~PrivateKey() = default;
  [[nodiscard]] virtual KeyType type() const = 0;
  /// SubjectPublicKeyInfo, DER.
  [[nodiscard]] virtual std::vector<std::uint8_t> public_key_der() const = 0;
  /// PKCS#8 PrivateKeyInfo, DER, unencrypted. The caller must wipe it.
  [[nodiscard]] virtual std::vector<std::uint8_t> private_key_der() const = 0;
  /// Signs `digest`, which is hash_of(scheme) over the message. ECDSA signatures are strict DER (RFC 3279). Refuses a
  /// scheme that does not fit the key. Returns the length of the signature written to `signature`.
  [[nodiscard]] virtual Result<std::size_t> sign(SignatureScheme scheme, Bytes digest,
                                                 std::span<std::uint8_t, kMaxSignatureSize> signature) const = 0;
};

/// A peer's public key, parsed once.
class PublicKey {
 public:
  virtual ~PublicKey() = default;
  [[nodiscard]] virtual KeyType type() const = 0;  ///< an RSA key of 2,048 to 4,096 bits is rsa_2048 or rsa_4096
  /// Returns false unless `signature` is a valid signature of `digest`, strictly encoded, with a scheme that fits the
  /// key.
  [[nodiscard]] virtual bool verify(SignatureScheme scheme, Bytes digest, Bytes signature) const = 0;
};

// The provider.

class Provider;

/// What Provider::respond_key_exchange() does unless a provider overrides it.
std::optional<KeyExchangeResponse> default_key_exchange_response(Provider& provider, Group group, Bytes peer_share);

class Provider : public RandomSource {
 public:
  [[nodiscard]] virtual std::string_view name() const = 0;  ///< "openssl" or "mbedtls"

  [[nodiscard]] virtual Digest hash(HashAlgorithm algorithm, Bytes data) = 0;
  [[nodiscard]] virtual std::unique_ptr<Hash> start_hash(HashAlgorithm algorithm) = 0;
  [[nodiscard]] virtual std::unique_ptr<Hmac> hmac(HashAlgorithm algorithm, Bytes key) = 0;
  /// HMAC under a key that is used just once.
  [[nodiscard]] virtual Digest hmac_once(HashAlgorithm algorithm, Bytes key, Bytes data) {
    return hmac(algorithm, key)->compute(std::array{data});
  }
  /// MD5, for one purpose: the key of a STUN long-term credential in its older form (RFC 8489 section 18.5.1.1), which
  /// most TURN servers still require. Nothing else may use it. nullopt if the backend has no MD5.
  [[nodiscard]] virtual std::optional<Secret<16>> md5_for_stun_credentials(Bytes) { return std::nullopt; }
  /// `key` is key_size(algorithm) long.
  [[nodiscard]] virtual std::unique_ptr<Aead> aead(AeadAlgorithm algorithm, Bytes key) = 0;
  /// For the records of this AEAD. `key` is key_size(algorithm) long.
  [[nodiscard]] virtual std::unique_ptr<RecordNumberCipher> record_number_cipher(AeadAlgorithm algorithm,
                                                                                 Bytes key) = 0;
  [[nodiscard]] virtual std::unique_ptr<KeyExchange> start_key_exchange(Group group) = 0;
  /// nullopt where KeyExchange::finish() would be false, and for an ML-KEM key that fails its check (FIPS 203 section
  /// 7.2). In a Diffie-Hellman group the responder does what the initiator does.
  [[nodiscard]] virtual std::optional<KeyExchangeResponse> respond_key_exchange(Group group, Bytes peer_share) {
    return default_key_exchange_response(*this, group, peer_share);
  }
  [[nodiscard]] virtual std::unique_ptr<PrivateKey> generate_key(KeyType type) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<PrivateKey>> load_private_key(Bytes pkcs8_der) = 0;
  /// Accepts P-256, P-384 (named curve, uncompressed) or RSA of 2,048 to 4,096 bits; anything else is crypto_bad_key.
  [[nodiscard]] virtual Result<std::unique_ptr<PublicKey>> load_public_key(Bytes subject_public_key_info_der) = 0;
};

/// Each is null if the library was built without it.
std::unique_ptr<Provider> openssl_provider();
std::unique_ptr<Provider> mbedtls_provider();
/// OpenSSL's if it was built, otherwise mbedTLS's; never null.
std::unique_ptr<Provider> default_provider();

// Identity.

/// A certificate with its private key, which a peer presents and proves.
struct Identity {
  std::vector<std::uint8_t> certificate_der;
  std::shared_ptr<const PrivateKey> key;
};

struct SelfSignedOptions {
  KeyType key_type = KeyType::ecdsa_p256;
  std::string_view common_name = "Redan";
  /// Names under which a TLS client may connect: DNS names or IP addresses. None for WebRTC.
  std::vector<std::string> subject_alternative_names{};
  WallTime not_before{};
  WallTime not_after{};
};

/// Makes a new key and a self-signed X.509 v3 certificate for it (RFC 5280). invalid_argument for an empty common name
/// or one above 64 bytes, for names that are neither an address nor printable ASCII, and for dates outside the years
/// 0000 to 9999 or out of order.
Result<Identity> self_signed(Provider& provider, const SelfSignedOptions& options);
/// The same for an existing key.
Result<Identity> self_signed(Provider& provider, std::shared_ptr<const PrivateKey> key,
                             const SelfSignedOptions& options);

/// A certificate's fingerprint (RFC 8122 section 5): SHA-256 or SHA-384. Weaker hashes cannot be represented.
struct Fingerprint {
  HashAlgorithm algorithm = HashAlgorithm::sha256;
  Digest digest;

  static Fingerprint of(Provider& provider, HashAlgorithm algorithm, Bytes certificate_der);
  /// Parses the value of an a=fingerprint line: "sha-256 AB:CD:...". Hash names and hex in either case; nullopt for
  /// other hashes, wrong lengths and malformed text.
  static std::optional<Fingerprint> parse(std::string_view value);
  /// In the form of RFC 8122: lower-case hash name, upper-case hex.
  [[nodiscard]] std::string text() const;
  /// Takes constant time in the digest.
  [[nodiscard]] bool equals(const Fingerprint& other) const;
};

}  // namespace REDAN_PUBLIC
