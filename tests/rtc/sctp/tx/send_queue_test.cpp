#include "rtc/sctp/tx/send_queue.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

using Payload = std::vector<std::uint8_t>;

class SendQueueTest : public ::testing::Test {
 protected:
  OutgoingStream open(std::uint16_t id) {
    const OutgoingStream stream = queue.open();
    queue.assign(stream, StreamId(id));
    return stream;
  }
  std::optional<Fragment> take(std::size_t space = 1000) {
    Fragment fragment;
    if (!queue.peek(TimePoint{}, space, 1000, fragment)) return std::nullopt;
    queue.take(fragment);
    return fragment;
  }
  SendQueue queue{4};
};

TEST_F(SendQueueTest, NamesOfClosedStreamsAreStaleAndTheirSlotsServeOthers) {
  const OutgoingStream old = open(1);
  queue.close(old);
  EXPECT_FALSE(queue.contains(old));
  const OutgoingStream fresh = open(2);
  EXPECT_EQ(fresh.slot, old.slot);
  queue.push(old, {}, Payload(10));
  queue.assign(old, StreamId(9));
  queue.set_low_threshold(old, 50);
  queue.close(old);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.id(fresh), StreamId(2));
  EXPECT_TRUE(queue.contains(fresh));
}

TEST_F(SendQueueTest, NamesAreStaleAfterClearAndNeverComeAgain) {
  const OutgoingStream old = open(1);
  queue.push(old, {.ppid = {}, .lifetime_ms = 5}, Payload(10));
  queue.clear();
  queue.stamp(TimePoint{});
  EXPECT_FALSE(queue.contains(old));
  EXPECT_EQ(queue.buffered(old), 0U);
  EXPECT_FALSE(queue.drained(old));
  EXPECT_NE(queue.open(), old);
  EXPECT_FALSE(queue.contains(old));
  EXPECT_FALSE(queue.contains(OutgoingStream{}));
}

TEST_F(SendQueueTest, ALowWatermarkOfAClosedStreamIsNotReportedForItsSuccessor) {
  const OutgoingStream old = open(1);
  queue.push(old, {}, Payload(10));
  const auto fragment = take();
  ASSERT_TRUE(fragment);
  queue.release(*fragment);
  queue.close(old);
  open(2);
  EXPECT_EQ(queue.take_low(), std::nullopt);
}

TEST_F(SendQueueTest, AStreamClosedInMidMessageKeepsItsSlotUntilTheMessageIsAcknowledged) {
  const OutgoingStream stream = open(1);
  queue.push(stream, {}, Payload(1500));
  const auto first = take();
  queue.close(stream);
  EXPECT_TRUE(queue.contains(stream));
  const auto second = take();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->flags, 1);
  queue.release(*first);
  EXPECT_TRUE(queue.contains(stream));
  queue.release(*second);
  EXPECT_FALSE(queue.contains(stream));
}

TEST_F(SendQueueTest, TinyMessagesAndOthersKeepTheirBytes) {
  const OutgoingStream stream = open(1);
  const auto fill = [](std::size_t size, std::uint8_t first) {
    Payload payload(size);
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::uint8_t>(first + i);
    return payload;
  };
  for (int round = 0; round < 3; ++round) {
    std::vector<Payload> sent;
    for (const std::size_t size : {1U, 9U, 8U, 1003U, 7U, 5000U, 2U}) {
      sent.push_back(fill(size, static_cast<std::uint8_t>(size + sent.size())));
      queue.push(stream, {}, sent.back());
    }
    std::vector<Fragment> fragments;
    while (const auto fragment = take()) fragments.push_back(*fragment);
    Payload all, copied;
    for (const Payload& payload : sent) all.insert(all.end(), payload.begin(), payload.end());
    // The bytes of each stay until it is released, in the order of sending.
    for (const Fragment& fragment : fragments) {
      Payload part(fragment.size);
      queue.copy(fragment, part);
      copied.insert(copied.end(), part.begin(), part.end());
      queue.release(fragment);
    }
    EXPECT_EQ(copied, all);
  }
}

TEST_F(SendQueueTest, StreamsTakeTurnsMessageByMessage) {
  const OutgoingStream one = open(1), two = open(2);
  for (int i = 0; i < 3; ++i) queue.push(one, {}, Payload(10));
  for (int i = 0; i < 3; ++i) queue.push(two, {}, Payload(10));
  std::vector<OutgoingStream> order;
  while (const auto fragment = take()) order.push_back(fragment->stream);
  EXPECT_EQ(order, (std::vector{one, two, one, two, one, two}));
}

TEST_F(SendQueueTest, AMessageBegunIsSentToItsEndBeforeAnother) {
  const OutgoingStream one = open(1), two = open(2);
  queue.push(one, {}, Payload(2500));
  queue.push(two, {}, Payload(10));
  std::vector<OutgoingStream> order;
  while (const auto fragment = take()) order.push_back(fragment->stream);
  EXPECT_EQ(order, (std::vector{one, one, one, two}));
}

TEST_F(SendQueueTest, ADrainedStreamThatGetsAMessageIsReportedOnceThatIsSent) {
  const OutgoingStream stream = open(1);
  queue.watch_drain(stream);
  queue.push(stream, {}, Payload(10));
  EXPECT_EQ(queue.take_drained(), std::nullopt);
  ASSERT_TRUE(take());
  EXPECT_EQ(queue.take_drained(), stream);
  EXPECT_EQ(queue.take_drained(), std::nullopt);
}

}  // namespace
}  // namespace redan::sctp
