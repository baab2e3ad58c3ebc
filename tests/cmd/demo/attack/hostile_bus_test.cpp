#include "cmd/demo/attack/hostile_bus.hpp"

#include <gtest/gtest.h>

#include "cloud/bus/memory.hpp"

namespace redan::cmd {
namespace {

constexpr const char* kUp = "as.v1.session.s1.up";
constexpr const char* kDown = "as.v1.session.s1.down";

/// Reverses every body.
struct Backwards : Carrier {
  std::string to_runtime(const std::string&, const std::string& body) override { return "to runtime " + body; }
  std::string to_client(const std::string&, const std::string& body) override {
    return std::to_string(++calls) + " " + body;
  }
  int calls = 0;
};

class HostileBusTest : public testing::Test {
 protected:
  void listen(cloud::bus::Bus& bus, const char* subject) {
    subscriptions_.push_back(std::move(*bus.subscribe(
        subject, [this](const cloud::bus::BusMessage& message) { heard_.emplace_back(message.payload); }, {})));
  }
  static std::string frame(std::uint64_t seq, std::string body) {
    return cloud::bus::LinkFrame{"c1", seq, 3, std::move(body), {}}.text();
  }
  void turn() {
    io_.restart();
    io_.run();
  }

  boost::asio::io_context io_;
  std::unique_ptr<cloud::bus::Bus> real_ = cloud::bus::memory_bus(io_);
  Backwards carrier_;
  HostileBus bus_{*real_, carrier_};
  std::vector<std::unique_ptr<cloud::bus::Subscription>> subscriptions_;
  std::vector<std::string> heard_;
};

TEST_F(HostileBusTest, MessagesOfTheGatewayPassThroughTheCarrier) {
  listen(*real_, kDown);
  ASSERT_TRUE(bus_.publish(kDown, frame(1, "offer")));
  turn();
  EXPECT_EQ(heard_, std::vector{frame(1, "to runtime offer")});
}

TEST_F(HostileBusTest, ARetransmissionIsReplacedByTheSameMessage) {
  listen(bus_, kUp);
  for (const std::uint64_t seq : {7, 7, 8, 7}) ASSERT_TRUE(real_->publish(kUp, frame(seq, "body")));
  turn();
  EXPECT_EQ(heard_, (std::vector{frame(7, "1 body"), frame(7, "1 body"), frame(8, "2 body"), frame(7, "1 body")}));
}

TEST_F(HostileBusTest, AcknowledgementsAndOtherSubjectsPass) {
  listen(bus_, kUp);
  listen(bus_, "as.v1.agent.announce");
  ASSERT_TRUE(real_->publish(kUp, frame(0, "")));
  ASSERT_TRUE(real_->publish("as.v1.agent.announce", frame(1, "x")));
  turn();
  EXPECT_EQ(heard_, (std::vector{frame(0, ""), frame(1, "x")}));
  EXPECT_EQ(carrier_.calls, 0);
}

}  // namespace
}  // namespace redan::cmd
