#include "rtc/sctp/rx/tsn_tracker.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

using Verdict = TsnTracker::Verdict;

/// Gap blocks of the SACK that the tracker writes into `space` bytes.
std::vector<GapBlock> gaps(TsnTracker& tracker, std::size_t space = 2000, std::size_t limit = 2000) {
  std::vector<std::uint8_t> buffer(space);
  Writer writer(buffer);
  tracker.write_sack(writer, 1000, limit);
  std::vector<GapBlock> result;
  for_each_chunk(writer.written(), [&](const Chunk& chunk) {
    const auto sack = Sack::parse(chunk);
    for (std::size_t i = 0; sack && i < sack->gap_count(); ++i) result.push_back(sack->gap(i));
    return true;
  });
  return result;
}

TEST(TsnTracker, JudgesAroundTheCumulativeTsn) {
  TsnTracker tracker;
  tracker.begin(Tsn(0));
  EXPECT_EQ(tracker.judge(Tsn(0xFFFFFFFF)), Verdict::duplicate);
  EXPECT_EQ(tracker.judge(Tsn(0)), Verdict::next);
  EXPECT_EQ(tracker.judge(Tsn(1)), Verdict::ahead);
  EXPECT_EQ(tracker.judge(Tsn(TsnTracker::kMaxAhead - 1)), Verdict::ahead);
  EXPECT_EQ(tracker.judge(Tsn(TsnTracker::kMaxAhead)), Verdict::out_of_window);
}

TEST(TsnTracker, RunsJoinAndAreAbsorbed) {
  TsnTracker tracker;
  tracker.begin(Tsn(0));
  for (const std::uint32_t tsn : {2U, 5U, 3U, 4U}) tracker.add(Tsn(tsn));
  EXPECT_EQ(gaps(tracker), (std::vector<GapBlock>{{3, 6}}));
  EXPECT_EQ(tracker.judge(Tsn(4)), Verdict::duplicate);
  tracker.add(Tsn(0));
  EXPECT_EQ(gaps(tracker), (std::vector<GapBlock>{{2, 5}}));
  tracker.add(Tsn(1));
  EXPECT_EQ(tracker.cumulative(), Tsn(5));
  EXPECT_FALSE(tracker.has_gaps());
}

TEST(TsnTracker, ForwardGoesAnyDistance) {
  TsnTracker tracker;
  tracker.begin(Tsn(0));
  tracker.add(Tsn(5));
  tracker.add(Tsn(10));
  tracker.forward(Tsn(4));
  EXPECT_EQ(tracker.cumulative(), Tsn(5));
  tracker.forward(Tsn(1'000'000));
  EXPECT_EQ(tracker.cumulative(), Tsn(1'000'000));
  EXPECT_FALSE(tracker.has_gaps());
  tracker.forward(Tsn(7));
  EXPECT_EQ(tracker.cumulative(), Tsn(1'000'000));
}

TEST(TsnTracker, MoreRunsThanItKeepsAreRefused) {
  TsnTracker tracker;
  tracker.begin(Tsn(0));
  for (std::uint32_t i = 0; i < TsnTracker::kMaxRuns; ++i) tracker.add(Tsn(2 + 2 * i));
  EXPECT_EQ(tracker.judge(Tsn(2 + 2 * TsnTracker::kMaxRuns)), Verdict::out_of_window);
  EXPECT_EQ(tracker.judge(Tsn(3)), Verdict::ahead);  // joins two
}

TEST(TsnTracker, DuplicatesAreReportedOnce) {
  TsnTracker tracker;
  tracker.begin(Tsn(0));
  tracker.add_duplicate(Tsn(7));
  for (const std::size_t count : {1U, 0U}) {
    std::array<std::uint8_t, 100> buffer;
    Writer writer(buffer);
    tracker.write_sack(writer, 1000, 100);
    for_each_chunk(writer.written(), [&](const Chunk& chunk) {
      EXPECT_EQ(Sack::parse(chunk)->duplicates.size(), 4 * count);
      return true;
    });
  }
}

TEST(TsnTracker, ASackTakesTheSpaceThereIsAndKeepsToItsLimit) {
  TsnTracker tracker;
  tracker.begin(Tsn(0));
  for (std::uint32_t i = 0; i < 50; ++i) tracker.add(Tsn(2 + 2 * i));
  EXPECT_EQ(gaps(tracker, 16 + 4 * 7).size(), 7U);
  EXPECT_EQ(gaps(tracker, 2000, 16 + 4 * 9).size(), 9U);
  EXPECT_EQ(gaps(tracker, 2000, 0).size(), 0U);
  EXPECT_EQ(gaps(tracker).size(), 50U);
}

}  // namespace
}  // namespace redan::sctp
