#include "cloud/bus/memory.hpp"

#include "cloud/errors.hpp"
#include "tests/cloud/bus/contract.hpp"

namespace redan::cloud::test {

namespace {

class MemoryNet final : public BusNet {
 public:
  explicit MemoryNet(boost::asio::io_context& io) : io_(io) {}
  std::unique_ptr<bus::Bus> join() override { return bus::memory_bus(io_); }

 private:
  boost::asio::io_context& io_;
};

INSTANTIATE_TEST_SUITE_P(Memory, BusContract,
                         testing::Values(BusImplementation{
                             "memory", false,
                             [](boost::asio::io_context& io) { return std::make_unique<MemoryNet>(io); }}),
                         name_of);

TEST(MemoryBus, PendingMessagesAreLimited) {
  boost::asio::io_context io;
  const auto bus = bus::memory_bus(io);
  const auto subscription = bus->subscribe("a", [](const bus::BusMessage&) {});
  const std::string large(bus::kMaxBusPayload, 'x');
  Result<void> published;
  for (int i = 0; published && i < 1'000; ++i) published = bus->publish("a", large);
  EXPECT_EQ(published, refuse(errc::bus_full));
  io.run();
  EXPECT_TRUE(bus->publish("a", large));
}

}  // namespace

}  // namespace redan::cloud::test
