// ICE agents connected by simulated links on one virtual clock.
#pragma once

#include <map>

#include "rtc/ice/full_agent.hpp"
#include "rtc/ice/lite_agent.hpp"
#include "rtc/stun/message.hpp"
#include "tests/support/fixed_provider.hpp"
#include "tests/support/link.hpp"

namespace redan::test {

inline const Address kFullAddress = Address::v4({192, 0, 2, 1}, 1000);
inline const Address kLiteAddress = Address::v4({192, 0, 2, 2}, 2000);

/// Host candidates of these addresses, the best first.
inline std::vector<ice::Candidate> hosts(const std::vector<Address>& addresses) {
  std::vector<ice::Candidate> candidates;
  for (const Address& address : addresses)
    candidates.push_back(ice::local_candidate(CandidateType::host, address, candidates.size()));
  return candidates;
}

/// One agent with all its outputs.
template <class Agent>
struct IceEnd {
  IceEnd(const Address& the_address, ice::Credentials local, Provider& provider)
      : address(the_address), agent(make(the_address, std::move(local), provider)) {}

  Address address;
  Agent agent;
  std::vector<Address> validated, selected;
  std::optional<Errc> failed;
  std::uint64_t malformed = 0;       ///< datagrams that are no STUN message
  std::optional<Address> reachable;  ///< datagrams to other addresses are lost; absent: none is
  std::vector<std::vector<std::uint8_t>> sent;
  TimePoint last_sent{};

  TimePoint drain(TimePoint now, Link* out, std::uint64_t steps = 1'000'000) {
    std::array<std::uint8_t, 1200> buffer{};
    while (steps-- > 0) {
      const ice::Output output = agent.poll_output(now, buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) return wait->until;
      if (const auto* transmit = std::get_if<ice::Transmit>(&output)) {
        sent.emplace_back(transmit->bytes.begin(), transmit->bytes.end());
        last_sent = now;
        if (out != nullptr && (!reachable || transmit->path.remote == *reachable)) out->send(now, transmit->bytes);
      } else if (const auto* path = std::get_if<ice::Validated>(&output)) {
        validated.push_back(path->path.remote);
      } else if (const auto* nominated = std::get_if<ice::Selected>(&output)) {
        selected.push_back(nominated->path.remote);
      } else if (const auto* end = std::get_if<ice::Failed>(&output)) {
        failed = end->reason;
      }
    }
    return now;
  }
  /// A datagram from there arrived at our address.
  void receive(TimePoint now, const Address& from, Bytes datagram) {
    const auto message = stun::Message::parse(datagram);
    if (!message) ++malformed;
    if (message) agent.handle_input(now, {address, from}, *message);
  }
  [[nodiscard]] bool validated_at(const Address& remote) const { return agent.validated({address, remote}); }
  [[nodiscard]] std::optional<Address> selected_remote() const {
    const auto path = agent.selected();
    return path ? std::optional(path->remote) : std::nullopt;
  }

 private:
  static Agent make(const Address& address, ice::Credentials local, Provider& provider) {
    if constexpr (std::is_same_v<Agent, ice::FullAgent>) {
      return Agent(std::move(local), std::vector{address}, provider);
    } else {
      return Agent(std::move(local), provider);
    }
  }
};

/// `First` and `Second` see each other at `seen_first` and `seen_second`, as through NATs.
template <class First, class Second>
class IcePair {
 public:
  explicit IcePair(std::uint64_t seed = 1, const LinkConfig& link = {})
      : real_(default_provider()),
        first_provider_(*real_, seed * 2),
        second_provider_(*real_, seed * 2 + 1),
        first(kFullAddress, ice::Credentials::make(first_provider_), first_provider_),
        second(kLiteAddress, ice::Credentials::make(second_provider_), second_provider_),
        to_first(seed * 4, link),
        to_second(seed * 4 + 1, link) {}

 private:
  std::unique_ptr<Provider> real_;
  FixedProvider first_provider_, second_provider_;

 public:
  IceEnd<First> first;
  IceEnd<Second> second;
  Link to_first, to_second;
  Address seen_first = kFullAddress, seen_second = kLiteAddress;
  TimePoint now{};

  std::optional<Address> second_hears_at;  ///< datagrams of the first to other addresses are lost

  Provider& provider() { return *real_; }
  /// The first one's NAT assigns it another address: its old one is dead.
  void move_first(const Address& address) {
    seen_first = address;
    second.reachable = address;
  }
  void start() {
    tell(first.agent, second);
    tell(second.agent, first);
    first.agent.start(now);
    second.agent.start(now);
  }
  void run(Duration time) {
    const TimePoint end = now + time;
    first.reachable = second_hears_at;
    while (true) {
      const TimePoint wake = std::min(first.drain(now, &to_second), second.drain(now, &to_first));
      const TimePoint next = std::min({wake, to_first.next_arrival(), to_second.next_arrival()});
      if (next > end) break;
      now = std::max(now, next);
      while (auto datagram = to_first.receive(now)) first.receive(now, seen_second, *datagram);
      while (auto datagram = to_second.receive(now)) second.receive(now, seen_first, *datagram);
    }
    now = end;
  }
  [[nodiscard]] bool both_selected() const { return first.agent.selected() && second.agent.selected(); }

 private:
  template <class Other>
  static void tell(ice::FullAgent& agent, const IceEnd<Other>& other) {
    agent.set_remote(other.agent.local(), hosts({other.address}));
  }
  template <class Other>
  static void tell(ice::LiteAgent& agent, const IceEnd<Other>& other) {
    agent.set_remote(other.agent.local());
  }
};

using LitePair = IcePair<ice::FullAgent, ice::LiteAgent>;
using FullPair = IcePair<ice::FullAgent, ice::FullAgent>;

/// A check of a peer, with any error that a test needs.
struct CheckParts {
  std::string username;
  std::string password;
  bool use_candidate = false;
  bool controlled = false;
  std::uint64_t tie_breaker = 1;
  std::optional<std::uint16_t> unknown_attribute{};
  stun::Class message_class = stun::Class::request;
  std::optional<stun::TransactionId> transaction{};  ///< absent: a new one
};

inline std::vector<std::uint8_t> check(Provider& provider, const CheckParts& parts) {
  std::array<std::uint8_t, 512> buffer{};
  const auto key = provider.hmac(HashAlgorithm::sha1, as_bytes(parts.password));
  static std::uint64_t next_transaction = 1;
  stun::TransactionId fresh{};
  Writer(fresh).u64(next_transaction++);
  stun::MessageBuilder builder(buffer, parts.message_class, parts.transaction.value_or(fresh));
  builder.username(parts.username);
  builder.priority(1);
  if (parts.use_candidate) builder.use_candidate();
  if (parts.controlled) {
    builder.ice_controlled(parts.tie_breaker);
  } else {
    builder.ice_controlling(parts.tie_breaker);
  }
  if (parts.unknown_attribute) builder.attribute(static_cast<stun::AttributeType>(*parts.unknown_attribute), {});
  const Bytes built = builder.finish(*key);
  return {built.begin(), built.end()};
}

}  // namespace redan::test
