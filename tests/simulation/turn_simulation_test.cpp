// A TURN client and a server on one virtual clock, connected by links with faults and an attacker who sees the client's
// requests and answers them with forgeries, thousands of seeds. A failing seed is printed and can be replayed bit for
// bit.
#include <gtest/gtest.h>

#include "base/crc32.hpp"
#include "rtc/turn/client.hpp"
#include "tests/rtc/turn/model_server.hpp"
#include "tests/support/fixed_provider.hpp"
#include "tests/support/link.hpp"

namespace redan::test {
namespace {

using namespace std::chrono_literals;

const Address kServer = Address::v4({192, 0, 2, 1}, 3478);
const Address kForgedRelay = Address::v4({6, 6, 6, 6}, 6666);
constexpr std::uint64_t kSeeds = 2000;

Address peer_of(std::uint64_t index) { return Address::v4({203, 0, 113, static_cast<std::uint8_t>(index)}, 6000); }

class World {
 public:
  explicit World(std::uint64_t seed)
      : real_(default_provider()),
        provider_(*real_, seed),
        random_(seed * 3 + 1),
        server_(kServer, provider_, options(random_)),
        client_(config(), provider_),
        up_(seed * 5, link(random_)),
        down_(seed * 7, link(random_)),
        attacked_(random_.chance(0.5)) {
    server_.restart(now_);
  }

  /// What went wrong; empty: nothing.
  std::string run() {
    client_.start(now_);
    advance(5min, [&] { return client_.allocated() || failed_; });
    if (failed_ || !client_.allocated()) return "no allocation: " + reason();
    for (std::uint64_t i = 0; i < 3; ++i) {
      if (!client_.permit(now_, peer_of(i))) return "permit is refused";
    }
    if (random_.chance(0.5) && !client_.bind(now_, peer_of(0))) return "bind is refused";
    const bool all = advance(5min, [&] { return permitted_ == 3 || failed_; });
    if (!all || failed_) return "no permissions: " + reason();
    // Three hours, with data from time to time.
    for (int i = 0; i < 120; ++i) {
      advance(90s, [&] { return failed_.has_value(); });
      if (failed_) return "ended: " + reason();
      exchange(i);
    }
    advance(10s, [] { return false; });
    if (delivered_wrong_) return "data of another peer, or changed data";
    if (received_ == 0 || server_.relayed.empty()) return "no data at all";
    client_.close(now_);
    advance(1min, [&] { return closed_; });
    return closed_ ? "" : "does not close";
  }
  [[nodiscard]] std::uint32_t digest() const { return digest_; }

 private:
  static ModelServer::Options options(SeededRandom& random) {
    ModelServer::Options made;
    if (random.chance(0.5)) {
      made.nonce_prefix = "obMatJos2AAAD";
      made.algorithms = {2, 1};
      made.anonymous = true;
    }
    made.nonce_lifetime = std::chrono::minutes(3 + random.below(60));
    made.max_lifetime = std::chrono::minutes(2 + random.below(10));
    return made;
  }
  static LinkConfig link(SeededRandom& random) {
    LinkConfig made;
    made.loss = 0.15 * static_cast<double>(random.below(101)) / 100;
    made.duplicate = random.chance(0.5) ? 0.1 : 0;
    made.delay = std::chrono::milliseconds(random.below(200));
    made.jitter = std::chrono::milliseconds(random.chance(0.5) ? random.below(300) : 0);
    return made;
  }
  static turn::Config config() {
    turn::Config made;
    made.servers = {{kServer, turn::Transport::udp, "simulated"}};
    made.credentials = *stun::Credentials::make("user", "secret");
    return made;
  }
  [[nodiscard]] std::string reason() const { return failed_ ? failed_->text() : "nothing"; }

