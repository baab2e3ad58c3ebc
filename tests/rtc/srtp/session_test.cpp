#include "rtc/srtp/session.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/hex.hpp"
#include "tests/rtc/srtp/packets.hpp"

namespace redan::srtp {
namespace {

using namespace test;

class SrtpSession : public testing::TestWithParam<SrtpProfile> {
 protected:
  Pair pair_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Profiles, SrtpSession, testing::ValuesIn(kProfiles), profile_name);

TEST_P(SrtpSession, CarriesRtpInBothDirections) {
  for (std::uint16_t i = 1; i < 200; ++i) {
    const Packet plain = rtp(i, 7, i);
    const Packet sealed = protect_rtp(pair_.a, plain);
    EXPECT_EQ(sealed.size(), plain.size() + tag_size(GetParam()));
    EXPECT_TRUE(std::equal(plain.begin(), plain.begin() + 12, sealed.begin())) << "the header stays readable";
    if (i >= 16) {  // a shorter text may by chance encrypt to itself
      EXPECT_FALSE(std::equal(plain.begin() + 12, plain.end(), sealed.begin() + 12));
    }
    EXPECT_EQ(unprotect_rtp(pair_.b, sealed), plain);
    EXPECT_EQ(unprotect_rtp(pair_.a, protect_rtp(pair_.b, plain)), plain);
  }
}

TEST_P(SrtpSession, CarriesRtcpInBothDirections) {
  for (int i = 0; i < 200; ++i) {
    const Packet sealed = protect_rtcp(pair_.a, rtcp());
    EXPECT_EQ(sealed.size(), rtcp().size() + 4 + tag_size(GetParam()));
    EXPECT_EQ(unprotect_rtcp(pair_.b, sealed), rtcp());
    EXPECT_EQ(unprotect_rtcp(pair_.a, protect_rtcp(pair_.b, rtcp())), rtcp());
  }
}

TEST_P(SrtpSession, RefusesAReflectedPacket) {
  EXPECT_FALSE(unprotect_rtp(pair_.a, protect_rtp(pair_.a, rtp(1))));
  EXPECT_FALSE(unprotect_rtcp(pair_.a, protect_rtcp(pair_.a, rtcp())));
  EXPECT_EQ(pair_.a.drops()[Drop::unauthenticated], 2U);
}

TEST_P(SrtpSession, RefusesEqualKeysAndKeysOfAnotherProfile) {
  const SrtpProfile profile = GetParam();
  EXPECT_FALSE(Session::create(profile, key(profile, 1), key(profile, 1)));
  EXPECT_FALSE(Session::create(profile, {}, {}));
  for (const SrtpProfile other : kProfiles) {
    EXPECT_EQ(Session::create(profile, key(other, 1), key(other, 2)).has_value(), other == profile);
    EXPECT_EQ(Session::create(profile, key(profile, 1), key(other, 2)).has_value(), other == profile);
  }
}

TEST_P(SrtpSession, RefusesEveryFlippedBitAndContinues) {
  const Packet sealed = protect_rtp(pair_.a, rtp(1, 7, 20));
  const Packet sealed_rtcp = protect_rtcp(pair_.a, rtcp());
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    Packet bad = sealed;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(unprotect_rtp(pair_.b, bad)) << bit;
  }
  for (std::size_t bit = 0; bit < 8 * sealed_rtcp.size(); ++bit) {
    Packet bad = sealed_rtcp;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(unprotect_rtcp(pair_.b, bad)) << bit;
  }
  EXPECT_EQ(pair_.b.source_count(), 0U);
  EXPECT_TRUE(unprotect_rtp(pair_.b, sealed));
  EXPECT_TRUE(unprotect_rtcp(pair_.b, sealed_rtcp));
}

TEST_P(SrtpSession, DeliversEachPacketOnce) {
  std::vector<Packet> sealed;
  for (std::uint16_t i = 0; i < 3000; ++i) sealed.push_back(protect_rtp(pair_.a, rtp(i)));
  // First odd numbers, then even ones: within the window all arrive, each once.
  for (std::size_t block = 0; block < 3000; block += 1000) {
    for (const std::size_t parity : {1U, 0U}) {
      for (std::size_t i = block + parity; i < block + 1000; i += 2) {
        EXPECT_TRUE(unprotect_rtp(pair_.b, sealed[i])) << i;
        EXPECT_FALSE(unprotect_rtp(pair_.b, sealed[i])) << i;
      }
    }
  }
  EXPECT_FALSE(unprotect_rtp(pair_.b, sealed[0])) << "behind the window";
  EXPECT_EQ(pair_.b.drops()[Drop::replayed], 3001U);

  const Packet control = protect_rtcp(pair_.a, rtcp());
  EXPECT_TRUE(unprotect_rtcp(pair_.b, control));
  EXPECT_FALSE(unprotect_rtcp(pair_.b, control));
  EXPECT_EQ(pair_.b.drops()[Drop::replayed], 3002U);
}

TEST_P(SrtpSession, RetransmitsAPacketByProtectingItAgain) {
  const Packet first = protect_rtp(pair_.a, rtp(1));
  for (std::uint16_t i = 2; i < 500; ++i) protect_rtp(pair_.a, rtp(i));
  const Packet again = protect_rtp(pair_.a, rtp(1));
  EXPECT_EQ(first, again) << "the same packet, so nothing new is encrypted under its index";
  EXPECT_EQ(unprotect_rtp(pair_.b, again), rtp(1));
}

TEST_P(SrtpSession, FollowsTheSequenceNumberAcrossItsWrap) {
  for (std::uint32_t i = 65'000; i < 65'000 + 200'000; ++i) {
    if (i % 3 == 0) continue;
    const Packet plain = rtp(static_cast<std::uint16_t>(i), 9, 1);
    ASSERT_EQ(unprotect_rtp(pair_.b, protect_rtp(pair_.a, plain)), plain) << i;
  }
}

TEST_P(SrtpSession, UnauthenticatedPacketsCreateNoSources) {
  for (std::uint32_t ssrc = 0; ssrc < 10'000; ++ssrc) {
    Packet forged = rtp(1, ssrc);
    forged.resize(forged.size() + tag_size(GetParam()));
    EXPECT_FALSE(unprotect_rtp(pair_.b, forged));
  }
  EXPECT_EQ(pair_.b.source_count(), 0U);
  EXPECT_EQ(pair_.b.drops()[Drop::unauthenticated], 10'000U);
  EXPECT_TRUE(unprotect_rtp(pair_.b, protect_rtp(pair_.a, rtp(1))));
}

TEST_P(SrtpSession, CarriesPacketsThatFillADatagram) {
  constexpr std::size_t kPayloadOfUdp = 1472;
  for (std::size_t size = 1100; size + tag_size(GetParam()) <= kPayloadOfUdp; ++size) {
    const Packet plain = rtp(static_cast<std::uint16_t>(size), 7, size - 12);
    const Packet sealed = protect_rtp(pair_.a, plain);
    ASSERT_EQ(sealed.size(), size + tag_size(GetParam()));
    ASSERT_EQ(unprotect_rtp(pair_.b, sealed), plain);
  }
  const Packet control = rtcp(7, kPayloadOfUdp - kMaxTrailer);
  const Packet sealed = protect_rtcp(pair_.a, control);
  EXPECT_LE(sealed.size(), kPayloadOfUdp);
  EXPECT_EQ(unprotect_rtcp(pair_.b, sealed), control);
}

TEST_P(SrtpSession, RefusesShortAndInconsistentPackets) {
  // Every length to 60, CSRC count, extension bit and extension length: refused, and no byte behind the packet is read
  // (each packet has a heap block of its own, for the sanitizers).
  const std::array<std::uint16_t, 8> lengths{0, 1, 2, 9, 11, 0x7fff, 0x8000, 0xffff};
  for (std::size_t size = 0; size <= 60; ++size) {
    for (unsigned csrc = 0; csrc < 16; ++csrc) {
      for (const unsigned extension : {0U, 0x10U}) {
        for (const std::uint16_t length : lengths) {
          Packet packet(size, 0x5a);
          if (size > 0) packet[0] = static_cast<std::uint8_t>(0x80U | extension | csrc);
          const std::size_t at = 12 + 4 * csrc + 2;
          if (size >= at + 2) {
            packet[at] = static_cast<std::uint8_t>(length >> 8U);
            packet[at + 1] = static_cast<std::uint8_t>(length);
          }
          ASSERT_FALSE(pair_.b.unprotect_rtp(packet));
          ASSERT_FALSE(pair_.b.unprotect_rtcp(packet));
        }
      }
    }
  }
  EXPECT_EQ(pair_.b.source_count(), 0U);
}

TEST_P(SrtpSession, ARefusedHeaderCountsAsMalformedNotAsUnauthenticated) {
  const std::size_t tag = tag_size(GetParam());
  Packet whole = rtp(1, 7, 4 + tag);
  whole[0] = 0x90;  // an extension of `length` words, of which none is there
  whole[14] = 0;
  whole[15] = 0;
  EXPECT_FALSE(pair_.b.unprotect_rtp(whole));
  EXPECT_EQ(pair_.b.drops()[Drop::malformed], 0U);
  whole = rtp(1, 7, 4 + tag);
  whole[0] = 0x90;
  whole[14] = 0;
  whole[15] = 1;
  EXPECT_FALSE(pair_.b.unprotect_rtp(whole));
  EXPECT_EQ(pair_.b.drops()[Drop::malformed], 1U);
  whole = rtp(1, 7, tag - 1);
  EXPECT_FALSE(pair_.b.unprotect_rtp(whole));
  EXPECT_EQ(pair_.b.drops()[Drop::malformed], 2U);
  for (const unsigned version : {0x00U, 0x40U, 0xc0U}) {
    whole = rtp(1);
    whole[0] = static_cast<std::uint8_t>(version);
    EXPECT_FALSE(pair_.b.unprotect_rtp(whole));
    EXPECT_FALSE(pair_.b.unprotect_rtcp(whole));
  }
  EXPECT_EQ(pair_.b.drops()[Drop::malformed], 8U);
}

TEST_P(SrtpSession, RefusesToProtectInvalidPacketsAndBuffersWithoutRoom) {
  Packet packet = rtp(1);
  const std::size_t size = packet.size();
  const std::size_t tag = tag_size(GetParam());
  packet.resize(size + tag - 1);
  EXPECT_FALSE(pair_.a.protect_rtp(packet, size));
  packet.resize(size + tag);
  EXPECT_TRUE(pair_.a.protect_rtp(packet, size));
  packet = rtcp();
  packet.resize(28 + 4 + tag - 1);
  EXPECT_FALSE(pair_.a.protect_rtcp(packet, 28));
  packet.resize(28 + 4 + tag);
  EXPECT_TRUE(pair_.a.protect_rtcp(packet, 28));

  Packet room(200, 0x80);
  for (std::size_t n = 0; n < 12; ++n) EXPECT_FALSE(pair_.a.protect_rtp(room, n)) << n;
  for (std::size_t n = 0; n < 8; ++n) EXPECT_FALSE(pair_.a.protect_rtcp(room, n)) << n;
  room = rtp(2);
  room.resize(200);
  room[0] = 0x9f;  // 15 CSRCs and an extension longer than the packet
  EXPECT_FALSE(pair_.a.protect_rtp(room, 100));
  room[0] = 0;  // version 0
  EXPECT_FALSE(pair_.a.protect_rtp(room, 100));
  EXPECT_FALSE(pair_.a.protect_rtcp(room, 100));
}

TEST_P(SrtpSession, CarriesHeadersWithSourcesAndExtensions) {
  Packet plain = rtp(5, 7, 60);
  plain[0] = 0x93;  // extension and three CSRCs
  plain[12 + 12 + 2] = 0;
  plain[12 + 12 + 3] = 2;
  const Packet sealed = protect_rtp(pair_.a, plain);
  EXPECT_TRUE(std::equal(plain.begin(), plain.begin() + 12 + 12 + 4 + 8, sealed.begin()));
  EXPECT_EQ(unprotect_rtp(pair_.b, sealed), plain);
}

TEST_P(SrtpSession, AMovedSessionStillWorks) {
  const Packet first = protect_rtp(pair_.a, rtp(1));
  EXPECT_TRUE(unprotect_rtp(pair_.b, first));
  Session moved(std::move(pair_.b));
  EXPECT_FALSE(unprotect_rtp(moved, first));
  EXPECT_TRUE(unprotect_rtp(moved, protect_rtp(pair_.a, rtp(2))));
}

}  // namespace
}  // namespace redan::srtp
