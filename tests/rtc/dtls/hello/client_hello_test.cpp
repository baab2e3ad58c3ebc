#include "rtc/dtls/hello/client_hello.hpp"

#include <gtest/gtest.h>

#include "rtc/dtls/handshake/fragment_assembler.hpp"
#include "rtc/dtls/v12/flights.hpp"
#include "tests/support/client_hello.hpp"
#include "tests/support/files.hpp"

namespace redan::dtls {
namespace {

// Both browsers send their ClientHello in two datagrams.
std::vector<std::uint8_t> captured_hello(const std::string& browser) {
  FragmentAssembler assembler;
  assembler.expect(0, v12::kClientHelloFlight);
  for (const std::string part : {"_1.bin", "_2.bin"}) {
    std::vector<std::uint8_t> datagram = test::read_test_file("captures/dtls/" + browser + "_client_hello" + part);
    Reader reader(datagram);
    EXPECT_TRUE(RecordHeader::parse(reader));
    const auto header = HandshakeHeader::parse(reader);
    EXPECT_TRUE(header);
    if (header) assembler.add(*header, Epoch::plaintext, reader.rest());
  }
  const auto message = assembler.message(0);
  EXPECT_TRUE(message);
  return message ? std::vector<std::uint8_t>(message->body.begin(), message->body.end()) : std::vector<std::uint8_t>{};
}

TEST(ClientHello, ParsesIfABrowserSentIt) {
  for (const std::string browser : {"chromium156", "firefox153"}) {
    const auto body = captured_hello(browser);
    const auto hello = ClientHello::parse(body);
    ASSERT_TRUE(hello) << browser;
    EXPECT_EQ(hello->version, kDtls12);
    EXPECT_TRUE(hello->extensions.extended_master_secret);
    EXPECT_TRUE(hello->extensions.supported_versions->contains(kDtls12));
    EXPECT_TRUE(hello->cipher_suites.contains(0xC02B));
    EXPECT_TRUE(hello->extensions.supported_groups->contains(29));
    for (const std::uint16_t profile : std::array<std::uint16_t, 3>{1, 7, 8})
      EXPECT_TRUE(hello->extensions.use_srtp->profiles.contains(profile));
  }
}

TEST(ClientHello, ParsesIfWeWroteIt) {
  std::vector<std::uint8_t> body(1000);
  Writer writer(body);
  const Random random{1, 2, 3};
  const std::array<std::uint16_t, 2> profiles{7, 1};
  ClientHello::write(writer, random, as_bytes("cookie"), kGroups, profiles);
  const auto hello = ClientHello::parse(writer.written());
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->random, random);
  EXPECT_EQ(as_text(hello->cookie), "cookie");
  for (const CipherSuite& suite : kCipherSuites) EXPECT_TRUE(hello->cipher_suites.contains(suite.id));
  EXPECT_TRUE(hello->extensions.use_srtp->profiles.contains(7));
}

TEST(ClientHello, DoesNotParseIfTruncated) {
  const auto body = test::hello_body({});
  for (std::size_t n = 0; n < body.size(); ++n) {
    // Without its extensions a hello is whole again (RFC 5246 section 7.4.1.2).
    const bool no_extensions = n == 2 + 32 + 1 + 1 + 2 + 6 + 2;
    EXPECT_EQ(ClientHello::parse(Bytes(body).first(n)).has_value(), no_extensions) << n;
  }
}

TEST(ClientHello, DoesNotParseWithTrailingBytes) {
  test::HelloParts parts;
  parts.trailing_bytes = 1;
  EXPECT_FALSE(ClientHello::parse(test::hello_body(parts)));
}

}  // namespace
}  // namespace redan::dtls
