#include "rtc/sctp/packet/control.hpp"

#include "tests/rtc/sctp/chunks.hpp"

namespace redan::sctp {
namespace {

TEST(Heartbeat, HandsItsInformationBack) {
  const std::vector<std::uint8_t> info{1, 2, 3};
  const Chunks chunks([&](Writer& w) { Heartbeat{info}.write(w, ChunkType::heartbeat); });
  const auto heartbeat = Heartbeat::parse(chunks.front());
  ASSERT_TRUE(heartbeat);
  EXPECT_TRUE(std::ranges::equal(heartbeat->info, info));
}

TEST(Heartbeat, IsRefusedWithoutInformation) {
  const Chunks chunks([](Writer& w) { write_chunk(w, ChunkType::heartbeat); });
  EXPECT_FALSE(Heartbeat::parse(chunks.front()));
}

TEST(ErrorCauses, CarryOneCauseOrNone) {
  const std::vector<std::uint8_t> value{7};
  for (const CauseCode cause : {CauseCode::none, CauseCode::protocol_violation}) {
    const Chunks chunks([&](Writer& w) {
      ErrorCauses{ErrorCauses::kReflectedTag, cause, value}.write(w, ChunkType::abort);
    });
    const auto causes = ErrorCauses::parse(chunks.front());
    ASSERT_TRUE(causes);
    EXPECT_EQ(causes->flags, ErrorCauses::kReflectedTag);
    EXPECT_EQ(causes->cause, cause);
    EXPECT_EQ(causes->value.size(), cause == CauseCode::none ? 0U : 1U);
  }
}

TEST(Shutdown, IsReadAsItWasWrittenAndRefusedWithAnotherLength) {
  const Chunks chunks([](Writer& w) { Shutdown{Tsn(5)}.write(w); });
  EXPECT_EQ(Shutdown::parse(chunks.front())->cumulative_ack, Tsn(5));
  const Chunks cut([](Writer& w) { write_chunk(w, ChunkType::shutdown, 0, [](Writer& v) { v.zeros(8); }); });
  EXPECT_FALSE(Shutdown::parse(cut.front()));
}

}  // namespace
}  // namespace redan::sctp
