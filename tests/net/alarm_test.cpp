#include "net/alarm.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <optional>

namespace redan::net {
namespace {

using namespace std::chrono_literals;

class AlarmTest : public testing::Test {
 protected:
  boost::asio::io_context io{1};
  std::optional<Alarm> alarm{std::in_place, io};
  int rung = 0;

  // Due when the loop starts; handlers posted earlier run before.
  void due() {
    alarm->set(net::now() - 1s, [this] { ++rung; });
  }
};

TEST_F(AlarmTest, FiresOnce) {
  due();
  io.run();
  EXPECT_EQ(rung, 1);
}

// The handler is queued in the loop after the code that cancels it: a plain timer would still run it.
TEST_F(AlarmTest, DoesNotFireWhenCancelledOrDestroyedEvenIfDue) {
  for (const bool gone : {false, true}) {
    boost::asio::steady_timer plain(io, -1s);
    int plain_rung = 0;
    plain.async_wait([&](const boost::system::error_code& error) { plain_rung += error ? 0 : 1; });
    due();
    boost::asio::post(io, [&] {
      plain.cancel();
      gone ? alarm.reset() : alarm->cancel();
    });
    io.restart();
    io.run();
    EXPECT_EQ(rung, 0);
    EXPECT_EQ(plain_rung, 1);
  }
}

TEST_F(AlarmTest, FiresOnlyForTheNewTimeWhenSetAgain) {
  int other = 0;
  due();
  alarm->set(net::now(), [&] { ++other; });
  io.run();
  EXPECT_EQ(rung, 0);
  EXPECT_EQ(other, 1);
}

}  // namespace
}  // namespace redan::net
