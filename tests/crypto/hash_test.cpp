#include "provider_test.hpp"

namespace redan::test {
namespace {

class HashContract : public ProviderTest {};
REDAN_FOR_EACH_BACKEND(HashContract);

struct HashVector {
  HashAlgorithm algorithm;
  std::string message;
  const char* digest;
};

// FIPS 180-2 appendices A, B and D, and the empty message.
std::vector<HashVector> hash_vectors() {
  const std::string two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  const std::string million(1'000'000, 'a');
  return {
      {HashAlgorithm::sha1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
      {HashAlgorithm::sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
      {HashAlgorithm::sha1, two_blocks, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
      {HashAlgorithm::sha1, million, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
      {HashAlgorithm::sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {HashAlgorithm::sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {HashAlgorithm::sha256, two_blocks, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {HashAlgorithm::sha256, million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
      {HashAlgorithm::sha384, "",
       "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"},
      {HashAlgorithm::sha384, "abc",
       "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
      {HashAlgorithm::sha384, million,
       "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985"},
  };
}

TEST_P(HashContract, MatchesThePublishedDigests) {
  for (const auto& v : hash_vectors())
    EXPECT_EQ(to_hex(provider_->hash(v.algorithm, as_bytes(v.message)).bytes()), v.digest);
}

// RFC 1321 appendix A.5.
TEST_P(HashContract, TheKeyOfAStunCredentialIsMd5) {
  for (const auto& [message, digest] :
       {std::pair{"", "d41d8cd98f00b204e9800998ecf8427e"}, {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"}}) {
    const auto key = provider_->md5_for_stun_credentials(as_bytes(message));
    ASSERT_TRUE(key);
    EXPECT_EQ(to_hex(key->expose()), digest);
  }
}

TEST_P(HashContract, ARunningHashMatchesInAnySplit) {
  for (const auto& v : hash_vectors()) {
    for (const std::size_t cut : {std::size_t{0}, v.message.size() / 3, v.message.size()}) {
      const auto hash = provider_->start_hash(v.algorithm);
      hash->update(as_bytes(v.message).first(cut));
      hash->update(as_bytes(v.message).subspan(cut));
      EXPECT_EQ(to_hex(hash->digest().bytes()), v.digest);
    }
  }
}

TEST_P(HashContract, ReadingADigestDoesNotFinishTheHash) {
  const auto hash = provider_->start_hash(HashAlgorithm::sha256);
  EXPECT_EQ(to_hex(hash->digest().bytes()), hash_vectors()[4].digest);
  hash->update(as_bytes("a"));
  EXPECT_NE(to_hex(hash->digest().bytes()), hash_vectors()[4].digest);
  hash->update(as_bytes("bc"));
  EXPECT_EQ(to_hex(hash->digest().bytes()), hash_vectors()[5].digest);
  EXPECT_EQ(to_hex(hash->digest().bytes()), hash_vectors()[5].digest);
}

struct HmacVector {
  HashAlgorithm algorithm;
  Buffer key;
  Buffer data;
  const char* mac;
};

Buffer counting(std::size_t n) {
  Buffer bytes(n);
  for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::uint8_t>(i + 1);
  return bytes;
}

Buffer text(std::string_view t) { return Buffer(t.begin(), t.end()); }

// RFC 2202 section 3 (all seven cases) and RFC 4231 section 4 (all except the truncated case 5).
std::vector<HmacVector> hmac_vectors() {
  const Buffer hi = text("Hi There"), jefe = text("Jefe"), want = text("what do ya want for nothing?");
  const Buffer block_key = text("Test Using Larger Than Block-Size Key - Hash Key First");
  const Buffer block_both = text("Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data");
  const Buffer block_both_4231 = text(
      "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
      "hashed before being used by the HMAC algorithm.");
  const auto run = [](std::size_t n, std::uint8_t byte) { return Buffer(n, byte); };
  const auto sha1 = HashAlgorithm::sha1, sha256 = HashAlgorithm::sha256, sha384 = HashAlgorithm::sha384;
  return {
      {sha1, run(20, 0x0b), hi, "b617318655057264e28bc0b6fb378c8ef146be00"},
      {sha1, jefe, want, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
      {sha1, run(20, 0xaa), run(50, 0xdd), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
      {sha1, counting(25), run(50, 0xcd), "4c9007f4026250c6bc8414f9bf50c86c2d7235da"},
      {sha1, run(20, 0x0c), text("Test With Truncation"), "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"},
      {sha1, run(80, 0xaa), block_key, "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
      {sha1, run(80, 0xaa), block_both, "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
      {sha256, run(20, 0x0b), hi, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {sha256, jefe, want, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {sha256, run(20, 0xaa), run(50, 0xdd), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {sha256, counting(25), run(50, 0xcd), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {sha256, run(131, 0xaa), block_key, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {sha256, run(131, 0xaa), block_both_4231, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
      {sha384, run(20, 0x0b), hi,
       "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6"},
      {sha384, jefe, want,
       "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"},
      {sha384, run(20, 0xaa), run(50, 0xdd),
       "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27"},
      {sha384, counting(25), run(50, 0xcd),
       "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb"},
      {sha384, run(131, 0xaa), block_key,
       "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952"},
      {sha384, run(131, 0xaa), block_both_4231,
       "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e"},
  };
}

TEST_P(HashContract, HmacMatchesThePublishedValuesInAnySplitAndAgain) {
  for (const auto& v : hmac_vectors()) {
    const auto hmac = provider_->hmac(v.algorithm, v.key);
    const Bytes data(v.data);
    for (const std::size_t cut : {std::size_t{0}, data.size() / 2, data.size()}) {
      const std::array<Bytes, 2> parts{data.first(cut), data.subspan(cut)};
      EXPECT_EQ(to_hex(hmac->compute(parts).bytes()), v.mac);
    }
  }
}

TEST_P(HashContract, HmacUnderAKeyUsedOnceIsTheSame) {
  for (const auto& v : hmac_vectors()) {
    EXPECT_EQ(to_hex(provider_->hmac_once(v.algorithm, v.key, v.data).bytes()), v.mac);
  }
  const std::vector<std::uint8_t> data(200, 0x5a);
  for (const HashAlgorithm algorithm : {HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384}) {
    for (std::size_t size = 0; size <= data.size(); ++size) {  // of a key: below, at and above a block
      const Bytes key = Bytes(data).first(size);
      EXPECT_EQ(to_hex(provider_->hmac_once(algorithm, key, data).bytes()),
                to_hex(provider_->hmac(algorithm, key)->compute(std::array{Bytes(data)}).bytes()))
          << size;
    }
  }
}

TEST_P(HashContract, HmacAcceptsAnEmptyKeyAndNoData) {
  // HMAC-SHA-256 of the empty message under an empty key.
  EXPECT_EQ(to_hex(provider_->hmac(HashAlgorithm::sha256, {})->compute({}).bytes()),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_P(HashContract, RandomBytesFillTheWholeBufferAndDiffer) {
  // More than one request to CTR_DRBG. 3,000 bytes without a run of 16 zeros, and no repetition.
  Buffer a(3000), b(3000);
  provider_->random(a);
  provider_->random(b);
  EXPECT_NE(a, b);
  const Buffer zeros(16);
  EXPECT_EQ(std::search(a.begin(), a.end(), zeros.begin(), zeros.end()), a.end());
  provider_->random({});
}

}  // namespace
}  // namespace redan::test
