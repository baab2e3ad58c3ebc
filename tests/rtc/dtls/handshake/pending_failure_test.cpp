#include "rtc/dtls/handshake/pending_failure.hpp"

#include <gtest/gtest.h>

namespace redan::dtls {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{};
const Ending kAlert{Errc::dtls_peer_alert};
const Ending kSuite{Errc::dtls_no_common_suite};
const Ending kFingerprint{Errc::dtls_fingerprint_mismatch};

TEST(PendingFailure, HasNoDeadlineWithoutACause) {
  const PendingFailure failure;
  EXPECT_FALSE(failure.ending());
  EXPECT_EQ(failure.deadline(), kNever);
}

TEST(PendingFailure, KeepsTheDeadlineAndTheCauseOfTheFirst) {
  PendingFailure failure;
  failure.add(kNow, 4s, kAlert, false);
  failure.add(kNow + 1s, 4s, kSuite, false);
  EXPECT_EQ(failure.deadline(), kNow + 4s);
  EXPECT_EQ(failure.ending()->reason, Errc::dtls_peer_alert);
}

TEST(PendingFailure, PrefersTheFirstProvenCause) {
  PendingFailure failure;
  failure.add(kNow, 4s, kAlert, false);
  failure.add(kNow, 4s, kFingerprint, true);
  failure.add(kNow, 4s, kSuite, true);
  failure.add(kNow, 4s, kSuite, false);
  EXPECT_EQ(failure.ending()->reason, Errc::dtls_fingerprint_mismatch);
}

TEST(PendingFailure, StartsAnewAfterProgress) {
  PendingFailure failure;
  failure.add(kNow, 4s, kFingerprint, true);
  failure.clear();
  EXPECT_FALSE(failure.ending());
  EXPECT_EQ(failure.deadline(), kNever);
  failure.add(kNow + 9s, 4s, kSuite, false);
  EXPECT_EQ(failure.deadline(), kNow + 13s);
  EXPECT_EQ(failure.ending()->reason, Errc::dtls_no_common_suite);
}

}  // namespace
}  // namespace redan::dtls
