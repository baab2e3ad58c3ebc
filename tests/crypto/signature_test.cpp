#include "crypto/key_encoding.hpp"
#include "provider_test.hpp"

namespace redan::test {
namespace {

constexpr std::array<SignatureScheme, 6> kSchemes{
    SignatureScheme::rsa_pkcs1_sha256,       SignatureScheme::rsa_pkcs1_sha384,
    SignatureScheme::rsa_pss_rsae_sha256,    SignatureScheme::rsa_pss_rsae_sha384,
    SignatureScheme::ecdsa_secp256r1_sha256, SignatureScheme::ecdsa_secp384r1_sha384};
constexpr std::array<KeyType, 3> kKeyTypes{KeyType::ecdsa_p256, KeyType::ecdsa_p384, KeyType::rsa_2048};

class SignatureContract : public ProviderTest {};
REDAN_FOR_EACH_BACKEND(SignatureContract);
class SignaturePair : public ProviderPairTest {};
REDAN_FOR_EACH_PAIR(SignaturePair);

Buffer sign(const PrivateKey& key, SignatureScheme scheme, Bytes digest) {
  std::array<std::uint8_t, kMaxSignatureSize> signature{};
  const auto size = key.sign(scheme, digest, signature);
  EXPECT_TRUE(size);
  return Buffer(signature.begin(), signature.begin() + static_cast<std::ptrdiff_t>(size.value_or(0)));
}

TEST_P(SignaturePair, OneVerifiesTheOthersSignaturesInEveryScheme) {
  for (const KeyType type : kKeyTypes) {
    const auto key = maker_->generate_key(type);
    ASSERT_EQ(key->type(), type);
    const auto public_key = checker_->load_public_key(key->public_key_der());
    ASSERT_TRUE(public_key);
    EXPECT_EQ((*public_key)->type(), type);
    for (const SignatureScheme scheme : kSchemes) {
      if (!fits(type, scheme)) continue;
      for (int i = 0; i < 20; ++i) {  // ECDSA integers vary in length
        const Buffer message(static_cast<std::size_t>(i), 'm');
        const Digest digest = maker_->hash(hash_of(scheme), message);
        const Buffer signature = sign(*key, scheme, digest.bytes());
        EXPECT_TRUE((*public_key)->verify(scheme, digest.bytes(), signature));
        const Digest other = maker_->hash(hash_of(scheme), as_bytes("other"));
        EXPECT_FALSE((*public_key)->verify(scheme, other.bytes(), signature));
        if (type == KeyType::rsa_2048 && i == 2) break;
      }
    }
  }
}

TEST_P(SignaturePair, ASignatureOfOneSchemeIsInvalidInAnother) {
  const auto key = maker_->generate_key(KeyType::rsa_2048);
  const auto public_key = checker_->load_public_key(key->public_key_der());
  ASSERT_TRUE(public_key);
  for (const SignatureScheme made : kSchemes) {
    if (!fits(KeyType::rsa_2048, made)) continue;
    const Digest digest = maker_->hash(hash_of(made), as_bytes("x"));
    const Buffer signature = sign(*key, made, digest.bytes());
    for (const SignatureScheme checked : kSchemes) {
      const Digest same = maker_->hash(hash_of(checked), as_bytes("x"));
      EXPECT_EQ((*public_key)->verify(checked, same.bytes(), signature), made == checked);
    }
  }
}

TEST_P(SignaturePair, RefusesEveryFlippedByteOfASignature) {
  for (const KeyType type : kKeyTypes) {
    const auto key = maker_->generate_key(type);
    const auto public_key = checker_->load_public_key(key->public_key_der());
    ASSERT_TRUE(public_key);
    const SignatureScheme scheme = is_ecdsa(type) ? type == KeyType::ecdsa_p256
                                                        ? SignatureScheme::ecdsa_secp256r1_sha256
                                                        : SignatureScheme::ecdsa_secp384r1_sha384
                                                  : SignatureScheme::rsa_pss_rsae_sha256;
    const Digest digest = maker_->hash(hash_of(scheme), as_bytes("x"));
    const Buffer good = sign(*key, scheme, digest.bytes());
    for (std::size_t i = 0; i < good.size(); ++i) {
      Buffer bad = good;
      bad[i] ^= 0x01U;
      EXPECT_FALSE((*public_key)->verify(scheme, digest.bytes(), bad)) << i;
    }
    for (const std::size_t n : {std::size_t{0}, good.size() - 1, good.size() + 1}) {
      Buffer bad = good;
      bad.resize(n);
      EXPECT_FALSE((*public_key)->verify(scheme, digest.bytes(), bad)) << n;
    }
    EXPECT_TRUE((*public_key)->verify(scheme, digest.bytes(), good));
  }
}

TEST_P(SignatureContract, RefusesToSignOrVerifyWithASchemeThatDoesNotFitTheKey) {
  for (const KeyType type : kKeyTypes) {
    const auto key = provider_->generate_key(type);
    const auto public_key = provider_->load_public_key(key->public_key_der());
    ASSERT_TRUE(public_key);
    for (const SignatureScheme scheme : kSchemes) {
      if (fits(type, scheme)) continue;
      const Digest digest = provider_->hash(hash_of(scheme), as_bytes("x"));
      std::array<std::uint8_t, kMaxSignatureSize> out{};
      const auto size = key->sign(scheme, digest.bytes(), out);
      ASSERT_FALSE(size);
      EXPECT_EQ(size.error(), Errc::invalid_argument);
      EXPECT_FALSE((*public_key)->verify(scheme, digest.bytes(), Bytes(out).first(64)));
    }
  }
}

TEST_P(SignatureContract, RefusesADigestOfTheWrongLength) {
  const auto key = provider_->generate_key(KeyType::ecdsa_p256);
  const auto public_key = provider_->load_public_key(key->public_key_der());
  const auto scheme = SignatureScheme::ecdsa_secp256r1_sha256;
  const Digest digest = provider_->hash(HashAlgorithm::sha384, as_bytes("x"));
  const Buffer good = sign(*key, scheme, digest.bytes().first(32));
  std::array<std::uint8_t, kMaxSignatureSize> out{};
  for (const std::size_t n : {0U, 20U, 31U, 33U, 48U}) {
    EXPECT_FALSE(key->sign(scheme, digest.bytes().first(n), out));
    EXPECT_FALSE((*public_key)->verify(scheme, digest.bytes().first(n), good));
  }
  EXPECT_TRUE((*public_key)->verify(scheme, digest.bytes().first(32), good));
}

// RFC 6979 appendices A.2.5 and A.2.6.

struct EcdsaVector {
  KeyType type;
  SignatureScheme scheme;
  const char* x;
  const char* point;
  const char* message;
  const char* r;
  const char* s;
};

const EcdsaVector kEcdsaVectors[] = {
    {KeyType::ecdsa_p256, SignatureScheme::ecdsa_secp256r1_sha256,
     "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
     "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5"
     "177"
     "a3c294d4462299",
     "sample", "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
    {KeyType::ecdsa_p256, SignatureScheme::ecdsa_secp256r1_sha256,
     "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
     "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5"
     "177"
     "a3c294d4462299",
     "test", "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
     "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"},
    {KeyType::ecdsa_p384, SignatureScheme::ecdsa_secp384r1_sha384,
     "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
     "04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc138015d9b72d7d572"
     "44e"
     "a8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
     "sample", "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46",
     "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8"},
    {KeyType::ecdsa_p384, SignatureScheme::ecdsa_secp384r1_sha384,
     "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
     "04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc138015d9b72d7d572"
     "44e"
     "a8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
     "test", "8203b63d3c853e8d77227fb377bcf7b7b772e97892a80f36ab775d509d7a5feb0542a7f0812998da8f1dd3ca3cf023db",
     "ddd0760448d42d8a43af45af836fce4de8be06b485e9b61b827c2f13173923e06a739f040649a667bf3b828246baa5a5"}};

/// PKCS#8 of an ECPrivateKey (RFC 5915) without optional fields except the public key.
Buffer ec_pkcs8(const EcdsaVector& v) {
  const std::uint8_t version[] = {1};
  const Buffer key =
      der::element(der::kSequence, {der::unsigned_integer(version), der::element(der::kOctetString, {hex(v.x)}),
                                    der::element(der::context_constructed(1), {der::bit_string(hex(v.point))})});
  return PrivateKeyEncoding{false, v.type, key}.write();
}

TEST_P(SignatureContract, VerifiesThePublishedEcdsaSignatures) {
  for (const EcdsaVector& v : kEcdsaVectors) {
    const auto key = provider_->load_public_key(ecdsa_public_key_der(v.type, hex(v.point)));
    ASSERT_TRUE(key);
    const Digest digest = provider_->hash(hash_of(v.scheme), as_bytes(v.message));
    EXPECT_TRUE((*key)->verify(v.scheme, digest.bytes(), EcdsaSignature{hex(v.r), hex(v.s)}.write()));
    EXPECT_FALSE((*key)->verify(v.scheme, digest.bytes(), EcdsaSignature{hex(v.s), hex(v.r)}.write()));
  }
}

TEST_P(SignatureContract, SignsWithThePublishedKeys) {
  for (const EcdsaVector& v : kEcdsaVectors) {
    const auto key = provider_->load_private_key(ec_pkcs8(v));
    ASSERT_TRUE(key);
    EXPECT_EQ(to_hex((*key)->public_key_der()), to_hex(ecdsa_public_key_der(v.type, hex(v.point))));
    const Digest digest = provider_->hash(hash_of(v.scheme), as_bytes(v.message));
    const Buffer signature = sign(**key, v.scheme, digest.bytes());
    // mbedTLS uses RFC 6979's deterministic nonces; OpenSSL 3.0 uses random ones.
    if (provider_->name() == "mbedtls") {
      EXPECT_EQ(to_hex(signature), to_hex(EcdsaSignature{hex(v.r), hex(v.s)}.write()));
    } else {
      EXPECT_NE(to_hex(signature), to_hex(sign(**key, v.scheme, digest.bytes())));
    }
  }
}

// Malformed and degenerate ECDSA signatures (the kinds Project Wycheproof tries).

TEST_P(SignatureContract, RefusesMalformedAndDegenerateEcdsaSignatures) {
  const EcdsaVector& v = kEcdsaVectors[0];
  const auto key = provider_->load_public_key(ecdsa_public_key_der(v.type, hex(v.point)));
  ASSERT_TRUE(key);
  const Digest digest = provider_->hash(hash_of(v.scheme), as_bytes(v.message));
  const auto verifies = [&](const std::string& signature) {
    return (*key)->verify(v.scheme, digest.bytes(), hex(signature));
  };
  const std::string order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
  const std::string r = "022100" + std::string(v.r), s = "022100" + std::string(v.s);
  ASSERT_TRUE(verifies("3046" + r + s));

  const std::string n = "022100" + order;
  const std::string n_plus_1 = "022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552";
  const std::string n_minus_1 = "022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";
  const std::string p = "022100ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
  const std::string zero = "020100", one = "020101";
  const auto sequence = [](const std::string& body) {
    const std::array<std::uint8_t, 1> length{static_cast<std::uint8_t>(body.size() / 2)};
    return "30" + to_hex(length) + body;
  };
  for (const std::string& other : {zero, one, n, n_plus_1, n_minus_1, p, std::string("0201ff"), std::string("0200")}) {
    EXPECT_FALSE(verifies(sequence(other + s))) << other;
    EXPECT_FALSE(verifies(sequence(r + other))) << other;
    for (const std::string& second : {zero, one, n, n_minus_1}) EXPECT_FALSE(verifies(sequence(other + second)));
  }
  const std::vector<std::string> malformed{
      "",  // nothing
      "30",
      "3000",
      "0500",
      "3080",
      "30800000",   // no integers; indefinite length
      sequence(r),  // one integer
      sequence(r + s) + "00",
      sequence(r + s) + "0500",  // trailing bytes
      sequence(r + s + "0500"),
      sequence(r + s + one),  // trailing elements
      "3045" + r + s,
      "3047" + r + s,  // wrong outer length
      "308146" + r + s,
      "30820046" + r + s,
      "3084"
      "00000046" +
          r + s,                // outer length not minimal
      "3080" + r + s + "0000",  // BER indefinite length
      "3146" + r + s,
      "2e46" + r + s,
      "ff46" + r + s,                               // wrong outer tag
      sequence("02220000" + std::string(v.r) + s),  // r with an unnecessary zero
      sequence("0220" + std::string(v.r) + s),      // r negative
      sequence("02812100" + std::string(v.r) + s),  // inner length not minimal
      sequence("0282002100" + std::string(v.r) + s),
      sequence("032100" + std::string(v.r) + s),  // BIT STRING
      sequence("042100" + std::string(v.r) + s),
      sequence("022100" + std::string(v.r) + "0000" + s),  // zeros between
      sequence("022200" + std::string(v.r) + "00" + s),    // r shifted by a byte
      sequence("022101" + std::string(v.r) + s),           // r + 2^256
      std::string(v.r) + v.s,                              // IEEE P1363
      sequence("0980" + s),
      sequence("090142" + s),  // REAL
      sequence("0000" + r + s),
      sequence(r + s + "0000"),
      sequence("3046" + r + s),  // nested
  };
  for (const std::string& signature : malformed) EXPECT_FALSE(verifies(signature)) << signature;
  const std::string good = sequence(r + s);
  for (std::size_t i = 0; i < good.size(); i += 2) EXPECT_FALSE(verifies(good.substr(0, i))) << "truncated";
}

// Keys.

TEST_P(SignaturePair, PrivateKeysRoundTripAsPkcs8) {
  for (const KeyType type : kKeyTypes) {
    const auto original = maker_->generate_key(type);
    const auto loaded = checker_->load_private_key(original->private_key_der());
    ASSERT_TRUE(loaded);
    EXPECT_EQ((*loaded)->type(), type);
    EXPECT_EQ(to_hex((*loaded)->public_key_der()), to_hex(original->public_key_der()));
    const auto again = maker_->load_private_key((*loaded)->private_key_der());
    ASSERT_TRUE(again);
    EXPECT_EQ(to_hex((*again)->public_key_der()), to_hex(original->public_key_der()));
  }
}

TEST_P(SignatureContract, RefusesTruncatedAndExtendedKeys) {
  for (const KeyType type : {KeyType::ecdsa_p256, KeyType::rsa_2048}) {
    const auto key = provider_->generate_key(type);
    for (const bool is_private : {false, true}) {
      const Buffer der = is_private ? key->private_key_der() : key->public_key_der();
      const auto loads = [&](const Buffer& bytes) {
        return is_private ? provider_->load_private_key(bytes).has_value()
                          : provider_->load_public_key(bytes).has_value();
      };
      EXPECT_TRUE(loads(der));
      for (std::size_t n = 0; n < der.size(); n += type == KeyType::rsa_2048 ? 7 : 1) {
        EXPECT_FALSE(loads(Buffer(der.begin(), der.begin() + static_cast<std::ptrdiff_t>(n)))) << n;
      }
      Buffer longer = der;
      longer.push_back(0);
      EXPECT_FALSE(loads(longer));
    }
  }
}

TEST_P(SignatureContract, RefusesPublicKeysOffTheCurveOrInAnotherForm) {
  for (const EcdsaVector& v : {kEcdsaVectors[0], kEcdsaVectors[2]}) {
    const Buffer point = hex(v.point);
    const auto loads = [&](const Buffer& p) {
      return provider_->load_public_key(ecdsa_public_key_der(v.type, p)).has_value();
    };
    EXPECT_TRUE(loads(point));
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}, point.size() - 1}) {
      Buffer bad = point;
      bad[i] ^= 1U;
      EXPECT_FALSE(loads(bad)) << i;
    }
    Buffer compressed(point.begin(), point.begin() + 1 + static_cast<std::ptrdiff_t>(point.size() / 2));
    compressed[0] = static_cast<std::uint8_t>(2 + (point.back() & 1U));
    EXPECT_FALSE(loads(compressed));
    EXPECT_FALSE(loads({0}));
    Buffer zeros(point.size(), 0);
    zeros[0] = 4;
    EXPECT_FALSE(loads(zeros));
  }
  // A point of one curve under the other curve's name.
  EXPECT_FALSE(provider_->load_public_key(ecdsa_public_key_der(KeyType::ecdsa_p384, hex(kEcdsaVectors[0].point))));
}

