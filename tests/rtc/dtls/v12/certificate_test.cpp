#include "rtc/dtls/v12/certificate.hpp"

#include "tests/rtc/dtls/expect_exact_length.hpp"

namespace redan::dtls::v12 {
namespace {

TEST(Certificate, ParsesOnlyAtItsExactLength) {
  test::expect_exact_length<Certificate>(*from_hex("000006000003010203"));
}

TEST(Certificate, HasNoLeafIfTheListIsEmptyAndDoesNotParseWithAnEmptyEntry) {
  EXPECT_TRUE(Certificate::parse(*from_hex("000000"))->leaf.empty());
  EXPECT_FALSE(Certificate::parse(*from_hex("000003000000")));
  EXPECT_EQ(to_hex(Certificate::parse(*from_hex("00000900000201020000010a"))->leaf), "0102");
}

}  // namespace
}  // namespace redan::dtls::v12
