// Repeated `kill -9` of AMS during 1,400 instance operations, on both persistent stores: no operation is lost,
// duplicated or stuck, and running instances are found again.
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/json.hpp>
#include <random>

#include "tests/cloud/store/contract.hpp"
#include "tests/interop/etcd/etcd_nodes.hpp"
#include "tests/trust/ams_process.hpp"

namespace redan::cloud::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr int kInstances = 200;
constexpr int kKillsPerRound = 2;

enum class Kind { launch, stop, start, remove };

std::string name_of(int i) { return "i" + std::to_string(i); }

class Crash : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::vector<std::string> more;
    if (GetParam() == std::string("etcd")) {
      if (etcd_program().empty()) GTEST_SKIP() << "etcd is not installed (Debian: etcd-server)";
      etcd_ = std::make_unique<EtcdNodes>(1);
      const store::EtcdEndpoint endpoint = etcd_->config("").endpoints.front();
      const std::string folder = etcd_->folder().string();
      more = {"--etcd-allow-small-keys",
              "--store",
              "etcd",
              "--etcd",
              endpoint.host + ":" + std::to_string(endpoint.port),
              "--etcd-ca",
              folder + "/ca.pem",
              "--etcd-cert",
              folder + "/client.pem",
              "--etcd-key",
              folder + "/client.key",
              "--secrets-key",
              secrets_key_file(folder_.path())};
    }
    ams_ = std::make_unique<AmsProcess>(AmsProcess::Options{.folder = folder_.path() / "ams", .more = more});
    client_ = std::make_unique<Client>(ams_->local());
    ASSERT_EQ(client_->post("/1.0/applications", R"({"name":"app"})").status, 202U);
  }

  Answer ask(Kind kind, int i) {
    const std::string path = "/1.0/instances/" + name_of(i);
    switch (kind) {
      case Kind::launch:
        return client_->post("/1.0/instances", R"({"name":")" + name_of(i) + R"(","app_id":"app"})");
      case Kind::stop:
        return client_->patch(path, R"({"desired_status":"stopped"})");
      case Kind::start:
        return client_->patch(path, R"({"desired_status":"running"})");
      case Kind::remove:
        return client_->erase(path);
    }
    return {};
  }

  // One operation for each instance, during which AMS is killed. A client without an answer repeats its request.
  void round(Kind kind) {
    std::uniform_int_distribution<int> anywhere(1, kInstances - 1);
    std::set<int> kills;
    while (kills.size() < kKillsPerRound) kills.insert(anywhere(random_));
    for (int i = 0; i < kInstances; ++i) {
      Answer answer = ask(kind, i);
      if (kills.contains(i)) {
        ams_->kill();
        ams_->start();
        ++kills_;
      }
      for (int attempt = 0; answer.status != 202 && attempt < 20; ++attempt) {
        const bool made = (kind == Kind::launch && answer.status == 409) ||
                          (kind == Kind::remove && (answer.status == 404 || answer.status == 409));
        if (made) break;
        std::this_thread::sleep_for(50ms);
        answer = ask(kind, i);
      }
      if (answer.status == 202) acknowledged_.push_back(answer.operation());
    }
    EXPECT_TRUE(eventually([&] { return unfinished() == 0; }, 60s)) << unfinished() << " operations are stuck";
  }

  // Two simultaneous operations for each instance: their order counts, also after a crash.
  void restart_round() {
    for (int i = 0; i < kInstances; ++i) {
      for (const Kind kind : {Kind::stop, Kind::start}) {
        const Answer answer = ask(kind, i);
        ASSERT_EQ(answer.status, 202U) << answer.raw.body;
        acknowledged_.push_back(answer.operation());
      }
      if (i % 80 != 40) continue;
      ams_->kill();
      ams_->start();
      ++kills_;
    }
    EXPECT_TRUE(eventually([&] { return unfinished() == 0; }, 60s)) << unfinished() << " operations are stuck";
  }

  std::size_t unfinished() {
    const Answer list = client_->get("/1.0/operations?recursion=1&limit=10000");
    if (list.status != 200) return 1;
    std::size_t count = 0;
    for (const auto& [status, operations] : list.metadata().as_object()) {
      for (const json::value& operation : operations.as_array()) {
        if (operation.at("status_code").as_int64() < 200) ++count;
      }
    }
    return count;
  }

  /// The processes of the instances, by their arguments.
  std::multimap<std::string, pid_t> processes() const {
    std::multimap<std::string, pid_t> found;
    const std::string folder = (ams_->folder() / "instances").string() + "/";
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
      const std::string number = entry.path().filename().string();
      if (number.find_first_not_of("0123456789") != std::string::npos) continue;
      const std::string words = read_file(entry.path() / "cmdline");
      const std::size_t at = words.find(folder);
      // A shell whose command mentions the folder is not one of them.
      if (at == std::string::npos || words.find("runtime") == std::string::npos) continue;
      const std::string rest = words.substr(at + folder.size());
      found.emplace(rest.substr(0, rest.find('/')), std::stoi(number));
    }
    return found;
  }

  std::map<std::string, std::string> statuses() {
    std::map<std::string, std::string> found;
    const Answer list = client_->get("/1.0/instances?recursion=1&limit=10000");
    if (list.status != 200) return found;
    for (const json::value& instance : list.metadata().as_array()) {
      found[std::string(instance.at("id").as_string())] = instance.at("status").as_string();
    }
    return found;
  }

  void expect_all(const std::string& wanted, std::size_t running) {
    EXPECT_TRUE(eventually(
        [&] {
          const auto all = statuses();
          return all.size() == static_cast<std::size_t>(kInstances) &&
                 std::all_of(all.begin(), all.end(), [&](const auto& each) { return each.second == wanted; });
        },
        60s))
        << "not all are " << wanted;
    const auto alive = processes();
    EXPECT_EQ(alive.size(), running);
    std::set<std::string> different;
    for (const auto& [id, pid] : alive) different.insert(id);
    EXPECT_EQ(different.size(), running) << "an instance runs twice";
  }

  TemporaryFolder folder_;
  std::unique_ptr<EtcdNodes> etcd_;
  std::unique_ptr<AmsProcess> ams_;
  std::unique_ptr<Client> client_;
  std::vector<std::string> acknowledged_;
  int kills_ = 0;
  std::mt19937 random_{20};
};