TEST_P(SignatureContract, RefusesRsaKeysOutsideTheLimits) {
  const auto loads = [&](std::size_t bytes, Buffer exponent, std::uint8_t top = 0xc0, std::uint8_t low = 1) {
    Buffer modulus(bytes, 0x5a);
    modulus.front() = top;
    modulus.back() = low;
    return provider_->load_public_key(rsa_public_key_der(modulus, exponent)).has_value();
  };
  const Buffer f4{1, 0, 1};
  EXPECT_TRUE(loads(256, f4));
  EXPECT_TRUE(loads(384, f4));
  EXPECT_TRUE(loads(512, f4));
  EXPECT_TRUE(loads(256, {0xff, 0xff, 0xff, 0xff}));
  EXPECT_FALSE(loads(128, f4)) << "1,024 bits";
  EXPECT_FALSE(loads(256, f4, 0x7f)) << "2,047 bits";
  EXPECT_FALSE(loads(513, f4, 0x01)) << "4,097 bits";
  EXPECT_FALSE(loads(2048, f4)) << "16,384 bits";
  EXPECT_FALSE(loads(256, f4, 0xc0, 2)) << "even modulus";
  EXPECT_FALSE(loads(256, {1})) << "e = 1";
  EXPECT_FALSE(loads(256, {3})) << "e = 3";
  EXPECT_FALSE(loads(256, {1, 0, 0})) << "even e";
  EXPECT_FALSE(loads(256, {1, 0, 0, 0, 1})) << "e = 2^32 + 1";
}

