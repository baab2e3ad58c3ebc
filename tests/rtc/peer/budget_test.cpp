// The memory that all peers together can occupy in an endpoint.
#include <gtest/gtest.h>

#include "tests/support/endpoint_pair.hpp"
#include "tests/support/heap_meter.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using test::EndpointPair;
using test::EndpointPairOptions;
using test::test_identity;

// Data after a lost packet waits for it.
TEST(MemoryBudget, DropsDataAheadOfAHoleBeyondItAndDeliversItLater) {
  const auto provider = default_provider();
  std::array<std::uint64_t, 2> over_budget{};
  for (const bool small : {false, true}) {
    EndpointPairOptions options;
    options.link.loss = 0.02;
    if (small) options.answerer.memory_budget = 40'000;
    EndpointPair pair(*provider, options);
    pair.signal();
    const ChannelId channel = *pair.offerer.endpoint.open_channel(pair.offerer_peer, "bulk");
    ASSERT_TRUE(pair.run(10s, [&] { return pair.answerer.channel("bulk").has_value(); }));
    const std::string message(5'000, 'x');
    constexpr std::size_t kMessages = 400;
    for (std::size_t i = 0; i < kMessages; ++i)
      ASSERT_TRUE(pair.offerer.endpoint.send(pair.offerer_peer, channel, MessageKind::binary, as_bytes(message)));
    ASSERT_TRUE(pair.run(60s, [&] { return pair.answerer.messages.size() == kMessages; })) << small;
    over_budget[small ? 1 : 0] = pair.answerer.endpoint.statistics().over_budget;
  }
  EXPECT_EQ(over_budget[0], 0U);
  EXPECT_GT(over_budget[1], 0U);
}

/// One endpoint whose heap is measured, and peers that are connected to it without a link.
class Crowd {
  template <class Call>
  auto measured(Call&& call) {
    struct Difference {
      std::ptrdiff_t& sum;
      std::size_t before = test::HeapMeter::held_bytes();
      ~Difference() { sum += static_cast<std::ptrdiff_t>(test::HeapMeter::held_bytes() - before); }
    } difference{heap};
    return call();
  }

 public:
  explicit Crowd(Provider& provider, std::size_t budget)
      : provider_(provider),
        server_({.local_addresses = {kServer}, .memory_budget = budget}, test_identity(provider), provider) {}

  struct Guest {
    Guest(const Address& the_address, Provider& provider)
        : address(the_address),
          endpoint({.local_addresses = {the_address}, .announce_lite = false}, test_identity(provider), provider) {}
    Address address;
    Endpoint endpoint;
    PeerId peer;  ///< the server, here
    std::optional<ChannelId> channel;
    std::size_t received = 0;  ///< bytes that reached the server
  };

  std::unique_ptr<Guest> join() {
    auto guest = std::make_unique<Guest>(Address::v4({192, 0, 2, 1}, next_port_++), provider_);
    const auto offered = guest->endpoint.offer({});
    guest->peer = offered->peer;
    (void)guest->endpoint.open_channel(guest->peer, "crowd");
    const auto accepted = measured([&] { return server_.accept(offered->offer); });
    EXPECT_TRUE(guest->endpoint.complete(guest->peer, accepted->answer));
    for (int i = 0; i < 200 && !guest->channel; ++i) run(*guest);
    EXPECT_TRUE(guest->channel);
    return guest;
  }
  /// Delivers everything that both send, until the server has received `bytes` of this guest.
  void run(Guest& guest, std::size_t bytes = SIZE_MAX) {
    now_ += std::chrono::microseconds(100);
    while (guest.received < bytes) {
      const Output output = guest.endpoint.poll_output(now_, buffer_);
      if (std::holds_alternative<Wait>(output)) break;
      if (const auto* opened = std::get_if<ChannelOpened>(&output)) guest.channel = opened->channel;
      if (const auto* transmit = std::get_if<Transmit>(&output)) {
        guest.received += transmit->bytes.size();
        const MutableBytes copy = copied(transmit->bytes);
        measured([&] { server_.handle_input(now_, {{{}, guest.address}, copy}); });
        serve(&guest);
      }
    }
    serve(&guest);
  }
  void serve(Guest* guest) {
    while (true) {
      const Output output = measured([&] { return server_.poll_output(now_, buffer_); });
      if (std::holds_alternative<Wait>(output)) return;
      if (const auto* gone = std::get_if<ChannelClosed>(&output)) closed.push_back(gone->reason);
      if (const auto* message = std::get_if<Message>(&output)) received.push_back(message->payload.size());
      const auto* transmit = std::get_if<Transmit>(&output);
      if (transmit != nullptr && guest != nullptr && transmit->path.remote == guest->address)
        guest->endpoint.handle_input(now_, {{{}, kServer}, copied(transmit->bytes)});
    }
  }
  void pass(Duration time) {
    now_ += time;
    serve(nullptr);
  }

  std::vector<Errc> closed;
  std::vector<std::size_t> received;
  std::ptrdiff_t heap = 0;  ///< of the server, bytes

 private:
  MutableBytes copied(Bytes bytes) {
    std::copy(bytes.begin(), bytes.end(), copy_.begin());
    return MutableBytes(copy_).first(bytes.size());
  }

  static inline const Address kServer = Address::v4({192, 0, 2, 2}, 2000);
  Provider& provider_;
  Endpoint server_;
  std::uint16_t next_port_ = 1000;
  TimePoint now_{};
  std::array<std::uint8_t, 2048> buffer_{};
  std::array<std::uint8_t, 2048> copy_{};
};

TEST(MemoryBudget, LimitsUnfinishedMessagesOfManyPeersWhileOthersContinue) {
  constexpr std::size_t kBudget = 4U << 20U;
  constexpr std::size_t kGuests = 30;
  const auto provider = default_provider();
  Crowd crowd(*provider, kBudget);
  std::vector<std::unique_ptr<Crowd::Guest>> guests;
  for (std::size_t i = 0; i < kGuests; ++i) guests.push_back(crowd.join());
  const auto guest = crowd.join();
  const std::ptrdiff_t before = crowd.heap;

  // Each begins a message of 800 KB and stops when most of it has arrived: 21 MB in total, in blocks of up to 46.
  for (const auto& hostile : guests) {
    ASSERT_TRUE(hostile->endpoint.send(hostile->peer, *hostile->channel, MessageKind::binary,
                                       std::vector<std::uint8_t>(800'000)));
    hostile->received = 0;
    for (int i = 0; i < 100; ++i) crowd.run(*hostile, 700'000);
  }
  const std::ptrdiff_t held = crowd.heap - before;
  EXPECT_LE(held, static_cast<std::ptrdiff_t>(kBudget + kBudget / 4));
  EXPECT_GT(held, static_cast<std::ptrdiff_t>(kBudget / 4));

  // A message of several packets, at the same time.
  ASSERT_TRUE(
      guest->endpoint.send(guest->peer, *guest->channel, MessageKind::binary, std::vector<std::uint8_t>(10'000)));
  for (int i = 0; i < 100 && crowd.received.empty(); ++i) crowd.run(*guest);
  EXPECT_EQ(crowd.received, std::vector<std::size_t>{10'000});

  for (int i = 0; i < 8; ++i) {
    crowd.pass(1s);
    crowd.run(*guest);
  }
  EXPECT_FALSE(crowd.closed.empty());
  for (const Errc reason : crowd.closed) EXPECT_EQ(reason, Errc::too_many);
  EXPECT_LE(crowd.heap - before, held / 2);
}

}  // namespace
}  // namespace redan
