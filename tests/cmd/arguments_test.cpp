#include "cmd/arguments.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace redan::cmd {
namespace {

TEST(Arguments, AnAddressAndAPortAreSplit) {
  for (const auto& [text, host, port] :
       {std::tuple("192.0.2.1:8444", "192.0.2.1", 8444), std::tuple("[2001:db8::1]:1", "2001:db8::1", 1),
        std::tuple("ams.example.org:65535", "ams.example.org", 65535), std::tuple("127.0.0.1:0", "127.0.0.1", 0)}) {
    const HostAndPort parsed = parse_host_and_port(text);
    EXPECT_EQ(parsed.host, host);
    EXPECT_EQ(parsed.port, port);
    EXPECT_EQ(parsed.text(), text);
  }
}

TEST(Arguments, RefusesTextWithoutAnAddressAndAPort) {
  for (const char* text : {"", ":", ":8444", "192.0.2.1", "192.0.2.1:", "192.0.2.1:x", "192.0.2.1:65536", "2001:db8::1",
                           "2001:db8::1:8444", "[2001:db8::1]", "[2001:db8::1]8444", "[]:1", "a b:1", "user@host:1",
                           "host/path:1", "host:-1", "host:+1", "host:1 "}) {
    EXPECT_THROW(parse_host_and_port(text), std::runtime_error) << text;
  }
}

TEST(Arguments, AUrlMayOmitSchemeAndPort) {
  EXPECT_EQ(parse_https_url("https://192.0.2.1:8443/").text(), "192.0.2.1:8443");
  EXPECT_EQ(parse_https_url("192.0.2.1:8443").text(), "192.0.2.1:8443");
  EXPECT_EQ(parse_https_url("https://ams.example.org", 8444).text(), "ams.example.org:8444");
  EXPECT_EQ(parse_https_url("https://[2001:db8::1]", 8444).text(), "[2001:db8::1]:8444");
  EXPECT_THROW(parse_https_url("https://ams.example.org"), std::runtime_error);
  for (const char* url : {"http://192.0.2.1:1", "https://", "https:///", "https://a/b", "https://a?b", "https://u:p@a",
                          "https://2001:db8::1"}) {
    EXPECT_THROW(parse_https_url(url, 8444), std::runtime_error) << url;
  }
}

TEST(Arguments, NamesAFileThatCannotBeRead) { EXPECT_THROW(read_file("/no/such/file"), std::runtime_error); }

}  // namespace
}  // namespace redan::cmd
