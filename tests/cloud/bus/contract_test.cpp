// Tests every sentence of bus.hpp with every implementation.
#include <algorithm>

#include "cloud/errors.hpp"
#include "tests/cloud/bus/contract.hpp"

namespace redan::cloud::test {

namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

TEST_P(BusContract, DeliversPublishedMessagesToSubscribers) {
  Heard here, there, elsewhere;
  const auto one = subscribe(*bus_, "a.b", here.tell());
  const auto two = subscribe(other(), "a.b", there.tell());
  const auto three = subscribe(other(), "a.c", elsewhere.tell());
  EXPECT_TRUE(bus_->publish("a.b", "x"));
  ASSERT_TRUE(until([&] { return !here.messages.empty() && !there.messages.empty(); }));
  settle(*bus_);
  settle(other());
  EXPECT_EQ(here.messages, Words{"a.b=x"});
  EXPECT_EQ(there.messages, Words{"a.b=x"});
  EXPECT_TRUE(elsewhere.messages.empty());
}

TEST_P(BusContract, DeliversNothingWithinACall) {
  Heard heard;
  const auto subscription = subscribe(*bus_, "a", heard.tell());
  EXPECT_TRUE(bus_->publish("a", "x"));
  EXPECT_TRUE(heard.messages.empty());
  EXPECT_TRUE(until([&] { return !heard.messages.empty(); }));
}

TEST_P(BusContract, AUnitReceivesItsOwnMessagesAfterSubscribing) {
  Heard heard;
  const auto subscription = bus_->subscribe("a", heard.tell());
  EXPECT_TRUE(bus_->publish("a", "x"));
  EXPECT_TRUE(until([&] { return heard.messages == Words{"a=x"}; }));
}

TEST_P(BusContract, MessagesOfOneUnitToOneSubjectKeepTheirOrder) {
  constexpr int kCount = 2'000;
  std::vector<int> heard;
  const auto subscription = subscribe(
      other(), "a", [&](const bus::BusMessage& message) { heard.push_back(std::stoi(std::string(message.payload))); });
  for (int i = 0; i < kCount; ++i) ASSERT_TRUE(bus_->publish("a", std::to_string(i)));
  ASSERT_TRUE(until([&] { return heard.size() >= kCount; }));
  settle(other());
  ASSERT_EQ(heard.size(), std::size_t{kCount});
  EXPECT_TRUE(std::is_sorted(heard.begin(), heard.end()));
}

TEST_P(BusContract, APayloadMayBeAnyBytes) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  all += "\r\nPING\r\nMSG a 1 1\r\nx\r\n";
  std::vector<std::string> heard;
  const auto subscription =
      subscribe(other(), "a", [&](const bus::BusMessage& message) { heard.emplace_back(message.payload); });
  EXPECT_TRUE(bus_->publish("a", all));
  EXPECT_TRUE(bus_->publish("a", ""));
  ASSERT_TRUE(until([&] { return heard.size() == 2; }));
  EXPECT_EQ(heard[0], all);
  EXPECT_EQ(heard[1], "");
}

TEST_P(BusContract, TheLargestPayloadArrivesAndOneMoreByteIsRefused) {
  std::string largest(bus::kMaxBusPayload, 'x');
  largest.back() = 'y';
  std::vector<std::string> heard;
  const auto subscription =
      subscribe(other(), "a", [&](const bus::BusMessage& message) { heard.emplace_back(message.payload); });
  EXPECT_TRUE(bus_->publish("a", largest));
  EXPECT_EQ(bus_->publish("a", largest + "z"), refuse(errc::bus_too_large));
  ASSERT_TRUE(until([&] { return heard.size() == 1; }));
  EXPECT_EQ(heard[0], largest);
  EXPECT_EQ(wait(ask(io_, *bus_, "a", largest + "z")), refuse(errc::bus_too_large));
}

TEST_P(BusContract, AStarMatchesOneTokenAndAnArrowTheRest) {
  Heard star, arrow;
  const auto one = subscribe(other(), "a.*.c", star.tell());
  const auto two = subscribe(other(), "a.>", arrow.tell());
  for (const char* subject : {"a", "a.b", "a.b.c", "a.b.b.c", "b.b.c", "a.b.c.d"})
    EXPECT_TRUE(bus_->publish(subject, ""));
  ASSERT_TRUE(until([&] { return arrow.messages.size() >= 4; }));
  settle(other());
  EXPECT_EQ(star.messages, Words{"a.b.c="});
  EXPECT_EQ(arrow.messages, (Words{"a.b=", "a.b.c=", "a.b.b.c=", "a.b.c.d="}));
}

