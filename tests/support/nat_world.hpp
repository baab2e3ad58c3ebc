// Endpoints behind simulated NATs, with a STUN server and TURN servers, on one virtual clock: a network that loses,
// reorders and duplicates, and signalling that is late, repeats itself and is mixed with an attacker's candidates.
#pragma once

#include <map>
#include <queue>
#include <redan/endpoint.hpp>
#include <set>

#include "rtc/peer/classify.hpp"
#include "tests/rtc/turn/model_server.hpp"
#include "tests/support/dtls_pair.hpp"
#include "tests/support/seeded_random.hpp"

namespace redan::test {

/// By what the NAT passes on, in the words of RFC 3489; `none`: a public address.
enum class NatKind : std::uint8_t { none, full_cone, address_restricted, port_restricted, symmetric };

inline const Address kStunServer = Address::v4({192, 0, 2, 1}, 3478);
inline bool same_ip(const Address& a, const Address& b) { return std::ranges::equal(a.ip(), b.ip()); }
inline Address with_port(const Address& address, std::uint16_t port) {
  return *Address::parse(address.ip_text(), port);
}

class Nat {
 public:
  Nat(NatKind kind, const Address& outside) : kind_(kind), outside_(outside) {}

  /// The address from which the datagram leaves.
  Address out(const Address& inside, const Address& remote) {
    if (kind_ == NatKind::none) return inside;
    const Address key = kind_ == NatKind::symmetric ? remote : Address{};
    auto [found, added] = mappings_.try_emplace({inside, key}, outside_);
    if (added) found->second = with_port(outside_, next_port_++);
    contacted_[found->second].insert(remote);
    return found->second;
  }
  /// Where a datagram to the outside goes; nullopt: it is dropped.
  std::optional<Address> in(const Address& from, const Address& to) const {
    for (const auto& [key, mapped] : mappings_) {
      if (mapped == to && passes(from, contacted_.at(mapped))) return key.first;
    }
    return std::nullopt;
  }
  [[nodiscard]] NatKind kind() const { return kind_; }
  [[nodiscard]] const Address& outside() const { return outside_; }
  /// After a reboot all mappings are new.
  void forget() {
    mappings_.clear();
    contacted_.clear();
  }

 private:
  bool passes(const Address& from, const std::set<Address>& contacted) const {
    if (kind_ == NatKind::full_cone) return true;
    return std::any_of(contacted.begin(), contacted.end(), [&](const Address& each) {
      return kind_ == NatKind::address_restricted ? same_ip(each, from) : each == from;
    });
  }
  NatKind kind_;
  Address outside_;
  std::uint16_t next_port_ = 20'000;
  std::map<std::pair<Address, Address>, Address> mappings_;
  std::map<Address, std::set<Address>> contacted_;
};

struct NatSideOptions {
  NatKind nat = NatKind::none;
  bool relay = false;  ///< has a TURN server
  IceTransport transport = IceTransport::all;
  RemoteAddresses reach = RemoteAddresses::any;
};

struct NatWorldOptions {
  NatSideOptions first{}, second{};
  double loss = 0, duplicate = 0;
  Duration delay = std::chrono::milliseconds(20), jitter{};
  bool hostile_candidates = false;  ///< an attacker adds candidates to the signalling
};

class NatWorld {
 public:
  struct Side {
    Side(const Address& the_address, const Address& outside, const Address& turn_address, NatSideOptions the_options,
         Provider& provider)
        : options(the_options),
          address(the_options.nat == NatKind::none ? outside : the_address),
          nat(the_options.nat, outside),
          turn(turn_address, provider),
          endpoint(config(address, the_options), test_identity(provider), provider) {
      turn.options.relayed4 = with_port(turn_address, 50'000);
      std::vector<IceServer> servers;
      servers.push_back(*IceServer::parse("stun:" + kStunServer.text()));
      if (the_options.relay) {
        servers.push_back(*IceServer::parse("turn:" + turn_address.text()));
        servers.back().username = "user";
        servers.back().password = Secret<512>(as_bytes("secret"));
      }
      (void)endpoint.set_ice_servers(std::move(servers));
    }

    NatSideOptions options;
    Address address;
    Nat nat;
    ModelServer turn;
    Endpoint endpoint;
    PeerId peer;
    bool connected = false, gathered = false;
    std::optional<PathSelected> selected;
    std::optional<Errc> closed;
    std::vector<std::string> messages;
    std::vector<std::string> failures;
    std::optional<ChannelId> channel;
    TimePoint relayed_at = kNever;  ///< when it had a relayed candidate
    Side* other = nullptr;

   private:
    static EndpointConfig config(const Address& address, const NatSideOptions& options) {
      EndpointConfig config;
      config.local_addresses = {address};
      config.announce_lite = false;
      config.ice_transport = options.transport;
      config.remote_addresses = options.reach;
      return config;
    }
  };

