#include "media/ogg_opus.hpp"

#include <gtest/gtest.h>

#include "media/audio.hpp"
#include "tests/media/media_files.hpp"

namespace redan::media {
namespace {

using redan::test::FileBytes;
using redan::test::make_ogg;
using redan::test::make_ogg_page;
using namespace std::chrono_literals;

const FileBytes kSilence{0xF8, 0xFF, 0xFE};

TEST(OggOpus, PacketsRoundTrip) {
  FileBytes big{0xF8};
  big.resize(700, 7);
  FileBytes exact{0xF8};
  exact.resize(510, 8);
  const auto packets = parse_ogg_opus(make_ogg({kSilence, big, exact, kSilence}));
  ASSERT_TRUE(packets);
  ASSERT_EQ(packets->size(), 4U);
  EXPECT_EQ((*packets)[0].bytes, kSilence);
  EXPECT_EQ((*packets)[1].bytes, big);
  EXPECT_EQ((*packets)[2].bytes, exact);
  EXPECT_EQ((*packets)[2].duration, 20ms);
}

TEST(OggOpus, PacketsMayContinueOnTheNextPage) {
  FileBytes file = make_ogg({kSilence});
  FileBytes first(255, 1), rest(10, 2);
  first[0] = 0xF8;
  for (const FileBytes& page : {make_ogg_page({255}, first), make_ogg_page({10}, rest, 1)}) {
    file.insert(file.end(), page.begin(), page.end());
  }
  const auto packets = parse_ogg_opus(file);
  ASSERT_TRUE(packets);
  ASSERT_EQ(packets->size(), 2U);
  EXPECT_EQ((*packets)[1].bytes.size(), 265U);
  // A page whose first packet began in a missing page.
  const FileBytes lone = make_ogg_page({10, 3}, {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0xF8, 0xFF, 0xFE}, 1);
  FileBytes torn = make_ogg({});
  torn.insert(torn.end(), lone.begin(), lone.end());
  ASSERT_TRUE(parse_ogg_opus(torn));
  EXPECT_EQ(parse_ogg_opus(torn)->size(), 1U);
}

TEST(OggOpus, OtherStreamsAreSkipped) {
  FileBytes file = make_ogg({kSilence});
  const FileBytes other = make_ogg({kSilence, kSilence}, 2);
  file.insert(file.end(), other.begin(), other.end());
  EXPECT_EQ(parse_ogg_opus(file)->size(), 1U);
}

TEST(OggOpus, ATruncatedOrDamagedPageEndsTheFile) {
  const FileBytes whole = make_ogg({kSilence, kSilence, kSilence});
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const auto packets = parse_ogg_opus(Bytes(whole).first(size));
    EXPECT_FALSE(packets && (packets->size() > 3 || size < 100));
  }
  EXPECT_EQ(parse_ogg_opus(as_bytes("RIFF....WAVE")).error(), Errc::invalid_argument);
  EXPECT_FALSE(parse_ogg_opus(make_ogg({})));
}

TEST(OpusDuration, FollowsFromTheFirstByte) {
  const auto of = [](std::initializer_list<std::uint8_t> packet) { return opus_duration(FileBytes(packet)); };
  EXPECT_EQ(of({0x00}), 10ms);
  EXPECT_EQ(of({0x18}), 60ms);
  EXPECT_EQ(of({0x60}), 10ms);
  EXPECT_EQ(of({0x68}), 20ms);
  EXPECT_EQ(of({0x80}), 2500us);
  EXPECT_EQ(of({0xF8}), 20ms);
  EXPECT_EQ(of({0xF9}), 40ms);
  EXPECT_EQ(of({0xFB, 3}), 60ms);
  EXPECT_EQ(of({0xFB, 0x80 | 6}), 120ms);
  EXPECT_FALSE(of({0xFB, 7}));
  EXPECT_FALSE(of({0xFB, 0}));
  EXPECT_FALSE(of({0xFB}));
  EXPECT_FALSE(of({}));
}

TEST(OpusDuration, MatchesTheGeneratedTone) {
  const auto tone = encode_tone();
  if (!tone) GTEST_SKIP() << "skipped: this build has no libopus";
  for (const AudioPacket& packet : *tone) EXPECT_EQ(opus_duration(packet.bytes), packet.duration);
}

}  // namespace
}  // namespace redan::media