TEST_P(SignatureContract, RefusesPrivateKeysThatDoNotFitTheirPublicKey) {
  EcdsaVector v = kEcdsaVectors[0];
  v.x = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6722";
  EXPECT_FALSE(provider_->load_private_key(ec_pkcs8(v)));
  v.x = "0000000000000000000000000000000000000000000000000000000000000000";
  EXPECT_FALSE(provider_->load_private_key(ec_pkcs8(v)));
}

TEST_P(SignatureContract, MakesRsa4096Keys) {
  if (provider_->name() == "mbedtls") GTEST_SKIP() << "takes minutes; the 2,048-bit path is the same";
  const auto key = provider_->generate_key(KeyType::rsa_4096);
  const auto public_key = provider_->load_public_key(key->public_key_der());
  ASSERT_TRUE(public_key);
  EXPECT_EQ((*public_key)->type(), KeyType::rsa_4096);
  const auto scheme = SignatureScheme::rsa_pss_rsae_sha384;
  const Digest digest = provider_->hash(HashAlgorithm::sha384, as_bytes("x"));
  const Buffer signature = sign(*key, scheme, digest.bytes());
  EXPECT_EQ(signature.size(), kMaxSignatureSize);
  EXPECT_TRUE((*public_key)->verify(scheme, digest.bytes(), signature));
}

}  // namespace
}  // namespace redan::test
