#include "cloud/store/replica.hpp"

#include "cloud/store/memory.hpp"
#include "tests/net/http/http_fixture.hpp"

namespace redan::cloud::test {
namespace {

using namespace std::chrono_literals;

/// A store whose watch can be lost, and whose listings can fail.
class LosingStore final : public store::Store {
 public:
  explicit LosingStore(boost::asio::io_context& io) : inner_(store::memory_store(io)) {}

  net::Task<Result<std::optional<store::Entry>>> get(std::string key) override { return inner_->get(std::move(key)); }
  net::Task<Result<store::Listing>> list(std::string prefix, std::string after, std::size_t limit) override {
    ++listings;
    if (unreachable) co_return refuse(errc::store_failed);
    co_return co_await inner_->list(std::move(prefix), std::move(after), limit);
  }
  net::Task<Result<store::Revision>> commit(std::vector<store::Change> changes) override {
    return inner_->commit(std::move(changes));
  }
  std::unique_ptr<store::Watch> watch(std::string prefix, store::Revision since,
                                      std::function<void(const store::WatchEvent&)> handler) override {
    ++watches;
    handler_ = handler;
    return inner_->watch(std::move(prefix), since, std::move(handler));
  }
  net::Task<Result<store::LeaseId>> grant_lease(std::chrono::seconds ttl) override { return inner_->grant_lease(ttl); }
  net::Task<Result<void>> keep_alive(store::LeaseId lease) override { return inner_->keep_alive(lease); }
  net::Task<Result<void>> revoke_lease(store::LeaseId lease) override { return inner_->revoke_lease(lease); }

  void lose_the_watch() { handler_(store::WatchLost{}); }

  bool unreachable = false;
  int listings = 0, watches = 0;

 private:
  std::unique_ptr<store::Store> inner_;
  std::function<void(const store::WatchEvent&)> handler_;
};

class ReplicaTest : public net::test::HttpFixture {
 protected:
  ReplicaTest() : store_(io), replica_(io, store_, parts()) {}

  store::ReplicaParts parts() {
    store::ReplicaParts parts;
    parts.prefix = "/a/";
    parts.load = [this] { return load(); };
    parts.on_put = [this](const store::Entry& entry) { copy_[entry.key] = entry.value; };
    parts.on_erase = [this](const std::string& key) { copy_.erase(key); };
    parts.on_fresh = [this] { ++fresh_; };
    parts.on_event = [this] { ++events_; };
    return parts;
  }
  net::Task<Result<void>> load() {
    ++loads_;
    REDAN_CO_TRY(const auto all, co_await store::list_all(store_, "/a/"));
    copy_.clear();
    for (const store::Entry& entry : all) copy_[entry.key] = entry.value;
    co_return Result<void>{};
  }
  store::Revision put(const std::string& key, const std::string& value) { return *run(store_.put(key, value)); }

  LosingStore store_;
  std::map<std::string, std::string> copy_;
  int loads_ = 0, fresh_ = 0, events_ = 0;
  store::Replica replica_;
};

TEST_F(ReplicaTest, IsLoadedAndFollowsWhatIsPutAndErased) {
  put("/a/1", "one");
  put("/b/1", "elsewhere");
  ASSERT_TRUE(run(replica_.start()));
  EXPECT_EQ(copy_, (std::map<std::string, std::string>{{"/a/1", "one"}}));
  EXPECT_GE(fresh_, 1);
  const auto revision = put("/a/2", "two");
  EXPECT_TRUE(until([&] { return replica_.seen() >= revision; }));
  EXPECT_EQ(copy_["/a/2"], "two");
  ASSERT_TRUE(run(store_.erase("/a/1")));
  EXPECT_TRUE(until([&] { return !copy_.contains("/a/1"); }));
  EXPECT_GE(events_, 2);
  EXPECT_EQ(loads_, 1);
}

TEST_F(ReplicaTest, FailsToStartWhileTheStoreIsUnreachable) {
  store_.unreachable = true;
  EXPECT_FALSE(run(replica_.start()));
  EXPECT_EQ(store_.watches, 0);
}

TEST_F(ReplicaTest, IsLoadedAgainWhenTheWatchIsLostUntilThatSucceeds) {
  ASSERT_TRUE(run(replica_.start()));
  put("/a/1", "one");
  store_.unreachable = true;
  const int before = store_.listings;
  store_.lose_the_watch();
  EXPECT_TRUE(until([&] { return store_.listings >= before + 2; }));
  EXPECT_EQ(store_.watches, 1);
  store_.unreachable = false;
  EXPECT_TRUE(until([&] { return store_.watches == 2; }));
  EXPECT_EQ(copy_["/a/1"], "one");
  put("/a/2", "two");
  EXPECT_TRUE(until([&] { return copy_.contains("/a/2"); }));
}

TEST_F(ReplicaTest, DoesNotFollowTheStoreOnceItIsStopped) {
  ASSERT_TRUE(run(replica_.start()));
  store_.lose_the_watch();
  replica_.stop();
  put("/a/1", "one");
  EXPECT_FALSE(until([&] { return !copy_.empty() || store_.watches > 1; }, 400ms));
}

}  // namespace
}  // namespace redan::cloud::test
