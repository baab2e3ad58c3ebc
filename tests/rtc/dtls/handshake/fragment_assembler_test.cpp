#include "rtc/dtls/handshake/fragment_assembler.hpp"

#include <gtest/gtest.h>

#include "rtc/dtls/v12/flights.hpp"
#include "tests/support/link.hpp"

namespace redan::dtls {
namespace {

using namespace v12;

using Verdict = FragmentAssembler::Verdict;

std::vector<std::uint8_t> counting(std::size_t n) {
  std::vector<std::uint8_t> bytes(n);
  for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + 1);
  return bytes;
}

Verdict add(FragmentAssembler& assembler, Bytes message, std::size_t offset, std::size_t length,
            HandshakeType type = HandshakeType::client_hello, std::uint16_t seq = 0, std::uint16_t epoch = 0) {
  return assembler.add({type, static_cast<std::uint32_t>(message.size()), seq, static_cast<std::uint32_t>(offset),
                        static_cast<std::uint32_t>(length)},
                       Epoch{epoch}, message.subspan(offset, length));
}

bool holds(const FragmentAssembler& assembler, Bytes message) {
  const auto whole = assembler.message(0);
  return whole && std::equal(whole->body.begin(), whole->body.end(), message.begin(), message.end());
}

TEST(FragmentAssembler, EverySplitInEitherOrderAssembles) {
  const auto message = counting(40);
  for (std::size_t split = 0; split <= message.size(); ++split) {
    for (const bool swapped : {false, true}) {
      FragmentAssembler assembler;
      assembler.expect(0, kClientHelloFlight);
      const auto first = [&] { return add(assembler, message, 0, split); };
      const auto second = [&] { return add(assembler, message, split, message.size() - split); };
      EXPECT_EQ(swapped ? second() : first(), Verdict::stored);
      EXPECT_EQ(swapped ? first() : second(), Verdict::stored);
      EXPECT_TRUE(holds(assembler, message)) << split;
    }
  }
}

TEST(FragmentAssembler, OneByteFragmentsInAnyOrderAssemble) {
  const auto message = counting(200);
  test::SeededRandom random(3);
  FragmentAssembler assembler;
  assembler.expect(0, kClientHelloFlight);
  std::vector<std::size_t> order(message.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
  for (const std::size_t i : order) {
    EXPECT_FALSE(assembler.message(0));
    add(assembler, message, i, 1);
  }
  EXPECT_TRUE(holds(assembler, message));
}

// Firefox cuts a repeated ClientHello elsewhere than the first one.
TEST(FragmentAssembler, OverlappingCutsMerge) {
  const auto message = counting(1461);
  FragmentAssembler assembler;
  assembler.expect(0, kClientHelloFlight);
  add(assembler, message, 1383, 78);
  add(assembler, message, 0, 1163);
  EXPECT_FALSE(assembler.message(0));
  add(assembler, message, 1163, 298);
  EXPECT_TRUE(holds(assembler, message));
}

TEST(FragmentAssembler, AgreesWithANaiveReassemblerOnRandomScripts) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    test::SeededRandom random(seed);
    const auto message = counting(1 + random.below(60));
    FragmentAssembler assembler;
    assembler.expect(0, kClientHelloFlight);
    std::vector<bool> have(message.size());
    for (int i = 0; i < 12; ++i) {
      const std::size_t offset = random.below(message.size());
      const std::size_t length = random.below(message.size() - offset + 1);
      ASSERT_EQ(add(assembler, message, offset, length), Verdict::stored);
      std::fill_n(have.begin() + static_cast<std::ptrdiff_t>(offset), length, true);
      const bool whole = std::find(have.begin(), have.end(), false) == have.end();
      ASSERT_EQ(holds(assembler, message), whole) << "seed " << seed;
    }
  }
}

// A forged byte of the right message must not stay: the genuine bytes come after it, or again.
TEST(FragmentAssembler, OfTwoVersionsOfAByteTheLaterWins) {
  const auto message = counting(10);
  auto forged = message;
  forged[3] ^= 0xFF;
  forged[7] ^= 0xFF;
  FragmentAssembler assembler;
  assembler.expect(0, kClientHelloFlight);
  add(assembler, forged, 3, 1);
  add(assembler, forged, 7, 1);
  add(assembler, message, 0, 5);
  add(assembler, message, 5, 5);
  EXPECT_TRUE(holds(assembler, message));
  add(assembler, forged, 0, 10);
  EXPECT_TRUE(holds(assembler, forged));
}