TEST_P(BusContract, RefusesInvalidSubjects) {
  for (const char* subject :
       {"", ".", "a.", ".a", "a..b", "a b", "a\r\nPUB b", "a.*", "a.>", "a\t", "\xC3\xA4", "$SYS.a"}) {
    EXPECT_EQ(bus_->publish(subject, ""), refuse(Errc::invalid_argument)) << subject;
    EXPECT_EQ(wait(ask(io_, *bus_, subject, "")), refuse(Errc::invalid_argument)) << subject;
  }
  for (const char* pattern : {"", "a.", "a.>.b", "a*", "a b", "a\r\n", ">a"}) {
    EXPECT_EQ(bus_->subscribe(pattern, [](const bus::BusMessage&) {}).error(), Errc::invalid_argument) << pattern;
  }
  for (const char* queue : {"a b", "a.b", "*", "a\r\n"}) {
    EXPECT_EQ(bus_->subscribe(
                      "a", [](const bus::BusMessage&) {}, queue)
                  .error(),
              Errc::invalid_argument)
        << queue;
  }
  EXPECT_EQ(bus_->subscribe("a", {}).error(), Errc::invalid_argument);
}

TEST_P(BusContract, OneSubscriptionOfAQueueReceivesEachMessage) {
  constexpr std::size_t kCount = 200;
  Heard first, second, without;
  const auto one = subscribe(*bus_, "a", first.tell(), "q");
  const auto two = subscribe(other(), "a", second.tell(), "q");
  const auto three = subscribe(other(), "a", without.tell());
  for (std::size_t i = 0; i < kCount; ++i) ASSERT_TRUE(bus_->publish("a", std::to_string(i)));
  ASSERT_TRUE(until(
      [&] { return without.messages.size() >= kCount && first.messages.size() + second.messages.size() >= kCount; }));
  settle(*bus_);
  settle(other());
  EXPECT_EQ(without.messages.size(), kCount);
  EXPECT_EQ(first.messages.size() + second.messages.size(), kCount);
  EXPECT_FALSE(first.messages.empty());
  EXPECT_FALSE(second.messages.empty());
}

TEST_P(BusContract, ADestroyedSubscriptionReceivesNothing) {
  Heard heard;
  auto subscription = subscribe(*bus_, "a", heard.tell());
  EXPECT_TRUE(bus_->publish("a", "on its way"));
  subscription.reset();
  EXPECT_TRUE(bus_->publish("a", "later"));
  settle(*bus_);
  EXPECT_TRUE(heard.messages.empty());
}

TEST_P(BusContract, ASubscriptionMayEndItselfOrAnotherDuringDelivery) {
  std::unique_ptr<bus::Subscription> one, two;
  int told = 0;
  const auto end_both = [&](const bus::BusMessage&) {
    ++told;
    one.reset();
    two.reset();
  };
  one = subscribe(*bus_, "a", end_both);
  two = subscribe(*bus_, "a", end_both);
  EXPECT_TRUE(bus_->publish("a", ""));
  EXPECT_TRUE(bus_->publish("a", ""));
  settle(*bus_);
  EXPECT_EQ(told, 1);
}

TEST_P(BusContract, ASubscriptionMadeDuringDeliveryReceivesLaterMessages) {
  Heard inner;
  std::unique_ptr<bus::Subscription> made;
  const auto outer = subscribe(*bus_, "a", [&](const bus::BusMessage&) {
    if (!made) made = std::move(*bus_->subscribe("b", inner.tell()));
    EXPECT_TRUE(bus_->publish("b", "x"));
  });
  EXPECT_TRUE(bus_->publish("a", ""));
  EXPECT_TRUE(until([&] { return inner.messages == Words{"b=x"}; }));
}

// Requests.

TEST_P(BusContract, ARequestGetsItsReply) {
  const auto echo = subscribe(other(), "echo", [&](const bus::BusMessage& message) {
    EXPECT_TRUE(bus::is_subject(message.reply_to)) << message.reply_to;
    EXPECT_TRUE(other().publish(message.reply_to, "re: " + std::string(message.payload)));
  });
  std::vector<std::shared_ptr<Reply>> replies;
  for (int i = 0; i < 100; ++i) replies.push_back(ask(io_, *bus_, "echo", std::to_string(i)));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(wait(replies[static_cast<std::size_t>(i)]), "re: " + std::to_string(i));
}

