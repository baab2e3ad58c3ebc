#include "rtc/dtls/v12/candidate_table.hpp"

#include <gtest/gtest.h>

#include "tests/support/seeded_random.hpp"

namespace redan::dtls::v12 {
namespace {

using namespace std::chrono_literals;

class CandidateTableTest : public testing::Test {
 protected:
  test::SeededRandom random{1};
  WorkBudget work;
  CandidateTable table{random, work};

  static HandshakeCandidate candidate(std::string_view hello, bool repeated = false) {
    HandshakeCandidate made;
    made.repeated = repeated;
    made.transcript.add({HandshakeType::client_hello, 0, as_bytes(hello)});
    return made;
  }
  void arrive(Duration at) { table.datagram_arrived(TimePoint{} + at); }
  /// Adds candidates a, b, c ... one each 100 ms.
  void fill(std::size_t count, bool repeated = false) {
    for (std::size_t i = 0; i < count; ++i) {
      arrive(100ms * static_cast<int>(i));
      const char name = static_cast<char>('a' + i);
      table.add(candidate(std::string_view(&name, 1), repeated));
    }
  }
  bool holds(std::string_view hello) { return table.move_to_back(candidate(hello).transcript.bytes()); }
};

TEST_F(CandidateTableTest, HasFourPlacesForEachKind) {
  fill(4);
  EXPECT_FALSE(table.has_room(false));
  EXPECT_TRUE(table.has_room(true));
  fill(4, true);
  EXPECT_FALSE(table.has_room(true));
}

TEST_F(CandidateTableTest, ReplacesTheOldestOfItsKindAfterASecond) {
  fill(4);
  arrive(999ms);
  EXPECT_FALSE(table.has_room(false));
  arrive(1s);
  ASSERT_TRUE(table.has_room(false));
  table.add(candidate("new"));
  EXPECT_EQ(table.size(), 4U);
  EXPECT_FALSE(holds("a"));
  for (const char* hello : {"b", "c", "d", "new"}) EXPECT_TRUE(holds(hello)) << hello;
}

TEST_F(CandidateTableTest, MovesTheCandidateHeardLastToTheBack) {
  fill(3);
  EXPECT_TRUE(holds("a"));
  EXPECT_TRUE(table.back().transcript.begins_with(candidate("a").transcript.bytes()));
  EXPECT_FALSE(holds("x"));
}

TEST_F(CandidateTableTest, KeepsOnlyTheProvenCandidate) {
  fill(3);
  table.keep_only(1);
  EXPECT_EQ(table.size(), 1U);
  EXPECT_TRUE(holds("b"));
}

TEST_F(CandidateTableTest, StartsOneHandshakeForEachDatagram) {
  arrive(0ms);
  EXPECT_TRUE(table.may_start());
  EXPECT_FALSE(table.may_start());
  arrive(1ms);
  EXPECT_TRUE(table.may_start());
}

}  // namespace
}  // namespace redan::dtls::v12
