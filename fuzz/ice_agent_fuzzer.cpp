// A lite and a controlling agent connected by a script, with a provider that authenticates nothing. Each step is a
// byte: one bit for the side, three for the action, the rest for the address.
//
//   deliver, drop, duplicate or mutate the oldest datagram of the other side · deliver a datagram of the script ·
//   advance time · poll partly · restart, or a candidate comes or goes
#include <deque>
#include <vector>

#include "base/assert.hpp"
#include "base/reader.hpp"
#include "rtc/ice/full_agent.hpp"
#include "rtc/ice/lite_agent.hpp"
#include "tests/support/null_provider.hpp"

namespace {

using namespace redan;
using Datagram = std::vector<std::uint8_t>;

Provider& real() {
  static const auto provider = mbedtls_provider();
  return *provider;
}

const Address kLocal = Address::v4({192, 0, 2, 200}, 5000);
Address address(unsigned index) { return Address::v4({192, 0, 2, static_cast<std::uint8_t>(index)}, 5000); }

std::vector<ice::Candidate> candidates(unsigned index) {
  return {ice::local_candidate(CandidateType::host, address(index), 0)};
}

template <class Agent>
struct End {
  template <class... Arguments>
  explicit End(Arguments&&... arguments) : agent(std::forward<Arguments>(arguments)...) {}
  Agent agent;
  std::deque<Datagram> sent;

  bool drain(TimePoint now, int steps) {
    std::array<std::uint8_t, 1200> buffer{};
    while (steps-- > 0) {
      const ice::Output output = agent.poll_output(now, buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) {
        REDAN_ASSERT(wait->until > now);
        return true;
      }
      if (const auto* transmit = std::get_if<ice::Transmit>(&output)) {
        REDAN_ASSERT(!transmit->bytes.empty() && stun::Message::parse(transmit->bytes));
        if (sent.size() < 64) sent.emplace_back(transmit->bytes.begin(), transmit->bytes.end());
      } else if (const auto* validated = std::get_if<ice::Validated>(&output)) {
        REDAN_ASSERT(agent.validated(validated->path));
      } else if (const auto* selected = std::get_if<ice::Selected>(&output)) {
        REDAN_ASSERT(agent.selected() == selected->path && agent.validated(selected->path));
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
        lite_(ice::Credentials{"lite", "lite-password-of-24-char"}, provider_),
        full_(ice::Credentials{"full", "full-password-of-24-char"}, std::vector{kLocal}, provider_) {
    lite_.agent.set_remote(full_.agent.local());
    lite_.agent.start(now_);
    full_.agent.set_remote(lite_.agent.local(), candidates(0));
    full_.agent.start(now_);
  }

  void run() {
    for (int steps = 0; !input_.empty() && steps < 500; ++steps) {
      const std::uint8_t code = input_.u8();
      if ((code & 1U) != 0) {
        step(lite_, full_, code);
      } else {
        step(full_, lite_, code);
      }
    }
    now_ += std::chrono::minutes(5);
    REDAN_ASSERT(lite_.drain(now_, 1000) && full_.drain(now_, 1000));
  }

 private:
  template <class E, class Other>
  void step(E& end, Other& other, std::uint8_t code) {
    const unsigned operand = code >> 4U;
    switch (code >> 1U & 7U) {
      case 0:
        return take(end, other, operand % 4, [](Datagram&) { return true; });
      case 1:
        return take(end, other, operand % 4, [](Datagram&) { return false; });
      case 2:
        if (!other.sent.empty() && other.sent.size() < 64) other.sent.push_back(other.sent.front());
        return;
      case 3:
        return take(end, other, operand % 4, [&](Datagram& d) {
          d[input_.u8() % d.size()] ^= input_.u8();
          return true;
        });
      case 4:
        return receive(end, address(operand), input_.opaque16());
      case 5:
        now_ += std::chrono::milliseconds(10 << operand);
        return;
      case 6:
        static_cast<void>(end.drain(now_, static_cast<int>(operand)));
        return;
      case 7:
        return operand < 8 ? restart() : change(operand);
    }
  }
  template <class E>
  void receive(E& end, const Address& from, Bytes datagram) {
    if (const auto message = stun::Message::parse(datagram)) end.agent.handle_input(now_, {kLocal, from}, *message);
  }
  template <class E, class Other, class Change>
  void take(E& end, Other& other, unsigned from, Change&& change) {
    if (other.sent.empty()) static_cast<void>(other.drain(now_, 100));
    if (other.sent.empty()) return;
    Datagram datagram = std::move(other.sent.front());
    other.sent.pop_front();
    if (change(datagram)) receive(end, address(from), datagram);
  }
  /// Candidates of the full agent: of the peer, as text, or a relayed one of ours.
  void change(unsigned operand) {
    const Address relayed = Address::v4({198, 51, 100, static_cast<std::uint8_t>(operand % 2)}, 5000);
    if (operand < 12) {
      const auto candidate = ice::Candidate::parse(as_text(input_.opaque16()));
      if (candidate) full_.agent.add_remote(*candidate);
    } else if (operand < 14) {
      full_.agent.add_local(ice::local_candidate(CandidateType::relayed, relayed, 0));
    } else if (operand == 14) {
      full_.agent.remove_local(relayed);
    } else {
      full_.agent.permitted(now_, relayed, address(input_.u8()));
    }
  }
  void restart() {
    const ice::Credentials lite = ice::Credentials::make(provider_);
    const ice::Credentials full = ice::Credentials::make(provider_);
    lite_.agent.restart(lite, full);
    full_.agent.restart(full, lite, candidates(input_.u8() % 4U));
  }

  Reader input_;
  TimePoint now_{};
  test::NullProvider provider_;
  End<ice::LiteAgent> lite_;
  End<ice::FullAgent> full_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script(Reader({data, size})).run();
  return 0;
}
