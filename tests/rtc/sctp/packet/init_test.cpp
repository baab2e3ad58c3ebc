#include "rtc/sctp/packet/init.hpp"

#include "tests/rtc/sctp/chunks.hpp"

namespace redan::sctp {
namespace {

Init valid() {
  Init init;
  init.initiate_tag = VerificationTag(7);
  init.a_rwnd = kMinReceiverWindow;
  init.outbound_streams = 10;
  init.inbound_streams = 20;
  init.initial_tsn = Tsn(1000);
  return init;
}

std::optional<Init> read_again(const Init& init) {
  const Chunks chunks([&](Writer& w) { init.write(w, ChunkType::init); });
  return Init::parse(chunks.front());
}

TEST(Init, IsReadAsItWasWritten) {
  for (const bool extensions : {false, true}) {
    Init init = valid();
    init.forward_tsn = init.re_config = init.zero_checksum = extensions;
    const auto read = read_again(init);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->initiate_tag, init.initiate_tag);
    EXPECT_EQ(read->a_rwnd, init.a_rwnd);
    EXPECT_EQ(read->outbound_streams, 10);
    EXPECT_EQ(read->inbound_streams, 20);
    EXPECT_EQ(read->initial_tsn, init.initial_tsn);
    EXPECT_EQ(read->forward_tsn, extensions);
    EXPECT_EQ(read->re_config, extensions);
    EXPECT_EQ(read->zero_checksum, extensions);
  }
}

TEST(Init, HandsItsCookieOver) {
  const std::vector<std::uint8_t> cookie{1, 2, 3};
  Init init = valid();
  init.cookie = cookie;
  const Chunks chunks([&](Writer& w) { init.write(w, ChunkType::init_ack); });
  EXPECT_TRUE(std::ranges::equal(Init::parse(chunks.front())->cookie, cookie));
}

TEST(Init, IsRefusedWithImpossibleValues) {
  Init zero_tag = valid(), small_window = valid(), no_inbound = valid(), no_outbound = valid();
  zero_tag.initiate_tag = VerificationTag(0);
  small_window.a_rwnd = kMinReceiverWindow - 1;
  no_inbound.inbound_streams = 0;
  no_outbound.outbound_streams = 0;
  EXPECT_TRUE(read_again(valid()));
  for (const Init& bad : {zero_tag, small_window, no_inbound, no_outbound}) EXPECT_FALSE(read_again(bad));
}

TEST(Init, KeepsTheUnknownParametersThatAskToBeReportedAsFarAsTheyFit) {
  const Chunks chunks([](Writer& w) {
    write_chunk(w, ChunkType::init, 0, [](Writer& v) {
      for (const std::uint32_t word : {7U, 100'000U, 10U << 16U | 10U, 1000U}) v.u32(word);
      write_parameter(v, 0x8123, [](Writer& p) { p.u32(1); });  // skip
      write_parameter(v, 0xC123, [](Writer& p) { p.u8(2); });   // skip and report
      write_parameter(v, 0xC124, [](Writer& p) { p.u32(3); });  // the same, but there is no room
      write_parameter(v, 0x0123, [](Writer& p) { p.u32(4); });  // stop
      write_parameter(v, 0xC125, [](Writer& p) { p.u8(5); });
    });
  });
  std::array<std::uint8_t, 12> report{};
  std::size_t reported = 0;
  ASSERT_TRUE(Init::parse(chunks.front(), report, &reported));
  EXPECT_EQ(reported, 8U);
  EXPECT_EQ(Reader(report).u16(), 0xC123);
}

}  // namespace
}  // namespace redan::sctp
