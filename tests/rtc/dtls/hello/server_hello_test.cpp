#include "rtc/dtls/hello/server_hello.hpp"

#include <gtest/gtest.h>

namespace redan::dtls {
namespace {

std::vector<std::uint8_t> written(std::span<const std::uint16_t> profile = {}) {
  std::vector<std::uint8_t> body(200);
  Writer writer(body);
  ServerHello::write(writer, Random{1, 2, 3}, kCipherSuites[0], {}, profile);
  body.resize(writer.size());
  return body;
}

TEST(ServerHello, ParsesIfWeWroteIt) {
  const std::array<std::uint16_t, 1> profile{7};
  const auto hello = ServerHello::parse(written(profile));
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->version, kDtls12);
  EXPECT_EQ(hello->random, (Random{1, 2, 3}));
  EXPECT_EQ(hello->cipher_suite, kCipherSuites[0].id);
  EXPECT_TRUE(hello->extensions.extended_master_secret);
  ASSERT_TRUE(hello->extensions.renegotiated_connection);
  EXPECT_TRUE(hello->extensions.use_srtp);
}

TEST(ServerHello, DoesNotParseIfTruncatedOrWithATrailingByte) {
  auto body = written();
  for (std::size_t n = 0; n < body.size(); ++n) {
    // Without its extensions a hello is whole again (RFC 5246 section 7.4.1.3).
    const bool no_extensions = n == 2 + 32 + 1 + 2 + 1;
    EXPECT_EQ(ServerHello::parse(Bytes(body).first(n)).has_value(), no_extensions) << n;
  }
  body.push_back(0);
  EXPECT_FALSE(ServerHello::parse(body));
}

TEST(ServerHello, DoesNotParseWithASessionIdOfMoreThan32Bytes) {
  auto body = written();
  body[34] = 33;
  EXPECT_FALSE(ServerHello::parse(body));
}

}  // namespace
}  // namespace redan::dtls
