// The LXD launcher with a real LXD, alone and under a running `redan ams`.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/hex.hpp"
#include "cloud/errors.hpp"
#include "net/errors.hpp"
#include "tests/interop/lxd/lxd_fixture.hpp"

namespace redan::cloud::test {

std::filesystem::path g_redan;

namespace {

// The launcher alone.

TEST_F(LxdTest, AnInstanceRunsWithItsUserDataAndLimitsUntilItIsRemoved) {
  make();
  ams::LaunchSpec longer = spec("one");
  longer.user_data += "      ";
  expect_success(launcher->launch(longer));
  EXPECT_EQ(find("one"), ams::Existence::running);
  EXPECT_TRUE(log_says("one", "700 0 /etc/redan\n600 0 /etc/redan/user-data.json"));
  EXPECT_TRUE(log_says("one", "trying again"));
  EXPECT_EQ(lxd->lxc("file pull ams-one/etc/redan/user-data.json -"), longer.user_data);
  const std::string shown = lxd->lxc("config show ams-one --expanded");
  EXPECT_NE(shown.find("limits.memory: \"268435456\""), std::string::npos);
  EXPECT_NE(shown.find("limits.cpu: \"1\""), std::string::npos);
  EXPECT_EQ(shown.find("t0k3n"), std::string::npos);
  expect_success(launcher->launch(spec("one")));  // again: nothing to do

  expect_success(launcher->stop("one"));
  EXPECT_EQ(find("one"), ams::Existence::stopped);
  EXPECT_TRUE(log_says("one", "redan ended"));  // orderly
  expect_success(launcher->launch(spec("one")));
  EXPECT_EQ(lxd->lxc("file pull ams-one/etc/redan/user-data.json -"), user_data("one"));  // nothing of the longer one

  expect_success(launcher->remove("one"));
  EXPECT_EQ(find("one"), ams::Existence::absent);
  EXPECT_EQ(lxd->lxc("list -f csv -c n"), "");
}

TEST_F(LxdTest, AnInstanceThatEndsByItselfIsReportedOnce) {
  make();
  expect_success(launcher->launch(spec("two")));
  ASSERT_TRUE(log_says("two", "trying again"));
  kill_redan("ams-two");
  EXPECT_TRUE(until([&] { return !exits.empty(); }));
  EXPECT_EQ(exits, (std::vector<std::string>{"two: its container stopped"}));
  EXPECT_EQ(find("two"), ams::Existence::stopped);
  expect_success(launcher->remove("two"));
  EXPECT_EQ(exits.size(), 1U);
}

TEST_F(LxdTest, InstancesAndTheirEndsAreFoundAfterARestart) {
  make();
  expect_success(launcher->launch(spec("three")));
  expect_success(launcher->launch(spec("four")));
  lxd->lxc("init redan not-ours -p redan");
  make();
  const auto all = run(launcher->find_all());
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->size(), 2U);
  for (const ams::FoundInstance& one : *all) EXPECT_EQ(one.existence, ams::Existence::running) << one.id;
  lxd->lxc("stop --force ams-three");
  EXPECT_TRUE(until([&] { return exits.size() == 1; }));
  EXPECT_EQ(exits[0], "three: its container stopped");
  expect_success(launcher->remove("three"));
  expect_success(launcher->remove("four"));
  EXPECT_EQ(lxd->lxc("list -f csv -c n"), "not-ours\n");
  lxd->lxc("delete not-ours");
}

TEST_F(LxdTest, InstancesOutliveLxdAndTheirEndsAreFoundWhenItIsBack) {
  make();
  expect_success(launcher->launch(spec("five")));
  lxd->kill();
  const auto unseen = run(launcher->find("five"));
  ASSERT_FALSE(unseen);
  EXPECT_TRUE(unseen.error().message.starts_with(text(net::errc::connect_failed))) << unseen.error().message;
  lxd->start();
  EXPECT_EQ(find("five"), ams::Existence::running);
  lxd->lxc("stop --force ams-five");
  EXPECT_TRUE(until([&] { return !exits.empty(); }, 30s));
  expect_success(launcher->remove("five"));
}

TEST_F(LxdTest, ARefusalOfLxdIsReportedWithItsMessage) {
  make();
  ams::LaunchSpec no_image = spec("six");
  no_image.image = "no-such-image";
  auto refused = run(launcher->launch(no_image));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("Image alias not found"), std::string::npos) << refused.error().message;
  ams::LaunchSpec no_memory = spec("six");
  no_memory.memory_bytes = 1;
  refused = run(launcher->launch(no_memory), 120s);
  EXPECT_FALSE(refused);
  expect_success(launcher->remove("six"));
}