TEST_P(Crash, NoOperationIsLostDuplicatedOrStuck) {
  round(Kind::launch);
  expect_all("running", kInstances);
  round(Kind::stop);
  expect_all("stopped", 0);
  round(Kind::start);
  expect_all("running", kInstances);

  restart_round();
  expect_all("running", kInstances);

  // Running instances continue without AMS, and are found again.
  const auto before = processes();
  ams_->kill();
  EXPECT_EQ(processes(), before);
  ams_->start();
  EXPECT_EQ(processes(), before);
  EXPECT_EQ(statuses().size(), static_cast<std::size_t>(kInstances));
  const std::string victim = before.begin()->first;
  ::kill(before.begin()->second, SIGKILL);
  EXPECT_TRUE(eventually([&] { return statuses()[victim] == "error"; })) << "AMS does not watch what it found";

  round(Kind::stop);
  expect_all("stopped", 0);
  round(Kind::remove);
  EXPECT_TRUE(eventually([&] { return statuses().empty(); }, 30s));
  EXPECT_TRUE(processes().empty());

  std::map<std::string, int> ends;
  for (const std::string& operation : acknowledged_) {
    const Answer answer = client_->get(operation);
    ++ends[answer.status == 200 ? std::string(answer.metadata().at("status").as_string()) : "lost"];
  }
  EXPECT_GE(acknowledged_.size(), 1390U);
  EXPECT_EQ(ends["lost"], 0);
  EXPECT_EQ(ends["Failure"], 0);
  std::printf("  %s: %zu operations acknowledged, AMS killed %d times, %d succeeded\n", GetParam(),
              acknowledged_.size(), kills_ + 1, ends["Success"]);
}

INSTANTIATE_TEST_SUITE_P(Stores, Crash, testing::Values("sqlite", "etcd"),
                         [](const auto& store) { return std::string(store.param); });

}  // namespace
}  // namespace redan::cloud::test
