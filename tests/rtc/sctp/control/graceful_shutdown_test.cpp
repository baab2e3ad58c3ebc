#include "rtc/sctp/control/graceful_shutdown.hpp"

#include "tests/rtc/sctp/chunks.hpp"

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;

class GracefulShutdownTest : public ::testing::Test {
 protected:
  Chunks written() {
    return Chunks([&](Writer& w) { shutdown.write(now, Tsn(500), w); });
  }
  void begin_and_send() {
    shutdown.begin();
    shutdown.on_all_acknowledged(kRto);
  }

  static constexpr Duration kRto = milliseconds(300);
  TimePoint now{std::chrono::seconds(1)};
  ErrorCounter errors{2};
  GracefulShutdown shutdown{errors};
};

TEST_F(GracefulShutdownTest, SendsNothingBeforeItHasBegun) {
  shutdown.on_all_acknowledged(kRto);
  EXPECT_TRUE(shutdown.is_open());
  EXPECT_TRUE(written().empty());
  EXPECT_EQ(shutdown.deadline(), kNever);
}

TEST_F(GracefulShutdownTest, SendsShutdownOnceEverythingIsAcknowledged) {
  shutdown.begin();
  EXPECT_FALSE(shutdown.is_open());
  EXPECT_TRUE(shutdown.may_send_data());
  EXPECT_TRUE(written().empty());
  shutdown.on_all_acknowledged(kRto);
  EXPECT_FALSE(shutdown.may_send_data());
  EXPECT_TRUE(shutdown.may_receive_data());
  EXPECT_TRUE(shutdown.acknowledges_at_once());
  const Chunks sent = written();
  ASSERT_EQ(sent.types(), ChunkTypes{ChunkType::shutdown});
  EXPECT_EQ(Shutdown::parse(sent.front())->cumulative_ack, Tsn(500));
  EXPECT_TRUE(written().empty());
}

TEST_F(GracefulShutdownTest, RepeatsShutdownWithItsOwnBackOff) {
  begin_and_send();
  for (const int timeout : {300, 600, 1200}) {
    EXPECT_EQ(written().types(), ChunkTypes{ChunkType::shutdown});
    now += milliseconds(timeout - 1);
    shutdown.run_timers(now);
    EXPECT_TRUE(written().empty());
    now += milliseconds(1);
    shutdown.run_timers(now);
  }
  EXPECT_TRUE(errors.exceeded());
}

TEST_F(GracefulShutdownTest, AnswersShutdownOnceEverythingIsAcknowledged) {
  shutdown.on_shutdown(kRto);
  EXPECT_FALSE(shutdown.is_open());
  EXPECT_TRUE(shutdown.may_send_data());
  EXPECT_TRUE(written().empty());
  shutdown.on_all_acknowledged(kRto);
  EXPECT_FALSE(shutdown.may_send_data());
  EXPECT_FALSE(shutdown.may_receive_data());
  EXPECT_EQ(written().types(), ChunkTypes{ChunkType::shutdown_ack});
  now += kRto;
  shutdown.run_timers(now);
  EXPECT_EQ(written().types(), ChunkTypes{ChunkType::shutdown_ack});
}

TEST_F(GracefulShutdownTest, SendsShutdownAckAtOnceWhenBothSidesShutDown) {
  begin_and_send();
  written();
  shutdown.on_shutdown(kRto);
  EXPECT_EQ(written().types(), ChunkTypes{ChunkType::shutdown_ack});
  EXPECT_TRUE(shutdown.is_ended_by_complete());
}

TEST_F(GracefulShutdownTest, EndsWithTheAnswerThatItsStateWaitsFor) {
  EXPECT_FALSE(shutdown.is_ended_by_ack());
  shutdown.begin();
  EXPECT_FALSE(shutdown.is_ended_by_ack());
  shutdown.on_all_acknowledged(kRto);
  EXPECT_TRUE(shutdown.is_ended_by_ack());
  EXPECT_FALSE(shutdown.is_ended_by_complete());
}

TEST_F(GracefulShutdownTest, RepeatsShutdownAckForAnInit) {
  EXPECT_FALSE(shutdown.answers_init());
  shutdown.on_shutdown(kRto);
  EXPECT_FALSE(shutdown.answers_init());
  shutdown.on_all_acknowledged(kRto);
  written();
  EXPECT_TRUE(shutdown.answers_init());
  EXPECT_EQ(written().types(), ChunkTypes{ChunkType::shutdown_ack});
}

}  // namespace
}  // namespace redan::sctp
