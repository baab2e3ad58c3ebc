// Two associations under a byte script of {packet changed or dropped, time, partial drain, send, reset, raw chunks}.
#include "rtc/datachannel/channels.hpp"
#include "tests/support/seeded_random.hpp"

#include <deque>

#include "base/crc32.hpp"

namespace {

using namespace redan;
using namespace redan::datachannel;

struct End {
  explicit End(std::uint64_t seed) : random(seed), channels(config(), random) {}
  static ChannelsConfig config() {
    ChannelsConfig c;
    c.receive_window = 65536;
    c.send_buffer = 65536;
    c.max_receive_message = 20000;
    c.max_channels = 20;
    return c;
  }
  test::SeededRandom random;
  Channels channels;
  std::deque<std::vector<std::uint8_t>> inbox;
  ChannelId last{};
};

void drain(End& from, End& to, TimePoint now, int limit) {
  std::array<std::uint8_t, 1200> buffer;
  for (int i = 0; i < limit; ++i) {
    const Output output = from.channels.poll_output(now, buffer);
    if (std::holds_alternative<Wait>(output)) return;
    if (const auto* opened = std::get_if<Opened>(&output)) from.last = opened->channel;
    if (const auto* transmit = std::get_if<Transmit>(&output)) {
      if (to.inbox.size() < 64) to.inbox.emplace_back(transmit->packet.begin(), transmit->packet.end());
    }
  }
}

void fix_checksum(std::vector<std::uint8_t>& packet) {
  if (packet.size() < 12) return;
  std::memset(packet.data() + 8, 0, 4);
  const std::uint32_t crc = crc32c(packet);
  std::memcpy(packet.data() + 8, &crc, 4);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader script(Bytes(data, size));
  End a(1), b(2);
  TimePoint now{};
  a.last = a.channels.open("a", {}).value_or(ChannelId{});
  a.channels.start(now, StreamParity::even);
  b.channels.start(now, StreamParity::odd);
  static const std::vector<std::uint8_t> kPayload(30000, 0x55);
  while (!script.empty()) {
    const unsigned op = script.u8();
    End& self = (op & 1U) != 0 ? a : b;
    End& other = (op & 1U) != 0 ? b : a;
    switch (op >> 1U & 7U) {
      case 0:
        drain(self, other, now, 1 + static_cast<int>(op >> 4U));
        break;
      case 1:
      case 2:
        drain(self, other, now, 1000);
        for (unsigned n = op >> 4U; !self.inbox.empty(); --n) {
          self.channels.handle_input(now, self.inbox.front());
          self.inbox.pop_front();
          if (n == 0) break;
        }
        break;
      case 3: {  // the packet with bytes changed, and its checksum made good
        if (self.inbox.empty()) break;
        for (unsigned n = op >> 4U; n > 0; --n) {
          const std::size_t at = script.u16();
          const std::uint8_t value = script.u8();
          std::vector<std::uint8_t>& packet = self.inbox.front();
          packet[at % packet.size()] = value;
        }
        fix_checksum(self.inbox.front());
        self.channels.handle_input(now, self.inbox.front());
        break;
      }
      case 4: {  // chunks of the script's own behind a valid header
        if (self.inbox.empty()) break;
        std::vector<std::uint8_t> packet = self.inbox.front();
        const Bytes chunks = script.bytes(std::min<std::size_t>(script.u8(), script.remaining()));
        packet.resize(12 + chunks.size());
        std::copy(chunks.begin(), chunks.end(), packet.begin() + 12);
        fix_checksum(packet);
        self.channels.handle_input(now, packet);
        break;
      }
      case 5:
        if (!self.inbox.empty()) self.inbox.pop_front();
        break;
      case 6:
        now += std::chrono::milliseconds(1U << (op >> 4U));
        break;
      default: {
        const unsigned what = op >> 4U;
        if (what < 8) {
          (void)self.channels.send(self.last, MessageKind::binary,
                                   Bytes(kPayload).first(script.u16() % kPayload.size()));
        } else if (what < 12) {
          ChannelOptions options;
          if (what == 9) options.max_retransmits = 0;
          if (what == 10) options.max_lifetime_ms = 20;
          if (what > 9) options.order = ChannelOrder::unordered;
          if (const auto channel = self.channels.open("x", options)) self.last = *channel;
        } else if (what < 15) {
          (void)self.channels.close(self.last);
        } else {
          self.channels.abort();
        }
      }
    }
  }
  return 0;
}
