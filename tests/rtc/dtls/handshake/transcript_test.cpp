#include "rtc/dtls/handshake/transcript.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"

namespace redan::dtls {
namespace {

// RFC 6347 section 4.2.6.
TEST(Transcript, HoldsEachMessageWithOneUnfragmentedHeader) {
  Transcript transcript;
  transcript.add({HandshakeType::client_hello, 1, as_bytes("ab")});
  EXPECT_EQ(to_hex(transcript.bytes()), "0100000200010000000000026162");
  EXPECT_EQ(transcript.size(), 14U);
}

TEST(Transcript, BeginsWithItsOwnBeginningOnly) {
  Transcript transcript;
  transcript.add({HandshakeType::client_hello, 0, as_bytes("ab")});
  const std::vector<std::uint8_t> start(transcript.bytes().begin(), transcript.bytes().end());
  transcript.add({HandshakeType::server_hello, 0, as_bytes("cd")});
  EXPECT_TRUE(transcript.begins_with(start));
  std::vector<std::uint8_t> other = start;
  other.back() ^= 1U;
  EXPECT_FALSE(transcript.begins_with(other));
  std::vector<std::uint8_t> longer(transcript.bytes().begin(), transcript.bytes().end());
  longer.push_back(0);
  EXPECT_FALSE(transcript.begins_with(longer));
}

TEST(Transcript, TakesTheMessagesAfterTheFirstOfAnother) {
  Transcript other;
  other.add({HandshakeType::client_hello, 0, as_bytes("its own hello")});
  other.add({HandshakeType::server_hello, 0, as_bytes("cd")});
  Transcript transcript;
  transcript.add({HandshakeType::client_hello, 0, as_bytes("ab")});
  const std::size_t before = transcript.size();
  transcript.add_all_but_first(other);
  EXPECT_EQ(to_hex(transcript.bytes().subspan(before)), "0200000200000000000000026364");
}

TEST(Transcript, ForgetsWhatFollowsASizeWhenTruncated) {
  Transcript transcript;
  transcript.add({HandshakeType::client_hello, 0, as_bytes("ab")});
  const std::string before = to_hex(transcript.bytes());
  transcript.add({HandshakeType::certificate, 1, as_bytes("cd")});
  transcript.truncate(before.size() / 2);
  EXPECT_EQ(to_hex(transcript.bytes()), before);
}

}  // namespace
}  // namespace redan::dtls
