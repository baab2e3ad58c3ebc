// A server with two peers, each the only peer of a client endpoint, connected by a script, with a provider that
// authenticates nothing. Each step is a byte: one bit for the side, three for the action, the rest for the amount. The
// steps concern one of the two connections until a command switches to the other.
//
//   deliver, drop, duplicate or mutate the oldest datagram of the other side · deliver a datagram of the script ·
//   advance time · poll partly · a command of the application, or of the network
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
constexpr std::size_t kPeers = 2;

Provider& real() {
  static const auto provider = mbedtls_provider();
  return *provider;
}

/// One side of one connection.
struct Side {
  PeerId peer;
  Address other;  // where its datagrams go
  std::optional<ChannelId> channel;
  std::deque<Wire> sent;
  bool connected = false, closed = false;
};

struct End {
  End(const Address& at, bool lite, const Identity& identity, Provider& provider)
      : address(at),
        endpoint({.local_addresses = {at},
                  .mtu = kMtu,
                  .max_message_size = 20'000,
                  .receive_window = 65'536,
                  .send_buffer = 65'536,
                  .memory_budget = 100'000,
                  .announce_lite = lite},
                 identity, provider) {}

  Address address;
  Endpoint endpoint;
  std::deque<Side> sides;

  Side& side(PeerId peer) {
    for (Side& each : sides) {
      if (each.peer == peer) return each;
    }
    REDAN_ASSERT(false);
    return sides.front();
  }

  /// Polls at most `steps` outputs; true if none is left.
  bool drain(TimePoint now, int steps) {
    std::array<std::uint8_t, 2048> buffer{};
    while (steps-- > 0) {
      const Output output = endpoint.poll_output(now, buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) {
        REDAN_ASSERT(wait->until > now);
        return true;
      }
      std::visit([this](const auto& event) { on(event); }, output);
    }
    return false;
  }

 private:
  void on(const Wait&) {}
  void on(const Transmit& transmit) {
    REDAN_ASSERT(!transmit.bytes.empty() && transmit.bytes.size() <= endpoint.max_datagram());
    REDAN_ASSERT(transmit.path.local == address);
    for (Side& each : sides) {
      if (each.other == transmit.path.remote && each.sent.size() < 64)
        each.sent.emplace_back(transmit.bytes.begin(), transmit.bytes.end());
    }
  }
  void on(const Connected& event) { REDAN_ASSERT(!std::exchange(side(event.peer).connected, true)); }
  void on(const ChannelOpened& event) {
    REDAN_ASSERT(side(event.peer).connected);
    side(event.peer).channel = event.channel;
  }
  void on(const Closed& event) { REDAN_ASSERT(!std::exchange(side(event.peer).closed, true)); }  // the final event
  void on(const PathSelected& event) { REDAN_ASSERT(!side(event.peer).closed); }
  void on(const LocalCandidate& event) { REDAN_ASSERT(!side(event.peer).closed); }
  void on(const GatheringDone&) {}
  void on(const IceServerFailed&) {}
  void on(const IceCredentialsEnd&) {}
  void on(const OpenSocket&) {}
  void on(const SocketData&) {}
  void on(const CloseSocket&) {}
  template <class Event>
  void on(const Event& event) {
    REDAN_ASSERT(side(event.peer).connected && !side(event.peer).closed);
  }
};

class Script {
 public:
  explicit Script(Reader input)
      : input_(input),
        provider_(real()),
        identity_(test::test_identity(provider_)),
        other_identity_(test::test_identity(provider_)),
        server_(Address::v4({192, 0, 2, 2}, 2000), true, other_identity_, provider_) {
    for (std::size_t i = 0; i < kPeers; ++i) connect(i);
  }

  void run() {
    for (int steps = 0; !input_.empty() && steps < 1000; ++steps) step(input_.u8());
    finish();
  }

 private:
  static Address client_address(std::size_t index) {
    return Address::v4({192, 0, 2, 1}, static_cast<std::uint16_t>(1000 + index));
  }
  void connect(std::size_t index) {
    clients_.emplace_back(client_address(index), false, identity_, provider_);
    End& client = clients_.back();
    const auto offered = client.endpoint.offer({.data = true, .audio = index == 0});
    const auto channel = client.endpoint.open_channel(offered->peer, "a");
    const auto accepted = server_.endpoint.accept(offered->offer);
    REDAN_ASSERT(client.endpoint.complete(offered->peer, accepted->answer).has_value());
    client.sides.push_back({offered->peer, server_.address, *channel, {}, false, false});
    server_.sides.push_back({accepted->peer, client.address, std::nullopt, {}, false, false});
  }
  [[nodiscard]] End& client() { return clients_[current_]; }
  [[nodiscard]] Side& side_of(End& end) { return &end == &server_ ? server_.sides[current_] : end.sides.front(); }
  /// The address at which the server sees the current client; a NAT may change it.
  [[nodiscard]] Address seen() const {
    return moved_[current_] == 0 ? client_address(current_)
                                 : Address::v4({198, 51, 100, 1}, static_cast<std::uint16_t>(moved_[current_]));
  }
  void give(End& end, const Address& from, Wire& datagram) {
    end.endpoint.handle_input(now_, {{end.address, from}, datagram});
  }

