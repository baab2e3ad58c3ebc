// Two whole endpoints, one peer each with a data channel and audio, joined by a script over a provider that
// authenticates nothing. Each step is a byte: one bit for whom, three for what, the rest for how much.
//
//   deliver, drop, duplicate or mutate the oldest datagram of the other side · hand over a datagram of the script ·
//   advance time · drain partly · a command of the application
#include <deque>
#include <redan/endpoint.hpp>
#include <vector>

#include "base/assert.hpp"
#include "base/reader.hpp"
#include "tests/support/dtls_pair.hpp"
#include "tests/support/null_provider.hpp"

namespace {

using namespace redan;
using Wire = std::vector<std::uint8_t>;

constexpr std::size_t kMtu = 1200;

Provider& real() {
  static const auto provider = mbedtls_provider();
  return *provider;
}

struct End {
  End(const Address& at, bool lite, const Identity& identity, Provider& provider)
      : address(at),
        endpoint({.local_addresses = {at},
                  .mtu = kMtu,
                  .max_message_size = 20'000,
                  .receive_window = 65'536,
                  .send_buffer = 65'536,
                  .announce_lite = lite},
                 identity, provider) {}

  Address address;
  Endpoint endpoint;
  PeerId peer;
  std::optional<ChannelId> channel;
  std::deque<Wire> sent;
  bool connected = false, closed = false;

  /// Takes at most `steps` outputs; true if nothing is left.
  bool drain(TimePoint now, int steps) {
    std::array<std::uint8_t, kMtu> buffer{};
    while (steps-- > 0) {
      const Output output = endpoint.poll_output(now, buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) {
        REDAN_ASSERT(wait->until > now);
        return true;
      }
      if (const auto* transmit = std::get_if<Transmit>(&output)) {
        REDAN_ASSERT(!transmit->bytes.empty() && transmit->bytes.size() <= kMtu);
        if (sent.size() < 64) sent.emplace_back(transmit->bytes.begin(), transmit->bytes.end());
        continue;
      }
      REDAN_ASSERT(!closed);  // Closed is the last word about a peer
      if (std::holds_alternative<Connected>(output)) {
        REDAN_ASSERT(!std::exchange(connected, true));
      } else if (const auto* opened = std::get_if<ChannelOpened>(&output)) {
        channel = opened->channel;
      } else if (std::holds_alternative<Closed>(output)) {
        closed = true;
      } else if (!std::holds_alternative<PathSelected>(output)) {
        REDAN_ASSERT(connected);
      }
    }
    return false;
  }
};

class Script {
 public:
  explicit Script(Reader input)
      : input_(input),
        provider_(real()),
        identity_(test::test_identity(provider_)),
        other_identity_(test::test_identity(provider_)),
        offerer_(Address::v4({192, 0, 2, 1}, 1000), false, identity_, provider_),
        answerer_(Address::v4({192, 0, 2, 2}, 2000), true, other_identity_, provider_) {
    const auto offered = offerer_.endpoint.offer({.data = true, .audio = true});
    offerer_.peer = offered->peer;
    offerer_.channel = offerer_.endpoint.open_channel(offerer_.peer, "a").value();
    const auto accepted = answerer_.endpoint.accept(offered->offer);
    answerer_.peer = accepted->peer;
    REDAN_ASSERT(offerer_.endpoint.complete(offerer_.peer, accepted->answer).has_value());
  }

  void run() {
    for (int steps = 0; !input_.empty() && steps < 1000; ++steps) step(input_.u8());
    finish();
  }

 private:
  void step(std::uint8_t code) {
    End& end = (code & 1U) != 0 ? answerer_ : offerer_;
    End& other = (code & 1U) != 0 ? offerer_ : answerer_;
    const unsigned amount = code >> 4U;
    switch (code >> 1U & 7U) {
      case 0:
        for (unsigned n = 0; n <= amount; ++n) take(end, other, [](Wire&) { return true; });
        return;
      case 1:
        return take(end, other, [](Wire&) { return false; });
      case 2:
        if (!other.sent.empty() && other.sent.size() < 64) other.sent.push_back(other.sent.front());
        return;
      case 3:
        return take(end, other, [&](Wire& datagram) { return mutate(datagram); });
      case 4: {
        const Bytes bytes = input_.opaque16();
        Wire datagram(bytes.begin(), bytes.end());
        const Address from = amount == 0 ? Address::v4({203, 0, 113, 9}, 9) : other.address;
        return end.endpoint.handle_input(now_, {{{}, from}, datagram});
      }
      case 5:
        now_ += std::chrono::milliseconds(1U << amount);
        return;
      case 6:
        static_cast<void>(end.drain(now_, static_cast<int>(amount)));
        return;
      default:
        return command(end, amount);
    }
  }
  template <class Change>
  void take(End& end, End& other, Change&& change) {
    if (other.sent.empty()) static_cast<void>(other.drain(now_, 100));
    if (other.sent.empty()) return;
    Wire datagram = std::move(other.sent.front());
    other.sent.pop_front();
    if (change(datagram)) end.endpoint.handle_input(now_, {{{}, other.address}, datagram});
  }
  bool mutate(Wire& datagram) {
    const std::uint16_t at = input_.u16();
    if ((at & 0x8000U) != 0) {
      datagram.resize((at & 0x7FFFU) % (datagram.size() + 1));
    } else {
      datagram[at % datagram.size()] ^= input_.u8();
    }
    return true;
  }
  void command(End& end, unsigned which) {
    Endpoint& endpoint = end.endpoint;
    if (which == 15) return endpoint.close(end.peer);
    if (which == 14) {
      if (const auto opened = endpoint.open_channel(end.peer, "b", {.max_retransmits = 0})) end.channel = *opened;
    } else if (which == 13) {
      if (end.channel) static_cast<void>(endpoint.close_channel(end.peer, *end.channel));
    } else if (which == 12) {
      const Bytes bytes = input_.opaque16();
      static_cast<void>(endpoint.renegotiate(end.peer, as_text(bytes)));
    } else if (which >= 8) {
      Wire packet(100 + kSrtpTrailer);
      packet[0] = 0x80;
      packet[1] = 111;
      packet[3] = ++rtp_sequence_;
      static_cast<void>(endpoint.send_media(end.peer, MediaKind::rtp, packet, 100));
    } else if (end.channel) {
      const Wire payload(input_.u16() % 22'000U, 0x5A);
      static_cast<void>(endpoint.send(end.peer, *end.channel, MessageKind::binary, payload));
    }
  }
  /// With nothing more said by either, each side closes: consent, if nothing else, runs out.
  void finish() {
    for (int minute = 0; minute < 5; ++minute) {
      now_ += std::chrono::minutes(1);
      REDAN_ASSERT(offerer_.drain(now_, 100'000) && answerer_.drain(now_, 100'000));
    }
    REDAN_ASSERT(offerer_.closed && answerer_.closed);
    REDAN_ASSERT(offerer_.endpoint.peer_count() == 0 && answerer_.endpoint.peer_count() == 0);
  }

  Reader input_;
  TimePoint now_{};
  std::uint8_t rtp_sequence_ = 0;
  test::NullProvider provider_;
  Identity identity_, other_identity_;
  End offerer_, answerer_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script(Reader({data, size})).run();
  return 0;
}
