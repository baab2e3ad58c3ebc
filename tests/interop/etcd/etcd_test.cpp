// One real etcd: the contract, and behaviour specific to etcd.
#include "cloud/store/etcd.hpp"

#include "cloud/errors.hpp"
#include "tests/cloud/store/contract.hpp"
#include "tests/interop/etcd/etcd_nodes.hpp"
#include "tests/interop/etcd/forgetful_proxy.hpp"

namespace redan::cloud::test {

namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

/// Shared by all tests; null if etcd is not installed.
std::unique_ptr<EtcdNodes>& node() {
  static std::unique_ptr<EtcdNodes> only = etcd_program().empty() ? nullptr : std::make_unique<EtcdNodes>(1);
  return only;
}

std::string fresh_prefix() {
  static int number = 0;
  return "redan-test/" + std::to_string(++number) + "/";
}

class EtcdPlace final : public Place {
 public:
  std::unique_ptr<store::Store> open(boost::asio::io_context& io) override {
    return store::etcd_store(io, node()->config(prefix_));
  }

 private:
  std::string prefix_ = fresh_prefix();
};

INSTANTIATE_TEST_SUITE_P(Etcd, StoreContract,
                         testing::Values(Implementation{"etcd", true,
                                                        []() -> std::unique_ptr<Place> {
                                                          if (!node()) return nullptr;
                                                          return std::make_unique<EtcdPlace>();
                                                        }}),
                         name_of);

class EtcdStore : public testing::Test {
 protected:
  void SetUp() override {
    if (!node()) GTEST_SKIP() << "no etcd at /usr/bin/etcd (Debian: etcd-server)";
    config_ = node()->config(fresh_prefix());
  }
  std::unique_ptr<store::Store> open() {
    return store::etcd_store(io_, config_, [this](const store::StoreFailure& failure) { reports_.push_back(failure); });
  }
  template <class T>
  T wait(net::Task<T> task) {
    return wait_for(io_, std::move(task));
  }

  boost::asio::io_context io_{1};
  store::EtcdConfig config_;
  std::vector<store::StoreFailure> reports_;
};

TEST_F(EtcdStore, StoresWithDifferentPrefixesAreSeparate) {
  const auto one = open();
  config_.prefix = fresh_prefix();
  const auto other = open();
  ASSERT_TRUE(wait(one->put("k", "1")));
  EXPECT_EQ(wait(other->get("k")).value(), std::nullopt);
  EXPECT_TRUE(wait(other->list("", "", 10))->entries.empty());
}

TEST_F(EtcdStore, AServerOfAnotherAuthorityIsNotTrusted) {
  config_.authority_pem = node()->strangers_authority();
  EXPECT_EQ(wait(open()->put("k", "1")), refuse(errc::store_failed));
  ASSERT_FALSE(reports_.empty());
  EXPECT_NE(reports_[0].detail.find("vouches"), std::string::npos) << reports_[0].detail;
}

TEST_F(EtcdStore, AClientOfAnotherAuthorityIsRefused) {
  config_.identity = &node()->stranger();
  EXPECT_EQ(wait(open()->put("k", "1")), refuse(errc::store_failed));
  ASSERT_FALSE(reports_.empty());
  EXPECT_NE(reports_[0].detail.find("refused our client certificate"), std::string::npos) << reports_[0].detail;
}

TEST_F(EtcdStore, AClientWithoutACertificateIsRefused) {
  config_.identity = nullptr;
  const auto listing = wait(open()->list("", "", 1));
  ASSERT_FALSE(listing);
  EXPECT_EQ(listing.error(), errc::store_failed);
}

TEST_F(EtcdStore, AnUnreachableEndpointIsSkipped) {
  config_.endpoints.insert(config_.endpoints.begin(), store::EtcdEndpoint{"127.0.0.1", 1});
  const auto store = open();
  Told told;
  const auto watch = store->watch("k", store::Revision{1}, told.teller());
  EXPECT_TRUE(wait(store->put("k", "1")));
  EXPECT_TRUE(run_until(io_, [&] { return told.events.size() == 1; }));
}

TEST_F(EtcdStore, WithoutAnyEndpointThereIsNoMajority) {
  config_.endpoints = {{"127.0.0.1", 1}};
  const auto store = open();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(wait(store->put("k", "1")), refuse(errc::store_no_majority));
  EXPECT_EQ(wait(store->get("k")).error(), errc::store_no_majority);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 4500ms);
}

TEST_F(EtcdStore, AListOfLargeValuesHasShorterPages) {
  const auto store = open();
  const std::string large(store::kMaxValueSize, 'v');
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(wait(store->put("k" + std::to_string(10 + i), large)));
  std::size_t read = 0;
  std::string after;
  for (bool more = true; more;) {
    const auto page = wait(store->list("k", after, 100));
    ASSERT_TRUE(page);
    ASSERT_FALSE(page->entries.empty());
    read += page->entries.size();
    after = page->entries.back().key;
    more = page->more;
  }
  EXPECT_EQ(read, 20U);
}

TEST_F(EtcdStore, AWatchWhoseHistoryIsCompactedIsLost) {
  const auto store = open();
  const store::Revision old = wait(store->put("k", "1")).value();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(wait(store->put("k", "2")));
  const store::Revision last = wait(store->put("k", "3")).value();
  node()->compact(last);
  Told lost;
  Told told;
  const auto from_old = store->watch("k", old, lost.teller());
  const auto from_last = store->watch("k", last, told.teller());
  ASSERT_TRUE(wait(store->put("k", "4")));
  ASSERT_TRUE(run_until(io_, [&] { return !lost.events.empty() && !told.events.empty(); }));
  EXPECT_EQ(lost.events, Words{"lost"});
  EXPECT_EQ(told.events[0].substr(0, 7), "put k=4");
}

