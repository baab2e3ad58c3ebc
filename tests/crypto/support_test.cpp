// Tests the providers of tests/support.
#include "crypto/certificate.hpp"
#include "provider_test.hpp"
#include "support/null_provider.hpp"

namespace redan::test {
namespace {

constexpr std::array<KeyType, 4> kKeyTypes{KeyType::ecdsa_p256, KeyType::ecdsa_p384, KeyType::rsa_2048,
                                           KeyType::rsa_4096};

SignatureScheme scheme_for(KeyType type) {
  return type == KeyType::ecdsa_p256   ? SignatureScheme::ecdsa_secp256r1_sha256
         : type == KeyType::ecdsa_p384 ? SignatureScheme::ecdsa_secp384r1_sha384
                                       : SignatureScheme::rsa_pss_rsae_sha256;
}

/// Everything that a provider generates randomly, in one text.
std::string transcript(Provider& provider) {
  Buffer random(100);
  provider.random(random);
  std::string out = to_hex(random);
  for (const Group group : {Group::x25519, Group::secp256r1, Group::secp384r1}) {
    const auto initiator = provider.start_key_exchange(group);
    const auto response = provider.respond_key_exchange(group, initiator->share());
    SharedSecret secret;
    EXPECT_TRUE(response && initiator->finish(response->share, secret));
    EXPECT_TRUE(response && equal_in_constant_time(secret.expose(), response->secret.expose()));
    out += to_hex(initiator->share()) + to_hex(secret.expose());
  }
  const auto identity = self_signed(provider, {.not_before = {0}, .not_after = {1}});
  EXPECT_TRUE(identity);
  return out + to_hex(identity->certificate_der) + to_hex(identity->key->private_key_der());
}

TEST(FixedProvider, DeterminesTheOutputOfRandom) {
  const auto real = default_provider();
  FixedProvider a(*real, 1), b(*real, 1), c(*real, 2);
  EXPECT_EQ(a.random_u64(), b.random_u64());
  EXPECT_NE(a.random_u64(), c.random_u64());
}

TEST(ReplayingProvider, RepeatsEverythingOverRealPrimitives) {
  const auto run = [](std::uint64_t seed) {
    SeededRandom random(seed);
    return transcript(*replaying_provider(random));
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

TEST(SimulatedProvider, RepeatsEverything) {
  const auto real = default_provider();
  const auto run = [&](std::uint64_t seed) {
    SimulatedProvider provider(*real, seed);
    return transcript(provider);
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

TEST(SimulatedProvider, DistinguishesKeysDigestsAndSchemes) {
  const auto real = default_provider();
  SimulatedProvider maker(*real, 1), checker(*real, 2);
  for (const KeyType type : kKeyTypes) {
    const auto key = maker.generate_key(type), other = maker.generate_key(type);
    const auto loaded = maker.load_private_key(key->private_key_der());
    ASSERT_TRUE(loaded);
    EXPECT_EQ((*loaded)->type(), type);
    const SignatureScheme scheme = scheme_for(type);
    const Digest digest = maker.hash(hash_of(scheme), as_bytes("x"));
    std::array<std::uint8_t, kMaxSignatureSize> signature{};
    const auto size = (*loaded)->sign(scheme, digest.bytes(), signature);
    ASSERT_TRUE(size);
    const Bytes bytes = Bytes(signature).first(*size);
    EXPECT_TRUE((*checker.load_public_key(key->public_key_der()))->verify(scheme, digest.bytes(), bytes));
    EXPECT_FALSE((*checker.load_public_key(other->public_key_der()))->verify(scheme, digest.bytes(), bytes));
    const Digest changed = maker.hash(hash_of(scheme), as_bytes("y"));
    EXPECT_FALSE((*checker.load_public_key(key->public_key_der()))->verify(scheme, changed.bytes(), bytes));
  }
}

TEST(NullProvider, AcceptsEverything) {
  const auto real = default_provider();
  NullProvider provider(*real);
  const auto identity = self_signed(provider, {.not_before = {0}, .not_after = {1}});
  ASSERT_TRUE(identity);
  const auto spki = subject_public_key_info(identity->certificate_der);
  ASSERT_TRUE(spki);
  const auto key = provider.load_public_key(*spki);
  ASSERT_TRUE(key);
  EXPECT_TRUE((*key)->verify(SignatureScheme::ecdsa_secp256r1_sha256, {}, {}));
  Buffer text{1, 2, 3};
  const std::array<std::uint8_t, kAeadTagSize> tag{9};
  EXPECT_TRUE(provider.aead(AeadAlgorithm::aes_128_gcm, Buffer(16))->open({}, {}, text, tag));
  EXPECT_EQ(text, (Buffer{1, 2, 3}));
}

}  // namespace
}  // namespace redan::test
