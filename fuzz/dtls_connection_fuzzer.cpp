// A DTLS client and server connected by a script, with a provider that authenticates nothing. The first byte selects
// the versions that each side allows, and a cookie. Each step is a byte: two bits for the side, the rest for the
// action.
//
//   deliver, drop, delay, duplicate or mutate the oldest datagram of the other side · deliver a datagram of the
//   script · advance time · poll partly · send · close
//
// Before it is connected, a side sends at most three times the bytes received and one flight, and one more flight for
// each possible expiry of its timer; and its memory is bounded by the bytes received.
#include <deque>
#include <vector>

#include "base/assert.hpp"
#include "rtc/dtls/connection.hpp"
#include "tests/support/dtls_pair.hpp"
#include "tests/support/heap_meter.hpp"
#include "tests/support/null_provider.hpp"

namespace {

using namespace redan;
using Datagram = std::vector<std::uint8_t>;

Provider& real() {
  static const auto provider = mbedtls_provider();
  return *provider;
}

struct End {
  End(dtls::ConnectionConfig config, const Identity& identity, Provider& provider)
      : connection(std::move(config), identity, provider) {}

  dtls::Connection connection;
  std::deque<Datagram> sent;
  int connected = 0;
  bool closed = false;
  std::size_t received = 0;
  std::size_t answered = 0;  // before it was connected
  std::size_t times = 0;     // at which its timer may have fired
  std::int64_t held = 0;  // on the heap, more than when it was made: an established connection frees its configuration

  // A flight of ours with P-256 certificates and a hybrid key share, with headers for small datagrams.
  static constexpr std::size_t kFlight = 3'000;

  void input(TimePoint now, MutableBytes datagram) {
    received += datagram.size();
    counted([&] { connection.handle_input(now, datagram); });
    REDAN_ASSERT(held <= static_cast<std::int64_t>(16 * 1024 + 64 * received) && held <= 256 * 1024);
  }
  template <class Call>
  void counted(Call&& call) {
    const auto before = static_cast<std::int64_t>(test::HeapMeter::held_bytes());
    call();
    held += static_cast<std::int64_t>(test::HeapMeter::held_bytes()) - before;
  }
  /// Polls at most `steps` outputs; true if none is left.
  bool drain(TimePoint now, int steps) {
    std::array<std::uint8_t, 1200> buffer{};
    while (steps-- > 0) {
      dtls::Output output;
      counted([&] { output = connection.poll_output(now, buffer); });
      if (const auto* wait = std::get_if<Wait>(&output)) {
        REDAN_ASSERT(wait->until > now);
        return true;
      }
      if (const auto* transmit = std::get_if<dtls::Transmit>(&output)) {
        REDAN_ASSERT(!transmit->datagram.empty() && transmit->datagram.size() <= buffer.size() && !closed);
        if (connected == 0) answered += transmit->datagram.size();
        REDAN_ASSERT(answered <= 3 * received + (2 + times) * kFlight);
        if (sent.size() < 64) sent.emplace_back(transmit->datagram.begin(), transmit->datagram.end());
      } else if (std::holds_alternative<dtls::Connected>(output)) {
        REDAN_ASSERT(++connected == 1 && !closed);
      } else if (std::holds_alternative<dtls::Closed>(output)) {
        REDAN_ASSERT(!closed);
        closed = true;
      } else {
        REDAN_ASSERT(connected == 1);
      }
    }
    return false;
  }
};

class Script {
 public:
  explicit Script(Reader input)
      : input_(input),
        versions_(input_.u8()),
        provider_(real()),
        identities_{test::test_identity(provider_), test::test_identity(provider_)},
        ends_{End(config(dtls::Role::client), identities_[0], provider_),
              End(config(dtls::Role::server), identities_[1], provider_)} {
    for (End& end : ends_) end.counted([&] { end.connection.start(now_); });
  }

