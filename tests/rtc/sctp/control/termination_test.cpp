#include "rtc/sctp/control/termination.hpp"

#include "tests/rtc/sctp/chunks.hpp"

namespace redan::sctp {
namespace {

Chunks written(Termination& termination) {
  return Chunks([&](Writer& w) { termination.write(w); });
}

TEST(Termination, HasNothingToWriteOrToReportBeforeItHasBegun) {
  Termination termination;
  EXPECT_FALSE(termination.begun());
  EXPECT_FALSE(termination.chunk_due());
  EXPECT_TRUE(written(termination).empty());
  EXPECT_EQ(termination.take_reason(), std::nullopt);
}

TEST(Termination, WritesItsLastChunkOnceAndReportsItsReasonOnce) {
  Termination termination;
  termination.begin(Errc::sctp_timeout, ChunkType::abort, CauseCode::protocol_violation);
  EXPECT_TRUE(termination.begun());
  EXPECT_TRUE(termination.chunk_due());
  const Chunks last = written(termination);
  ASSERT_EQ(last.types(), ChunkTypes{ChunkType::abort});
  EXPECT_EQ(ErrorCauses::parse(last.front())->cause, CauseCode::protocol_violation);
  EXPECT_FALSE(termination.chunk_due());
  EXPECT_TRUE(written(termination).empty());
  EXPECT_EQ(termination.take_reason(), Errc::sctp_timeout);
  EXPECT_EQ(termination.take_reason(), std::nullopt);
  EXPECT_TRUE(termination.begun());
}

TEST(Termination, WritesShutdownCompleteWithoutACause) {
  Termination termination;
  termination.begin(Errc::sctp_shut_down, ChunkType::shutdown_complete);
  const Chunks last = written(termination);
  EXPECT_EQ(last.types(), ChunkTypes{ChunkType::shutdown_complete});
  EXPECT_EQ(last.size(), kChunkHeaderSize);
}

TEST(Termination, KeepsItsFirstReason) {
  Termination termination;
  termination.begin(Errc::sctp_aborted);
  termination.begin(Errc::closed_locally, ChunkType::abort);
  EXPECT_FALSE(termination.chunk_due());
  EXPECT_EQ(termination.take_reason(), Errc::sctp_aborted);
  termination.begin(Errc::closed_locally, ChunkType::abort);
  EXPECT_EQ(termination.take_reason(), std::nullopt);
}

}  // namespace
}  // namespace redan::sctp
