// Two AMS units on a real etcd cluster of three nodes: trust reaches both, also when nodes fail.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/cloud/store/contract.hpp"
#include "tests/interop/etcd/etcd_nodes.hpp"
#include "tests/trust/ams_process.hpp"

namespace redan::cloud::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class TwoUnits : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (etcd_program().empty()) return;
    folder_ = std::make_unique<TemporaryFolder>();
    etcd_ = std::make_unique<EtcdNodes>(3);
    for (const char* name : {"a", "b"}) {
      std::vector<std::string> more{
          "--etcd-allow-small-keys",        "--store", "etcd", "--trust-staleness", "4", "--secrets-key",
          secrets_key_file(folder_->path())};
      for (const store::EtcdEndpoint& endpoint : etcd_->config("").endpoints) {
        more.insert(more.end(), {"--etcd", endpoint.host + ":" + std::to_string(endpoint.port)});
      }
      const std::pair<const char*, const char*> files[] = {
          {"--etcd-ca", "ca.pem"}, {"--etcd-cert", "client.pem"}, {"--etcd-key", "client.key"}};
      for (const auto& [flag, file] : files) more.insert(more.end(), {flag, (etcd_->folder() / file).string()});
      units_.push_back(std::make_unique<AmsProcess>(
          AmsProcess::Options{.folder = folder_->path() / name, .name = std::string("node-") + name, .more = more}));
    }
  }
  static void TearDownTestSuite() {
    units_.clear();
    etcd_.reset();
    folder_.reset();
  }
  void SetUp() override {
    if (!etcd_) GTEST_SKIP() << "etcd is not installed (Debian: etcd-server)";
  }

  static AmsProcess& a() { return *units_[0]; }
  static AmsProcess& b() { return *units_[1]; }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline std::unique_ptr<EtcdNodes> etcd_;
  static inline std::vector<std::unique_ptr<AmsProcess>> units_;
};

TEST_F(TwoUnits, ShareOneSealingKeyThatEtcdDoesNotReveal) {
  const auto authority = [](AmsProcess& unit) {
    Client client(unit.local());
    return client.get("/1.0/seal").metadata().at("authority");
  };
  EXPECT_EQ(authority(a()), authority(b()));
  boost::asio::io_context io{1};
  const auto store = store::etcd_store(io, etcd_->config("redan/"));
  for (const char* key : {"/ams/1.0/secrets/seal", "/ams/1.0/secrets/instance-jwt"}) {
    const auto entry = wait_for(io, store->get(key)).value();
    ASSERT_TRUE(entry) << key;
    EXPECT_TRUE(entry->value.starts_with("sealed:")) << entry->value;
  }
}

TEST_F(TwoUnits, ACertificateAddedOnOneWorksOnTheOtherWithinASecond) {
  Client admin(a().local());
  for (int i = 0; i < 5; ++i) {
    const net::TlsIdentity identity = make_client("quick");
    Client client(b().remote(&identity));
    EXPECT_EQ(client.get("/1.0").metadata().at("auth"), "untrusted");
    ASSERT_EQ(admin.post("/1.0/certificates", certificate_body(identity, "quick", "viewer")).status, 202U);
    const auto added = Clock::now();
    EXPECT_TRUE(eventually([&] { return client.get("/1.0/instances").status == 200U; }, 1s));
    std::printf("  trusted on the other unit after %lld ms\n", static_cast<long long>((Clock::now() - added) / 1ms));
    ASSERT_EQ(admin.erase("/1.0/certificates/" + net::pin_text(identity.fingerprint.digest)).status, 202U);
  }
}

TEST_F(TwoUnits, RemovingACertificateClosesItsConnectionsOnBothWithinASecond) {
  Client admin(a().local());
  const net::TlsIdentity identity = make_client("cut");
  ASSERT_EQ(admin.post("/1.0/certificates", certificate_body(identity, "cut", "viewer")).status, 202U);
  boost::asio::io_context io{1};
  std::vector<std::shared_ptr<net::WebSocket>> sockets;
  int closed = 0;
  for (AmsProcess* unit : {&a(), &b()}) {
    ASSERT_TRUE(eventually([&] { return Client(unit->remote(&identity)).get("/1.0/nodes").status == 200U; }));
    net::WebSocketClientConfig config{.server = unit->remote(&identity), .target = "/1.0/events"};
    auto socket = wait_for(io, net::open_websocket(std::move(config)));
    ASSERT_TRUE(socket);
    (*socket)->on_close = [&closed] { ++closed; };
    sockets.push_back(*socket);
  }
  run_for(io, 300ms);
  ASSERT_EQ(closed, 0);
  ASSERT_EQ(admin.erase("/1.0/certificates/" + net::pin_text(identity.fingerprint.digest)).status, 202U);
  const auto removed = Clock::now();
  EXPECT_TRUE(run_until(
      io, [&] { return closed == 2; }, 1s))
      << closed;
  std::printf("  cut on both units after %lld ms\n", static_cast<long long>((Clock::now() - removed) / 1ms));
  for (AmsProcess* unit : {&a(), &b()}) {
    EXPECT_EQ(Client(unit->remote(&identity)).get("/1.0/instances").code, "trust_unknown");
  }
}

