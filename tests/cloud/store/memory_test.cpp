#include "cloud/store/memory.hpp"

#include "tests/cloud/store/contract.hpp"

namespace redan::cloud::test {

namespace {

class MemoryPlace final : public Place {
 public:
  std::unique_ptr<store::Store> open(boost::asio::io_context& io) override { return store::memory_store(io); }
};

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract,
                         testing::Values(Implementation{"memory", false,
                                                        [] { return std::make_unique<MemoryPlace>(); }}),
                         name_of);

TEST(MemoryStore, AWatchThatStartsTooFarBackIsLost) {
  boost::asio::io_context io{1};
  const auto store = store::memory_store(io);
  for (int i = 0; i < 10'100; ++i) ASSERT_TRUE(wait_for(io, store->put("k", "v")));
  Told old;
  const auto lost = store->watch("k", store::Revision{50}, old.teller());
  Told recent;
  const auto goes_on = store->watch("k", store::Revision{200}, recent.teller());
  ASSERT_TRUE(run_until(io, [&] { return recent.ticks > 1; }));
  EXPECT_EQ(old.events, std::vector<std::string>{"lost"});
  EXPECT_EQ(old.ticks, 0);
  EXPECT_EQ(recent.events.size(), 9'900U);
}

TEST(MemoryStore, LetsTheLoopEndWithoutWatchesAndLeases) {
  boost::asio::io_context io{1};
  const auto store = store::memory_store(io);
  ASSERT_TRUE(wait_for(io, store->put("k", "v")));
  Told told;
  store->watch("k", store::Revision{}, told.teller()).reset();
  io.restart();
  io.run_for(std::chrono::seconds(2));
  EXPECT_TRUE(io.stopped());
}

}  // namespace

}  // namespace redan::cloud::test