  template <class Condition>
  bool advance(Duration time, Condition&& condition) {
    const TimePoint end = now_ + time;
    while (true) {
      const TimePoint wake = drain();
      if (condition()) return true;
      const TimePoint next = std::min({wake, up_.next_arrival(), down_.next_arrival()});
      if (next > end) break;
      now_ = std::max(now_, next);
      while (auto datagram = up_.receive(now_)) {
        for (const Datagram& answer : server_.handle_input(now_, client_.path().local, *datagram)) {
          down_.send(now_, answer);
        }
      }
      while (auto datagram = down_.receive(now_)) client_.handle_input(now_, client_.path(), *datagram);
    }
    now_ = end;
    return false;
  }
  TimePoint drain() {
    std::array<std::uint8_t, 2000> buffer{};
    while (true) {
      const turn::Client::Output output = client_.poll_output(now_, buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) return wait->until;
      if (const auto* transmit = std::get_if<turn::Client::Transmit>(&output)) {
        up_.send(now_, transmit->bytes);
        note(transmit->bytes);
        if (attacked_) attack(transmit->bytes);
      } else if (const auto* connect = std::get_if<turn::Client::Connect>(&output)) {
        // A duplicated Allocate that arrives after its answer is refused with 437: then from another port.
        client_.connected(now_, Address::v4({10, 0, 0, 1}, ++port_));
        static_cast<void>(connect);
      } else if (std::holds_alternative<turn::Client::Permitted>(output)) {
        ++permitted_;
      } else if (const auto* data = std::get_if<turn::Client::Received>(&output)) {
        ++received_;
        delivered_wrong_ = delivered_wrong_ || as_text(data->payload) != "from " + data->peer.text();
      } else if (const auto* made = std::get_if<turn::Client::Allocated>(&output)) {
        delivered_wrong_ = delivered_wrong_ || made->ipv4 == kForgedRelay;
      } else if (const auto* end = std::get_if<turn::Client::Failed>(&output)) {
        failed_ = end->failure;
      } else if (std::holds_alternative<turn::Client::Closed>(output)) {
        closed_ = true;
      }
    }
  }
  void note(Bytes bytes) { digest_ = crc32(bytes) ^ (digest_ * 31); }
  /// The attacker reads signed requests and answers at once, before the server: with a success of its own, a refusal,
  /// or noise. The first request is not signed, and nothing protects its answer, so it is left alone.
  void attack(Bytes bytes) {
    const auto request = stun::Message::parse(bytes, turn::kUnderstood);
    if (!request || request->message_class != stun::Class::request) return;
    if (!request->has_integrity() && !request->has_integrity_sha256()) return;
    if (!random_.chance(0.3)) return;
    std::array<std::uint8_t, 500> buffer{};
    const bool success = random_.chance(0.5);
    stun::MessageBuilder builder(buffer, success ? stun::Class::success : stun::Class::error, request->transaction,
                                 request->method);
    // A refusal of the credentials counts at once as long as the server has not accepted them.
    constexpr std::array<std::uint16_t, 4> kCodes{400, 437, 401, 438};
    if (!success) builder.error_code(kCodes.at(random_.below(client_.allocated() ? 4 : 2)), "forged");
    builder.attribute(stun::AttributeType::realm, as_bytes(server_.options.realm));
    builder.attribute(stun::AttributeType::nonce, as_bytes("forged"));
    builder.xor_address(turn::attribute::xor_relayed_address, kForgedRelay);
    builder.integer32(turn::attribute::lifetime, 1);
    const auto key = provider_.hmac(HashAlgorithm::sha1, as_bytes("guess"));
    client_.handle_input(now_, client_.path(), random_.chance(0.5) ? builder.finish(*key) : builder.finish());
    client_.handle_input(now_, client_.path(), ModelServer::channel_data(0x4000 + 7, "forged"));
    client_.handle_input(now_, client_.path(), server_.data_indication(peer_of(77), "forged"));
  }
  void exchange(int round) {
    const Address peer = peer_of(static_cast<std::uint64_t>(round) % 3);
    std::array<std::uint8_t, 200> buffer{};
    buffer[turn::kHeadroom] = 'x';
    const MutableBytes message = client_.wrap(now_, peer, buffer, 1);
    if (!message.empty()) up_.send(now_, message);
    for (const Datagram& each : server_.peer_sends(now_, client_.path().local, peer, "from " + peer.text())) {
      down_.send(now_, each);
    }
    for (const auto& each : server_.relayed) delivered_wrong_ = delivered_wrong_ || as_text(each.payload) != "x";
  }

  std::unique_ptr<Provider> real_;
  FixedProvider provider_;
  SeededRandom random_;
  ModelServer server_;
  turn::Client client_;
  Link up_, down_;
  bool attacked_;
  TimePoint now_{};
  std::uint16_t port_ = 40'000;
  int permitted_ = 0, received_ = 0;
  bool delivered_wrong_ = false, closed_ = false;
  std::optional<turn::Failure> failed_;
  std::uint32_t digest_ = 0;
};

TEST(TurnSimulation, AnAllocationLivesOnFaultyLinksAndUnderAttack) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    World world(seed);
    ASSERT_EQ(world.run(), "") << "seed " << seed;
  }
}

TEST(TurnSimulation, ARunRepeatsBitForBit) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World first(seed), second(seed);
    (void)first.run();
    (void)second.run();
    EXPECT_EQ(first.digest(), second.digest()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace redan::test