  void step(std::uint8_t code) {
    End& end = (code & 1U) != 0 ? server_ : client();
    End& other = (code & 1U) != 0 ? client() : server_;
    const unsigned amount = code >> 4U;
    switch (code >> 1U & 7U) {
      case 0:
        for (unsigned n = 0; n <= amount; ++n) take(end, other, [](Wire&) { return true; });
        return;
      case 1:
        return take(end, other, [](Wire&) { return false; });
      case 2: {
        std::deque<Wire>& sent = side_of(other).sent;
        if (!sent.empty() && sent.size() < 64) sent.push_back(sent.front());
        return;
      }
      case 3:
        return take(end, other, [&](Wire& datagram) { return mutate(datagram); });
      case 4: {
        const Bytes bytes = input_.opaque16();
        Wire datagram(bytes.begin(), bytes.end());
        return give(end, amount == 0 ? Address::v4({203, 0, 113, 9}, 9) : source(end), datagram);
      }
      case 5:
        now_ += std::chrono::milliseconds(1U << amount);
        return;
      case 6:
        static_cast<void>(end.drain(now_, static_cast<int>(amount)));
        return;
      default:
        return command(end, other, amount);
    }
  }
  [[nodiscard]] Address source(const End& end) const { return &end == &server_ ? seen() : server_.address; }
  template <class Change>
  void take(End& end, End& other, Change&& change) {
    std::deque<Wire>& sent = side_of(other).sent;
    if (sent.empty()) static_cast<void>(other.drain(now_, 100));
    if (sent.empty()) return;
    Wire datagram = std::move(sent.front());
    sent.pop_front();
    if (change(datagram)) give(end, source(end), datagram);
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
  void command(End& end, End& other, unsigned which) {
    Endpoint& endpoint = end.endpoint;
    Side& side = side_of(end);
    switch (which) {
      case 15:
        return endpoint.close(side.peer);
      case 14:
        if (const auto opened = endpoint.open_channel(side.peer, "b", {.max_retransmits = 0})) side.channel = *opened;
        return;
      case 13:
        if (side.channel) static_cast<void>(endpoint.close_channel(side.peer, *side.channel));
        return;
      case 12: {
        const Bytes bytes = input_.opaque16();
        static_cast<void>(endpoint.renegotiate(side.peer, as_text(bytes)));
        return;
      }
      case 11:
        current_ = (current_ + 1) % kPeers;
        return;
      case 10:
        moved_[current_] = input_.u8();
        return;
      case 9: {  // a copy from another address, possibly that of the other client
        if (side_of(other).sent.empty()) return;
        Wire copy = side_of(other).sent.front();
        return give(end, client_address((current_ + 1) % kPeers), copy);
      }
      case 8: {
        Wire packet(100 + kSrtpTrailer);
        packet[0] = 0x80;
        packet[1] = 111;
        packet[3] = ++rtp_sequence_;
        static_cast<void>(endpoint.send_media(side.peer, MediaKind::rtp, packet, 100));
        return;
      }
      default:
        if (!side.channel) return;
        const Wire payload(input_.u16() % 22'000U, 0x5A);
        static_cast<void>(endpoint.send(side.peer, *side.channel, MessageKind::binary, payload));
    }
  }
  /// Without further input from either, each side closes, at the latest when consent expires.
  void finish() {
    for (int minute = 0; minute < 5; ++minute) {
      now_ += std::chrono::minutes(1);
      REDAN_ASSERT(server_.drain(now_, 100'000));
      for (End& each : clients_) REDAN_ASSERT(each.drain(now_, 100'000));
    }
    REDAN_ASSERT(server_.endpoint.peer_count() == 0);
    for (const Side& side : server_.sides) REDAN_ASSERT(side.closed);
    for (const End& each : clients_) REDAN_ASSERT(each.sides.front().closed && each.endpoint.peer_count() == 0);
  }

  Reader input_;
  TimePoint now_{};
  std::uint8_t rtp_sequence_ = 0;
  std::size_t current_ = 0;
  std::array<unsigned, kPeers> moved_{};
  test::NullProvider provider_;
  Identity identity_, other_identity_;
  End server_;
  std::deque<End> clients_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script(Reader({data, size})).run();
  return 0;
}
