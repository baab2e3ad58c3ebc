#include <gtest/gtest.h>

#include <redan/types.hpp>

namespace redan {
namespace {

TEST(Address, ParsesAndPrintsBothFamilies) {
  for (const std::string_view ip : {"192.0.2.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::", "::1",
                                    "fe80::1:0:0:2", "1:2:3:4:5:6:7:8", "1::8"}) {
    const auto address = Address::parse(ip, 5000);
    ASSERT_TRUE(address) << ip;
    EXPECT_EQ(address->ip_text(), ip);
  }
  EXPECT_EQ(Address::parse("192.0.2.1", 9)->text(), "192.0.2.1:9");
  EXPECT_EQ(Address::parse("2001:DB8:0:0:0::1", 9)->text(), "[2001:db8::1]:9");
}

TEST(Address, Ipv4MappedAddressesAreIpv4) {
  EXPECT_EQ(Address::parse("::ffff:192.0.2.1", 1), Address::parse("192.0.2.1", 1));
}

TEST(Address, RefusesMalformedText) {
  for (const std::string_view bad : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.", "1..2.3", ":",
                                     ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::",
                                     "1:2:3:4:5:6:7:8::", "::1%eth0", "foo.local", "1:2:3:4:5:6:7:1.2.3.4"}) {
    EXPECT_FALSE(Address::parse(bad, 1)) << bad;
  }
}

}  // namespace
}  // namespace redan
