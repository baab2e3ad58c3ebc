#include "rtc/sctp/rx/reassembly.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "rtc/sctp/rx/tsn_tracker.hpp"

namespace redan::sctp {
namespace {

constexpr std::uint8_t kBegin = Data::kBeginning, kEnd = Data::kEnd, kWhole = kBegin | kEnd;
constexpr std::uint8_t kUnordered = Data::kUnordered;

class ReassemblyTest : public ::testing::Test {
 protected:
  ReassemblyTest() { tsns.begin(Tsn(0)); }
  Reassembly::Verdict put(std::uint32_t tsn, std::uint8_t flags, std::uint16_t stream = 1, std::uint16_t ssn = 0,
                          std::size_t size = 4) {
    const std::vector<std::uint8_t> payload(size, static_cast<std::uint8_t>(tsn));
    const Data data{flags, Tsn(tsn), StreamId(stream), Ssn(ssn), Ppid(53), payload};
    const auto verdict = tsns.judge(data.tsn);
    tsns.add(data.tsn);
    if (verdict == TsnTracker::Verdict::next) return reassembly.on_next(data, tsns.cumulative());
    EXPECT_EQ(verdict, TsnTracker::Verdict::ahead);
    reassembly.on_ahead(data);
    return Reassembly::Verdict::kept;
  }
  void forward(std::uint32_t to, const std::vector<ForwardTsn::Skipped>& skipped = {}) {
    std::vector<std::uint8_t> entries(4 * skipped.size());
    Writer w(entries);
    for (const auto& entry : skipped) {
      w.u16(entry.stream.value);
      w.u16(entry.ssn.value);
    }
    tsns.forward(Tsn(to));
    reassembly.forward({Tsn(to), entries}, tsns.cumulative());
  }
  /// The first byte of each, which is the first TSN.
  std::vector<unsigned> take() {
    std::vector<unsigned> result;
    while (const auto message = reassembly.next()) {
      result.push_back(message->payload.front());
      sizes.push_back(message->payload.size());
    }
    return result;
  }

