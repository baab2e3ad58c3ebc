#include "cmd/connect/session_figures.hpp"

#include <gtest/gtest.h>

namespace redan::cmd {
namespace {

using Channel = SessionFigures::Channel;
using Step = SessionFigures::Step;
using namespace std::chrono_literals;

class SessionFiguresTest : public testing::Test {
 protected:
  Step hear(Channel channel, std::string_view text, MessageKind kind = MessageKind::text) {
    return figures_.on_message(channel, kind, as_bytes(text), now_);
  }
  /// All round trips, of 1 ms each.
  Step ping_through() {
    Step step = figures_.begin(now_);
    for (std::size_t i = 0; i < SessionFigures::kPings; ++i) {
      EXPECT_EQ(step, Step::ping);
      now_ += 1ms;
      step = hear(Channel::echo, "ping");
    }
    return step;
  }

  SessionFigures figures_;
  TimePoint now_{10s};
};

TEST_F(SessionFiguresTest, MeasureRoundTripsThenUpThenDown) {
  EXPECT_EQ(ping_through(), Step::send_up);
  EXPECT_DOUBLE_EQ(figures_.percentile_us(0.5), 1000);
  EXPECT_EQ(hear(Channel::up, R"({"bytes":3000,"seconds":1.5})"), Step::ask_down);
  EXPECT_DOUBLE_EQ(figures_.up_rate(), 2000);
  EXPECT_EQ(hear(Channel::down, "0123456789", MessageKind::binary), Step::nothing);
  now_ += 2s;
  EXPECT_EQ(hear(Channel::down, "{}"), Step::finish);
  EXPECT_DOUBLE_EQ(figures_.down_rate(), 5);
}

TEST_F(SessionFiguresTest, IgnoreADemoThatSendsFirst) {
  for (const Channel channel : {Channel::echo, Channel::up, Channel::down}) {
    EXPECT_EQ(hear(channel, R"({"bytes":1,"seconds":1})"), Step::nothing);
    EXPECT_EQ(hear(channel, "x", MessageKind::binary), Step::nothing);
  }
  EXPECT_EQ(figures_.percentile_us(0.99), 0);
  EXPECT_EQ(ping_through(), Step::send_up);
}

TEST_F(SessionFiguresTest, IgnoreMessagesOutOfTurn) {
  EXPECT_EQ(figures_.begin(now_), Step::ping);
  EXPECT_EQ(hear(Channel::down, "{}"), Step::nothing);
  EXPECT_EQ(hear(Channel::up, "{}"), Step::nothing);
  EXPECT_EQ(figures_.begin(now_), Step::nothing);
}

TEST_F(SessionFiguresTest, ADemoThatSentNothingHasNoRate) {
  ping_through();
  EXPECT_EQ(hear(Channel::up, "nonsense"), Step::ask_down);
  EXPECT_EQ(hear(Channel::down, "{}"), Step::finish);
  EXPECT_EQ(figures_.up_rate(), 0);
  EXPECT_EQ(figures_.down_rate(), 0);
}

}  // namespace
}  // namespace redan::cmd
