// Two associations under a byte script of {packet changed or dropped, time, partial poll, send, reset, raw chunks,
// series of chunks, memory limits, a peer that restarts}. It also fails if a peer causes more control bytes,
// retransmissions, memory or work than its input permits.
#include <cstdio>
#include <deque>
#include <map>
#include <memory>

#include "base/crc32.hpp"
#include "fuzz/support/meter.hpp"
#include "rtc/datachannel/channels.hpp"
#include "tests/support/seeded_random.hpp"

namespace {

using namespace redan;
using namespace redan::datachannel;
using sctp::Tsn;

constexpr std::size_t kMaxPacket = 1163;

// How much more than honest bytes a byte may cost. AddressSanitizer makes small allocations expensive.
#ifdef __has_feature
#if __has_feature(address_sanitizer)
constexpr double kCostlier = 16;
#else
constexpr double kCostlier = 4;
#endif
#else
constexpr double kCostlier = 4;
#endif

void require(bool held, const char* what, std::size_t is, std::size_t limit) {
  if (held) return;
  std::fprintf(stderr, "%s: %zu, and the limit is %zu\n", what, is, limit);
  std::abort();
}

/// The input of a party, and the cost that it permits.
struct Account {
  std::size_t received = 0;      ///< bytes of packets
  std::size_t control_sent = 0;  ///< bytes of packets that are not DATA chunks
  std::size_t time_steps = 0;
  std::size_t actions = 0;  ///< of its own application
  std::size_t payload = 0;  ///< given to send()

  [[nodiscard]] std::size_t control_limit() const {
    // Each timer acts once per step of time, and each action of the application takes a chunk.
    return 3 * received + kMaxPacket * (1 + time_steps) + 300 * actions;
  }
  [[nodiscard]] std::size_t memory_limit() const {
    // What is kept of each chunk in flight is in the first term.
    return 32 * 1024 + 64 * received + 4 * payload + 8192 * actions;
  }
};

/// The transmissions of each chunk. Between the second and the third, and so on, passes at least Rack::kMinInterval.
class Repetitions {
 public:
  void note(std::uint32_t association, Tsn tsn, TimePoint now) {
    auto& chunk = chunks_[{association, tsn.value}];
    if (++chunk.count > 2) {
      const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - chunk.last).count();
      require(now - chunk.last >= sctp::Rack::kMinInterval, "a chunk goes again after ms",
              static_cast<std::size_t>(passed), 10);
    }
    chunk.last = now;
  }

 private:
  struct Chunk {
    unsigned count = 0;
    TimePoint last;
  };
  std::map<std::pair<std::uint32_t, std::uint32_t>, Chunk> chunks_;
};

struct End {
  End(std::uint64_t seed, StreamParity chosen) : random(seed), parity(chosen) { begin(); }
  static ChannelsConfig config() {
    ChannelsConfig c;
    c.receive_window = 5U << 20U;  // the default: a smaller window would hide the cost of much stored data
    c.send_buffer = 65536;
    c.max_receive_message = 20000;
    c.max_channels = 200;
    return c;
  }
  /// A new association without knowledge of an earlier one.
  void begin() {
    channels.reset();
    meter = {};
    account = {};
    repetitions = {};
    const fuzz::Metered scope(meter);
    channels = std::make_unique<Channels>(config(), random);
    channels->start(TimePoint{}, parity);
  }
  void handle_input(TimePoint now, std::vector<std::uint8_t>& packet) {
    account.received += packet.size();
    const fuzz::Metered scope(meter);
    channels->handle_input(now, packet);
  }
  Output poll(TimePoint now, MutableBytes buffer) {
    const fuzz::Metered scope(meter);
    return channels->poll_output(now, buffer);
  }
  void check() const {
    require(account.control_sent <= account.control_limit(), "control bytes", account.control_sent,
            account.control_limit());
    require(meter.memory <= account.memory_limit(), "memory", meter.memory, account.memory_limit());
  }
  void note_sent(TimePoint now, Bytes packet) {
    std::size_t data = 0;
    sctp::for_each_chunk(packet.subspan(sctp::kCommonHeaderSize), [&](const sctp::Chunk& chunk) {
      if (chunk.type != sctp::ChunkType::data) return true;
      data += sctp::padded(chunk.whole.size());
      repetitions.note(channels->association().restarts(), sctp::Data::parse(chunk)->tsn, now);
      return true;
    });
    const std::size_t control = packet.size() - data - sctp::kCommonHeaderSize;
    if (control != 0) account.control_sent += control + sctp::kCommonHeaderSize;
  }

