// An etcd with users: login, permissions, and replacing a token that etcd has forgotten.
#include "cloud/errors.hpp"
#include "cloud/store/etcd.hpp"
#include "tests/cloud/store/contract.hpp"
#include "tests/interop/etcd/etcd_nodes.hpp"

namespace redan::cloud::test {

namespace {

constexpr const char* kOwn = "redan/ams/";
constexpr const char* kForeign = "redan/gateway/";

class EtcdUsers : public testing::Test {
 protected:
  void SetUp() override {
    if (etcd_program().empty()) GTEST_SKIP() << "no etcd at /usr/bin/etcd (Debian: etcd-server)";
    nodes_.emplace(1);
  }
  store::EtcdConfig config(const std::string& password, const std::string& prefix) {
    store::EtcdConfig config = nodes_->config(prefix);
    config.user = "ams";
    config.password = std::make_shared<const Secret<256>>(as_bytes(password));
    return config;
  }
  std::unique_ptr<store::Store> open(store::EtcdConfig config) {
    return store::etcd_store(io_, std::move(config),
                             [this](const store::StoreFailure& failure) { said_ += failure.detail + "\n"; });
  }
  template <class T>
  T wait(net::Task<T> task) {
    return wait_for(io_, std::move(task));
  }

  std::optional<EtcdNodes> nodes_;
  boost::asio::io_context io_{1};
  std::string said_;
};

TEST_F(EtcdUsers, AStoreReadsAndWritesItsOwnPrefixAndNoOther) {
  nodes_->require_users("ams", "right", kOwn);
  const auto own = open(config("right", kOwn));
  EXPECT_TRUE(wait(own->put("k", "1")));
  EXPECT_EQ(wait(own->get("k")).value()->value, "1");
  EXPECT_EQ(wait(own->list("", "", 10))->entries.size(), 1U);
  const auto foreign = open(config("right", kForeign));
  EXPECT_EQ(wait(foreign->get("k")), refuse(errc::store_failed));
  EXPECT_EQ(wait(foreign->put("k", "1")), refuse(errc::store_failed));
  EXPECT_NE(said_.find("permission denied"), std::string::npos) << said_;
}

TEST_F(EtcdUsers, AStoreIsRefusedWithAWrongPassword) {
  nodes_->require_users("ams", "right", kOwn);
  EXPECT_EQ(wait(open(config("wrong", kOwn))->get("k")), refuse(errc::store_failed));
  EXPECT_NE(said_.find("authentication failed"), std::string::npos) << said_;
}

TEST_F(EtcdUsers, AStoreIsRefusedWithoutAUser) {
  nodes_->require_users("ams", "right", kOwn);
  EXPECT_EQ(wait(open(nodes_->config(kOwn))->get("k")), refuse(errc::store_failed));
}

TEST_F(EtcdUsers, AStoreWithAUserRefusesAnEtcdWithoutAuthentication) {
  EXPECT_EQ(wait(open(config("right", kOwn))->get("k")), refuse(errc::store_failed));
  EXPECT_NE(said_.find("authentication is not enabled"), std::string::npos) << said_;
}

TEST_F(EtcdUsers, CallsAndWatchesContinueWhenEtcdHasForgottenTheToken) {
  nodes_->require_users("ams", "right", kOwn);
  const auto store = open(config("right", kOwn));
  ASSERT_TRUE(wait(store->put("k", "1")));
  std::string seen;
  const auto watch = store->watch("", store::Revision{}, [&](const store::WatchEvent& event) {
    if (const auto* put = std::get_if<store::PutSeen>(&event)) seen = put->entry.value;
  });
  ASSERT_TRUE(run_until(io_, [&] { return seen == "1"; }));
  // Its tokens are in memory.
  nodes_->kill(0);
  nodes_->start(0);
  nodes_->wait_until_ready();
  EXPECT_TRUE(wait(store->put("k", "2"))) << said_;
  EXPECT_TRUE(run_until(
      io_, [&] { return seen == "2"; }, std::chrono::seconds(30)))
      << said_;
}

}  // namespace

}  // namespace redan::cloud::test
