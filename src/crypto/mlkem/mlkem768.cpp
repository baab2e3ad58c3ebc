#include "crypto/mlkem/mlkem768.hpp"

#include "crypto/mlkem/encoding.hpp"
#include "crypto/mlkem/keccak.hpp"
#include "crypto/mlkem/sampling.hpp"

namespace redan::mlkem {
namespace {

constexpr std::size_t kVectorSize = kRank * encoded_size(12);
constexpr std::size_t kCompressedVectorSize = kRank * encoded_size(kDu);
constexpr std::size_t kSeedSize = 32;
static_assert(kEncapsulationKeySize == kVectorSize + kSeedSize);
static_assert(kDecapsulationKeySize == kVectorSize + kEncapsulationKeySize + 2 * kSeedSize);
static_assert(kCiphertextSize == kCompressedVectorSize + encoded_size(kDv));

using Hash = std::array<std::uint8_t, 32>;

Hash h(Bytes data) {
  Hash hash;
  Keccak::sha3_256().absorb(data).squeeze(hash);
  return hash;
}

/// G: two secrets of 32 bytes.
Secret<64> g(Bytes first, Bytes second) {
  Secret<64> both;
  Keccak::sha3_512().absorb(first).absorb(second).squeeze(both.fill(64));
  return both;
}

Seed first_half(const Secret<64>& both) { return both.expose().first<kSeedSize>(); }
Seed second_half(const Secret<64>& both) { return both.expose().last<kSeedSize>(); }

void encode(const Vector& v, MutableBytes bytes) {
  for (std::size_t i = 0; i < kRank; ++i)
    encode(v.polynomials[i], bytes.subspan(i * encoded_size(12), encoded_size(12)));
}

[[nodiscard]] bool decode(Bytes bytes, Vector& v) {
  bool valid = true;
  for (std::size_t i = 0; i < kRank; ++i) {
    valid = decode(bytes.subspan(i * encoded_size(12), encoded_size(12)), v.polynomials[i]) && valid;
  }
  return valid;
}

/// Row i of A, or of its transpose.
Vector matrix_row(Seed rho, std::size_t i, bool transposed) {
  Vector row;
  for (std::size_t j = 0; j < kRank; ++j) {
    const auto column = static_cast<std::uint8_t>(transposed ? i : j);
    row.polynomials[j] = sample_uniform(rho, column, static_cast<std::uint8_t>(transposed ? j : i));
  }
  return row;
}

/// A small vector in NTT form, from numbers `first` and up.
void sample_vector(Seed seed, std::uint8_t first, Vector& v) {
  for (std::size_t i = 0; i < kRank; ++i) {
    sample_small(seed, static_cast<std::uint8_t>(first + i), v.polynomials[i]);
    ntt(v.polynomials[i]);
  }
}

/// An encapsulation key, decoded.
struct PublicVector {
  Vector t;
  Seed rho;
};

/// K-PKE.Encrypt (algorithm 14).
void encrypt(const PublicVector& key, Message message, Seed randomness, MutableBytes ciphertext) {
  Wiped<Vector> y;
  sample_vector(randomness, 0, y);
  Wiped<Polynomial> noise;
  for (std::size_t i = 0; i < kRank; ++i) {
    Polynomial u = inner_product(matrix_row(key.rho, i, true), y);
    inverse_ntt_of_product(u);
    sample_small(randomness, static_cast<std::uint8_t>(kRank + i), noise);
    add(u, noise);
    encode_compressed(u, kDu, ciphertext.subspan(i * encoded_size(kDu), encoded_size(kDu)));
  }
  Wiped<Polynomial> v;
  static_cast<Polynomial&>(v) = inner_product(key.t, y);
  inverse_ntt_of_product(v);
  sample_small(randomness, 2 * kRank, noise);
  add(v, noise);
  static_cast<Polynomial&>(noise) = decode_compressed(message, 1);
  add(v, noise);
  encode_compressed(v, kDv, ciphertext.subspan(kCompressedVectorSize));
}

/// K-PKE.Decrypt (algorithm 15).
void decrypt(Bytes secret_vector, Bytes ciphertext, MutableBytes message) {
  Vector u;
  for (std::size_t i = 0; i < kRank; ++i) {
    u.polynomials[i] = decode_compressed(ciphertext.subspan(i * encoded_size(kDu), encoded_size(kDu)), kDu);
    ntt(u.polynomials[i]);
  }
  Wiped<Vector> s;
  static_cast<void>(decode(secret_vector, s));  // our own key
  Wiped<Polynomial> product;
  static_cast<Polynomial&>(product) = inner_product(s, u);
  inverse_ntt_of_product(product);
  Wiped<Polynomial> w;
  static_cast<Polynomial&>(w) = decode_compressed(ciphertext.subspan(kCompressedVectorSize), kDv);
  subtract(w, product);
  encode_compressed(w, 1, message);
}

/// Copies `other` over `secret` if the ciphertexts differ, in constant time.
void replace_unless_equal(Bytes a, Bytes b, Bytes other, MutableBytes secret) {
  std::uint32_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= a[i] ^ b[i];
  const auto mask = static_cast<std::uint8_t>((0U - difference) >> 24);  // 0, or all ones
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] ^= static_cast<std::uint8_t>(mask & (secret[i] ^ other[i]));
}

}  // namespace

