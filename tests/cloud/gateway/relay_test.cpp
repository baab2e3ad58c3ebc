// Clients' signalling in virtual time: the bus is in process, and the runtime's end is a Link in this test.
#include "cloud/gateway/relay.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "cloud/bus/memory.hpp"
#include "cloud/errors.hpp"
#include "tests/cloud/store/contract.hpp"
#include "tests/support/seeded_random.hpp"

namespace redan::cloud::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSession = "d1k2v9f3pn6a8q46tb00";

/// The messages that one client's socket received.
struct Socket {
  std::vector<std::string> texts;
  bool closed = false;
  gateway::RelayPort port() {
    return {[this](std::string text) {
              EXPECT_FALSE(closed) << "said after the close: " << text;
              texts.push_back(std::move(text));
            },
            [this] { closed = true; }};
  }
  /// The text of the last error message.
  [[nodiscard]] std::string error() const {
    if (texts.empty()) return {};
    const boost::json::value last = boost::json::parse(texts.back());
    return last.at("type") == "error" ? std::string(last.at("message").as_string()) : std::string();
  }
};

class RelayTest : public testing::Test {
 protected:
  RelayTest() {
    relay_.emplace(
        io_, *bus_, random_, [this] { return now_; }, limits());
    down_ = std::move(*bus_->subscribe(api::subject::session(kSession, "down"), [this](const bus::BusMessage& message) {
      if (!deaf_) on_down(message.payload);
    }));
  }
  static gateway::RelayLimits limits() {
    gateway::RelayLimits limits;
    limits.messages_per_second = 10;
    limits.burst = 20;
    limits.max_clients = 3;
    return limits;
  }

  void on_down(std::string_view payload) {
    const auto frame = bus::LinkFrame::parse(payload);
    ASSERT_TRUE(frame.has_value());
    auto [found, is_new] = links_.try_emplace(frame->link, frame->link);
    found->second.handle_input(now_, *frame);
    drain(found->second);
  }
  void drain(bus::Link& link) {
    while (true) {
      bus::Link::Output output = link.poll_output(now_);
      if (const auto* transmit = std::get_if<bus::Link::Transmit>(&output)) {
        static_cast<void>(bus_->publish(api::subject::session(kSession, "up"), transmit->frame.text()));
      } else if (auto* deliver = std::get_if<bus::Link::Deliver>(&output)) {
        heard_.push_back(std::move(deliver->body));
      } else if (const auto* over = std::get_if<bus::Link::Ended>(&output)) {
        ended_.push_back(over->why);
      } else {
        return;
      }
    }
  }
  /// From the runtime, over the only link.
  void say(const std::string& body) {
    bus::Link& link = links_.begin()->second;
    ASSERT_TRUE(link.send(now_, body).has_value());
    drain(link);
  }
  void settle() { run_for(io_, 0ms), io_.restart(), io_.poll(); }
  void pass(Duration time) {
    now_ += time;
    relay_->on_time();
    settle();
  }

  gateway::SocketClaims claims(const std::string& client = "c05h1jj3pn6a8q46taug") {
    gateway::SocketClaims claims;
    claims.session = kSession;
    claims.client = client;
    claims.order = 2;
    return claims;
  }
  gateway::Relay::ClientId attach(Socket& socket, const std::string& client = "c05h1jj3pn6a8q46taug") {
    const auto id = relay_->attach(claims(client), socket.port());
    EXPECT_TRUE(id.has_value());
    settle();
    return *id;
  }
  /// A runtime that has disconnected, or has not connected yet.
  bool deaf_ = false;

  boost::asio::io_context io_{1};
  TimePoint now_{1h};
  redan::test::SeededRandom random_{1};
  std::unique_ptr<bus::Bus> bus_ = bus::memory_bus(io_);
  std::unique_ptr<bus::Subscription> down_;
  std::optional<gateway::Relay> relay_;
  std::map<std::string, bus::Link> links_;
  std::vector<std::string> heard_;
  std::vector<Errc> ended_;
};

TEST_F(RelayTest, TheFirstMessageToTheRuntimeNamesTheClient) {
  Socket socket;
  attach(socket);
  ASSERT_EQ(heard_.size(), 1U);
  const auto hello = api::parse<api::LinkHello>(heard_[0]);
  EXPECT_EQ(hello->order, 2);
  EXPECT_EQ(hello->role, api::LinkHello::Role::controller);
}

TEST_F(RelayTest, MessagesKeepTheirOrderInBothDirections) {
  Socket socket;
  const auto id = attach(socket);
  for (int i = 0; i < 10; ++i) relay_->receive(id, "c" + std::to_string(i));
  for (int i = 0; i < 10; ++i) say("r" + std::to_string(i));
  settle();
  ASSERT_EQ(heard_.size(), 11U);
  ASSERT_EQ(socket.texts.size(), 10U);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(heard_[static_cast<std::size_t>(i) + 1], "c" + std::to_string(i));
    EXPECT_EQ(socket.texts[static_cast<std::size_t>(i)], "r" + std::to_string(i));
  }
}