TEST(FragmentAssembler, WhatDisagreesWithAnUnfinishedMessageTakesItsPlace) {
  const auto message = counting(40);
  const auto longer = counting(41);
  FragmentAssembler assembler;
  assembler.expect(0, kServerFlight);
  EXPECT_EQ(add(assembler, longer, 0, 5, HandshakeType::server_hello), Verdict::stored);
  EXPECT_EQ(add(assembler, message, 5, 35, HandshakeType::server_hello), Verdict::displacing);
  EXPECT_FALSE(assembler.message(0)) << "the five forged bytes must not count";
  EXPECT_EQ(add(assembler, message, 0, 5, HandshakeType::server_hello), Verdict::stored);
  EXPECT_TRUE(holds(assembler, message));
}

TEST(FragmentAssembler, WhatDisagreesWithAWholeMessageTakesItsPlaceToo) {
  const auto message = counting(40);
  FragmentAssembler assembler;
  assembler.expect(0, kServerFlight);
  EXPECT_EQ(add(assembler, counting(41), 0, 41, HandshakeType::server_hello), Verdict::stored);
  EXPECT_EQ(add(assembler, message, 0, 40, HandshakeType::server_hello), Verdict::displacing);
  EXPECT_TRUE(holds(assembler, message));
}

// A fragment far inside a message that was announced as long takes the room of its own bytes.
TEST(FragmentAssembler, MemoryFollowsWhatCameNotWhatIsAnnounced) {
  FragmentAssembler assembler;
  assembler.expect(0, kServerFlight);
  const auto giant = counting(FragmentAssembler::kMaxBuffered);
  EXPECT_EQ(add(assembler, giant, giant.size() - 1, 1, HandshakeType::certificate, 1), Verdict::stored);
  EXPECT_LE(assembler.memory(), 64U);
  std::size_t came = 1;
  for (std::size_t offset = 0; offset + 700 < giant.size(); offset += 700) {
    came += 600;
    ASSERT_EQ(add(assembler, giant, offset, 600, HandshakeType::certificate, 1), Verdict::stored);
    EXPECT_LE(assembler.memory(), 2 * came + 1024);
  }
}

TEST(FragmentAssembler, AMessageOfTheLargestSizeFits) {
  FragmentAssembler assembler;
  assembler.expect(0, kClientHelloFlight);
  const auto giant = counting(FragmentAssembler::kMaxBuffered - 64);
  for (std::size_t offset = 0; offset < giant.size(); offset += 1175) {
    ASSERT_EQ(add(assembler, giant, offset, std::min<std::size_t>(1175, giant.size() - offset)), Verdict::stored);
  }
  EXPECT_TRUE(holds(assembler, giant));
}

TEST(FragmentAssembler, OnlyTheTableMayCome) {
  const auto message = counting(12);
  FragmentAssembler assembler;
  assembler.expect(3, kClientFlight);
  EXPECT_EQ(add(assembler, message, 0, 12, HandshakeType::certificate, 2), Verdict::repeated);
  EXPECT_EQ(add(assembler, message, 0, 12, HandshakeType::finished, 3), Verdict::unexpected);
  EXPECT_EQ(add(assembler, message, 0, 12, HandshakeType::certificate, 3, 1), Verdict::unexpected);
  EXPECT_EQ(add(assembler, message, 0, 12, HandshakeType::certificate, 6), Verdict::unexpected);
  assembler.expect(6, kFinishedFlight);
  EXPECT_EQ(add(assembler, message, 0, 12, HandshakeType::finished, 6, 0), Verdict::unexpected);
  EXPECT_EQ(add(assembler, message, 0, 12, HandshakeType::finished, 6, 1), Verdict::stored);
}

TEST(FragmentAssembler, HoldsNoMoreThanItsLimitWhateverIsAnnounced) {
  FragmentAssembler assembler;
  assembler.expect(0, kServerFlight);
  const auto big = counting(FragmentAssembler::kMaxBuffered + 1);
  EXPECT_EQ(add(assembler, big, 0, 10, HandshakeType::server_hello), Verdict::too_large);
  const auto fits = counting(FragmentAssembler::kMaxBuffered);
  EXPECT_EQ(add(assembler, fits, 0, fits.size() - 200, HandshakeType::server_hello), Verdict::stored);
  EXPECT_EQ(add(assembler, fits, 0, 201, HandshakeType::certificate, 1), Verdict::too_large);
  EXPECT_EQ(add(assembler, fits, 0, 100, HandshakeType::certificate, 1), Verdict::stored);
  EXPECT_LE(assembler.memory(), FragmentAssembler::kMaxBuffered);
}

TEST(FragmentAssembler, EmptyMessagesAreWholeAtOnce) {
  FragmentAssembler assembler;
  assembler.expect(0, std::span(kServerFlight).last(1));
  EXPECT_EQ(add(assembler, {}, 0, 0, HandshakeType::server_hello_done), Verdict::stored);
  EXPECT_TRUE(assembler.message(0));
}

}  // namespace
}  // namespace redan::dtls
