#include "rtc/sctp/tx/controller.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

constexpr std::size_t kMtu = 1000;

// The window after a loss tells them apart: half, seven tenths, and all of it.
std::size_t after_loss(ControllerKind kind) {
  Controller controller(kind, kMtu);
  EXPECT_EQ(controller.cwnd(), 10 * kMtu);
  controller.on_loss({.now = {}, .highest = Tsn(1)});
  return controller.cwnd();
}

TEST(Controller, IsTheOneThatWasChosen) {
  EXPECT_EQ(after_loss(ControllerKind::rfc9260), 5 * kMtu);
  EXPECT_EQ(after_loss(ControllerKind::cubic), 7 * kMtu);
  EXPECT_EQ(after_loss(ControllerKind::bbr), 10 * kMtu);
}

TEST(Controller, ReportsTheWindowAfterEachEvent) {
  Controller controller(ControllerKind::rfc9260, kMtu);
  controller.on_ack({TimePoint{}, Tsn(1), true, kMtu, 10 * kMtu, 0, {}});
  EXPECT_EQ(controller.cwnd(), 11 * kMtu);
  controller.on_timeout();
  EXPECT_EQ(controller.cwnd(), 4 * kMtu);
  controller.on_undo();
  EXPECT_EQ(controller.cwnd(), 11 * kMtu);
}

}  // namespace
}  // namespace redan::sctp