TEST_F(LxdTest, AnUnknownClientIsRefusedAndSoIsAnotherLxd) {
  ams::LxdLauncherConfig stranger = config();
  stranger.lxd.server.identity = &net::test::identity("other");
  launcher = std::make_unique<ams::LxdLauncher>(io, std::move(stranger));
  auto refused = run(launcher->find_all());
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.starts_with(text(errc::lxd_untrusted))) << refused.error().message;
  ams::LxdLauncherConfig elsewhere = config();
  elsewhere.lxd.server.trust = net::PinnedSha256{net::test::identity("other").fingerprint.digest};
  launcher = std::make_unique<ams::LxdLauncher>(io, std::move(elsewhere));
  refused = run(launcher->find_all());
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.starts_with(text(net::errc::tls_pin_mismatch))) << refused.error().message;
}

TEST_F(LxdTest, ACertificateRestrictedToAProjectIsSufficient) {
  lxd->lxc("project create games -c features.images=false -c features.profiles=false");
  lxd->trust(net::test::pem("other.pem"), "--restricted --projects games");
  ams::LxdLauncherConfig confined = config();
  confined.lxd.server.identity = &net::test::identity("other");
  confined.lxd.project = "games";
  make(confined);
  expect_success(launcher->launch(spec("seven")));
  ASSERT_TRUE(log_says("seven", "trying again"));
  EXPECT_EQ(lxd->lxc("list -f csv -c n"), "");
  EXPECT_EQ(lxd->lxc("list -f csv -c n --project games"), "ams-seven\n");
  lxd->lxc("stop --force ams-seven --project games");
  EXPECT_TRUE(until([&] { return !exits.empty(); }));
  expect_success(launcher->remove("seven"));

  confined.lxd.project = "default";
  make(confined);
  const auto refused = run(launcher->find_all());
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.starts_with(text(errc::lxd_untrusted))) << refused.error().message;
}

TEST_F(LxdTest, ManyInstancesStartAtTheSameTime) {
  make();
  constexpr int kMany = 8;
  int launched = 0;
  for (int i = 0; i < kMany; ++i) {
    boost::asio::co_spawn(io, launcher->launch(spec("many" + std::to_string(i))),
                          [&](const std::exception_ptr&, const ams::LaunchResult<void>& result) {
                            EXPECT_TRUE(result) << result.error().message;
                            ++launched;
                          });
  }
  EXPECT_TRUE(until([&] { return launched == kMany; }, 120s));
  const auto all = run(launcher->find_all());
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), std::size_t{kMany});
  for (const ams::FoundInstance& one : *all) expect_success(launcher->remove(one.id));
  EXPECT_TRUE(exits.empty());
}

// Under AMS.

