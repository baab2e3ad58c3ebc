// Which etcd a store connects to: one whose keys are large enough, or small keys if allowed.
#include "cloud/errors.hpp"
#include "cloud/store/etcd.hpp"
#include "tests/cloud/store/contract.hpp"
#include "tests/interop/etcd/etcd_nodes.hpp"

namespace redan::cloud::test {

namespace {

class EtcdTrust : public testing::TestWithParam<std::pair<const char*, const char*>> {
 protected:
  void SetUp() override {
    if (etcd_program().empty()) GTEST_SKIP() << "no etcd at /usr/bin/etcd (Debian: etcd-server)";
  }
};

TEST_P(EtcdTrust, ANodeWithASmallKeyIsRefusedUnlessAllowed) {
  const auto& [key, kind] = GetParam();
  EtcdNodes node(1, key);
  boost::asio::io_context io{1};
  std::string said;
  store::EtcdConfig strict = node.config("redan/");
  strict.allow_small_keys = false;
  const std::string host = "127.0.0.1:" + std::to_string(strict.endpoints[0].port);
  const auto refused =
      store::etcd_store(io, strict, [&](const store::StoreFailure& failure) { said = failure.detail; });
  EXPECT_EQ(wait_for(io, refused->put("k", "1")), refuse(errc::store_failed));
  EXPECT_NE(said.find(host + ": its certificate O=node has a key of " + kind + ", not RSA-4096"), std::string::npos)
      << said;
  EXPECT_NE(said.find("allow-small-keys"), std::string::npos) << said;
  const auto allowed = store::etcd_store(io, node.config("redan/"));
  EXPECT_TRUE(wait_for(io, allowed->put("k", "1")));
}

INSTANTIATE_TEST_SUITE_P(Keys, EtcdTrust,
                         testing::Values(std::pair("rsa:2048", "RSA-2048"),
                                         std::pair("ec -pkeyopt ec_paramgen_curve:P-256", "EC prime256v1")),
                         [](const auto& which) { return std::string(which.index == 0 ? "Rsa2048" : "P256"); });

}  // namespace

}  // namespace redan::cloud::test
