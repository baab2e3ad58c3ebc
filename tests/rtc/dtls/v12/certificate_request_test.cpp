#include "rtc/dtls/v12/certificate_request.hpp"

#include "tests/rtc/dtls/expect_exact_length.hpp"

namespace redan::dtls::v12 {
namespace {

TEST(CertificateRequest, ParsesOnlyAtItsExactLength) {
  test::expect_exact_length<CertificateRequest>(*from_hex("0240010004040308040000"));
}

}  // namespace
}  // namespace redan::dtls::v12
