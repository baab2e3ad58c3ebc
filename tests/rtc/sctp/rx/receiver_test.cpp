#include "rtc/sctp/rx/receiver.hpp"

#include "tests/rtc/sctp/chunks.hpp"

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kFirst = 1000;
constexpr std::uint8_t kWhole = Data::kBeginning | Data::kEnd;
constexpr Duration kRto = milliseconds(500);

class ReceiverTest : public ::testing::Test {
 protected:
  ReceiverTest() { receiver.begin(Tsn(kFirst)); }
  std::optional<CauseCode> data(std::uint32_t tsn, std::uint8_t flags = kWhole, std::uint16_t ssn = 0,
                                std::size_t size = 4) {
    const std::vector<std::uint8_t> payload(size);
    const Chunks chunks([&](Writer& w) { Data{flags, Tsn(tsn), StreamId(1), Ssn(ssn), Ppid(53), payload}.write(w); });
    return receiver.on_data(chunks.front());
  }
  void end_packet(bool at_once = false, std::size_t size = 500) { receiver.on_packet_end(now, size, at_once, kRto); }
  /// One packet with one message.
  void packet(std::uint32_t tsn, std::uint8_t flags = kWhole) {
    data(tsn, flags);
    end_packet();
  }
  std::optional<CauseCode> forward(std::uint32_t to) {
    const Chunks chunks([&](Writer& w) { ForwardTsn{Tsn(to), {}}.write(w); });
    return receiver.on_forward_tsn(chunks.front());
  }
  struct SackContent {
    Tsn cumulative_ack;
    std::uint32_t a_rwnd;
    std::size_t gaps, duplicates;
  };
  SackContent sack() {
    const Chunks chunks([&](Writer& w) { receiver.write_sack(w); });
    const Sack parsed = Sack::parse(chunks.front()).value();
    return {parsed.cumulative_ack, parsed.a_rwnd, parsed.gap_count(), parsed.duplicates.size() / 4};
  }
  std::size_t take_messages() {
    std::size_t count = 0;
    while (receiver.next_message()) ++count;
    return count;
  }

  static constexpr std::size_t kWindow = 100'000, kMaxMessage = 20'000;
  TimePoint now{seconds(1)};
  Counters<Drop> drops;
  Receiver receiver{{kWindow, kMaxMessage}, drops};
};

TEST_F(ReceiverTest, DelaysTheSackForDataInOrder) {
  packet(kFirst);
  EXPECT_TRUE(receiver.sack_owed());
  EXPECT_FALSE(receiver.sack_due());
  now = receiver.deadline();
  receiver.run_timers(now);
  EXPECT_TRUE(receiver.sack_due());
  EXPECT_EQ(sack().cumulative_ack, Tsn(kFirst));
  EXPECT_FALSE(receiver.sack_owed());
}

TEST_F(ReceiverTest, AcknowledgesAtOnceWhenThePeerAsksForIt) {
  packet(kFirst, kWhole | Data::kImmediate);
  EXPECT_TRUE(receiver.sack_due());
}

TEST_F(ReceiverTest, AcknowledgesAtOnceWhenTheCallerAsksForIt) {
  end_packet(true);
  EXPECT_FALSE(receiver.sack_owed());  // there was no DATA
  data(kFirst);
  end_packet(true);
  EXPECT_TRUE(receiver.sack_due());
}

TEST_F(ReceiverTest, AcknowledgesAtOnceWhileThereIsAHole) {
  packet(kFirst + 1);
  EXPECT_TRUE(receiver.sack_due());
  const SackContent first = sack();
  EXPECT_EQ(first.cumulative_ack, Tsn(kFirst - 1));
  EXPECT_EQ(first.gaps, 1U);
  packet(kFirst + 3);
  sack();
  packet(kFirst);  // in order, and another hole stays
  EXPECT_TRUE(receiver.sack_due());
  EXPECT_EQ(sack().cumulative_ack, Tsn(kFirst + 1));
}

TEST_F(ReceiverTest, ReportsADuplicateAtOnce) {
  packet(kFirst);
  sack();
  packet(kFirst);
  EXPECT_TRUE(receiver.sack_due());
  EXPECT_EQ(sack().duplicates, 1U);
  EXPECT_EQ(drops[Drop::duplicate_data], 1U);
  EXPECT_EQ(take_messages(), 1U);
}

TEST_F(ReceiverTest, DropsATsnBeyondItsWindow) {
  data(kFirst + TsnTracker::kMaxAhead);
  EXPECT_EQ(drops[Drop::out_of_window], 1U);
}

TEST_F(ReceiverTest, KeepsASackNoLongerThanThriceWhatItAnswers) {
  for (std::uint32_t i = 1; i < 100; ++i) data(kFirst + 2 * i, kWhole, 0, 1);
  end_packet(false, 100);
  EXPECT_EQ(sack().gaps, (3 * 100 - kCommonHeaderSize - Sack::kFixedSize) / 4);
}

