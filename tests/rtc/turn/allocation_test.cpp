// Data through a relay needs no heap allocation: neither sending, nor receiving a datagram in steady state. This
// program counts calls of operator new.
#include <gtest/gtest.h>

#include "tests/rtc/turn/turn_fixture.hpp"
#include "tests/support/allocation_counter.hpp"

namespace redan::test {
namespace {

class TurnAllocation : public TurnTest {
 protected:
  template <class Work>
  std::size_t allocations_of(Work&& work) {
    for (int i = 0; i < 10; ++i) work();
    g_allocations = 0;
    g_counting = true;
    for (int i = 0; i < 1000; ++i) work();
    g_counting = false;
    return g_allocations;
  }
};

TEST_F(TurnAllocation, DataOnAChannelAllocatesNothing) {
  for (const turn::Transport transport : {turn::Transport::udp, turn::Transport::tcp}) {
    server.restart(now);
    ClientEnd& end = permitted(config(transport));
    ASSERT_TRUE(end.client.bind(now, kPeer));
    run({});
    std::vector<std::uint8_t> buffer(turn::kHeadroom + 1200 + turn::kTailroom);
    const Datagram received = ModelServer::channel_data(0x4000, std::string(1200, 'x'));
    std::array<std::uint8_t, 1500> out{};
    EXPECT_EQ(allocations_of([&] {
                ASSERT_FALSE(end.client.wrap(now, kPeer, buffer, 1200).empty());
                end.client.handle_input(now, end.client.path(), received);
                bool got = false;
                while (true) {
                  const auto output = end.client.poll_output(now, out);
                  if (std::holds_alternative<Wait>(output)) break;
                  got = got || std::holds_alternative<turn::Client::Received>(output);
                }
                ASSERT_TRUE(got);
              }),
              0U);
    EXPECT_EQ(end.client.statistics().channel_packets_sent, 1010U);
  }
}

TEST_F(TurnAllocation, IndicationsAllocateNothing) {
  ClientEnd& end = permitted();
  std::vector<std::uint8_t> buffer(turn::kHeadroom + 1200 + turn::kTailroom);
  const Datagram received = server.data_indication(kPeer, std::string(1000, 'x'));
  std::array<std::uint8_t, 1500> out{};
  EXPECT_EQ(allocations_of([&] {
              ASSERT_FALSE(end.client.wrap(now, kPeer, buffer, 1200).empty());
              end.client.handle_input(now, end.client.path(), received);
              while (!std::holds_alternative<Wait>(end.client.poll_output(now, out))) {
              }
            }),
            0U);
}

TEST_F(TurnAllocation, DatagramsThatAreDroppedAllocateNothing) {
  ClientEnd& end = permitted();
  const Datagram unknown = ModelServer::channel_data(0x4FFF, std::string(1000, 'x'));
  const Datagram intruder = server.data_indication(kOtherPeer, std::string(1000, 'x'));
  std::array<std::uint8_t, 1500> out{};
  EXPECT_EQ(allocations_of([&] {
              end.client.handle_input(now, end.client.path(), unknown);
              end.client.handle_input(now, end.client.path(), intruder);
              end.client.handle_input(now, {kPeer, kServer}, intruder);
              ASSERT_TRUE(std::holds_alternative<Wait>(end.client.poll_output(now, out)));
            }),
            0U);
}

}  // namespace
}  // namespace redan::test
