#include "rtc/datachannel/stream_ids.hpp"

#include <gtest/gtest.h>

namespace redan::datachannel {
namespace {

using sctp::StreamId;

std::uint16_t take(StreamIds& ids, StreamParity parity) {
  const StreamId stream = ids.lowest_free(parity).value();
  ids.assign(stream, ChannelId{1});
  return stream.value;
}

TEST(StreamIds, ReturnTheLowestFreeIdOfAParity) {
  StreamIds ids;
  ids.assign(StreamId(2), ChannelId{7});  // the peer's choice
  EXPECT_EQ(take(ids, StreamParity::even), 0);
  EXPECT_EQ(take(ids, StreamParity::even), 4);
  EXPECT_EQ(take(ids, StreamParity::odd), 1);
  ids.release(StreamId(2));
  ids.release(StreamId(0));
  EXPECT_EQ(take(ids, StreamParity::even), 0);
  ids.assign(StreamId(2), ChannelId{8});
  EXPECT_EQ(take(ids, StreamParity::even), 6);
  EXPECT_EQ(ids.channel_of(StreamId(2)), ChannelId{8});
}

TEST(StreamIds, NeverReuseASpoiledId) {
  StreamIds ids;
  EXPECT_EQ(take(ids, StreamParity::even), 0);
  ids.spoil(StreamId(0));
  ids.release(StreamId(0));
  EXPECT_TRUE(ids.in_use(StreamId(0)));
  EXPECT_FALSE(ids.channel_of(StreamId(0)));
  EXPECT_EQ(take(ids, StreamParity::even), 2);
}

TEST(StreamIds, EndBeforeTheReservedId) {
  StreamIds ids;
  for (int i = 0; i < 32767; ++i) take(ids, StreamParity::odd);
  EXPECT_FALSE(ids.lowest_free(StreamParity::odd));
  ids.release(StreamId(101));
  EXPECT_EQ(take(ids, StreamParity::odd), 101);
}

}  // namespace
}  // namespace redan::datachannel
