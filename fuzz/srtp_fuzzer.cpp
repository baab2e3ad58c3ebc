// A pair of SRTP sessions under a script. Each step is an operation byte, a length byte and that many bytes:
//
//   0 RTP from the network   1 RTCP from the network   2 RTP protected, carried, unprotected   3 the same for RTCP
//   4 RTP protected, then one byte of it changed        5 the same for RTCP
//
// No packet is accepted twice, and no index is used for two packets.
#include <map>
#include <vector>

#include "base/assert.hpp"
#include "base/reader.hpp"
#include "rtc/srtp/session.hpp"

namespace {

using redan::srtp::MasterKey;
using redan::srtp::Session;
using Packet = std::vector<std::uint8_t>;

class Pair {
 public:
  explicit Pair(redan::SrtpProfile profile)
      : a_(*Session::create(profile, key(profile, 1), key(profile, 2))),
        b_(*Session::create(profile, key(profile, 2), key(profile, 1))) {}

  void step(std::uint8_t operation, redan::Bytes bytes) {
    const bool rtp = operation % 2 == 0;
    Packet packet(bytes.begin(), bytes.end());
    if (operation < 2) {
      // No external packet verifies, because the fuzzer does not know the key.
      REDAN_ASSERT(!unprotect(rtp, packet));
      return;
    }
    const Packet plain = packet;
    packet.resize(plain.size() + redan::srtp::kMaxTrailer);
    const auto size = rtp ? a_.protect_rtp(packet, plain.size()) : a_.protect_rtcp(packet, plain.size());
    if (!size) return;
    if (rtp) check_index(plain);
    packet.resize(*size);
    const Packet sealed = packet;
    if (operation >= 4) packet[plain[0] % packet.size()] ^= 1U;
    const auto received = unprotect(rtp, packet);
    REDAN_ASSERT(operation < 4 || !received);
    REDAN_ASSERT(!received || std::equal(received->begin(), received->end(), plain.begin(), plain.end()));
    Packet again = sealed;
    REDAN_ASSERT(!received || !unprotect(rtp, again));
  }

 private:
  static MasterKey key(redan::SrtpProfile profile, std::uint8_t byte) {
    return MasterKey(Packet(redan::srtp::exporter_size(profile) / 2, byte));
  }
  std::optional<redan::MutableBytes> unprotect(bool rtp, redan::MutableBytes packet) {
    const auto plain = rtp ? b_.unprotect_rtp(packet) : b_.unprotect_rtcp(packet);
    REDAN_ASSERT(b_.source_count() <= redan::srtp::kMaxSources);
    return plain;
  }

  /// Of a packet that was protected.
  void check_index(const Packet& plain) {
    redan::Reader header(redan::Bytes(plain).subspan(2));
    const std::uint16_t sequence = header.u16();
    header.skip(4);
    const std::uint32_t ssrc = header.u32();
    std::int64_t& highest = highest_.try_emplace(ssrc, -1).first->second;
    const std::int64_t index = redan::srtp::estimate_index(highest, sequence);
    highest = std::max(highest, index);
    REDAN_ASSERT(sent_.try_emplace({ssrc, index}, plain).first->second == plain);
  }

  Session a_, b_;
  std::map<std::uint32_t, std::int64_t> highest_;
  std::map<std::pair<std::uint32_t, std::int64_t>, Packet> sent_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::array kProfiles{redan::SrtpProfile::aead_aes_128_gcm, redan::SrtpProfile::aead_aes_256_gcm,
                                        redan::SrtpProfile::aes128_cm_hmac_sha1_80};
  redan::Reader script({data, size});
  Pair pair(kProfiles[script.u8() % kProfiles.size()]);
  while (!script.empty()) {
    const std::uint8_t operation = script.u8() % 6;
    const redan::Bytes bytes = script.opaque8();
    if (script.ok()) pair.step(operation, bytes);
  }
  return 0;
}