TEST_P(BusContract, AMessageThatIsNotARequestHasNoReplySubject) {
  std::optional<std::string> reply_to;
  const auto subscription =
      subscribe(other(), "a", [&](const bus::BusMessage& message) { reply_to = message.reply_to; });
  EXPECT_TRUE(bus_->publish("a", ""));
  ASSERT_TRUE(until([&] { return reply_to.has_value(); }));
  EXPECT_EQ(*reply_to, "");
}

TEST_P(BusContract, RepliesMayArriveInAnotherOrder) {
  std::vector<std::string> waiting;
  const auto subscription = subscribe(other(), "a", [&](const bus::BusMessage& message) {
    waiting.emplace_back(message.reply_to);
    if (waiting.size() < 2) return;
    EXPECT_TRUE(other().publish(waiting[1], "second"));
    EXPECT_TRUE(other().publish(waiting[0], "first"));
  });
  const auto first = ask(io_, *bus_, "a", "");
  const auto second = ask(io_, *bus_, "a", "");
  EXPECT_EQ(wait(first), "first");
  EXPECT_EQ(wait(second), "second");
}

TEST_P(BusContract, OnlyTheFirstReplyCounts) {
  const auto subscription = subscribe(other(), "a", [&](const bus::BusMessage& message) {
    for (const char* text : {"first", "second"}) EXPECT_TRUE(other().publish(message.reply_to, text));
  });
  EXPECT_EQ(wait(ask(io_, *bus_, "a", "")), "first");
  settle(other());
  settle(*bus_);
  EXPECT_EQ(wait(ask(io_, *bus_, "a", "")), "first");
}

TEST_P(BusContract, ARequestWithoutSubscribersHasNoResponders) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(wait(ask(io_, *bus_, "nobody", "")), refuse(errc::bus_no_responders));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

TEST_P(BusContract, AnUnansweredRequestTimesOut) {
  const auto subscription = subscribe(other(), "a", [](const bus::BusMessage&) {});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(wait(ask(io_, *bus_, "a", "", 100ms)), refuse(errc::bus_timeout));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 100ms);
}

TEST_P(BusContract, ALateReplyIsIgnored) {
  std::string reply_to;
  const auto subscription =
      subscribe(other(), "a", [&](const bus::BusMessage& message) { reply_to = message.reply_to; });
  EXPECT_EQ(wait(ask(io_, *bus_, "a", "", 50ms)), refuse(errc::bus_timeout));
  ASSERT_TRUE(until([&] { return !reply_to.empty(); }));
  const auto next = ask(io_, *bus_, "a", "", 200ms);
  EXPECT_TRUE(other().publish(reply_to, "late"));
  EXPECT_EQ(wait(next), refuse(errc::bus_timeout));
}

// Termination.

TEST_P(BusContract, APendingRequestEndsWhenTheBusIsDestroyed) {
  auto bus = join();
  const auto subscription = subscribe(*bus, "a", [](const bus::BusMessage&) {});
  const auto reply = ask(io_, *bus, "a", "", 60s);
  run_for(io_, 20ms);
  bus.reset();
  EXPECT_EQ(wait(reply), refuse(errc::bus_disconnected));
}

TEST_P(BusContract, SubscriptionsMayOutliveTheBus) {
  Heard heard;
  auto bus = join();
  const auto subscription = subscribe(*bus, "a", heard.tell());
  EXPECT_TRUE(bus->publish("a", "on its way"));
  bus.reset();
  EXPECT_TRUE(bus_->publish("a", "later"));
  run_for(io_, 50ms);
  EXPECT_TRUE(heard.messages.empty());
}

TEST_P(BusContract, ABusMayBeDestroyedDuringDelivery) {
  auto bus = join();
  int told = 0;
  const auto subscription = subscribe(*bus, "a", [&](const bus::BusMessage&) {
    ++told;
    bus.reset();
  });
  EXPECT_TRUE(bus->publish("a", ""));
  EXPECT_TRUE(bus->publish("a", ""));
  EXPECT_TRUE(until([&] { return !bus; }));
  run_for(io_, 50ms);
  EXPECT_EQ(told, 1);
}

TEST_P(BusContract, SendsPublishedMessagesBeforeItIsDestroyed) {
  Heard heard;
  const auto subscription = subscribe(other(), "goodbye", heard.tell());
  if (!GetParam().several_units) GTEST_SKIP() << "one unit: nobody is left to hear it";
  auto bus = join();
  EXPECT_TRUE(bus->publish("goodbye", "x"));
  bus.reset();
  EXPECT_TRUE(until([&] { return heard.messages == Words{"goodbye=x"}; }));
}

}  // namespace

}  // namespace redan::cloud::test