  TsnTracker tsns;
  Reassembly reassembly{1U << 20U, 100000};
  std::vector<std::size_t> sizes;
};
using Taken = std::vector<unsigned>;

TEST_F(ReassemblyTest, MessagesOfEachOrderOfArrivalComeOutWholeAndOnce) {
  // Three messages of three fragments, on two streams.
  struct Piece {
    std::uint32_t tsn;
    std::uint8_t flags;
    std::uint16_t stream, ssn;
  };
  const std::vector<Piece> pieces{{0, kBegin, 1, 0}, {1, 0, 1, 0}, {2, kEnd, 1, 0},
                                  {3, kBegin, 2, 0}, {4, 0, 2, 0}, {5, kEnd, 2, 0},
                                  {6, kBegin, 1, 1}, {7, 0, 1, 1}, {8, kEnd, 1, 1}};
  std::mt19937 random(5);
  for (int round = 0; round < 2000; ++round) {
    tsns = {};
    tsns.begin(Tsn(0));
    reassembly = Reassembly(1U << 20U, 100000);
    auto order = pieces;
    std::shuffle(order.begin(), order.end(), random);
    for (const Piece& p : order) put(p.tsn, p.flags, p.stream, p.ssn);
    Taken taken = take();
    const auto first = std::find(taken.begin(), taken.end(), 0U), third = std::find(taken.begin(), taken.end(), 6U);
    EXPECT_LT(first, third);  // within a stream
    std::sort(taken.begin(), taken.end());
    ASSERT_EQ(taken, (Taken{0, 3, 6}));
    EXPECT_EQ(reassembly.has_message(), false);
  }
  EXPECT_EQ(std::count(sizes.begin(), sizes.end(), 12U), 6000);
}

TEST_F(ReassemblyTest, AChunkFarAheadCostsWhatItBrings) {
  put(16383, kBegin);
  EXPECT_LE(reassembly.held(), 512U);
  put(16381, kWhole);  // delivered at once
  EXPECT_LE(reassembly.held(), 4096U);
}

TEST_F(ReassemblyTest, AllMemoryIsCounted) {
  for (std::uint32_t i = 0; i < 1000; ++i) put(2 + 2 * i, kBegin);
  EXPECT_GE(reassembly.held(), 1000 * sizeof(Segments::Map::value_type));
  forward(3000);
  EXPECT_EQ(reassembly.held(), 0U);
}

TEST_F(ReassemblyTest, ALargeBlockGoesWhenItIsEmptyAndASmallOneStays) {
  put(0, kWhole, 1, 0, 100000);
  take();
  reassembly.next();
  EXPECT_GE(reassembly.held(), 100000U);
  EXPECT_GT(reassembly.a_rwnd(), 1000000U);  // its free room is room
  reassembly.trim();
  EXPECT_EQ(reassembly.held(), sizeof(Ssn) * 64 + 64 * sizeof(void*));  // the stream's SSN
}

TEST_F(ReassemblyTest, OrderedMessagesAheadOfAHoleWaitForTheirTurnOnly) {
  put(1, kWhole, 1, 1);
  put(2, kWhole, 1, 2);
  put(3, kWhole, 2, 0);
  put(4, kWhole | kUnordered, 1, 0);
  EXPECT_EQ(take(), (Taken{3, 4}));
  put(0, kWhole, 1, 0);
  EXPECT_EQ(take(), (Taken{0, 1, 2}));
}

TEST_F(ReassemblyTest, AMessageWhoseTurnComesWhileAnotherHoleIsOpenIsDelivered) {
  put(3, kWhole, 1, 1);  // 2 is missing, of another stream
  put(1, kWhole, 3, 0);
  EXPECT_EQ(take(), (Taken{1}));
  put(0, kWhole, 1, 0);
  EXPECT_EQ(take(), (Taken{0, 3}));
}

TEST_F(ReassemblyTest, ManyMessagesThatWaitForOneComeOutTogether) {
  for (std::uint32_t i = 1; i < 16000; ++i) put(i, kWhole, 1, static_cast<std::uint16_t>(i));
  EXPECT_TRUE(take().empty());
  put(0, kWhole, 1, 0);
  EXPECT_EQ(take().size(), 16000U);
}

TEST_F(ReassemblyTest, AfterForwardTsnCompleteMessagesComeOutAndOthersNoLongerBlock) {
  put(1, kBegin, 2, 0);
  put(2, kEnd, 2, 0);    // complete, behind the hole at 0
  put(3, kBegin, 4, 0);  // abandoned
  put(5, kWhole, 1, 1);  // waits for (1, 0), which was at 0
  put(9, kWhole, 3, 5);  // waits for (3, 4), which is not skipped
  EXPECT_EQ(take(), (Taken{1}));
  forward(4, {{StreamId(1), Ssn(0)}, {StreamId(4), Ssn(0)}});
  EXPECT_EQ(take(), (Taken{5}));
  EXPECT_EQ(tsns.cumulative(), Tsn(5));
  forward(6, {{StreamId(3), Ssn(4)}});
  EXPECT_EQ(take(), (Taken{9}));  // though 7 and 8 are missing
}

TEST_F(ReassemblyTest, WholeMessagesThatForwardTsnPassesComeOut) {
  put(1, kWhole, 1, 1);
  put(2, kBegin, 1, 2);
  put(3, kEnd, 1, 2);
  put(5, kBegin, 1, 4);
  forward(6, {{StreamId(1), Ssn(4)}});
  EXPECT_EQ(take(), (Taken{1, 2}));
  EXPECT_EQ(put(7, kWhole, 1, 5), Reassembly::Verdict::kept);
  EXPECT_EQ(take(), (Taken{7}));
}

TEST_F(ReassemblyTest, TheRestOfAnAbandonedMessageIsNoMessage) {
  put(0, kBegin);
  forward(1, {{StreamId(1), Ssn(0)}});
  EXPECT_EQ(put(2, kEnd), Reassembly::Verdict::bad_fragment);
  EXPECT_TRUE(take().empty());
}

TEST_F(ReassemblyTest, FragmentsThatDoNotFitTogetherAreNoMessage) {
  put(1, kEnd, 2);
  EXPECT_EQ(put(0, kBegin, 1), Reassembly::Verdict::bad_fragment);
  EXPECT_EQ(put(2, kBegin, 1), Reassembly::Verdict::kept);
  EXPECT_EQ(put(3, kEnd | kUnordered, 1), Reassembly::Verdict::bad_fragment);
  EXPECT_EQ(put(4, kBegin, 1), Reassembly::Verdict::kept);
  EXPECT_EQ(put(5, kWhole, 1), Reassembly::Verdict::bad_fragment);
  EXPECT_EQ(take(), (Taken{5}));
}

TEST_F(ReassemblyTest, AMessageThatIsTooLargeIsReportedInTsnOrder) {
  put(1, 0, 1, 0, 60000);
  put(2, kEnd, 1, 0, 60000);
  EXPECT_EQ(put(0, kBegin), Reassembly::Verdict::too_large);
  EXPECT_TRUE(take().empty());
}

TEST_F(ReassemblyTest, ResetStreamsCountFromZero) {
  put(0, kWhole, 1, 0);
  reassembly.reset_stream(StreamId(1));
  put(2, kWhole, 1, 0);
  EXPECT_EQ(take(), (Taken{0, 2}));
}

TEST_F(ReassemblyTest, KeepsItsLimitWhenItIsCleared) {
  reassembly.set_limit(2000);
  put(0, kBegin);
  reassembly.clear();
  EXPECT_EQ(reassembly.held(), 0U);
  EXPECT_TRUE(reassembly.is_limited());
  EXPECT_LE(reassembly.a_rwnd(), 2000U);
}

}  // namespace
}  // namespace redan::sctp
