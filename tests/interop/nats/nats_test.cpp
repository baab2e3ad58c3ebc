// One real nats-server: the contract, and units that use another client.
#include <atomic>
#include <thread>

#include "cloud/bus/nats_protocol.hpp"
#include "tests/interop/nats/libnats_unit.hpp"
#include "tests/interop/nats/nats_fixture.hpp"

namespace redan::cloud::test {

namespace {

/// Shared by all tests; null if nats-server is not installed.
std::unique_ptr<NatsServers>& server() {
  static std::unique_ptr<NatsServers> only = nats_program().empty() ? nullptr : std::make_unique<NatsServers>(1);
  return only;
}

class NatsNet final : public BusNet {
 public:
  explicit NatsNet(boost::asio::io_context& io) : io_(io) {}
  std::unique_ptr<bus::Bus> join() override { return std::move(*nats_bus(io_, server()->config(), provider())); }

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

class Libnats : public NatsFixture {
 protected:
  void SetUp() override {
    NatsFixture::SetUp();
    if (IsSkipped()) return;
    theirs_ = libnats_unit(*server(), "agent-1");
    if (!theirs_) GTEST_SKIP() << "built without libnats (Debian: libnats-dev)";
    ours_ = connect(server()->config());
  }

  std::unique_ptr<LibnatsUnit> theirs_;
  std::unique_ptr<Unit> ours_;
};

TEST_F(Libnats, ReceivesWhatWePublish) {
  theirs_->count("a.*");
  EXPECT_TRUE(ours_->bus->publish("a.b", "x"));
  EXPECT_TRUE(ours_->bus->publish("a.c", ""));
  EXPECT_TRUE(until([&] { return theirs_->counted() == 2; }));
}

TEST_F(Libnats, AnswersOurRequests) {
  theirs_->echo("echo");
  for (const std::string& payload : {std::string("x"), std::string(), std::string(100'000, 'y')}) {
    EXPECT_EQ(wait(ask(io_, *ours_->bus, "echo", payload)), payload);
  }
}

TEST_F(Libnats, GetsOurReplies) {
  const auto subscription = ours_->bus->subscribe("shout", [&](const bus::BusMessage& message) {
    EXPECT_TRUE(ours_->bus->publish(message.reply_to, std::string(message.payload) + "!"));
  });
  run_for(io_, 50ms);
  std::atomic<bool> done = false;
  std::optional<std::string> reply;
  std::thread asking([&] {
    reply = theirs_->request("shout", "x");
    done = true;
  });
  EXPECT_TRUE(until([&] { return done.load(); }));
  asking.join();
  EXPECT_EQ(reply, "x!");
}

TEST_F(Libnats, SendsHeadersThatWeIgnore) {
  Heard heard;
  const auto subscription = ours_->bus->subscribe("a.b", heard.tell());
  run_for(io_, 50ms);
  theirs_->publish_with_header("a.b", "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x");
  theirs_->publish("a.b", "y");
  theirs_->flush();
  EXPECT_TRUE(until([&] { return heard.messages.size() == 2; }));
  EXPECT_EQ(heard.messages, (Words{"a.b=x", "a.b=y"}));
}

TEST_F(Libnats, InvalidSubjectsAndPayloadsAreIgnored) {
  Heard heard;
  const auto subscription = ours_->bus->subscribe("a.>", heard.tell());
  run_for(io_, 50ms);
  theirs_->publish("a.b!c", "x");
  theirs_->publish("a.b/c", "x");
  theirs_->publish("a." + std::string(65, 'b'), "x");
  theirs_->publish("a.large", std::string(bus::kMaxBusPayload + 1, 'x'));
  theirs_->publish_with_header("a.header", "k", std::string(bus::kMaxNatsHeader, 'x'), "x");
  theirs_->publish("a.b", "good");
  theirs_->flush();
  EXPECT_TRUE(until([&] { return !heard.messages.empty(); }));
  EXPECT_EQ(heard.messages, Words{"a.b=good"});
  EXPECT_EQ(ours_->connections(), 1U);
  EXPECT_TRUE(ours_->bus->is_connected());
}

}  // namespace

}  // namespace redan::cloud::test
