// RTP and RTCP packets, and two sessions with each other's keys.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "base/writer.hpp"
#include "rtc/srtp/session.hpp"

namespace redan::srtp::test {

using Packet = std::vector<std::uint8_t>;

inline constexpr std::array<SrtpProfile, 3> kProfiles{SrtpProfile::aes128_cm_hmac_sha1_80,
                                                      SrtpProfile::aead_aes_128_gcm, SrtpProfile::aead_aes_256_gcm};

inline std::size_t tag_size(SrtpProfile profile) { return profile == SrtpProfile::aes128_cm_hmac_sha1_80 ? 10 : 16; }

inline MasterKey key(SrtpProfile profile, std::uint8_t byte) {
  return MasterKey(Packet(exporter_size(profile) / 2, byte));
}

struct Pair {
  explicit Pair(SrtpProfile profile)
      : a(*Session::create(profile, key(profile, 1), key(profile, 2))),
        b(*Session::create(profile, key(profile, 2), key(profile, 1))) {}
  Session a, b;
};

inline Packet rtp(std::uint16_t sequence, std::uint32_t ssrc = 0x1234, std::size_t payload = 100) {
  Packet packet(12 + payload, 0x77);
  Writer writer(packet);
  writer.u8(0x80);
  writer.u8(96);
  writer.u16(sequence);
  writer.u32(1000);
  writer.u32(ssrc);
  return packet;
}

inline Packet rtcp(std::uint32_t ssrc = 0x1234, std::size_t size = 28) {
  Packet packet(size);
  Writer writer(packet);
  writer.u8(0x80);
  writer.u8(200);
  writer.u16(static_cast<std::uint16_t>(size / 4 - 1));
  writer.u32(ssrc);
  return packet;
}

inline Packet protect_rtp(Session& session, Packet packet) {
  const std::size_t size = packet.size();
  packet.resize(size + kMaxTrailer);
  const auto protected_size = session.protect_rtp(packet, size);
  EXPECT_TRUE(protected_size);
  packet.resize(protected_size.value_or(0));
  return packet;
}

inline Packet protect_rtcp(Session& session, Packet packet) {
  const std::size_t size = packet.size();
  packet.resize(size + kMaxTrailer);
  const auto protected_size = session.protect_rtcp(packet, size);
  EXPECT_TRUE(protected_size);
  packet.resize(protected_size.value_or(0));
  return packet;
}

inline std::optional<Packet> unprotect_rtp(Session& session, Packet packet) {
  const auto plain = session.unprotect_rtp(packet);
  return plain ? std::optional(Packet(plain->begin(), plain->end())) : std::nullopt;
}

inline std::optional<Packet> unprotect_rtcp(Session& session, Packet packet) {
  const auto plain = session.unprotect_rtcp(packet);
  return plain ? std::optional(Packet(plain->begin(), plain->end())) : std::nullopt;
}

inline std::string profile_name(const testing::TestParamInfo<SrtpProfile>& param) {
  return "profile_" + std::to_string(static_cast<int>(param.param));
}

}  // namespace redan::srtp::test
