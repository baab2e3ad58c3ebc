#include "rtc/dtls/v12/client_key_exchange.hpp"

#include "tests/rtc/dtls/expect_exact_length.hpp"

namespace redan::dtls::v12 {
namespace {

TEST(ClientKeyExchange, ParsesOnlyAtItsExactLength) {
  test::expect_exact_length<ClientKeyExchange>(*from_hex("0401020304"));
}

}  // namespace
}  // namespace redan::dtls::v12
