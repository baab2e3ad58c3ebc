// Three real etcd nodes, some of which fail.
#include "cloud/store/etcd.hpp"

#include <map>
#include <set>

#include "cloud/errors.hpp"
#include "tests/cloud/store/contract.hpp"
#include "tests/interop/etcd/etcd_nodes.hpp"

namespace redan::cloud::test {

namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

class EtcdCluster : public testing::Test {
 protected:
  void SetUp() override {
    if (etcd_program().empty()) GTEST_SKIP() << "no etcd at /usr/bin/etcd (Debian: etcd-server)";
    nodes_ = std::make_unique<EtcdNodes>(3);
    store_ = store::etcd_store(io_, nodes_->config("redan-test/"));
  }
  template <class T>
  T wait(net::Task<T> task) {
    return wait_for(io_, std::move(task));
  }
  SteadyClock::duration time(const std::function<void()>& what) {
    const auto begin = SteadyClock::now();
    what();
    return SteadyClock::now() - begin;
  }

  boost::asio::io_context io_{1};
  std::unique_ptr<EtcdNodes> nodes_;
  std::unique_ptr<store::Store> store_;
};

struct Load {
  std::map<std::string, store::Revision> acknowledged;
  std::map<std::string, Errc> failed;
  std::chrono::steady_clock::time_point last_acknowledged;
  bool stop = false;
  int running = 0;
};

net::Task<void> keep_putting(store::Store& store, int lane, Load& load) {
  ++load.running;
  for (int i = 0; !load.stop; ++i) {
    std::string key = "load/" + std::to_string(lane) + "/" + std::to_string(i);
    std::string value = key;
    const auto put = co_await store.put(key, value, store::Absent{});
    if (put) {
      load.acknowledged[key] = *put;
      load.last_acknowledged = SteadyClock::now();
    } else {
      load.failed[key] = put.error();
    }
  }
  --load.running;
}

TEST_F(EtcdCluster, KillingTheLeaderLosesNoAcknowledgedWrite) {
  Load load;
  Told told;
  const auto watch = store_->watch("load/", store::Revision{}, told.teller());
  for (int lane = 0; lane < 8; ++lane) {
    boost::asio::co_spawn(io_, keep_putting(*store_, lane, load), boost::asio::detached);
  }
  run_for(io_, 1500ms);
  const std::size_t before = load.acknowledged.size();
  ASSERT_GT(before, 100U);
  nodes_->kill(nodes_->leader());
  const auto killed = SteadyClock::now();
  run_for(io_, 6s);
  load.stop = true;
  ASSERT_TRUE(run_until(io_, [&] { return load.running == 0; }));
  EXPECT_GT(load.acknowledged.size(), before + 100) << "it did not go on";
  EXPECT_GT(load.last_acknowledged, killed + 5s);

  std::map<std::string, store::Entry> found;
  std::string after;
  for (bool more = true; more;) {
    const auto page = wait(store_->list("load/", after, 1000));
    ASSERT_TRUE(page);
    for (const store::Entry& entry : page->entries) found[entry.key] = entry;
    after = page->entries.back().key;
    more = page->more;
  }
  for (const auto& [key, revision] : load.acknowledged) {
    ASSERT_TRUE(found.contains(key)) << key;
    EXPECT_EQ(found[key].modified, revision) << key;
    EXPECT_EQ(found[key].value, key);
  }
  std::map<Errc, int> failures;
  for (const auto& [key, error] : load.failed) {
    ++failures[error];
    // Each key is put once, so a conflict could only be one with a commit of ours that was reported as failed.
    EXPECT_NE(error, errc::store_conflict) << key;
    if (error == errc::store_no_majority) {
      EXPECT_FALSE(found.contains(key)) << key;
    }
  }
  for (const auto& [error, times] : failures) std::printf("  %d x %s\n", times, std::string(name(error)).c_str());
  std::printf("  %zu acknowledged before, %zu after the leader was killed\n", before,
              load.acknowledged.size() - before);
  EXPECT_TRUE(run_until(io_, [&] { return told.events.size() == found.size(); })) << told.events.size();
}

TEST_F(EtcdCluster, WithoutAMajorityCallsFailInTwoSecondsUntilItRecovers) {
  const store::Revision first = wait(store_->put("k", "1")).value();
  Told told;
  const auto watch = store_->watch("k", first, told.teller());
  ASSERT_TRUE(run_until(io_, [&] { return told.ticks > 0; }));
  const std::size_t survivor = nodes_->leader();
  for (std::size_t i = 0; i < 3; ++i) {
    if (i != survivor) nodes_->kill(i);
  }
  run_for(io_, 1100ms);
  EXPECT_LT(time([&] { EXPECT_EQ(wait(store_->put("k", "2")), refuse(errc::store_no_majority)); }), 2200ms);
  EXPECT_LT(time([&] { EXPECT_EQ(wait(store_->get("k")).error(), errc::store_no_majority); }), 2200ms);
  EXPECT_LT(time([&] { EXPECT_EQ(wait(store_->grant_lease(5s)).error(), errc::store_no_majority); }), 2200ms);
  const int ticks = told.ticks;
  run_for(io_, 2s);
  EXPECT_EQ(told.ticks, ticks) << "up to date without a majority";

  for (std::size_t i = 0; i < 3; ++i) {
    if (i != survivor) nodes_->start(i);
  }
  nodes_->wait_until_ready();
  EXPECT_EQ(wait(store_->get("k")).value()->modified, first);
  const store::Revision second = wait(store_->put("k", "3", store::Unchanged{first})).value();
  EXPECT_TRUE(run_until(io_, [&] { return told.up_to_date >= second; }));
  EXPECT_EQ(told.events, std::vector<std::string>{"put k=3@" + std::to_string(second.value)});
}

TEST_F(EtcdCluster, APendingCommitIsNotReportedAsFailedWhenTheMajorityFails) {
  ASSERT_TRUE(wait(store_->put("k", "1")));
  const std::size_t survivor = nodes_->leader();
  for (std::size_t i = 0; i < 3; ++i) {
    if (i != survivor) nodes_->kill(i);
  }
  EXPECT_LT(time([&] { EXPECT_EQ(wait(store_->put("k", "2")), refuse(errc::store_unknown_outcome)); }), 2200ms);
}

TEST_F(EtcdCluster, AWatchContinuesAtAnotherNode) {
  Told told;
  const auto watch = store_->watch("k", store::Revision{}, told.teller());
  std::vector<std::string> acknowledged;
  std::set<std::string> unknown;
  for (int value = 1; acknowledged.size() < 20; ++value) {
    const std::string text = "put k=" + std::to_string(value);
    const auto put = wait(store_->put("k", std::to_string(value)));
    if (put) {
      acknowledged.push_back(text + "@" + std::to_string(put->value));
    } else if (put.error() == errc::store_unknown_outcome) {
      unknown.insert(text);
    }
    if (value > 1) {
      run_for(io_, 20ms);
      continue;
    }
    ASSERT_TRUE(run_until(io_, [&] { return told.events.size() == 1; }));
    nodes_->kill(0);
  }
  ASSERT_TRUE(run_until(io_, [&] { return told.events.back() == acknowledged.back(); })) << told.events.back();
  // etcd may have committed a put whose outcome the client did not learn.
  std::erase_if(told.events,
                [&](const std::string& event) { return unknown.contains(event.substr(0, event.find('@'))); });
  EXPECT_EQ(told.events, acknowledged);
}

TEST_F(EtcdCluster, ASilentNodeIsSkipped) {
  ASSERT_TRUE(wait(store_->put("k", "1")));
  const std::size_t frozen = nodes_->leader() == 0 ? 1 : 0;
  store::EtcdConfig config = nodes_->config("redan-test/");
  std::swap(config.endpoints[0], config.endpoints[frozen]);
  const auto store = store::etcd_store(io_, config);
  Told told;
  const auto watch = store->watch("k", wait(store->get("k")).value()->modified, told.teller());
  ASSERT_TRUE(run_until(io_, [&] { return told.ticks > 0; }));
  nodes_->freeze(frozen);
  EXPECT_TRUE(wait(store->get("k")));
  EXPECT_LT(time([&] { EXPECT_TRUE(wait(store->put("k", "2"))); }), 500ms) << "it still asks the frozen one first";
  EXPECT_TRUE(run_until(
      io_, [&] { return told.events.size() == 1; }, 6s));
  nodes_->thaw(frozen);
}

}  // namespace

}  // namespace redan::cloud::test
