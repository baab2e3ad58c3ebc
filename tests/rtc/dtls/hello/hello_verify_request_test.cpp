#include "rtc/dtls/hello/hello_verify_request.hpp"

#include "tests/rtc/dtls/expect_exact_length.hpp"

namespace redan::dtls {
namespace {

TEST(HelloVerifyRequest, ParsesOnlyAtItsExactLength) {
  test::expect_exact_length<HelloVerifyRequest>(*from_hex("feff0401020304"));
}

}  // namespace
}  // namespace redan::dtls