TEST_F(RelayTest, UnacknowledgedMessagesAreRetransmittedWhenTheRuntimeIsReady) {
  deaf_ = true;
  Socket socket;
  const auto id = attach(socket);
  relay_->receive(id, "first");
  settle();
  EXPECT_TRUE(heard_.empty());
  deaf_ = false;
  static_cast<void>(bus_->publish(api::subject::session(kSession, "ready"), "{}"));
  settle();
  ASSERT_EQ(heard_.size(), 2U);
  EXPECT_EQ(heard_[1], "first");
}

TEST_F(RelayTest, LostMessagesAreRetransmittedAfterATimeout) {
  deaf_ = true;
  Socket socket;
  attach(socket);
  deaf_ = false;
  pass(199ms);
  EXPECT_TRUE(heard_.empty());
  pass(1ms);
  EXPECT_EQ(heard_.size(), 1U);
}

TEST_F(RelayTest, ASilentRuntimeEndsTheSocketAfterAnErrorMessage) {
  deaf_ = true;
  Socket socket;
  const auto id = attach(socket);
  relay_->receive(id, "discover");
  for (int i = 0; i < 19; ++i) pass(1s);
  EXPECT_FALSE(socket.closed);
  pass(1s);
  EXPECT_TRUE(socket.closed);
  EXPECT_EQ(socket.error(), text(errc::link_timeout));
  EXPECT_EQ(relay_->clients(), 0U);
  EXPECT_EQ(relay_->counts().ends.at("link_timeout"), 1U);
}

TEST_F(RelayTest, ASilentClientIsDisconnectedAfterAnErrorMessage) {
  Socket socket;
  attach(socket);
  pass(29s);
  EXPECT_FALSE(socket.closed);
  pass(1s);
  EXPECT_TRUE(socket.closed);
  EXPECT_EQ(socket.error(), "no message came");
  ASSERT_EQ(ended_.size(), 1U);
}

TEST_F(RelayTest, AClientMayBeSilentAfterItsFirstMessage) {
  Socket socket;
  const auto id = attach(socket);
  relay_->receive(id, "discover");
  settle();
  pass(24h);
  EXPECT_FALSE(socket.closed);
}

TEST_F(RelayTest, AClosedSocketsLastMessagesStillArrive) {
  Socket socket;
  const auto id = attach(socket);
  deaf_ = true;
  relay_->receive(id, "answer");
  relay_->detach(id);
  settle();
  EXPECT_EQ(relay_->clients(), 1U);
  deaf_ = false;
  pass(200ms);
  ASSERT_EQ(heard_.size(), 2U);
  EXPECT_EQ(heard_[1], "answer");
  EXPECT_EQ(ended_, std::vector<Errc>{Errc::not_connected});
  EXPECT_EQ(relay_->clients(), 0U);
  EXPECT_FALSE(socket.closed);
}

TEST_F(RelayTest, ALinkOfAClosedSocketEndsAfterATimeout) {
  Socket socket;
  const auto id = attach(socket);
  deaf_ = true;
  relay_->receive(id, "answer");
  relay_->detach(id);
  pass(4900ms);
  EXPECT_EQ(relay_->clients(), 1U);
  pass(100ms);
  EXPECT_EQ(relay_->clients(), 0U);
  EXPECT_TRUE(socket.texts.empty());
}

TEST_F(RelayTest, MessagesForAClosedSocketAreDropped) {
  Socket socket;
  const auto id = attach(socket);
  deaf_ = true;
  relay_->receive(id, "answer");
  relay_->detach(id);
  deaf_ = false;
  say("late candidate");
  settle();
  EXPECT_TRUE(socket.texts.empty());
}

TEST_F(RelayTest, AReturningClientDisplacesItsFormerSocketHere) {
  Socket first, second;
  attach(first);
  attach(second);
  EXPECT_TRUE(first.closed);
  EXPECT_EQ(first.error(), "this client has connected again");
  EXPECT_FALSE(second.closed);
  EXPECT_EQ(links_.size(), 2U) << "a link of its own: the other end tells the two apart";
  EXPECT_EQ(relay_->clients(), 1U);
}

TEST_F(RelayTest, TheRuntimeDecidesWhetherAnotherClientIsDisplaced) {
  Socket first, second;
  attach(first, "client-1");
  attach(second, "client-2");
  EXPECT_FALSE(first.closed);
  bus::Link& displaced =
      links_.begin()->second.id().starts_with("client-1") ? links_.begin()->second : std::next(links_.begin())->second;
  displaced.close("displaced");
  drain(displaced);
  settle();
  EXPECT_TRUE(first.closed);
  EXPECT_EQ(first.error(), text(errc::link_displaced));
  EXPECT_FALSE(second.closed);
}

