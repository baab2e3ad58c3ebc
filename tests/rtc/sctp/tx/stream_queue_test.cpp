#include "rtc/sctp/tx/stream_queue.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;
using Payload = std::vector<std::uint8_t>;

class StreamQueueTest : public ::testing::Test {
 protected:
  void push(std::size_t size, const Delivery& delivery = {}, std::uint8_t first = 0) {
    Payload payload(size);
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::uint8_t>(first + i);
    queue.push(pool, delivery, payload);
  }
  Fragment take(std::size_t size) {
    Fragment fragment;
    queue.describe(size, fragment);
    queue.take(fragment);
    return fragment;
  }
  Payload bytes(const Fragment& fragment) const {
    Payload out(fragment.size);
    queue.copy(fragment, out);
    return out;
  }

  SlabPool pool{4};
  StreamQueue queue;
  TimePoint now{std::chrono::seconds(1)};
};

TEST_F(StreamQueueTest, MarksTheFirstAndTheLastFragmentOfAMessage) {
  push(300);
  EXPECT_EQ(take(100).flags, Data::kBeginning);
  EXPECT_TRUE(queue.begun());
  EXPECT_EQ(queue.rest_of_front(), 200U);
  EXPECT_EQ(take(100).flags, 0);
  EXPECT_EQ(take(100).flags, Data::kEnd);
  EXPECT_FALSE(queue.begun());
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.in_flight());
}

TEST_F(StreamQueueTest, NumbersOrderedMessagesOnly) {
  push(100);
  push(100, {.ppid = {}, .ordering = Ordering::unordered});
  push(100);
  EXPECT_EQ(take(50).ssn, Ssn(0));
  EXPECT_EQ(take(50).ssn, Ssn(0));
  const Fragment unordered = take(100);
  EXPECT_EQ(unordered.ssn, Ssn(0));
  EXPECT_NE(unordered.flags & Data::kUnordered, 0);
  EXPECT_EQ(take(100).ssn, Ssn(1));
  queue.reset_ssn();
  push(100);
  EXPECT_EQ(take(100).ssn, Ssn(0));
}

TEST_F(StreamQueueTest, KeepsTheBytesOfAFragmentUntilItIsReleased) {
  push(6000, {}, 1);
  const Fragment first = take(3000), second = take(3000);
  const Payload sent = bytes(second);
  EXPECT_EQ(sent[0], static_cast<std::uint8_t>(1 + 3000));
  queue.release(first);
  EXPECT_EQ(bytes(second), sent);
  queue.release(second);
  EXPECT_FALSE(queue.in_flight());
}

TEST_F(StreamQueueTest, KeepsATinyMessageInItsFragment) {
  push(8, {}, 7);
  const Fragment fragment = take(8);
  EXPECT_TRUE(fragment.is_tiny());
  EXPECT_EQ(bytes(fragment), (Payload{7, 8, 9, 10, 11, 12, 13, 14}));
}

TEST_F(StreamQueueTest, CountsWhatWasNeverTransmitted) {
  push(300);
  push(100, {.ppid = {}, .counted = false});
  EXPECT_EQ(queue.buffered(), 300U);
  const std::size_t cost = queue.charged() - 400;
  EXPECT_GT(cost, 0U);
  take(200);
  EXPECT_EQ(queue.buffered(), 100U);
  EXPECT_EQ(queue.charged(), 200 + cost);
  take(100);
  EXPECT_EQ(queue.charged(), 100 + cost / 2);
  take(100);
  EXPECT_EQ(queue.charged(), 0U);
}

TEST_F(StreamQueueTest, BeginsALifetimeWhenTheMessageIsStamped) {
  push(100, {.ppid = {}, .lifetime_ms = 50});
  EXPECT_FALSE(queue.front_expired(now + milliseconds(50)));
  queue.stamp(now);
  queue.stamp(now + milliseconds(40));  // once
  EXPECT_FALSE(queue.front_expired(now + milliseconds(49)));
  EXPECT_TRUE(queue.front_expired(now + milliseconds(50)));
}

TEST_F(StreamQueueTest, TellsAMessageThatExpiredUnsentFromOneThatWasBegun) {
  push(100, {.ppid = {}, .lifetime_ms = 50});
  queue.stamp(now);
  EXPECT_FALSE(queue.begun_expired(now + milliseconds(50)));
  take(40);
  EXPECT_TRUE(queue.begun_expired(now + milliseconds(50)));
  EXPECT_FALSE(queue.front_expired(now + milliseconds(50)));
}

TEST_F(StreamQueueTest, DropsTheFrontMessageAndKeepsTheNext) {
  push(100, {}, 1);
  push(100, {}, 2);
  queue.drop_front();
  EXPECT_EQ(queue.messages(), 1U);
  EXPECT_EQ(queue.buffered(), 100U);
  EXPECT_EQ(bytes(take(100))[0], 2);
}

}  // namespace
}  // namespace redan::sctp