  NatWorld(Provider& provider, std::uint64_t seed, NatWorldOptions options)
      : options_(options),
        random_(seed),
        first(Address::v4({10, 0, 0, 1}, 5000), Address::v4({5, 5, 5, 1}, 5000), Address::v4({8, 8, 8, 1}, 3478),
              options.first, provider),
        second(Address::v4({10, 0, 1, 1}, 5000), Address::v4({6, 6, 6, 2}, 5000), Address::v4({9, 9, 9, 2}, 3478),
               options.second, provider) {
    first.other = &second;
    second.other = &first;
  }

 private:
  NatWorldOptions options_;
  SeededRandom random_;

 public:
  Side first, second;
  TimePoint now{};
  /// Datagrams to addresses that are nobody's, by address: all are checks, or `wrong` says what went there.
  std::map<Address, std::size_t> strays;
  std::string wrong;

  /// Exchanges descriptions at once; candidates follow, late.
  void signal() {
    signalled_at_ = now;
    const auto offered = first.endpoint.offer({});
    first.peer = offered->peer;
    const auto accepted = second.endpoint.accept(offered->offer);
    second.peer = accepted->peer;
    (void)first.endpoint.complete(first.peer, accepted->answer);
    first.channel = *first.endpoint.open_channel(first.peer, "test");
    if (!options_.hostile_candidates) return;
    for (Side* side : {&first, &second}) {
      for (std::uint8_t i = 0; i < 5; ++i) {
        trickle(*side, "candidate:1 1 udp 2130706431 203.0.113." + std::to_string(i) + " 53 typ host");
        trickle(*side, "candidate:2 1 udp 2130706431 10.9.9." + std::to_string(i) + " 161 typ host");
      }
      trickle(*side, "candidate:3 1 udp 2130706431 127.0.0.1 22 typ host");
      trickle(*side, "candidate:3 1 udp 2130706431 255.255.255.255 22 typ host");
      trickle(*side, "candidate:3 1 tcp 2130706431 203.0.113.9 22 typ host");
      trickle(*side, "candidate:3 1 udp 2130706431 8c7d.local 22 typ host");
      trickle(*side, "candidate:nonsense");
    }
  }
  /// Runs for `time`, or until `done`.
  template <class Done>
  bool run(Duration time, Done&& done) {
    const TimePoint end = now + time;
    while (true) {
      const TimePoint wake = std::min(drain(first), drain(second));
      if (done()) return true;
      const TimePoint next = std::min(wake, events_.empty() ? kNever : events_.top().at);
      if (next > end) break;
      now = std::max(now, next);
      while (!events_.empty() && events_.top().at <= now) {
        Event event = events_.top();
        events_.pop();
        event.run ? event.run() : arrive(event);
      }
    }
    now = end;
    return done();
  }
  void run(Duration time) {
    run(time, [] { return false; });
  }
  bool gather() {
    return run(std::chrono::seconds(60), [&] { return first.gathered && second.gathered; });
  }
  [[nodiscard]] bool both_connected() const { return first.connected && second.connected; }
  bool connect(Duration time = std::chrono::seconds(29)) {
    signal();
    return run(time, [&] { return both_connected(); });
  }
  /// Whether a path exists by the rules of the NATs. A relay counts if the network did not keep its side from it for
  /// most of the time that the agents take.
  [[nodiscard]] bool reachable() const {
    for (const Side* side : {&first, &second}) {
      if (side->relayed_at < signalled_at_ + std::chrono::seconds(20)) return true;
      if (side->options.transport == IceTransport::relay) return false;
    }
    const NatKind a = first.nat.kind(), b = second.nat.kind();
    return std::min(a, b) < NatKind::port_restricted || std::max(a, b) < NatKind::symmetric;
  }
  void set_loss(double loss) { options_.loss = loss; }

 private:
  struct Event {
    TimePoint at;
    std::uint64_t order;
    Address from, to;
    Datagram bytes;
    std::function<void()> run{};
    bool operator<(const Event& other) const { return std::tie(other.at, other.order) < std::tie(at, order); }
  };

