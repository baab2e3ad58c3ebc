// One real nats-server: the contract, and what is NATS's own.
#include "cloud/bus/nats.hpp"

#include "tests/interop/nats/nats_fixture.hpp"

namespace redan::cloud::test {

namespace {

/// One for all tests; null where there is no nats-server.
std::unique_ptr<NatsServers>& server() {
  static std::unique_ptr<NatsServers> only = nats_program().empty() ? nullptr : std::make_unique<NatsServers>(1);
  return only;
}

class NatsNet final : public BusNet {
 public:
  explicit NatsNet(boost::asio::io_context& io) : io_(io) {}
  std::unique_ptr<Bus> join() override { return std::move(*nats_bus(io_, server()->config(), provider())); }

 private:
  boost::asio::io_context& io_;
};

INSTANTIATE_TEST_SUITE_P(Nats, BusContract,
                         testing::Values(BusImplementation{"nats", true,
                                                           [](boost::asio::io_context& io) -> std::unique_ptr<BusNet> {
                                                             if (!server()) return nullptr;
                                                             return std::make_unique<NatsNet>(io);
                                                           }}),
                         name_of);

}  // namespace

}  // namespace redan::cloud::test
