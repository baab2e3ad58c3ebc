#include "wamp/router/history.hpp"

#include "tests/wamp/router/router_fixture.hpp"
#include "wamp/router/uris.hpp"

namespace redan::wamp {
namespace {

class PastEvents : public test::RouterFixture {
 protected:
  void SetUp() override {
    RouterConfig config = open_router("realm1");
    config.realms[0].history.events_per_topic = 2;
    start(std::move(config));
  }
  List events(test::Client& client, Id subscription) {
    ask(client, R"([48,#,{},"wamp.subscription.get_events",[)" + std::to_string(subscription) + ",10]]");
    const auto result = take<Result>(client);
    return result.payload.args.empty() ? List{} : *result.payload.args[0].get_if<List>();
  }
};

TEST_F(PastEvents, IncludeTheLastEventsOfEachTopic) {
  auto& a = join();
  for (int i = 0; i < 3; ++i) ask(a, R"([16,#,{},"com.t",[)" + std::to_string(i) + "]]");
  ask(a, R"([16,#,{},"com.u",[9]])");
  auto& b = join();
  const List of_t = events(b, subscribe(b, "com.t"));
  ASSERT_EQ(of_t.size(), 2U);
  EXPECT_EQ(*of_t[0].get_if<Dict>()->find("args"), Value(List{1}));
  EXPECT_EQ(*of_t[1].get_if<Dict>()->find("args"), Value(List{2}));
  EXPECT_EQ(events(b, subscribe(b, "com.", R"({"match":"prefix"})")).size(), 3U);
}

TEST_F(PastEvents, ContainSealedPayloadsUnchanged) {
  auto& a = join();
  ask(a, R"([16,#,{"enc_algo":"cryptobox"},"com.t","\u0000AAEC"])");
  const List kept = events(a, subscribe(a, "com.t"));
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(*kept[0].get_if<Dict>()->find("payload"), Value(Binary{0, 1, 2}));
  EXPECT_EQ(*kept[0].get_if<Dict>()->find("enc_algo"), Value("cryptobox"));
}

TEST_F(PastEvents, AreForSubscribersOnly) {
  auto& a = join();
  auto& b = join();
  const Id subscription = subscribe(a, "com.t");
  ask(b, R"([48,#,{},"wamp.subscription.get_events",[)" + std::to_string(subscription) + "]]");
  expect_error(b, uris::kNoSuchSubscription);
  ask(b, R"([48,#,{},"wamp.subscription.get_events",["x"]])");
  expect_error(b, uris::kInvalidArgument);
}

TEST_F(PastEvents, ExcludeEventsWithARestrictedAudience) {
  auto& a = join();
  ask(a, R"([16,#,{"eligible":[5]},"com.t",[1]])");
  ask(a, R"([16,#,{"exclude_authid":["x"]},"com.t",[1]])");
  EXPECT_TRUE(events(a, subscribe(a, "com.t")).empty());
}

TEST(History, DropsTheOldestOfAll) {
  History history({.events_per_topic = 10, .max_events = 3, .max_bytes = 100'000});
  for (int i = 0; i < 5; ++i) history.add({"t" + std::to_string(i), 1, {}, {{i}, {}, {}}});
  const auto kept = history.last(Match::prefix, "", 10);
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept[0]->topic, "t2");
  EXPECT_EQ(history.last(Match::prefix, "", 1)[0]->topic, "t4");
}

TEST(History, LimitsTheBytes) {
  History history({.events_per_topic = 10, .max_events = 100, .max_bytes = 10'000});
  for (int i = 0; i < 5; ++i) history.add({"t", 1, {}, {{std::string(3'000, 'x')}, {}, {}}});
  EXPECT_EQ(history.last(Match::exact, "t", 10).size(), 3U);
  history.add({"t", 1, {}, {{std::string(20'000, 'x')}, {}, {}}});
  EXPECT_EQ(history.last(Match::exact, "t", 10).size(), 3U);
}

}  // namespace
}  // namespace redan::wamp
