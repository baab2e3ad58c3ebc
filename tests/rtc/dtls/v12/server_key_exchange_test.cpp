#include "rtc/dtls/v12/server_key_exchange.hpp"

#include "tests/rtc/dtls/expect_exact_length.hpp"

namespace redan::dtls::v12 {
namespace {

TEST(ServerKeyExchange, ParsesOnlyAtItsExactLength) {
  test::expect_exact_length<ServerKeyExchange>(*from_hex("03001d0401020304040300020506"));
}

TEST(ServerKeyExchange, DoesNotParseWithoutANamedCurve) {
  EXPECT_FALSE(ServerKeyExchange::parse(*from_hex("01001d0401020304040300020506")));
}

}  // namespace
}  // namespace redan::dtls::v12
