#include "rtc/sctp/tx/rto.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;

TEST(Rto, LeavesTheOtherSideTimeToDelayItsSack) {
  Rto rto;
  for (int i = 0; i < 100; ++i) rto.on_rtt(milliseconds(20));
  EXPECT_GE(rto.value(), milliseconds(220));
  EXPECT_LE(rto.value(), milliseconds(250));
}

TEST(Rto, FollowsTheMeasuredTimes) {
  Rto rto;
  rto.on_rtt(milliseconds(400));
  EXPECT_EQ(rto.value(), milliseconds(1200));
  rto.on_rtt(milliseconds(400));
  EXPECT_EQ(rto.value(), milliseconds(1000));  // the variance fell by a quarter
}

TEST(Rto, BacksOffUpToItsCapAndRecoversWithTheNextSample) {
  Rto rto;
  rto.on_rtt(milliseconds(400));
  rto.back_off();
  EXPECT_EQ(rto.value(), milliseconds(2400));
  EXPECT_EQ(rto.base(), milliseconds(1200));
  rto.back_off();
  EXPECT_EQ(rto.value(), Rto::kMax);
  rto.on_rtt(milliseconds(400));
  EXPECT_LT(rto.value(), milliseconds(1200));
}

}  // namespace
}  // namespace redan::sctp
