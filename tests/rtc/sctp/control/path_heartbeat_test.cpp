#include "rtc/sctp/control/path_heartbeat.hpp"

#include "tests/rtc/sctp/chunks.hpp"
#include "tests/support/seeded_random.hpp"

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PathHeartbeatTest : public ::testing::Test {
 protected:
  PathHeartbeatTest() { heartbeat.begin(now); }
  Chunks written() {
    return Chunks([&](Writer& w) { heartbeat.write(now, random, w); });
  }
  /// After an interval of silence.
  Chunks next() {
    now += kInterval;
    heartbeat.run_timers(now);
    return written();
  }
  static Chunks ack_of(const Chunks& sent) {
    return Chunks([&](Writer& w) { Heartbeat::parse(sent.front())->write(w, ChunkType::heartbeat_ack); });
  }

  static constexpr Duration kInterval = seconds(30);
  TimePoint now{seconds(1)};
  test::SeededRandom random{3};
  ErrorCounter errors{1};
  PathHeartbeat heartbeat{kInterval, errors};
};

TEST_F(PathHeartbeatTest, GoesAfterAnIntervalOfSilenceOnly) {
  EXPECT_TRUE(written().empty());
  now += kInterval - milliseconds(1);
  heartbeat.run_timers(now);
  EXPECT_TRUE(written().empty());
  heartbeat.postpone(now);
  now += kInterval - milliseconds(1);
  heartbeat.run_timers(now);
  EXPECT_TRUE(written().empty());
  now += milliseconds(1);
  heartbeat.run_timers(now);
  EXPECT_EQ(written().types(), ChunkTypes{ChunkType::heartbeat});
  EXPECT_TRUE(written().empty());  // once
  EXPECT_EQ(heartbeat.deadline(), now + kInterval);
}

TEST_F(PathHeartbeatTest, MeasuresTheRoundTripTimeOfItsAnswer) {
  const Chunks sent = next();
  now += milliseconds(70);
  EXPECT_EQ(heartbeat.on_ack(now, ack_of(sent).front()), milliseconds(70));
}

TEST_F(PathHeartbeatTest, RefusesAnAnswerTwiceAndOneToAnEarlierHeartbeat) {
  const Chunks first = next();
  const Chunks second = next();
  EXPECT_EQ(heartbeat.on_ack(now, ack_of(first).front()), std::nullopt);
  EXPECT_TRUE(heartbeat.on_ack(now, ack_of(second).front()));
  EXPECT_EQ(heartbeat.on_ack(now, ack_of(second).front()), std::nullopt);
  const Chunks empty([](Writer& w) { write_chunk(w, ChunkType::heartbeat_ack); });
  EXPECT_EQ(heartbeat.on_ack(now, empty.front()), std::nullopt);
}

TEST_F(PathHeartbeatTest, CountsATimeoutForEachHeartbeatThatWasNotAnswered) {
  next();
  next();
  EXPECT_FALSE(errors.exceeded());
  next();
  EXPECT_TRUE(errors.exceeded());
}

TEST_F(PathHeartbeatTest, CountsNoTimeoutWhileItIsAnswered) {
  for (int i = 0; i < 10; ++i) heartbeat.on_ack(now, ack_of(next()).front());
  EXPECT_FALSE(errors.exceeded());
}

TEST_F(PathHeartbeatTest, CountsAnAnswerForTheTimeoutsOfOtherParts) {
  const Chunks sent = next();
  errors.on_timeout();
  heartbeat.on_ack(now, ack_of(sent).front());
  errors.on_timeout();
  EXPECT_FALSE(errors.exceeded());
}

TEST_F(PathHeartbeatTest, ForgetsTheLastHeartbeatInANewAssociation) {
  const Chunks sent = next();
  heartbeat.begin(now);
  EXPECT_EQ(heartbeat.on_ack(now, ack_of(sent).front()), std::nullopt);
  next();
  next();
  EXPECT_FALSE(errors.exceeded());
}

TEST_F(PathHeartbeatTest, IsSilentWhenStopped) {
  heartbeat.stop();
  EXPECT_TRUE(next().empty());
}

}  // namespace
}  // namespace redan::sctp