void generate_keys(Seed rho, Seed sigma, MutableBytes secret_vector, MutableBytes encapsulation_key) {
  Wiped<Vector> s;
  sample_vector(sigma, 0, s);
  Wiped<Vector> e;
  sample_vector(sigma, kRank, e);
  Vector t;
  for (std::size_t i = 0; i < kRank; ++i) {
    t.polynomials[i] = inner_product(matrix_row(rho, i, false), s);
    from_product(t.polynomials[i]);
    add(t.polynomials[i], e.polynomials[i]);
  }
  encode(s, secret_vector);
  encode(t, encapsulation_key);
  std::ranges::copy(rho, encapsulation_key.begin() + kVectorSize);
}

DecapsulationKey::DecapsulationKey(KeySeed seed) {
  const Secret<64> seeds = g(seed.first<kSeedSize>(), std::array{static_cast<std::uint8_t>(kRank)});
  const MutableBytes key = key_.fill(kDecapsulationKeySize);
  const MutableBytes public_key = key.subspan(kVectorSize, kEncapsulationKeySize);
  generate_keys(first_half(seeds), second_half(seeds), key.first(kVectorSize), public_key);
  std::ranges::copy(h(public_key), key.end() - 2 * kSeedSize);
  std::ranges::copy(seed.last<kSeedSize>(), key.end() - kSeedSize);
}

std::optional<DecapsulationKey> DecapsulationKey::parse(Bytes encoded) {
  if (encoded.size() != kDecapsulationKeySize) return std::nullopt;
  DecapsulationKey key;
  std::ranges::copy(encoded, key.key_.fill(kDecapsulationKeySize).begin());
  const Bytes hash = encoded.subspan(kVectorSize + kEncapsulationKeySize, kSeedSize);
  if (!std::ranges::equal(h(key.encapsulation_key()), hash)) return std::nullopt;
  return key;
}

Bytes DecapsulationKey::encapsulation_key() const { return key_.expose().subspan(kVectorSize, kEncapsulationKeySize); }

bool encapsulate(std::span<const std::uint8_t, kEncapsulationKeySize> key, Message message,
                 std::span<std::uint8_t, kCiphertextSize> ciphertext,
                 std::span<std::uint8_t, kSharedSecretSize> secret) {
  PublicVector decoded{{}, key.last<kSeedSize>()};
  if (!decode(key.first(kVectorSize), decoded.t)) return false;
  const Secret<64> both = g(message, h(key));
  encrypt(decoded, message, second_half(both), ciphertext);
  std::ranges::copy(first_half(both), secret.begin());
  return true;
}

void DecapsulationKey::decapsulate(std::span<const std::uint8_t, kCiphertextSize> ciphertext,
                                   std::span<std::uint8_t, kSharedSecretSize> secret) const {
  const Bytes key = key_.expose();
  const Bytes public_key = encapsulation_key();
  Secret<kSeedSize> message;
  decrypt(key.first(kVectorSize), ciphertext, message.fill(kSeedSize));
  const Secret<64> both = g(message.expose(), key.subspan(kVectorSize + kEncapsulationKeySize, kSeedSize));
  Secret<kSharedSecretSize> rejection;
  Keccak::shake256().absorb(key.last(kSeedSize)).absorb(ciphertext).squeeze(rejection.fill(kSharedSecretSize));

  PublicVector decoded{{}, Seed(public_key.last<kSeedSize>())};
  static_cast<void>(decode(public_key.first(kVectorSize), decoded.t));  // our own key
  Secret<kCiphertextSize> expected;
  encrypt(decoded, Message(message.expose().first<kSeedSize>()), second_half(both), expected.fill(kCiphertextSize));
  std::ranges::copy(first_half(both), secret.begin());
  replace_unless_equal(ciphertext, expected.expose(), rejection.expose(), secret);
}

}  // namespace redan::mlkem