TEST_F(TwoUnits, AnInstanceRequestedOnOneRunsOnTheOther) {
  Client admin(a().local());
  ASSERT_EQ(admin.post("/1.0/applications", R"({"name":"app"})").status, 202U);
  const Answer launched = admin.post("/1.0/instances", R"({"name":"far","app_id":"app","node":"node-b"})");
  EXPECT_EQ(admin.finish(launched).at("status"), "Success");
  EXPECT_TRUE(eventually([&] { return admin.get("/1.0/instances/far").metadata().at("status") == "running"; }));
  EXPECT_EQ(admin.get("/1.0/instances/far/log").code, "conflict") << "the log is on the other node";
  EXPECT_EQ(Client(b().local()).get("/1.0/instances/far/log").status, 200U);
  EXPECT_EQ(admin.finish(admin.erase("/1.0/instances/far")).at("status"), "Success");
}

TEST_F(TwoUnits, KillingTheLeaderUnderLoadLosesNoAcknowledgedWrite) {
  Client admin(a().local());
  std::vector<std::string> acknowledged;
  std::map<std::string, int> refused;
  const auto begin = Clock::now();
  std::size_t killed = etcd_->leader();
  bool done = false;
  Clock::time_point last;
  while (Clock::now() - begin < 7s) {
    if (!done && Clock::now() - begin > 1500ms) {
      etcd_->kill(killed);
      done = true;
    }
    const net::TlsIdentity identity = make_client("load");
    const Answer answer = admin.post("/1.0/certificates", certificate_body(identity, "load", "viewer"));
    if (answer.status == 202) {
      acknowledged.push_back(net::pin_text(identity.fingerprint.digest));
      last = Clock::now();
    } else {
      ++refused[answer.code];
    }
  }
  EXPECT_GT(last, begin + 6s) << "it did not go on without its leader";
  EXPECT_GT(acknowledged.size(), 50U);
  std::printf("  %zu acknowledged", acknowledged.size());
  for (const auto& [code, count] : refused) std::printf(", %d x %s", count, code.c_str());
  std::printf("\n");
  Client other(b().local());
  for (const std::string& fingerprint : acknowledged) {
    EXPECT_TRUE(eventually([&] { return other.get("/1.0/certificates/" + fingerprint).status == 200U; }, 3s));
  }
  etcd_->start(killed);
  etcd_->wait_until_ready();
}

TEST_F(TwoUnits, KnownIdentitiesAreAcceptedForAWhileWithoutAMajority) {
  Client admin(a().local());
  const net::TlsIdentity known = make_client("known");
  const net::TlsIdentity late = make_client("late");
  ASSERT_EQ(admin.post("/1.0/certificates", certificate_body(known, "known", "admin")).status, 202U);
  Client client(b().remote(&known));
  ASSERT_TRUE(eventually([&] { return client.get("/1.0/certificates").status == 200U; }));
  etcd_->kill(0);
  etcd_->kill(1);
  const auto gone = Clock::now();
  const Answer refused = admin.post("/1.0/certificates", certificate_body(late, "late", "viewer"));
  EXPECT_LT(Clock::now() - gone, 3s);
  EXPECT_EQ(refused.status, 503U);
  EXPECT_TRUE(refused.code == "store_no_majority" || refused.code == "store_unknown_outcome") << refused.code;
  EXPECT_TRUE(net::find_header(refused.raw.headers, "Retry-After"));
  EXPECT_EQ(admin.post("/1.0/certificates", certificate_body(late, "late", "viewer")).code, "store_no_majority");
  // The limit is four seconds from the last contact with the store.
  if (Clock::now() - gone < 3s) {
    EXPECT_EQ(client.get("/1.0/certificates").status, 200U);
  }
  EXPECT_TRUE(eventually([&] { return client.get("/1.0/certificates").code == "trust_stale"; }, 8s));
  EXPECT_GT(Clock::now() - gone, 3s) << "the bound was not kept";
  EXPECT_EQ(client.get("/1.0/certificates").status, 503U);
  // The Unix socket does not depend on the trust store.
  EXPECT_EQ(admin.get("/1.0/config").status, 200U);
  etcd_->start(0);
  etcd_->start(1);
  etcd_->wait_until_ready();
  EXPECT_TRUE(eventually([&] { return client.get("/1.0/certificates").status == 200U; }, 15s));
  EXPECT_TRUE(eventually(
      [&] {
        const unsigned status = admin.post("/1.0/certificates", certificate_body(late, "late", "viewer")).status;
        return status == 202U || status == 409U;
      },
      15s));
}

}  // namespace
}  // namespace redan::cloud::test