TEST_F(RelayTest, ARuntimeThatHasForgottenTheClientEndsItsSocket) {
  Socket socket;
  const auto id = attach(socket);
  const bus::LinkFrame lost{links_.begin()->first, 0, 0, {}, "lost"};
  static_cast<void>(bus_->publish(api::subject::session(kSession, "up"), lost.text()));
  settle();
  EXPECT_TRUE(socket.closed);
  EXPECT_EQ(socket.error(), text(errc::link_lost));
  relay_->receive(id, "too late");
  relay_->detach(id);
}

TEST_F(RelayTest, FramesOfAnotherGatewaysClientsAreLeftAlone) {
  Socket socket;
  attach(socket);
  std::size_t down = 0;
  const auto counting =
      bus_->subscribe(api::subject::session(kSession, "down"), [&](const bus::BusMessage&) { ++down; });
  for (const char* frame : {R"({"v":1,"link":"someone-else","seq":4,"body":"x"})", "nonsense", "{}"}) {
    static_cast<void>(bus_->publish(api::subject::session(kSession, "up"), frame));
  }
  settle();
  EXPECT_EQ(down, 0U) << "no reset: the link may be there, elsewhere";
  EXPECT_TRUE(socket.texts.empty());
}

TEST_F(RelayTest, ATooLargeMessageEndsTheClientAfterAnErrorMessage) {
  Socket socket;
  const auto id = attach(socket);
  relay_->receive(id, std::string(64 * 1024, 'x'));
  EXPECT_FALSE(socket.closed);
  relay_->receive(id, std::string(64 * 1024 + 1, 'x'));
  EXPECT_TRUE(socket.closed);
  EXPECT_EQ(socket.error(), "a message is too large");
}

TEST_F(RelayTest, AFloodOfMessagesEndsTheClientAndSlowOnesDoNot) {
  Socket socket;
  auto id = attach(socket);
  for (int i = 0; i < 100; ++i) {
    relay_->receive(id, "slow");
    settle();
    pass(100ms);
  }
  EXPECT_FALSE(socket.closed);
  for (int i = 0; i < 21; ++i) relay_->receive(id, "fast");
  EXPECT_TRUE(socket.closed);
  EXPECT_EQ(socket.error(), "too many messages");
}

TEST_F(RelayTest, DataForASlowRuntimeIsBounded) {
  gateway::RelayLimits limits;
  limits.burst = 1e6;
  gateway::Relay relay(
      io_, *bus_, random_, [this] { return now_; }, limits);
  deaf_ = true;
  Socket socket;
  const auto id = relay.attach(claims(), socket.port());
  int sent = 0;
  while (!socket.closed && sent < 1000) {
    relay.receive(*id, std::string(32 * 1024, 'x'));
    ++sent;
  }
  EXPECT_TRUE(socket.closed);
  EXPECT_LE(sent, 17);
  EXPECT_EQ(socket.error(), "too many messages wait for the session");
}

TEST_F(RelayTest, TheNumberOfClientsIsLimited) {
  std::array<Socket, 4> sockets;
  for (int i = 0; i < 3; ++i) attach(sockets[static_cast<std::size_t>(i)], "client-" + std::to_string(i));
  EXPECT_EQ(relay_->attach(claims("client-3"), sockets[3].port()).error(), Errc::too_many);
}

TEST_F(RelayTest, EndingASessionAShareOrEverythingNotifiesTheClientsConcerned) {
  Socket viewer, controller, other;
  gateway::SocketClaims shared = claims("client-1");
  shared.role = api::LinkHello::Role::viewer;
  shared.share = "share-1";
  gateway::SocketClaims elsewhere = claims("client-3");
  elsewhere.session = "another-session";
  ASSERT_TRUE(relay_->attach(shared, viewer.port()).has_value());
  ASSERT_TRUE(relay_->attach(claims("client-2"), controller.port()).has_value());
  ASSERT_TRUE(relay_->attach(elsewhere, other.port()).has_value());
  relay_->end_share("share-1", "the share was deleted");
  EXPECT_TRUE(viewer.closed);
  EXPECT_EQ(viewer.error(), "the share was deleted");
  EXPECT_FALSE(controller.closed);
  relay_->end_session(kSession, "it is over");
  EXPECT_EQ(controller.error(), "it is over");
  EXPECT_FALSE(other.closed);
  relay_->end_all("stopping");
  EXPECT_EQ(other.error(), "stopping");
  EXPECT_EQ(relay_->clients(), 0U);
  settle();
}

TEST_F(RelayTest, OneTimerServesAllClientsWithoutLosingADeadline) {
  gateway::RelayLimits limits;
  limits.max_clients = 200;
  relay_.emplace(
      io_, *bus_, random_, [this] { return now_; }, limits);
  std::array<Socket, 100> sockets;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    attach(sockets[i], "client-" + std::to_string(i));
    now_ += 10ms;
  }
  now_ -= 1s;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    pass(i == 0 ? Duration(30s) : Duration(10ms));
    EXPECT_TRUE(sockets[i].closed) << i;
    EXPECT_TRUE(i + 1 == sockets.size() || !sockets[i + 1].closed) << i;
  }
}

}  // namespace
}  // namespace redan::cloud::test