  test::SeededRandom random;
  StreamParity parity;
  fuzz::Meter meter;
  Account account;
  Repetitions repetitions;
  std::unique_ptr<Channels> channels;
  std::deque<std::vector<std::uint8_t>> inbox;
  ChannelId last{};
};

void drain(End& from, End& to, TimePoint now, int limit) {
  std::array<std::uint8_t, 1200> buffer;
  for (int i = 0; i < limit; ++i) {
    const Output output = from.poll(now, buffer);
    if (std::holds_alternative<Wait>(output)) break;
    if (const auto* opened = std::get_if<Opened>(&output)) from.last = opened->channel;
    if (const auto* transmit = std::get_if<Transmit>(&output)) {
      from.note_sent(now, transmit->packet);
      if (to.inbox.size() < 64) to.inbox.emplace_back(transmit->packet.begin(), transmit->packet.end());
    }
  }
  from.check();
}

void fix_checksum(std::vector<std::uint8_t>& packet) {
  if (packet.size() < 12) return;
  std::memset(packet.data() + 8, 0, 4);
  const std::uint32_t crc = crc32c(packet);
  std::memcpy(packet.data() + 8, &crc, 4);
}

// A series of DATA chunks whose numbers increase or decrease by steps, in packets with the header of one from the other
// side.
void send_row(End& self, TimePoint now, Reader& script) {
  const std::vector<std::uint8_t> header(self.inbox.front().begin(), self.inbox.front().begin() + 12);
  const std::size_t count = script.u16() % 16384U;
  const std::uint8_t flags = script.u8();
  const auto step = [](std::uint8_t v) { return static_cast<std::uint32_t>(static_cast<std::int8_t>(v)); };
  // Relative to the TSN of the pending packet, so that the script need not guess a TSN.
  Tsn tsn(Reader(Bytes(self.inbox.front()).subspan(std::min<std::size_t>(16, self.inbox.front().size()))).u32() +
          script.u16());
  std::uint16_t stream = script.u16(), ssn = script.u16();
  const std::uint32_t tsn_step = step(script.u8()), stream_step = step(script.u8()), ssn_step = step(script.u8());
  const std::size_t size = 1U + script.u8() % 64U;
  const std::vector<std::uint8_t> payload(size, 0x77);
  std::vector<std::uint8_t> packet(kMaxPacket);
  for (std::size_t sent = 0; sent < count;) {
    packet.resize(kMaxPacket);
    Writer w(packet);
    w.bytes(header);
    while (sent < count && w.space() >= sctp::padded(sctp::kDataHeaderSize + size)) {
      sctp::Data{flags, tsn, sctp::StreamId(stream), sctp::Ssn(ssn), sctp::Ppid(53), payload}.write(w);
      tsn = tsn + tsn_step;
      stream = static_cast<std::uint16_t>(stream + stream_step);
      ssn = static_cast<std::uint16_t>(ssn + ssn_step);
      ++sent;
    }
    packet.resize(w.size());
    fix_checksum(packet);
    self.handle_input(now, packet);
  }
}

void act(End& self, unsigned what, Reader& script) {
  static const std::vector<std::uint8_t> kPayload(30000, 0x55);
  const fuzz::Metered scope(self.meter);
  ++self.account.actions;
  if (what == 7) {
    const std::uint16_t limit = script.u16();
    self.channels->set_memory_limit(limit == 0 ? sctp::Association::kNoMemoryLimit : limit);
  } else if (what < 8) {
    const Bytes payload = Bytes(kPayload).first(script.u16() % kPayload.size());
    if (self.channels->send(self.last, MessageKind::binary, payload)) self.account.payload += payload.size();
  } else if (what < 12) {
    ChannelOptions options;
    if (what == 9) options.max_retransmits = 0;
    if (what == 10) options.max_lifetime_ms = 20;
    if (what > 9) options.order = ChannelOrder::unordered;
    if (const auto channel = self.channels->open("x", options)) self.last = *channel;
  } else if (what < 15) {
    (void)self.channels->close(self.last);
  } else {
    self.channels->abort();
  }
}

