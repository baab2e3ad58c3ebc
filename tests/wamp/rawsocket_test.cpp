#include "wamp/rawsocket.hpp"

#include <gtest/gtest.h>

namespace redan::wamp {
namespace {

using Four = std::array<std::uint8_t, 4>;

std::optional<RawSocketAnswer> read(const Four& bytes) { return read_handshake(bytes); }

TEST(RawSocketHandshake, ContainsLengthAndSerializer) {
  EXPECT_EQ(read({0x7F, 0xF1, 0, 0}), RawSocketAnswer(RawSocketHandshake{1U << 24U, Serializer::json}));
  EXPECT_EQ(read({0x7F, 0x02, 0, 0}), RawSocketAnswer(RawSocketHandshake{512, Serializer::msgpack}));
  EXPECT_EQ((RawSocketHandshake{1U << 20U, Serializer::cbor}.write()), (Four{0x7F, 0xB3, 0, 0}));
}

TEST(RawSocketHandshake, RefusesUnsupportedRequests) {
  EXPECT_EQ(read({0x7F, 0xF0, 0, 0}), RawSocketAnswer(RawSocketRefusal::serializer_unsupported));
  EXPECT_EQ(read({0x7F, 0xF4, 0, 0}), RawSocketAnswer(RawSocketRefusal::serializer_unsupported));
  EXPECT_EQ(read({0x7F, 0xF1, 1, 0}), RawSocketAnswer(RawSocketRefusal::reserved_bits));
  EXPECT_EQ(read({0x7F, 0xF1, 0, 1}), RawSocketAnswer(RawSocketRefusal::reserved_bits));
  EXPECT_EQ(read({'G', 'E', 'T', ' '}), std::nullopt);
  EXPECT_EQ(write(RawSocketRefusal::serializer_unsupported), (Four{0x7F, 0x10, 0, 0}));
}

TEST(RawSocketHandshake, TheLimitIsAPowerOfTwo) {
  EXPECT_EQ(rawsocket_length(1'000'000), 524'288U);
  EXPECT_EQ(rawsocket_length(1U << 30U), 1U << 24U);
}

TEST(RawSocketHeader, HasATypeAndALength) {
  EXPECT_EQ(RawSocketHeader::parse(Four{1, 0x01, 0x02, 0x03}), (RawSocketHeader{RawSocketFrame::ping, 0x010203}));
  EXPECT_EQ((RawSocketHeader{RawSocketFrame::pong, 5}.write()), (Four{2, 0, 0, 5}));
}

TEST(RawSocketHeader, RefusesReservedBitsAndUnknownTypes) {
  EXPECT_EQ(RawSocketHeader::parse(Four{3, 0, 0, 0}), std::nullopt);
  EXPECT_EQ(RawSocketHeader::parse(Four{8, 0, 0, 0}), std::nullopt);
  EXPECT_EQ(RawSocketHeader::parse(Four{0x80, 0, 0, 0}), std::nullopt);
}

}  // namespace
}  // namespace redan::wamp
