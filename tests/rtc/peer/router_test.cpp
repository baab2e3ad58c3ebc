#include "rtc/peer/router.hpp"

#include <gtest/gtest.h>

#include "tests/support/link.hpp"

namespace redan::peer {
namespace {

class SeededSource : public RandomSource {
 public:
  void random(MutableBytes out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(random_.next());
  }

 private:
  test::SeededRandom random_{1};
};

class RouterTest : public testing::Test {
 protected:
  // The router never accesses a peer.
  Peer& peer(std::size_t index) { return reinterpret_cast<Peer&>(peers_[index]); }
  static Path path(std::uint16_t port) { return {Address::v4({192, 0, 2, 1}, 1), Address::v4({192, 0, 2, 2}, port)}; }
  SeededSource random_;
  Router router_{random_};
  std::array<std::max_align_t, 3> peers_{};
};

TEST_F(RouterTest, FindsAPeerByEachOfItsKeys) {
  Routes routes(router_, peer(0));
  routes.add_ufrag("ours");
  routes.add_path(path(1));
  routes.add_transaction({7});
  EXPECT_EQ(router_.by_ufrag("ours"), &peer(0));
  EXPECT_EQ(router_.by_path(path(1)), &peer(0));
  EXPECT_EQ(router_.by_transaction({7}), &peer(0));
  EXPECT_EQ(router_.by_ufrag("other"), nullptr);
  EXPECT_EQ(router_.by_path(path(2)), nullptr);
  EXPECT_EQ(router_.by_transaction({8}), nullptr);
}

TEST_F(RouterTest, PathsThatDifferInEitherEndAreDistinct) {
  Routes first(router_, peer(0)), second(router_, peer(1));
  const Address other = Address::v4({192, 0, 2, 9}, 1);
  first.add_path(path(1));
  second.add_path({other, path(1).remote});
  EXPECT_EQ(router_.by_path(path(1)), &peer(0));
  EXPECT_EQ(router_.by_path({other, path(1).remote}), &peer(1));
}

TEST_F(RouterTest, ARemovedPeerLeavesNoKeys) {
  Routes stays(router_, peer(0));
  stays.add_ufrag("stays");
  {
    Routes goes(router_, peer(1));
    for (std::uint16_t i = 0; i < 100; ++i) {
      goes.add_ufrag("ufrag" + std::to_string(i));
      goes.add_path(path(i));
      goes.add_transaction({static_cast<std::uint8_t>(i)});
    }
    EXPECT_GT(router_.size(), 100U);
  }
  EXPECT_EQ(router_.size(), 1U);
  EXPECT_EQ(router_.by_ufrag("stays"), &peer(0));
}

TEST_F(RouterTest, ARemovedPathBelongsToNoPeer) {
  Routes routes(router_, peer(0));
  routes.add_path(path(1));
  routes.add_path(path(1));
  routes.remove_path(path(1));
  EXPECT_EQ(router_.by_path(path(1)), nullptr);
  EXPECT_TRUE(routes.paths().empty());
  Routes other(router_, peer(1));
  other.add_path(path(1));
  routes.remove_path(path(1));
  EXPECT_EQ(router_.by_path(path(1)), &peer(1)) << "it is not ours to remove";
}

TEST_F(RouterTest, TheOldestOfManyTransactionsIsDropped) {
  Routes routes(router_, peer(0));
  for (std::uint8_t i = 0; i < 65; ++i) routes.add_transaction({i});
  EXPECT_EQ(router_.by_transaction({0}), nullptr);
  EXPECT_EQ(router_.by_transaction({1}), &peer(0));
  EXPECT_EQ(router_.by_transaction({64}), &peer(0));
}

TEST_F(RouterTest, ThePreviousUfragIsKeptAndOlderOnesAreRemoved) {
  Routes routes(router_, peer(0));
  for (const char* ufrag : {"one", "two", "three"}) routes.add_ufrag(ufrag);
  EXPECT_EQ(router_.by_ufrag("one"), nullptr);
  EXPECT_EQ(router_.by_ufrag("two"), &peer(0));
  EXPECT_EQ(router_.by_ufrag("three"), &peer(0));
}

}  // namespace
}  // namespace redan::peer