void run(Reader& script, End& a, End& b) {
  TimePoint now{};
  act(a, 8, script);
  while (!script.empty()) {
    const unsigned op = script.u8();
    const unsigned argument = op >> 4U;
    End& self = (op & 1U) != 0 ? a : b;
    End& other = (op & 1U) != 0 ? b : a;
    switch (op >> 1U & 7U) {
      case 0:
        drain(self, other, now, 1 + static_cast<int>(argument));
        break;
      case 1:
      case 2:
        drain(self, other, now, 1000);
        for (unsigned n = argument; !self.inbox.empty(); --n) {
          self.handle_input(now, self.inbox.front());
          self.inbox.pop_front();
          if (n == 0) break;
        }
        break;
      case 3: {  // the packet with changed bytes and a valid checksum
        if (self.inbox.empty()) break;
        for (unsigned n = argument; n > 0; --n) {
          const std::size_t at = script.u16();
          const std::uint8_t value = script.u8();
          std::vector<std::uint8_t>& packet = self.inbox.front();
          packet[at % packet.size()] = value;
        }
        fix_checksum(self.inbox.front());
        self.handle_input(now, self.inbox.front());
        break;
      }
      case 4: {  // chunks of the script behind a valid header
        if (self.inbox.empty()) break;
        std::vector<std::uint8_t> packet = self.inbox.front();
        const Bytes chunks = script.bytes(std::min<std::size_t>(script.u8(), script.remaining()));
        packet.resize(12 + chunks.size());
        std::copy(chunks.begin(), chunks.end(), packet.begin() + 12);
        fix_checksum(packet);
        self.handle_input(now, packet);
        break;
      }
      case 5:
        if (argument == 15) {
          self.begin();  // its INIT and COOKIE ECHO restart the other's association
        } else if (!self.inbox.empty() && argument == 14) {
          send_row(self, now, script);
        } else if (!self.inbox.empty()) {
          self.inbox.pop_front();
        }
        break;
      case 6:
        now += std::chrono::milliseconds(1U << argument);
        ++a.account.time_steps;
        ++b.account.time_steps;
        break;
      default:
        act(self, argument, script);
    }
  }
  drain(a, b, now, 1000);
  drain(b, a, now, 1000);
}

/// The cost of honest messages in this build, in nanoseconds per byte received: the most expensive kind, one byte each.
/// The best of several rounds, because other programs share the core.
double honest_cost() {
  static const double cost = [] {
    End a(1, StreamParity::even), b(2, StreamParity::odd);
    Reader none{Bytes()};
    act(a, 8, none);
    std::array<std::uint8_t, 1> payload{};
    const auto exchange = [&](int rounds) {
      for (int i = 0; i < rounds; ++i) {
        drain(a, b, TimePoint{}, 1000);
        for (; !b.inbox.empty(); b.inbox.pop_front()) b.handle_input(TimePoint{}, b.inbox.front());
        drain(b, a, TimePoint{}, 1000);
        for (; !a.inbox.empty(); a.inbox.pop_front()) a.handle_input(TimePoint{}, a.inbox.front());
      }
    };
    exchange(20);
    double best = 1e9;
    for (int round = 0; round < 40; ++round) {
      const std::size_t before = b.account.received;
      b.meter.time = {};
      for (int i = 0; i < 200; ++i) (void)a.channels->send(a.last, MessageKind::binary, payload);
      exchange(4);
      best =
          std::min(best, static_cast<double>(b.meter.time.count()) / static_cast<double>(b.account.received - before));
    }
    return best;
  }();
  return cost;
}

/// The factor by which the time exceeds the limit.
double work(const End& end) {
  // Besides the work for received data: timers, the application's own actions, and a small allowance for short inputs.
  const double limit = kCostlier * honest_cost() * static_cast<double>(end.account.received + end.account.payload) +
                       1e5 * static_cast<double>(end.account.time_steps + end.account.actions) + 1e6;
  return static_cast<double>(end.meter.time.count()) / limit;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)honest_cost();
  double least = 1e9;
  // Only work that is too slow each time counts; otherwise another program was running.
  for (int attempt = 0; attempt < 10 && least > 1; ++attempt) {
    Reader script(Bytes(data, size));
    End a(1, StreamParity::even), b(2, StreamParity::odd);
    run(script, a, b);
    least = std::min(least, std::max(work(a), work(b)));
  }
  require(least <= 1, "work, percent of the limit", static_cast<std::size_t>(100 * least), 100);
  return 0;
}
