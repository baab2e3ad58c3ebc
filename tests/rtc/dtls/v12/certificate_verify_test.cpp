#include "rtc/dtls/v12/certificate_verify.hpp"

#include "tests/rtc/dtls/expect_exact_length.hpp"

namespace redan::dtls::v12 {
namespace {

TEST(CertificateVerify, ParsesOnlyAtItsExactLength) {
  test::expect_exact_length<CertificateVerify>(*from_hex("04030003010203"));
}

}  // namespace
}  // namespace redan::dtls::v12
