// Data from a peer, an honest one or not.
#include "tests/rtc/sctp/by_hand.hpp"

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;

using AssociationReceive = ByHand;

TEST_F(AssociationReceive, MemoryStaysWithinTheWindowWhateverArrives) {
  establish();
  for (std::uint32_t i = 0; i < 60000; ++i) data(1001 + i % 16000, i % 3 == 0 ? kWhole : 0, Ssn(9), 1000);
  EXPECT_LE(us.receive_memory(), config.receive_window + 65536);
  EXPECT_GT(us.drops()[Drop::receive_buffer_full] + us.drops()[Drop::duplicate_data], 0U);
  for (std::uint32_t i = 0; i < 40000; ++i) data(1002 + 2 * i, 0, Ssn(9), 1);
  EXPECT_LE(us.receive_memory(), config.receive_window + 65536);
  EXPECT_GT(us.drops()[Drop::out_of_window], 0U);
  drain();
  EXPECT_FALSE(ended);
}

TEST_F(AssociationReceive, MemoryStaysBoundedWhenMessagesAreNotTakenOut) {
  establish();
  for (std::uint16_t i = 0; i < 20'000; ++i) data(1000U + i, kWhole, Ssn(i), 1000);
  EXPECT_LE(us.receive_memory(), 2 * config.receive_window);  // its buffer doubles
  EXPECT_GT(us.drops()[Drop::receive_buffer_full], 0U);
  drain();
  EXPECT_GT(messages.size(), 4'000U);
  EXPECT_FALSE(ended);
}

TEST_F(AssociationReceive, ForwardTsnSkipsAnyDistanceAndLosesNothingThatCame) {
  establish();
  const auto forward = [&](std::uint32_t to, std::size_t entries = 0) {
    Packet skipped(4 * entries);
    for (std::size_t i = 0; i < entries; ++i)
      Writer(MutableBytes(skipped).subspan(4 * i)).u16(static_cast<std::uint16_t>(i));
    feed(tag, [&](Writer& w) { ForwardTsn{Tsn(to), skipped}.write(w); });
    drain();
  };
  forward(1000U + (1U << 31U));
  forward(999);
  forward(5);
  data(1000, kWhole);
  drain();
  EXPECT_EQ(messages.size(), 1U);
  data(1003, kWhole, Ssn(3));
  forward(1002, 900);
  drain();
  EXPECT_EQ(messages.size(), 2U);
  data(1001, kWhole);
  drain();
  EXPECT_EQ(messages.size(), 2U);
  EXPECT_FALSE(ended);
  // RFC 3758 sets no limit to what a sender may skip.
  forward(1003 + 1'000'000);
  data(1004 + 1'000'000, kWhole, Ssn(4));
  drain();
  EXPECT_EQ(messages.size(), 3U);
}

TEST_F(AssociationReceive, ASackIsDelayedUnlessThePeerWantsItAtOnce) {
  establish();
  data(1000, kWhole);
  EXPECT_TRUE(drain().empty());
  now += milliseconds(100);
  EXPECT_EQ(drain().size(), 1U);
  data(1001, kWhole | Data::kImmediate, Ssn(1));
  EXPECT_EQ(drain().size(), 1U);
  data(1002, kWhole, Ssn(2));
  EXPECT_TRUE(drain().empty());
  data(1003, kWhole, Ssn(3));
  EXPECT_EQ(drain().size(), 1U);  // for two packets
}

TEST_F(AssociationReceive, ASackIsNoLongerThanThriceWhatItAnswers) {
  establish();
  std::size_t in = 0, out = 0;
  for (std::uint32_t i = 0; i < 400; ++i) {
    data(1002 + 2 * i, kWhole, Ssn(0), 1);
    in += 32;
    for (const auto& packet : drain()) {
      EXPECT_LE(packet.size(), 3U * 32U);
      out += packet.size();
    }
  }
  EXPECT_LE(out, 3 * in);
}

TEST_F(AssociationReceive, MessagesOfOtherStreamsDoNotWaitForAHole) {
  establish();
  data(1001, kWhole | Data::kUnordered);
  data(1002, kWhole, Ssn(0), 4, StreamId(2));
  data(1003, kWhole, Ssn(1), 4, StreamId(1));
  data(1005, Data::kBeginning, Ssn(1), 4, StreamId(2));
  data(1006, Data::kEnd, Ssn(1), 4, StreamId(2));
  drain();
  EXPECT_EQ(messages.size(), 3U);
  data(1000, kWhole, Ssn(0), 4, StreamId(1));
  drain();
  EXPECT_EQ(messages.size(), 5U);
}

TEST_F(AssociationReceive, AMessageLargerThanAnnouncedEndsTheAssociation) {
  establish();
  for (std::uint32_t i = 0; i < 600 && !ended; ++i) data(1000 + i, i == 0 ? Data::kBeginning : 0, Ssn(0), 2000);
  drain();
  EXPECT_EQ(ended, Errc::sctp_protocol_violation);
}

}  // namespace
}  // namespace redan::sctp
