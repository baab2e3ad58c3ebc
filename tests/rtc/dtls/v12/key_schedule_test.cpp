#include "rtc/dtls/v12/key_schedule.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"

namespace redan::dtls::v12 {
namespace {

// The PRF test vectors that circulated on the IETF TLS list (Simon Josefsson, 2009) for TLS 1.2 with SHA-256 and
// SHA-384.
TEST(Prf, KnownAnswers) {
  const auto provider = default_provider();
  const auto secret256 = *from_hex("9bbe436ba940f017b17652849a71db35");
  const auto seed256 = *from_hex("a0ba9f936cda311827a6f796ffd5198c");
  std::vector<std::uint8_t> out(100);
  const std::array<Bytes, 1> seed_a{seed256};
  prf(*provider, HashAlgorithm::sha256, secret256, "test label", seed_a, out);
  EXPECT_EQ(to_hex(out),
            "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f707"
            "7def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66");
  const auto secret384 = *from_hex("b80b733d6ceefcdc71566ea48e5567df");
  const auto seed384 = *from_hex("cd665cf6a8447dd6ff8b27555edb7465");
  out.resize(148);
  const std::array<Bytes, 1> seed_b{seed384};
  prf(*provider, HashAlgorithm::sha384, secret384, "test label", seed_b, out);
  EXPECT_EQ(to_hex(out).substr(0, 64), "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cd");
}

TEST(Prf, TheSeedIsTheConcatenationOfItsParts) {
  const auto provider = default_provider();
  const auto secret = *from_hex("00112233");
  std::array<std::uint8_t, 50> whole{};
  std::array<std::uint8_t, 50> parts{};
  const std::array<Bytes, 1> one{as_bytes("abcdef")};
  const std::array<Bytes, 3> three{as_bytes("ab"), as_bytes(""), as_bytes("cdef")};
  prf(*provider, HashAlgorithm::sha256, secret, "label", one, whole);
  prf(*provider, HashAlgorithm::sha256, secret, "label", three, parts);
  EXPECT_EQ(whole, parts);
}

}  // namespace
}  // namespace redan::dtls::v12
