// There is no heap allocation per packet in steady state, and none at all for unauthenticated senders. This program
// counts calls of operator new.
#include <gtest/gtest.h>

#include <redan/endpoint.hpp>

#include "rtc/stun/message.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/dtls_pair.hpp"

namespace redan {
namespace {

/// Two endpoints connected only by this loop, which itself allocates nothing.
class Wire {
 public:
  explicit Wire(Provider& provider)
      : full_({.local_addresses = {kFull}, .announce_lite = false}, test::test_identity(provider), provider),
        lite_({.local_addresses = {kLite}}, test::test_identity(provider), provider) {
    const auto offered = full_.offer({});
    full_peer_ = offered->peer;
    full_channel_ = *full_.open_channel(full_peer_, "wire");
    const auto accepted = lite_.accept(offered->offer);
    EXPECT_TRUE(full_.complete(full_peer_, accepted->answer));
    for (int i = 0; i < 200 && !open_; ++i) run();
    EXPECT_TRUE(open_);
  }

  /// Sends `count` messages, at most `in_flight` ahead of their echoes, and waits until all were echoed.
  void echo(std::size_t count, std::size_t in_flight, Bytes payload) {
    echoed_ = 0;
    std::size_t sent = 0;
    for (int idle = 0; echoed_ < count && idle < 20'000;) {
      while (sent < count && sent < echoed_ + in_flight) {
        if (!full_.send(full_peer_, full_channel_, MessageKind::binary, payload)) break;
        ++sent;
      }
      const std::size_t before = echoed_;
      run();
      idle = echoed_ == before ? idle + 1 : 0;
    }
    EXPECT_EQ(echoed_, count);
  }
  Endpoint& lite() { return lite_; }
  /// Processes all pending outputs of both, once.
  void run() {
    now_ += std::chrono::milliseconds(1);
    drain(full_, lite_, kFull);
    drain(lite_, full_, kLite);
  }
  [[nodiscard]] TimePoint now() const { return now_; }

  static inline const Address kFull = Address::v4({192, 0, 2, 1}, 1);
  static inline const Address kLite = Address::v4({192, 0, 2, 2}, 2);

 private:
  void drain(Endpoint& from, Endpoint& to, const Address& source) {
    while (true) {
      const Output output = from.poll_output(now_, buffer_);
      if (std::holds_alternative<Wait>(output)) return;
      if (const auto* transmit = std::get_if<Transmit>(&output)) {
        std::copy(transmit->bytes.begin(), transmit->bytes.end(), received_.begin());
        to.handle_input(now_, {{{}, source}, MutableBytes(received_).first(transmit->bytes.size())});
      } else if (const auto* message = std::get_if<Message>(&output)) {
        if (&from == &full_) {
          ++echoed_;
        } else {
          (void)lite_.send(message->peer, message->channel, message->kind, message->payload);
        }
      } else if (std::holds_alternative<ChannelOpened>(output) && &from == &full_) {
        open_ = true;
      }
    }
  }

  Endpoint full_, lite_;
  PeerId full_peer_;
  ChannelId full_channel_;
  bool open_ = false;
  std::size_t echoed_ = 0;
  TimePoint now_{};
  std::array<std::uint8_t, 1500> buffer_{};
  std::array<std::uint8_t, 1500> received_{};
};

class Allocation : public testing::TestWithParam<std::size_t> {};

TEST_P(Allocation, TenThousandMessagesAllocateNothingAfterWarmUp) {
  const auto provider = default_provider();
  Wire wire(*provider);
  const std::vector<std::uint8_t> payload(GetParam(), 0x42);
  wire.echo(2'000, 32, payload);  // grows the pools beyond what the rest needs
  g_allocations = 0;
  g_counting = true;
  wire.echo(10'000, 16, payload);
  g_counting = false;
  EXPECT_EQ(g_allocations, 0U) << "messages of " << GetParam() << " bytes";
}
INSTANTIATE_TEST_SUITE_P(Sizes, Allocation, testing::Values(64U, 1'200U, 16'384U));

TEST(AllocationForStrangers, DatagramsFromUnknownSourcesAllocateNothing) {
  const auto provider = default_provider();
  Wire wire(*provider);
  // A well-formed check for no peer of this endpoint, and first bytes of every kind.
  std::array<std::uint8_t, 200> storage{};
  stun::MessageBuilder builder(storage, stun::Class::request, {1, 2, 3});
  builder.username("nobody12:someone1");
  const auto hmac = provider->hmac(HashAlgorithm::sha1, as_bytes("wrong"));
  const MutableBytes check = builder.finish(*hmac);
  std::array<std::uint8_t, 100> other{};
  g_allocations = 0;
  g_counting = true;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const Address stranger = Address::v4(
        {203, static_cast<std::uint8_t>(i >> 16U), static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)},
        99);
    wire.lite().handle_input(wire.now(), {{{}, stranger}, check});
    other[0] = static_cast<std::uint8_t>(i);
    wire.lite().handle_input(wire.now(), {{{}, stranger}, other});
  }
  wire.run();
  g_counting = false;
  EXPECT_EQ(g_allocations, 0U);
  EXPECT_EQ(wire.lite().peer_count(), 1U);
}

}  // namespace
}  // namespace redan