  void trickle(Side& to, const std::string& text) {
    const int copies = random_.chance(0.2) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const auto late = std::chrono::milliseconds(random_.below(2000));
      events_.push(
          {now + late, order_++, {}, {}, {}, [&to, text] { (void)to.endpoint.add_remote_candidate(to.peer, text); }});
    }
  }
  void send(const Address& from, const Address& to, Bytes bytes) {
    const int copies = random_.chance(options_.duplicate) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      if (random_.chance(options_.loss)) continue;
      const Duration jitter{
          static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(options_.jitter.count())))};
      events_.push({now + options_.delay + jitter, order_++, from, to, {bytes.begin(), bytes.end()}});
    }
  }
  void arrive(Event& event) {
    if (event.to == kStunServer) return answer_binding(event);
    for (Side* side : {&first, &second}) {
      ModelServer& turn = side->turn;
      if (event.to == with_port(turn.options.relayed4, 3478)) return serve(turn, event);
      if (event.to == turn.options.relayed4) return from_peer(turn, event);
      if (!same_ip(event.to, side->nat.outside())) continue;
      const auto inside =
          side->nat.kind() == NatKind::none ? std::optional(event.to) : side->nat.in(event.from, event.to);
      if (inside == side->address) side->endpoint.handle_input(now, {{side->address, event.from}, event.bytes});
      return;
    }
    stray(event);
  }
  void stray(const Event& event) {
    ++strays[event.to];
    if (peer::classify(event.bytes) != peer::DatagramKind::stun) wrong = "not a check, to " + event.to.text();
  }
  void answer_binding(const Event& event) {
    const auto request = stun::Message::parse(event.bytes);
    if (!request) return;
    std::array<std::uint8_t, 200> buffer{};
    stun::MessageBuilder builder(buffer, stun::Class::success, request->transaction);
    builder.xor_mapped_address(event.from);
    send(kStunServer, event.from, builder.finish());
  }
  void serve(ModelServer& turn, const Event& event) {
    for (const Datagram& each : turn.handle_input(now, event.from, event.bytes)) send(event.to, event.from, each);
    for (const auto& each : std::exchange(turn.relayed, {})) send(turn.options.relayed4, each.peer, each.payload);
  }
  void from_peer(ModelServer& turn, const Event& event) {
    for (const auto& [client, allocation] : turn.allocations) {
      for (const Datagram& each : turn.peer_sends(now, client, event.from, as_text(event.bytes)))
        send(with_port(event.to, 3478), client, each);
    }
  }

  TimePoint drain(Side& side) {
    std::array<std::uint8_t, 2048> buffer{};
    for (int steps = 0; steps < 100'000; ++steps) {
      const Output output = side.endpoint.poll_output(now, buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) {
        if (wait->until <= now) wrong = "a Wait that is over";
        return wait->until;
      }
      record(side, output);
    }
    wrong = "an endpoint that never waits";
    return kNever;
  }
  void record(Side& side, const Output& output) {
    if (const auto* transmit = std::get_if<Transmit>(&output)) {
      if (transmit->path.local != side.address) wrong = "sent from an address that is not a socket's";
      // A private address is nobody's from here.
      const Address from = side.nat.out(transmit->path.local, transmit->path.remote);
      send(from, transmit->path.remote, transmit->bytes);
    } else if (const auto* candidate = std::get_if<LocalCandidate>(&output)) {
      trickle(*side.other, std::string(candidate->candidate));
      if (candidate->candidate.find(" typ relay") != std::string_view::npos) side.relayed_at = now;
    } else if (std::holds_alternative<GatheringDone>(output)) {
      side.gathered = true;
      for (const GatheredCandidate& each : side.endpoint.local_candidates()) {
        if (each.type == CandidateType::relayed) side.relayed_at = std::min(side.relayed_at, now);
      }
    } else if (std::holds_alternative<Connected>(output)) {
      side.connected = true;
    } else if (const auto* selected = std::get_if<PathSelected>(&output)) {
      side.selected = *selected;
    } else if (const auto* closed = std::get_if<Closed>(&output)) {
      side.closed = closed->reason;
    } else if (const auto* failed = std::get_if<IceServerFailed>(&output)) {
      side.failures.emplace_back(failed->detail);
    } else if (const auto* message = std::get_if<Message>(&output)) {
      side.messages.emplace_back(as_text(message->payload));
    }
  }

  TimePoint signalled_at_{};
  std::uint64_t order_ = 0;
  std::priority_queue<Event> events_;
};

}  // namespace redan::test
