#include "rtc/peer/schedule.hpp"

#include <gtest/gtest.h>

#include "tests/support/link.hpp"

namespace redan::peer {
namespace {

TEST(Schedule, ReturnsReadyEntriesInOrderAndWaitingOnesAtTheirDeadline) {
  Schedule schedule;
  std::array<ScheduleEntry, 3> entries;
  const TimePoint t0{};
  schedule.wait(entries[0], t0 + std::chrono::seconds(2));
  schedule.wait(entries[1], t0 + std::chrono::seconds(1));
  EXPECT_EQ(schedule.next_ready(t0), nullptr);
  EXPECT_EQ(schedule.next_deadline(), t0 + std::chrono::seconds(1));
  schedule.make_ready(entries[2]);
  EXPECT_EQ(schedule.next_ready(t0), &entries[2]);
  schedule.wait(entries[2], kNever);
  EXPECT_EQ(schedule.next_ready(t0), nullptr);
  EXPECT_EQ(schedule.next_ready(t0 + std::chrono::seconds(1)), &entries[1]);
}

TEST(Schedule, YieldingMovesAnEntryBehindTheOthers) {
  Schedule schedule;
  std::array<ScheduleEntry, 2> entries;
  schedule.make_ready(entries[0]);
  schedule.make_ready(entries[1]);
  schedule.yield(entries[0]);
  EXPECT_EQ(schedule.next_ready(TimePoint{}), &entries[1]);
}

TEST(Schedule, MatchesASortOnRandomScripts) {
  test::SeededRandom random(11);
  Schedule schedule;
  std::vector<ScheduleEntry> entries(50);
  for (int i = 0; i < 20'000; ++i) {
    ScheduleEntry& entry = entries[random.below(entries.size())];
    if (random.chance(0.2)) {
      schedule.remove(entry);
      entry.deadline = kNever;
    } else {
      schedule.wait(entry, TimePoint{} + Duration(1 + random.below(1000)));
    }
    TimePoint earliest = kNever;
    for (const ScheduleEntry& each : entries) earliest = std::min(earliest, each.deadline);
    ASSERT_EQ(schedule.next_deadline(), earliest) << i;
  }
}

}  // namespace
}  // namespace redan::peer