class AmsOnLxdTest : public LxdTest {
 protected:
  void SetUp() override {
    LxdTest::SetUp();
    if (IsSkipped()) return;
    std::string pattern = (fs::temp_directory_path() / "redan-ams-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    std::ofstream(folder / "tls.pem") << net::test::pem("server.key") << net::test::pem("server.pem");
    fs::permissions(folder / "tls.pem", static_cast<fs::perms>(0600));
    start_ams();
  }
  void TearDown() override {
    stop_ams();
    std::error_code ignored;
    if (!folder.empty()) fs::remove_all(folder, ignored);
  }

  void start_ams() {
    const std::vector<std::string> arguments{g_redan.string(),
                                             "ams",
                                             "--data-dir",
                                             folder.string(),
                                             "--listen",
                                             "127.0.0.1:" + std::to_string(ams_port),
                                             "--name",
                                             "ams-test",
                                             "--launcher",
                                             "lxd",
                                             "--lxd-url",
                                             "https://127.0.0.1:" + std::to_string(lxd->port()),
                                             "--lxd-fingerprint",
                                             to_hex(lxd->fingerprint().bytes()),
                                             "--lxd-allow-small-keys",
                                             "--lxd-image",
                                             "redan",
                                             "--lxd-profile",
                                             "redan"};
    process = ::fork();
    if (process == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int log = ::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      ::dup2(log, STDOUT_FILENO);
      ::dup2(log, STDERR_FILENO);
      std::vector<char*> words;
      for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
      words.push_back(nullptr);
      ::execv(words[0], words.data());
      ::_exit(127);
    }
    net::HttpClientConfig client_config;
    client_config.server = net::UnixRemote{folder / "ams.socket"};
    client_config.timeout = 100s;
    client = std::make_unique<net::HttpClient>(io, std::move(client_config));
    ASSERT_TRUE(until([&] { return !ask("GET", "/1.0").is_null(); }, 60s)) << log();
  }
  void stop_ams() {
    client.reset();
    if (process <= 0) return;
    ::kill(process, SIGTERM);
    int status = 0;
    ::waitpid(process, &status, 0);
    EXPECT_EQ(status, 0) << log();
    process = 0;
  }
  void crash_ams() {
    client.reset();
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
    process = 0;
  }
  [[nodiscard]] std::string log() const {
    std::ifstream in(folder / "log");
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  /// The metadata of the answer; null if there is none.
  json::value ask(const std::string& method, const std::string& path, const json::value& body = nullptr) {
    net::HttpRequest request{method, path, "", {}, ""};
    if (!body.is_null()) request.body = json::serialize(body);
    const net::HttpResult result = run(client->request(std::move(request)), 110s);
    if (!result) return nullptr;
    return json::parse(result->body).at("metadata");
  }
  /// Waits until the operation named in the answer has succeeded.
  void work(const std::string& method, const std::string& path, const json::value& body = nullptr) {
    const json::value begun = ask(method, path, body);
    ASSERT_TRUE(begun.is_object() && begun.as_object().contains("id")) << json::serialize(begun) << log();
    const std::string id(begun.at("id").as_string());
    json::value end;
    ASSERT_TRUE(until(
        [&] {
          end = ask("GET", "/1.0/operations/" + id + "/wait");
          return end.is_object() && end.at("status_code").as_int64() >= 200;
        },
        120s));
    EXPECT_EQ(end.at("status_code"), 200) << json::serialize(end) << log();
  }
  bool becomes(const std::string& status) {
    return until([&] { return ask("GET", "/1.0/instances/game").at("status").as_string() == status; }, 30s);
  }
  std::string container() { return "ams-" + std::string(ask("GET", "/1.0/instances/game").at("id").as_string()); }

  fs::path folder;
  pid_t process = 0;
  std::unique_ptr<net::HttpClient> client;
};

TEST_F(AmsOnLxdTest, AnInstanceReportsToAmsEndsStartsAgainOutlivesAmsAndIsDeleted) {
  work("POST", "/1.0/instances", {{"name", "game"}, {"image_id", "redan"}});
  // Over TLS pinned to AMS's certificate, with its own certificate and token.
  ASSERT_TRUE(becomes("running")) << json::serialize(ask("GET", "/1.0/instances/game")) << log();
  const std::string name = container();
  const json::value data = json::parse(lxd->lxc("file pull " + name + "/etc/redan/user-data.json -"));
  const std::string token(data.at("ams").at("token").as_string());
  ASSERT_FALSE(token.empty());
  EXPECT_EQ(lxd->lxc("config show --expanded " + name).find(token), std::string::npos);

  kill_redan(name);
  ASSERT_TRUE(becomes("error")) << log();
  EXPECT_EQ(ask("GET", "/1.0/instances/game").at("error_message"), "its container stopped");
  work("PATCH", "/1.0/instances/game", {{"desired_status", "running"}});
  ASSERT_TRUE(becomes("running")) << log();

  stop_ams();
  EXPECT_EQ(lxd->lxc("list -f csv -c ns"), name + ",RUNNING\n");
  start_ams();
  EXPECT_TRUE(becomes("running"));
  kill_redan(name);
  ASSERT_TRUE(becomes("error")) << log();

  work("PATCH", "/1.0/instances/game", {{"desired_status", "running"}});
  ASSERT_TRUE(becomes("running")) << log();
  work("PATCH", "/1.0/instances/game", {{"desired_status", "stopped"}});
  EXPECT_TRUE(becomes("stopped"));
  EXPECT_EQ(lxd->lxc("list -f csv -c ns"), name + ",STOPPED\n");
  work("DELETE", "/1.0/instances/game");
  EXPECT_EQ(lxd->lxc("list -f csv -c n"), "");
}

TEST_F(AmsOnLxdTest, AnInterruptedLaunchIsResumedAfterACrash) {
  const json::value begun = ask("POST", "/1.0/instances", {{"name", "game"}, {"image_id", "redan"}});
  ASSERT_TRUE(begun.is_object()) << log();
  ASSERT_TRUE(until([] { return !lxd->lxc("list -f csv -c n").empty(); }, 30s)) << log();
  crash_ams();
  start_ams();
  EXPECT_TRUE(becomes("running")) << log();
  work("DELETE", "/1.0/instances/game");
}

TEST_F(AmsOnLxdTest, AContainerWithoutARecordIsRemovedAtTheNextStart) {
  work("POST", "/1.0/instances", {{"name", "game"}, {"image_id", "redan"}});
  ASSERT_TRUE(becomes("running")) << log();
  stop_ams();
  for (const char* file : {"ams.sqlite", "ams.sqlite-wal", "ams.sqlite-shm"}) fs::remove(folder / file);
  start_ams();
  EXPECT_TRUE(until([] { return lxd->lxc("list -f csv -c n").empty(); }, 30s)) << log();
}

TEST_F(AmsOnLxdTest, AnImageThatWasUploadedRunsAndLeavesLxdWhenItIsDeleted) {
  const auto images = [] { return lxd->lxc("image list -f csv -c d"); };
  ASSERT_EQ(images(), "redan\n");
  const auto file = std::make_shared<const net::Descriptor>(::open(lxd->other_image().c_str(), O_RDONLY | O_CLOEXEC));
  net::HttpRequest upload{"POST", "/1.0/images", "", {{"X-AMS-Request", R"({"name":"other"})"}}, ""};
  upload.headers.push_back({"Content-Type", "application/octet-stream"});
  const net::HttpResult added = run(client->upload(std::move(upload), file, fs::file_size(lxd->other_image())), 60s);
  ASSERT_TRUE(added) << added.error().detail;
  ASSERT_EQ(added->status, 202U) << added->body;

  for (const char* name : {"game", "second"}) work("POST", "/1.0/instances", {{"name", name}, {"image_id", "other"}});
  ASSERT_TRUE(becomes("running")) << log();
  EXPECT_EQ(ask("GET", "/1.0/instances/game").at("image_id"), ask("GET", "/1.0/images/other").at("id"));
  EXPECT_EQ(images(), "other\nredan\n");
  for (const char* name : {"game", "second"}) work("DELETE", std::string("/1.0/instances/") + name);
  stop_ams();
  start_ams();
  EXPECT_EQ(images(), "other\nredan\n");
  work("DELETE", "/1.0/images/other");
  EXPECT_TRUE(until([&] { return images() == "redan\n"; }, 20s)) << images() << log();
}

}  // namespace
}  // namespace redan::cloud::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  redan::cloud::test::g_redan = argc > 1 ? argv[1] : "build/dev/src/cmd/redan";
  return RUN_ALL_TESTS();
}