TEST_F(EtcdStore, AWatchThatStartsBeforeTheFirstOneIsServedOrLost) {
  const auto store = open();
  const store::Revision old = wait(store->put("k", "1")).value();
  const store::Revision next = wait(store->put("k", "2")).value();
  Told first;
  Told second;
  const auto from_next = store->watch("k", next, first.teller());
  const auto from_old = store->watch("k", old, second.teller());
  ASSERT_TRUE(run_until(io_, [&] { return !second.events.empty() && first.ticks > 0; }));
  EXPECT_EQ(second.events, Words{"put k=2@" + std::to_string(next.value)});
  EXPECT_TRUE(first.events.empty());
}

TEST_F(EtcdStore, WatchingAgainAfterAPauseWorks) {
  const auto store = open();
  for (int i = 0; i < 3; ++i) {
    const store::Revision since = wait(store->list("", "", 1))->revision;
    Told told;
    const auto watch = store->watch("k", since, told.teller());
    ASSERT_TRUE(wait(store->put("k", std::to_string(i))));
    ASSERT_TRUE(run_until(io_, [&] { return told.events.size() == 1; }));
    if (i == 1) continue;  // at once
    run_for(io_, 300ms);
  }
}

TEST_F(EtcdStore, WatchingStoresShareTheBeacon) {
  std::vector<std::unique_ptr<store::Store>> stores;
  std::vector<std::unique_ptr<store::Watch>> watches;
  Told told[6];
  // Not from the first revision on, because other tests compact this etcd.
  const store::Revision now = wait(open()->list("", "", 1))->revision;
  for (Told& each : told) {
    stores.push_back(open());
    watches.push_back(stores.back()->watch("", now, each.teller()));
  }
  run_for(io_, 1s);
  const store::Revision before = wait(stores[0]->list("", "", 1))->revision;
  run_for(io_, 5s);
  const store::Revision after = wait(stores[0]->list("", "", 1))->revision;
  EXPECT_GE(after.value - before.value, 5U);
  EXPECT_LE(after.value - before.value, 25U) << "more than the stores' own";
  for (const Told& each : told) EXPECT_GE(each.ticks, 5);
}

net::Task<void> count_to(store::Store& store, int target, int& unknown, bool& over) {
  store::Revision last{};
  for (int i = 1; i <= target; ++i) {
    const store::Expect expect =
        last == store::Revision{} ? store::Expect(store::Absent{}) : store::Expect(store::Unchanged{last});
    const auto put = co_await store.put("counter", std::to_string(i), expect);
    if (put) {
      last = *put;
      continue;
    }
    ++unknown;
    ADD_FAILURE() << "at " << i << ": " << name(put.error());
    break;
  }
  over = true;
}

TEST_F(EtcdStore, ACommitWithALostAnswerIsAppliedOnceAndSucceeds) {
  // Counting with Unchanged detects both a commit that was applied twice and one that is reported as a conflict with
  // itself.
  ForgetfulProxy one(io_, config_.endpoints[0].port, 5);
  ForgetfulProxy other(io_, config_.endpoints[0].port, 5);
  config_.endpoints = {{"127.0.0.1", one.port()}, {"127.0.0.1", other.port()}};
  const auto store = open();
  int unknown = 0;
  bool over = false;
  boost::asio::co_spawn(io_, count_to(*store, 200, unknown, over), boost::asio::detached);
  ASSERT_TRUE(run_until(
      io_, [&] { return over; }, 60s));
  EXPECT_EQ(unknown, 0);
  EXPECT_EQ(wait(store->get("counter")).value()->value, "200");
  EXPECT_GT(one.forgotten(), 10);
  EXPECT_GT(other.forgotten(), 10);
}

TEST_F(EtcdStore, AConflictWithALostAnswerIsReportedAsAConflict) {
  ForgetfulProxy one(io_, config_.endpoints[0].port, 2);
  ForgetfulProxy other(io_, config_.endpoints[0].port, 2);
  const auto direct = open();
  ASSERT_TRUE(wait(direct->put("k", "theirs")));
  config_.endpoints = {{"127.0.0.1", one.port()}, {"127.0.0.1", other.port()}};
  const auto store = open();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(wait(store->put("k", "ours", store::Absent{})), refuse(errc::store_conflict));
  EXPECT_GT(one.forgotten(), 5);
  EXPECT_GT(other.forgotten(), 5);
  EXPECT_EQ(wait(direct->get("k")).value()->value, "theirs");
}

TEST_F(EtcdStore, ACommitWithoutAnAnswerIsUnknownAtTheDeadline) {
  ForgetfulProxy proxy(io_, config_.endpoints[0].port, 0);
  config_.endpoints = {{"127.0.0.1", proxy.port()}};
  const auto store = open();
  ASSERT_TRUE(wait(store->put("k", "1")));
  proxy.forget_everything();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(wait(store->put("k", "2")), refuse(errc::store_unknown_outcome));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2300ms);
  // No node has answered recently, so nothing is sent that could have an unknown outcome.
  EXPECT_EQ(wait(store->put("k", "3")), refuse(errc::store_no_majority));
}

}  // namespace

}  // namespace redan::cloud::test
