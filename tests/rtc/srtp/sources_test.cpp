// Sources come and go, and no index is used or accepted twice.
#include "rtc/srtp/sources.hpp"

#include <gtest/gtest.h>

#include "tests/rtc/srtp/packets.hpp"

namespace redan::srtp {
namespace {

using namespace test;

TEST(PacketIndex, IsTheNearestToTheHighest) {
  const struct {
    std::int64_t highest;
    std::uint16_t sequence;
    std::int64_t index;
  } cases[] = {
      {-1, 0, 0},
      {-1, 65'535, 65'535},
      {10, 65'535, 65'535},  // nothing lies before the start
      {0x8000, 0, 0},
      {0x8001, 0, 0x10000},
      {65'535, 0, 65'536},
      {65'536, 65'535, 65'535},
      {65'536, 0x8000, 0x18000},
      {65'536, 0x8001, 0x8001},
      {0x1ffff, 0x7ffe, 0x27ffe},
      {0x1ffff, 0x7fff, 0x17fff},
      {(std::int64_t{1} << 48U) - 1, 0xfffe, (std::int64_t{1} << 48U) - 2},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(estimate_index(each.highest, each.sequence), each.index) << each.highest << ' ' << each.sequence;
  }
}

class SrtpSources : public testing::TestWithParam<SrtpProfile> {
 protected:
  /// Carries a packet from `a` to `b`.
  bool carry(const Packet& plain) { return unprotect_rtp(pair_.b, protect_rtp(pair_.a, plain)) == plain; }
  bool carry_control(std::uint32_t ssrc) {
    return unprotect_rtcp(pair_.b, protect_rtcp(pair_.a, rtcp(ssrc))) == rtcp(ssrc);
  }
  /// Uses so many sources that all others are put aside.
  void put_all_aside() {
    for (std::size_t i = 0; i < kMaxSources; ++i) ASSERT_TRUE(carry(rtp(1, next_ssrc_++)));
  }
  Errc error_of(Packet packet) {
    const std::size_t size = packet.size();
    packet.resize(size + kMaxTrailer);
    const auto protected_size = pair_.a.protect_rtp(packet, size);
    return protected_size ? Errc{} : protected_size.error();
  }
  std::uint64_t replayed() const { return pair_.b.drops()[Drop::replayed]; }

  Pair pair_{GetParam()};
  /// Has `a`'s keys and never puts a source aside: a reference for the expected packets.
  Pair reference_{GetParam()};
  std::uint32_t next_ssrc_ = 1'000'000;
};
INSTANTIATE_TEST_SUITE_P(Profiles, SrtpSources, testing::ValuesIn(kProfiles), profile_name);

TEST_P(SrtpSources, TheLongestUnusedSourceMakesRoom) {
  const Packet late = protect_rtp(pair_.a, rtp(1, 1));
  for (std::uint32_t ssrc = 2; ssrc <= 1000; ++ssrc) {
    ASSERT_TRUE(carry(rtp(static_cast<std::uint16_t>(ssrc), 1)));
    ASSERT_TRUE(carry(rtp(1, ssrc))) << ssrc;
    ASSERT_LE(pair_.b.source_count(), kMaxSources);
  }
  EXPECT_EQ(pair_.b.source_count(), kMaxSources);
  EXPECT_EQ(pair_.b.drops().total(), 0U);
  // The first was always in use, so neither side put it aside.
  EXPECT_TRUE(unprotect_rtp(pair_.b, late));
  EXPECT_EQ(error_of(rtp(1, 1)), Errc{});
}

TEST_P(SrtpSources, SendersOfControlPacketsOnlyAlsoMakeRoom) {
  for (std::uint32_t ssrc = 1; ssrc <= 3 * kMaxSources; ++ssrc) ASSERT_TRUE(carry_control(ssrc)) << ssrc;
  EXPECT_EQ(pair_.b.source_count(), kMaxSources);
  EXPECT_TRUE(carry_control(1));
  EXPECT_TRUE(carry(rtp(1, 2)));
}

TEST_P(SrtpSources, RtpAndRtcpOfASourceCountAsOneSource) {
  EXPECT_TRUE(carry(rtp(1, 7)) && carry_control(7));
  EXPECT_EQ(pair_.b.source_count(), 1U);
}

TEST_P(SrtpSources, ForgedOrReplayedPacketsPutNoSourceAside) {
  const Packet past = protect_rtp(pair_.a, rtp(1, 5));
  ASSERT_TRUE(unprotect_rtp(pair_.b, past));
  const Packet past_control = protect_rtcp(pair_.a, rtcp(6));
  ASSERT_TRUE(unprotect_rtcp(pair_.b, past_control));
  put_all_aside();
  // The oldest one in use is put aside first; an earlier packet of it is then too late.
  const std::uint32_t oldest = next_ssrc_ - static_cast<std::uint32_t>(kMaxSources);
  for (std::uint32_t ssrc = 1; ssrc <= 200; ++ssrc) {
    Packet forged = rtp(static_cast<std::uint16_t>(ssrc), ssrc);
    forged.resize(forged.size() + tag_size(GetParam()));
    EXPECT_FALSE(unprotect_rtp(pair_.b, forged));
    EXPECT_FALSE(unprotect_rtcp(pair_.b, forged));
    EXPECT_FALSE(unprotect_rtp(pair_.b, past));
    EXPECT_FALSE(unprotect_rtcp(pair_.b, past_control));
  }
  EXPECT_EQ(pair_.b.source_count(), kMaxSources);
  EXPECT_TRUE(unprotect_rtp(pair_.b, protect_rtp(pair_.a, rtp(0, oldest))));
}

TEST_P(SrtpSources, OldPacketsOfASourceThatWasPutAsideAreRefused) {
  std::vector<Packet> past;
  for (std::uint16_t i = 1; i <= 5; ++i) past.push_back(protect_rtp(pair_.a, rtp(i, 7)));
  for (const std::size_t i : {0U, 1U, 4U}) ASSERT_TRUE(unprotect_rtp(pair_.b, past[i]));
  std::vector<Packet> control;
  for (int i = 0; i < 3; ++i) control.push_back(protect_rtcp(pair_.a, rtcp(7)));
  for (const std::size_t i : {0U, 2U}) ASSERT_TRUE(unprotect_rtcp(pair_.b, control[i]));
  put_all_aside();
  const auto all_are_refused = [&] {
    const std::uint64_t before = replayed();
    for (const Packet& packet : past) EXPECT_FALSE(unprotect_rtp(pair_.b, packet));
    for (const Packet& packet : control) EXPECT_FALSE(unprotect_rtcp(pair_.b, packet));
    EXPECT_EQ(replayed(), before + past.size() + control.size());
  };
  all_are_refused();
  EXPECT_TRUE(carry(rtp(7, 7))) << "it may come back";
  all_are_refused();
  EXPECT_TRUE(carry(rtp(6, 7))) << "in any order";
  EXPECT_TRUE(carry_control(7));
  all_are_refused();
  put_all_aside();
  all_are_refused();
}

TEST_P(SrtpSources, AReturningSourceContinuesWithTheFollowingIndices) {
  const auto send = [&](std::uint32_t sequence) {
    const Packet plain = rtp(static_cast<std::uint16_t>(sequence), 7, 1);
    const Packet sealed = protect_rtp(pair_.a, plain);
    ASSERT_EQ(sealed, protect_rtp(reference_.a, plain)) << sequence;
    ASSERT_EQ(unprotect_rtp(pair_.b, sealed), plain) << sequence;
  };
  std::uint32_t sequence = 60'000;
  for (int round = 0; round < 4; ++round) {
    for (const std::uint32_t end = sequence + 30'000; sequence < end; ++sequence) send(sequence);
    put_all_aside();
    // Control packets reactivate it before its media.
    if (round % 2 == 0) {
      EXPECT_TRUE(carry_control(7));
      protect_rtcp(reference_.a, rtcp(7));
    }
    sequence += 20'000;  // lost, or sent elsewhere
  }
  send(sequence);
}

TEST_P(SrtpSources, AForgedSequenceNumberIsIgnored) {
  for (std::uint32_t i = 60'000; i < 70'000; ++i) ASSERT_TRUE(carry(rtp(static_cast<std::uint16_t>(i), 7, 1)));
  put_all_aside();
  const auto forge = [&](std::uint16_t sequence) {
    Packet forged = rtp(sequence, 7, 1);
    forged.resize(forged.size() + tag_size(GetParam()));
    EXPECT_FALSE(unprotect_rtp(pair_.b, forged));
  };
  for (const std::uint32_t sequence : {4464U, 30'000U, 50'000U, 65'535U}) forge(static_cast<std::uint16_t>(sequence));
  ASSERT_TRUE(carry_control(7));
  for (const std::uint32_t sequence : {4464U, 30'000U, 50'000U, 65'535U}) forge(static_cast<std::uint16_t>(sequence));
  EXPECT_TRUE(carry(rtp(4464, 7, 1)));
}

TEST_P(SrtpSources, ControlIndicesContinueAfterASenderWasPutAside) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 10; ++i) {
      const Packet sealed = protect_rtcp(pair_.a, rtcp(7));
      ASSERT_EQ(sealed, protect_rtcp(reference_.a, rtcp(7))) << "another index, or one that was used";
      ASSERT_TRUE(unprotect_rtcp(pair_.b, sealed));
    }
    put_all_aside();
  }
}

TEST_P(SrtpSources, ASenderOfVeryManyControlPacketsMayResumeOnlyMedia) {
  for (int i = 0; i <= 8192; ++i) protect_rtcp(pair_.a, rtcp(7));
  ASSERT_TRUE(carry(rtp(1, 7)));
  put_all_aside();
  Packet control = rtcp(7);
  control.resize(control.size() + kMaxTrailer);
  EXPECT_EQ(pair_.a.protect_rtcp(control, rtcp(7).size()).error(), Errc::srtp_failed);
  EXPECT_TRUE(carry(rtp(2, 7)));
  EXPECT_FALSE(pair_.a.protect_rtcp(control, rtcp(7).size()));
}

TEST_P(SrtpSources, ASenderThatWasPutAsideReusesNoIndex) {
  const Packet first = protect_rtp(pair_.a, rtp(10, 7));
  put_all_aside();
  for (const std::uint16_t sequence : std::initializer_list<std::uint16_t>{10, 9})
    EXPECT_EQ(error_of(rtp(sequence, 7)), Errc::srtp_index_reused);
  EXPECT_EQ(error_of(rtp(11, 7)), Errc{});
  EXPECT_EQ(error_of(rtp(11, 7)), Errc{}) << "what it sent since, it may";
  EXPECT_EQ(error_of(rtp(10, 7)), Errc::srtp_index_reused);
}

TEST_P(SrtpSources, NewSourcesAreRefusedWhenTooManyWerePutAside) {
  const auto known = static_cast<std::uint32_t>(kMaxSources + kMaxRetired);
  for (std::uint32_t ssrc = 1; ssrc <= known; ++ssrc) ASSERT_TRUE(carry(rtp(1, ssrc, 1))) << ssrc;
  EXPECT_EQ(error_of(rtp(1, known + 1)), Errc::too_many);
  EXPECT_FALSE(unprotect_rtp(pair_.b, protect_rtp(reference_.a, rtp(1, known + 1))));
  EXPECT_FALSE(unprotect_rtcp(pair_.b, protect_rtcp(reference_.a, rtcp(known + 1))));
  EXPECT_EQ(pair_.b.drops()[Drop::too_many_sources], 2U);
  for (const std::uint32_t ssrc : {1U, 2U, 1000U, known}) {
    EXPECT_TRUE(carry(rtp(2, ssrc))) << "known ones come back: " << ssrc;
    EXPECT_TRUE(carry_control(ssrc));
  }
}

// RFC 3711 section 9.1
TEST_P(SrtpSources, AnotherPacketUnderAUsedIndexIsRefused) {
  const Packet original = rtp(7, 7);
  const Packet sealed = protect_rtp(pair_.a, original);
  const auto changed = [&](std::size_t at) {
    Packet packet = original;
    packet[at] ^= 1U;
    return packet;
  };
  Packet longer = original;
  longer.push_back(0);
  const Packet shorter(original.begin(), original.end() - 1);
  // Payload type and marker, timestamp, the first and last bytes of the payload.
  const std::vector<Packet> others{changed(1), changed(4), changed(12), changed(111), longer, shorter};
  for (const bool later : {false, true}) {
    for (const Packet& other : others) EXPECT_EQ(error_of(other), Errc::srtp_index_reused);
    EXPECT_EQ(protect_rtp(pair_.a, original), sealed) << "a retransmission repeats the packet";
    if (!later) {
      EXPECT_EQ(error_of(rtp(8, 7)), Errc{});
    }
  }
}

TEST_P(SrtpSources, ARefusedPacketLeavesNothingInTheBuffer) {
  protect_rtp(pair_.a, rtp(7, 7));
  Packet other = rtp(7, 7, 50);
  const std::size_t size = other.size();
  other.resize(size + kMaxTrailer);
  ASSERT_FALSE(pair_.a.protect_rtp(other, size));
  EXPECT_EQ(other, Packet(other.size()));
}

TEST_P(SrtpSources, AnIndexOutOfOrderCanBeUsedOnlyOnce) {
  for (const std::uint16_t sequence : std::initializer_list<std::uint16_t>{100, 40, 99, 1000, 500}) {
    EXPECT_EQ(error_of(rtp(sequence, 7)), Errc{}) << sequence;
    EXPECT_EQ(error_of(rtp(sequence, 7, 5)), Errc::srtp_index_reused) << sequence;
  }
}

TEST_P(SrtpSources, RetransmissionsOlderThanTheWindowAreRefused) {
  constexpr auto kWindow = static_cast<std::uint16_t>(kReplayWindow);
  EXPECT_EQ(error_of(rtp(1, 7)), Errc{});
  EXPECT_EQ(error_of(rtp(kWindow, 7)), Errc{});
  EXPECT_EQ(error_of(rtp(1, 7)), Errc{}) << "the last of the window";
  EXPECT_EQ(error_of(rtp(kWindow + 1, 7)), Errc{}) << "stands where the first one stood";
  EXPECT_EQ(error_of(rtp(1, 7)), Errc::srtp_index_reused);
  EXPECT_EQ(error_of(rtp(2, 7)), Errc{});
  EXPECT_EQ(error_of(rtp(30'000, 7)), Errc{});
  for (const std::uint16_t sequence : {kWindow, std::uint16_t(kWindow + 1)}) {
    EXPECT_EQ(error_of(rtp(sequence, 7)), Errc::srtp_index_reused);
  }
}

TEST_P(SrtpSources, WrappedSequenceNumbersHaveAnotherIndex) {
  for (std::uint32_t i = 65'000; i < 65'000 + 140'000; ++i) {
    ASSERT_EQ(error_of(rtp(static_cast<std::uint16_t>(i), 7, i % 7)), Errc{}) << i;
    if (i % 64 == 0) {
      ASSERT_EQ(error_of(rtp(static_cast<std::uint16_t>(i - 20), 7, 100)),
                i < 65'020 ? Errc{} : Errc::srtp_index_reused);
    }
  }
}

}  // namespace
}  // namespace redan::srtp
