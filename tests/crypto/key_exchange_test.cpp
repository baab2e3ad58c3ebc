#include "crypto/mbedtls/provider.hpp"
#include "provider_test.hpp"
#include "support/seeded_random.hpp"

namespace redan::test {
namespace {

constexpr std::array<Group, 3> kGroups{Group::x25519, Group::secp256r1, Group::secp384r1};
constexpr Group kHybrid = Group::x25519_mlkem768;

class KeyExchangeContract : public ProviderTest {};
REDAN_FOR_EACH_BACKEND(KeyExchangeContract);
class KeyExchangePair : public ProviderPairTest {};
REDAN_FOR_EACH_PAIR(KeyExchangePair);

TEST_P(KeyExchangePair, InitiatorAndResponderAgreeOnOneSecret) {
  for (const Group group : kGroups) {
    for (int i = 0; i < 5; ++i) {
      const auto initiator = maker_->start_key_exchange(group);
      const auto response = checker_->respond_key_exchange(group, initiator->share());
      ASSERT_TRUE(response);
      SharedSecret secret;
      ASSERT_TRUE(initiator->finish(response->share, secret));
      EXPECT_EQ(to_hex(secret.expose()), to_hex(response->secret.expose()));
      EXPECT_EQ(secret.size(), group == Group::secp384r1 ? 48U : 32U);
      EXPECT_NE(to_hex(response->share), to_hex(initiator->share()));
    }
  }
}

TEST_P(KeyExchangeContract, EveryResponseHasAFreshShareAndSecret) {
  for (const Group group : kGroups) {
    const auto initiator = provider_->start_key_exchange(group);
    const auto one = provider_->respond_key_exchange(group, initiator->share());
    const auto two = provider_->respond_key_exchange(group, initiator->share());
    ASSERT_TRUE(one && two);
    EXPECT_NE(to_hex(one->share), to_hex(two->share));
    EXPECT_NE(to_hex(one->secret.expose()), to_hex(two->secret.expose()));
  }
}

TEST_P(KeyExchangeContract, TheResponderRefusesWrongLengthsAndInvalidShares) {
  for (const Group group : kGroups) {
    const auto initiator = provider_->start_key_exchange(group);
    const Buffer good(initiator->share().begin(), initiator->share().end());
    for (std::size_t n = 0; n < 140; ++n) {
      Buffer share = good;
      share.resize(n);
      EXPECT_EQ(provider_->respond_key_exchange(group, share).has_value(), n == good.size()) << n;
    }
    EXPECT_FALSE(provider_->respond_key_exchange(group, Buffer(good.size(), 0)));
    if (group == Group::x25519) continue;
    Buffer off_the_curve = good;
    off_the_curve.back() ^= 1U;
    EXPECT_FALSE(provider_->respond_key_exchange(group, off_the_curve));
  }
}

TEST_P(KeyExchangeContract, EveryKeyPairIsFreshAndUncompressed) {
  for (const Group group : kGroups) {
    const auto a = provider_->start_key_exchange(group), b = provider_->start_key_exchange(group);
    EXPECT_NE(to_hex(a->share()), to_hex(b->share()));
    EXPECT_EQ(a->share().size(), group == Group::x25519 ? 32U : group == Group::secp256r1 ? 65U : 97U);
    EXPECT_TRUE(group == Group::x25519 || a->share()[0] == 4);
  }
}

TEST_P(KeyExchangeContract, RefusesWrongLengths) {
  for (const Group group : kGroups) {
    const auto own = provider_->start_key_exchange(group), peer = provider_->start_key_exchange(group);
    SharedSecret shared;
    for (std::size_t n = 0; n < 140; ++n) {
      Buffer key(peer->share().begin(), peer->share().end());
      const std::size_t right = key.size();
      key.resize(n);
      EXPECT_EQ(own->finish(key, shared), n == right) << n;
    }
  }
}

TEST_P(KeyExchangeContract, RefusesInvalidPoints) {
  for (const Group group : {Group::secp256r1, Group::secp384r1}) {
    const auto own = provider_->start_key_exchange(group), peer = provider_->start_key_exchange(group);
    const Buffer good(peer->share().begin(), peer->share().end());
    const std::size_t n = (good.size() - 1) / 2;
    SharedSecret shared;
    ASSERT_TRUE(own->finish(good, shared));
    const auto refused = [&](const Buffer& point) { return !own->finish(point, shared); };

    EXPECT_TRUE(refused({0})) << "infinity";
    EXPECT_TRUE(refused(Buffer(good.size(), 0))) << "infinity, padded";
    Buffer zero_zero(good.size(), 0);
    zero_zero[0] = 4;
    EXPECT_TRUE(refused(zero_zero)) << "(0, 0)";
    Buffer all_ones(good.size(), 0xff);
    all_ones[0] = 4;
    EXPECT_TRUE(refused(all_ones)) << "coordinates beyond the prime";
    Buffer compressed(good.begin(), good.begin() + 1 + static_cast<std::ptrdiff_t>(n));
    compressed[0] = static_cast<std::uint8_t>(2 + (good.back() & 1U));
    EXPECT_TRUE(refused(compressed)) << "compressed";
    for (const int form : {0, 1, 2, 3, 5, 6, 7, 0x84, 0xff}) {
      Buffer other = good;
      other[0] = static_cast<std::uint8_t>(form);
      EXPECT_TRUE(refused(other)) << "form " << form;
    }
    // A point off the curve: for one x there are two y on the curve.
    for (const std::size_t i : {n, 2 * n, n + 1, std::size_t{1}}) {
      Buffer off = good;
      off[i] ^= 1U;
      EXPECT_TRUE(refused(off)) << "bit in byte " << i;
    }
    EXPECT_TRUE(own->finish(good, shared)) << "still usable";
  }
}

TEST_P(KeyExchangeContract, RefusesACoordinateThatIsNotReduced) {
  // x = 0 is on P-256 (b is a square); x = p means the same point without being reduced.
  const std::string y = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
  const auto own = provider_->start_key_exchange(Group::secp256r1);
  SharedSecret shared;
  EXPECT_TRUE(own->finish(hex("04" + std::string(64, '0') + y), shared));
  EXPECT_FALSE(own->finish(hex("04ffffffff00000001000000000000000000000000ffffffffffffffffffffffff" + y), shared));
}

TEST_P(KeyExchangeContract, RefusesSmallOrderX25519Points) {
  // The points of order 1, 2, 4 and 8 on the curve and its twist, in every encoding below 2^256 (RFC 7748 section 6.1).
  const std::vector<std::string> points{"0000000000000000000000000000000000000000000000000000000000000000",
                                        "0100000000000000000000000000000000000000000000000000000000000000",
                                        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                                        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                                        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
  const auto own = provider_->start_key_exchange(Group::x25519);
  for (const std::string& point : points) {
    for (const unsigned top_bit : {0U, 0x80U}) {
      Buffer bytes = hex(point);
      bytes.back() = static_cast<std::uint8_t>(bytes.back() | top_bit);
      SharedSecret shared;
      EXPECT_FALSE(own->finish(bytes, shared)) << to_hex(bytes);
    }
  }
}

TEST_P(KeyExchangePair, X25519IgnoresTheTopBitOfThePeersKey) {
  // RFC 7748 section 5: implementations MUST mask it.
  const auto initiator = maker_->start_key_exchange(Group::x25519);
  Buffer masked(initiator->share().begin(), initiator->share().end());
  masked.back() |= 0x80U;
  const auto response = checker_->respond_key_exchange(Group::x25519, masked);
  ASSERT_TRUE(response);
  SharedSecret secret;
  ASSERT_TRUE(initiator->finish(response->share, secret));
  EXPECT_EQ(to_hex(secret.expose()), to_hex(response->secret.expose()));
}

/// Returns the given bytes first: mbedTLS makes its private scalar from them.
class ScriptedRandom final : public RandomSource {
 public:
  explicit ScriptedRandom(Buffer script) : script_(std::move(script)) {}
  void random(MutableBytes out) override {
    const std::size_t n = std::min(out.size(), script_.size());
    std::copy_n(script_.begin(), n, out.begin());
    script_.erase(script_.begin(), script_.begin() + static_cast<std::ptrdiff_t>(n));
    rest_.random(out.subspan(n));
  }

 private:
  Buffer script_;
  SeededRandom rest_{7};
};

/// The bytes from which mbedTLS makes this X25519 private key: big-endian, clamped (RFC 7748 section 5), one bit to the
/// left.
Buffer x25519_script(std::string_view private_key) {
  Buffer key = hex(private_key);
  key[0] &= 0xf8U;
  key[31] = static_cast<std::uint8_t>((key[31] & 0x7fU) | 0x40U);
  std::reverse(key.begin(), key.end());
  for (std::size_t i = 0; i < key.size(); ++i) {
    const unsigned carry = i + 1 < key.size() ? key[i + 1] >> 7U : 0U;
    key[i] = static_cast<std::uint8_t>(static_cast<unsigned>(key[i]) << 1U | carry);
  }
  return key;
}

struct KeyExchangeVector {
  Group group;
  Buffer script;
  std::string public_key;
  std::string peer;
  std::string shared;
};

// RFC 7748 section 6.1 from both sides, RFC 5903 sections 8.1 and 8.2 from both sides. Only the mbedTLS backend can be
// given a private key; the pair tests above extend the result to the others.
std::vector<KeyExchangeVector> key_exchange_vectors() {
  const std::string alice = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
  const std::string bob = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
  const std::string both = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  const std::string i256 =
      "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f"
      "58"
      "389e0577b8990bb3";
  const std::string r256 =
      "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f"
      "83"
      "53e74f33039872ab";
  const std::string shared256 = "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de";
  const std::string i384 =
      "04667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6de3ac808acb4bdb4c88732aee95f41aa9482ed1fc0eeb9"
      "ca"
      "fc4984625ccfc23f65032149e0e144ada024181535a0f38eeb9fcff3c2c947dae69b4c634573a81c";
  const std::string r384 =
      "04e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d0d1ac43a0336def96fda41d0774a3571dcfbec7aacf319"
      "64"
      "72169e838430367f66eebe3c6e70c416dd5f0c68759dd1fff83fa40142209dff5eaad96db9e6386c";
  const std::string shared384 =
      "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4d603135569b9e9d09cf5d4a270f59746";
  return {
      {Group::x25519, x25519_script("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"), alice, bob,
       both},
      {Group::x25519, x25519_script("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"), bob, alice,
       both},
      {Group::secp256r1, hex("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"), i256, r256,
       shared256},
      {Group::secp256r1, hex("c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53"), r256, i256,
       shared256},
      {Group::secp384r1,
       hex("099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655e35b538041e649ee3faef896783ab194"), i384,
       r384, shared384},
      {Group::secp384r1,
       hex("41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060855cc9bda0aa2942e0308312916b8ed2960e4bd55a7448fc"), r384,
       i384, shared384},
  };
}

TEST(KeyExchangeVectors, MatchThePublishedValues) {
  for (const auto& v : key_exchange_vectors()) {
    ScriptedRandom random(v.script);
    const auto provider = mbedtls_provider(random);
    const auto own = provider->start_key_exchange(v.group);
    EXPECT_EQ(to_hex(own->share()), v.public_key);
    SharedSecret shared;
    ASSERT_TRUE(own->finish(hex(v.peer), shared));
    EXPECT_EQ(to_hex(shared.expose()), v.shared);
  }
}

TEST_P(KeyExchangePair, HybridInitiatorAndResponderAgreeOnOneSecret) {
  for (int i = 0; i < 5; ++i) {
    const auto initiator = maker_->start_key_exchange(kHybrid);
    EXPECT_EQ(initiator->share().size(), 1216U);
    const auto response = checker_->respond_key_exchange(kHybrid, initiator->share());
    ASSERT_TRUE(response);
    EXPECT_EQ(response->share.size(), 1120U);
    SharedSecret secret;
    ASSERT_TRUE(initiator->finish(response->share, secret));
    EXPECT_EQ(secret.size(), 64U);
    EXPECT_EQ(to_hex(secret.expose()), to_hex(response->secret.expose()));
  }
}

// Both halves enter the secret: if one is altered on the way, that half differs and the other does not.
TEST_P(KeyExchangeContract, EachHalfOfAHybridShareDeterminesItsHalfOfTheSecret) {
  const auto initiator = provider_->start_key_exchange(kHybrid);
  auto response = provider_->respond_key_exchange(kHybrid, initiator->share());
  ASSERT_TRUE(response);
  const auto halves = [](const SharedSecret& secret) {
    return std::pair(to_hex(secret.expose().first(32)), to_hex(secret.expose().last(32)));
  };
  const auto right = halves(response->secret);
  SharedSecret secret;
  response->share[0] ^= 1;
  ASSERT_TRUE(initiator->finish(response->share, secret));
  EXPECT_NE(halves(secret).first, right.first);
  EXPECT_EQ(halves(secret).second, right.second);
  response->share[0] ^= 1;
  response->share[1088] ^= 1;
  ASSERT_TRUE(initiator->finish(response->share, secret));
  EXPECT_EQ(halves(secret).first, right.first);
  EXPECT_NE(halves(secret).second, right.second);
}

TEST_P(KeyExchangeContract, RefusesHybridSharesOfWrongLengthOrContent) {
  const auto initiator = provider_->start_key_exchange(kHybrid);
  const Buffer good(initiator->share().begin(), initiator->share().end());
  const auto response = provider_->respond_key_exchange(kHybrid, good);
  ASSERT_TRUE(response);
  SharedSecret secret;
  for (const std::size_t size : {0U, 32U, 1119U, 1121U, 1215U, 1217U}) {
    Buffer share = good;
    share.resize(size);
    EXPECT_FALSE(provider_->respond_key_exchange(kHybrid, share)) << size;
    share = response->share;
    share.resize(size);
    EXPECT_FALSE(initiator->finish(share, secret)) << size;
  }
  Buffer too_large = good;  // FIPS 203 section 7.2: a coefficient of q
  too_large[0] = 0x01;
  too_large[1] = (too_large[1] & 0xf0) | 0x0d;
  EXPECT_FALSE(provider_->respond_key_exchange(kHybrid, too_large));
  Buffer zeros = good;  // RFC 7748 section 6.1: an X25519 result of zeros
  std::fill(zeros.end() - 32, zeros.end(), 0);
  EXPECT_FALSE(provider_->respond_key_exchange(kHybrid, zeros));
  Buffer answer = response->share;
  std::fill(answer.end() - 32, answer.end(), 0);
  EXPECT_FALSE(initiator->finish(answer, secret));
}

}  // namespace
}  // namespace redan::test