TEST_F(ReceiverTest, AnnouncesAWindowThatHasOpenedAgain) {
  for (std::uint16_t i = 0; i < 9; ++i) data(kFirst + i, kWhole, i, 10'000);
  EXPECT_LT(sack().a_rwnd, kWindow / 4);
  receiver.run_timers(now);
  EXPECT_FALSE(receiver.sack_owed());
  take_messages();
  receiver.run_timers(now);
  EXPECT_TRUE(receiver.sack_due());
  EXPECT_GE(sack().a_rwnd, kWindow / 2);
  receiver.run_timers(now);
  EXPECT_FALSE(receiver.sack_owed());
}

TEST_F(ReceiverTest, EndsTheAssociationForDataWithoutPayload) {
  const Chunks empty([](Writer& w) { write_chunk(w, ChunkType::data, kWhole, [](Writer& v) { v.zeros(12); }); });
  EXPECT_EQ(receiver.on_data(empty.front()), CauseCode::no_user_data);
  const Chunks cut([](Writer& w) { write_chunk(w, ChunkType::data, kWhole, [](Writer& v) { v.zeros(8); }); });
  EXPECT_EQ(receiver.on_data(cut.front()), std::nullopt);
  EXPECT_EQ(drops[Drop::malformed], 1U);
}

TEST_F(ReceiverTest, EndsTheAssociationForAMessageThatIsTooLarge) {
  EXPECT_EQ(data(kFirst, Data::kBeginning, 0, kMaxMessage), std::nullopt);
  EXPECT_EQ(data(kFirst + 1, Data::kEnd, 0, 1), CauseCode::protocol_violation);
}

TEST_F(ReceiverTest, CountsAFragmentWithoutItsBeginning) {
  EXPECT_EQ(data(kFirst, Data::kEnd), std::nullopt);
  EXPECT_EQ(drops[Drop::bad_fragment], 1U);
}

TEST_F(ReceiverTest, AcknowledgesWhatForwardTsnSkips) {
  EXPECT_EQ(forward(kFirst + 1'000'000), std::nullopt);
  EXPECT_TRUE(receiver.sack_due());
  EXPECT_EQ(sack().cumulative_ack, Tsn(kFirst + 1'000'000));
  forward(kFirst);  // a late copy
  EXPECT_TRUE(receiver.sack_due());
  EXPECT_EQ(receiver.cumulative(), Tsn(kFirst + 1'000'000));
}

TEST_F(ReceiverTest, DropsAMalformedForwardTsn) {
  const Chunks cut([](Writer& w) { write_chunk(w, ChunkType::forward_tsn, 0, [](Writer& v) { v.zeros(2); }); });
  EXPECT_EQ(receiver.on_forward_tsn(cut.front()), std::nullopt);
  EXPECT_EQ(drops[Drop::malformed], 1U);
  EXPECT_FALSE(receiver.sack_owed());
}

TEST_F(ReceiverTest, IsOverdueWhenThePeerStaysAtTheMemoryLimitForTheGraceTime) {
  receiver.set_memory_limit(2'000);
  EXPECT_FALSE(receiver.is_memory_overdue(now));
  data(kFirst, Data::kBeginning, 0, 1'500);  // half the limit is all that an unfinished message gets
  EXPECT_EQ(drops[Drop::receive_buffer_full], 1U);
  EXPECT_FALSE(receiver.is_memory_overdue(now));
  EXPECT_EQ(receiver.deadline(), now + Receiver::kMemoryGrace);
  EXPECT_FALSE(receiver.is_memory_overdue(now + Receiver::kMemoryGrace - milliseconds(1)));
  EXPECT_TRUE(receiver.is_memory_overdue(now + Receiver::kMemoryGrace));
}

TEST_F(ReceiverTest, IsNotOverdueOnceTheMemoryLimitIsLifted) {
  receiver.set_memory_limit(2'000);
  data(kFirst, Data::kBeginning, 0, 1'500);
  EXPECT_FALSE(receiver.is_memory_overdue(now));
  receiver.set_memory_limit(Reassembly::kNoLimit);
  EXPECT_FALSE(receiver.is_memory_overdue(now + 2 * Receiver::kMemoryGrace));
  EXPECT_EQ(receiver.deadline(), kNever);
}

TEST_F(ReceiverTest, ForgetsEverythingInANewAssociation) {
  packet(kFirst);
  packet(kFirst + 2);
  receiver.begin(Tsn(5));
  EXPECT_EQ(receiver.cumulative(), Tsn(4));
  EXPECT_FALSE(receiver.sack_owed());
  EXPECT_EQ(receiver.memory(), 0U);
  EXPECT_EQ(take_messages(), 0U);
}

}  // namespace
}  // namespace redan::sctp