  void run() {
    // Inputs are short; a limit on steps also keeps runs short.
    for (int steps = 0; !input_.empty() && steps < 500; ++steps) step(input_.u8());
    finish();
  }

 private:
  dtls::ConnectionConfig config(dtls::Role role) {
    const bool client = role == dtls::Role::client;
    dtls::ConnectionConfig made;
    made.role = role;
    made.peer_fingerprints = {
        Fingerprint::of(provider_, HashAlgorithm::sha256, identities_[client ? 1 : 0].certificate_der)};
    made.srtp_profiles = {7, 1};
    made.mtu = client ? 400 : 1200;
    // Two bits for each side: 1.2, 1.3, or both.
    const unsigned choice = (versions_ >> (client ? 0U : 2U)) & 3U;
    if (choice == 0) made.max_version = dtls::kDtls12;
    if (choice == 1) made.min_version = dtls::kDtls13;
    made.require_cookie = (versions_ & 16U) != 0;
    return made;
  }
  void step(std::uint8_t code) {
    End& end = ends_[code & 1U];
    End& other = ends_[~code & 1U];
    switch (code >> 1U & 7U) {
      case 0:
        return take(end, other, [](Datagram&) { return true; });
      case 1:
        if ((code & 0x80U) != 0 && !other.sent.empty()) return put_off(other);
        return take(end, other, [](Datagram&) { return false; });
      case 2:
        if (!other.sent.empty() && other.sent.size() < 64) other.sent.push_back(other.sent.front());
        return;
      case 3:
        return take(end, other, [&](Datagram& d) { return mutate(d); });
      case 4: {
        const Bytes bytes = input_.opaque16();
        Datagram datagram(bytes.begin(), bytes.end());
        return end.input(now_, datagram);
      }
      case 5:
        now_ += std::chrono::milliseconds(10 << (code >> 4U & 7U));
        for (End& each : ends_) ++each.times;
        return;
      case 6:
        static_cast<void>(end.drain(now_, code >> 4U));
        return;
      case 7:
        return command(end, code >> 4U);
    }
  }
  template <class Change>
  void take(End& end, End& other, Change&& change) {
    if (other.sent.empty()) static_cast<void>(other.drain(now_, 100));
    if (other.sent.empty()) return;
    Datagram datagram = std::move(other.sent.front());
    other.sent.pop_front();
    if (change(datagram)) end.input(now_, datagram);
  }
  static void put_off(End& other) {
    other.sent.push_back(std::move(other.sent.front()));
    other.sent.pop_front();
  }
  bool mutate(Datagram& datagram) {
    const std::uint16_t at = input_.u16();
    if ((at & 0x8000U) != 0) {
      datagram.resize((at & 0x7FFFU) % (datagram.size() + 1));
    } else {
      datagram[at % datagram.size()] ^= input_.u8();
    }
    return true;
  }
  void command(End& end, unsigned which) {
    if (which == 15) return end.connection.close();
    if (which == 14) return end.connection.set_round_trip_time(std::chrono::milliseconds(input_.u8()));
    if (!end.connection.connected()) return;
    Datagram record(100 + dtls::kMaxRecordOverhead);
    const MutableBytes sealed = end.connection.seal(record, 100);
    if (!sealed.empty() && end.sent.size() < 64) end.sent.emplace_back(sealed.begin(), sealed.end());
  }
  /// Without further input each side terminates or connects: no timer runs forever.
  void finish() {
    now_ += std::chrono::minutes(5);
    for (End& each : ends_) ++each.times;
    for (End& end : ends_) {
      REDAN_ASSERT(end.drain(now_, 10'000));
      REDAN_ASSERT(end.closed || end.connected == 1);
      REDAN_ASSERT(end.closed != end.connection.connected());
    }
  }

  Reader input_;
  std::uint8_t versions_;
  TimePoint now_{};
  test::NullProvider provider_;
  std::array<Identity, 2> identities_;
  std::array<End, 2> ends_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script(Reader({data, size})).run();
  return 0;
}
