#include "cloud/ams/lxd_launcher.hpp"

#include "cloud/errors.hpp"
#include "net/errors.hpp"
#include "tests/cloud/ams/fake_lxd.hpp"

namespace redan::cloud::test {
namespace {

class LxdLauncherTest : public net::test::HttpFixture {
 protected:
  ams::LxdLauncherConfig config() {
    ams::LxdLauncherConfig config;
    config.lxd.server = {"127.0.0.1", lxd->server->port(),
                         net::PinnedSha256{net::test::identity("server").fingerprint.digest},
                         &net::test::identity("client")};
    config.lxd.call_timeout = 500ms;
    config.lxd.work_timeout = 300ms;
    config.lxd.create_timeout = 300ms;
    config.unit = "node-1";
    config.image = "redan";
    config.politeness = 0s;
    config.timeout_at_start = 0ms;
    config.log = [this](std::string_view line) { said.emplace_back(line); };
    return config;
  }
  void make(ams::LxdLauncherConfig config) {
    launcher = std::make_unique<ams::LxdLauncher>(io, std::move(config));
    launcher->on_exit = [this](const std::string& id, const std::string& why) { exits.push_back(id + ": " + why); };
  }
  void make() { make(config()); }
  /// Creates a launcher that receives events.
  void make_listening() {
    make();
    ASSERT_TRUE(until([&] { return !lxd->listeners.empty(); }));
  }
  static ams::LaunchSpec spec(const std::string& id = "1") {
    ams::LaunchSpec spec;
    spec.id = id;
    spec.name = "a";
    spec.user_data = R"({"token":"s3cret"})";
    return spec;
  }
  std::string launch_error() {
    const auto launched = run(launcher->launch(spec()));
    return launched ? "" : launched.error().message;
  }
  static bool says(const std::string& message, Errc code) { return message.starts_with(text(code)); }
  void pass(std::chrono::milliseconds time) {
    until([] { return false; }, time);
  }

  std::unique_ptr<FakeLxd> lxd = std::make_unique<FakeLxd>(io);
  std::vector<std::string> said, exits;
  std::unique_ptr<ams::LxdLauncher> launcher;
};

// Launching.

TEST_F(LxdLauncherTest, CreatesAnInstanceWritesItsUserDataAndStartsIt) {
  make();
  ams::LaunchSpec with_limits = spec();
  with_limits.memory_bytes = 1 << 28;
  with_limits.cpus = 1;
  ASSERT_TRUE(run(launcher->launch(with_limits)));
  const FakeLxd::Container& container = lxd->containers.at("ams-1");
  EXPECT_EQ(container.status, 103);
  EXPECT_EQ(container.files.at("/etc/redan/user-data.json"), with_limits.user_data);
  EXPECT_EQ(container.config.at("limits.memory"), "268435456");
  std::vector<std::string> changes;
  for (const std::string& what : lxd->requests()) {
    if (!what.starts_with("GET")) changes.push_back(what);
  }
  EXPECT_EQ(changes, (std::vector<std::string>{"POST /1.0/instances", "POST /1.0/instances/ams-1/files",
                                               "POST /1.0/instances/ams-1/files", "PUT /1.0/instances/ams-1/state"}));
}

TEST_F(LxdLauncherTest, TheUserDataIsOnlyInAFileForRoot) {
  make();
  ASSERT_TRUE(run(launcher->launch(spec())));
  std::size_t files = 0;
  for (const FakeLxd::Seen& one : lxd->seen) {
    if (one.request.body.find("s3cret") == std::string::npos) continue;
    ++files;
    EXPECT_EQ(one.what, "POST /1.0/instances/ams-1/files");
    EXPECT_EQ(net::find_header(one.request.headers, "X-LXD-mode"), "0600");
    EXPECT_EQ(net::find_header(one.request.headers, "X-LXD-uid"), "0");
    EXPECT_EQ(net::find_header(one.request.headers, "X-LXD-write"), "overwrite");
    // LXD would read the body of a form as parameters.
    EXPECT_EQ(net::find_header(one.request.headers, "Content-Type"), "application/octet-stream");
  }
  EXPECT_EQ(files, 1U);
}

TEST_F(LxdLauncherTest, ARunningInstanceIsNotChanged) {
  lxd->add("node-1", "1", 103);
  make();
  ASSERT_TRUE(run(launcher->launch(spec())));
  EXPECT_EQ(lxd->count("POST /1.0/instances"), 0U);
  EXPECT_EQ(lxd->count("PUT /1.0/instances/ams-1/state"), 0U);
  EXPECT_TRUE(lxd->containers.at("ams-1").files.empty());
}

TEST_F(LxdLauncherTest, AStoppedInstanceGetsNewUserDataAndStarts) {
  lxd->add("node-1", "1", 102).files["/etc/redan/user-data.json"] = "old";
  make();
  ASSERT_TRUE(run(launcher->launch(spec())));
  EXPECT_EQ(lxd->count("POST /1.0/instances"), 0U);
  EXPECT_EQ(lxd->containers.at("ams-1").files.at("/etc/redan/user-data.json"), spec().user_data);
  EXPECT_EQ(lxd->containers.at("ams-1").status, 103);
}

TEST_F(LxdLauncherTest, AnIncompleteInstanceIsAwaited) {
  lxd->add("node-1", "1", 102);
  lxd->running = {json::object{{"id", "00-11"},
                               {"status_code", 103},
                               {"resources", json::object{{"instances", json::array{"/1.0/instances/ams-1"}}}}}};
  ams::LxdLauncherConfig patient = config();
  patient.lxd.create_timeout = 5s;
  make(std::move(patient));
  boost::asio::steady_timer later(io, 400ms);
  later.async_wait([&](const auto&) {
    EXPECT_TRUE(lxd->containers.at("ams-1").files.empty());
    lxd->running.clear();
  });
  ASSERT_TRUE(run(launcher->launch(spec())));
  EXPECT_TRUE(lxd->running.empty());
  EXPECT_EQ(lxd->containers.at("ams-1").status, 103);
}

TEST_F(LxdLauncherTest, TheInstancesImageOverridesTheGeneralOne) {
  make();
  ams::LaunchSpec special = spec();
  special.image = "special";
  ASSERT_TRUE(run(launcher->launch(special)));
  EXPECT_EQ(json::parse(lxd->request("POST /1.0/instances").body).at("source").at("alias"), "special");
}

TEST_F(LxdLauncherTest, EveryRequestNamesTheProject) {
  ams::LxdLauncherConfig in_project = config();
  in_project.lxd.project = "redan games";
  make(std::move(in_project));
  ASSERT_TRUE(run(launcher->launch(spec())));
  for (const FakeLxd::Seen& one : lxd->seen) EXPECT_EQ(net::query_value(one.request.query, "project"), "redan games");
}

// Failures.

TEST_F(LxdLauncherTest, AServerWithAnotherCertificateGetsNoRequest) {
  ams::LxdLauncherConfig wrong = config();
  wrong.lxd.server.trust = net::PinnedSha256{net::test::identity("other").fingerprint.digest};
  make(std::move(wrong));
  EXPECT_TRUE(says(launch_error(), net::errc::tls_pin_mismatch));
  EXPECT_TRUE(lxd->seen.empty());
  ASSERT_TRUE(until([&] { return !said.empty(); }));
  EXPECT_NE(said[0].find(text(net::errc::tls_pin_mismatch)), std::string::npos);
}

TEST_F(LxdLauncherTest, AnLxdThatDoesNotTrustUsIsReportedWithAdvice) {
  lxd->trusting = false;
  make();
  const std::string error = launch_error();
  EXPECT_TRUE(says(error, errc::lxd_untrusted));
  EXPECT_NE(error.find("lxc config trust add"), std::string::npos);
}

TEST_F(LxdLauncherTest, AnUnreachableLxdIsReportedOnce) {
  const ams::LxdLauncherConfig nobody = config();
  lxd.reset();
  make(nobody);
  EXPECT_TRUE(says(launch_error(), net::errc::connect_failed));
  pass(1s);
  EXPECT_EQ(said.size(), 1U);
}

TEST_F(LxdLauncherTest, AFailedOperationIsReportedWithLxdsMessage) {
  lxd->failures["POST"] = "Image alias not found";
  make();
  const std::string error = launch_error();
  EXPECT_TRUE(says(error, errc::lxd_failed));
  EXPECT_NE(error.find("Image alias not found"), std::string::npos);
  EXPECT_TRUE(lxd->containers.empty());
}

TEST_F(LxdLauncherTest, AFailedStartIsAFailedLaunch) {
  lxd->failures["PUT"] = "no /sbin/init";
  make();
  EXPECT_NE(launch_error().find("no /sbin/init"), std::string::npos);
}

TEST_F(LxdLauncherTest, ABusyInstanceIsAwaited) {
  lxd->add("node-1", "1", 102);
  lxd->failures["DELETE"] = "Instance is busy running a \"stop\" operation";
  ams::LxdLauncherConfig patient = config();
  patient.lxd.work_timeout = 5s;
  make(std::move(patient));
  boost::asio::steady_timer later(io, 600ms);
  later.async_wait([&](const auto&) { lxd->failures.clear(); });
  EXPECT_TRUE(run(launcher->remove("1")));
  EXPECT_GE(lxd->count("DELETE /1.0/instances/ams-1"), 2U);
}

TEST_F(LxdLauncherTest, AnInstanceThatStaysBusyIsAFailure) {
  lxd->add("node-1", "1", 102);
  lxd->failures["DELETE"] = "Instance is busy running a \"stop\" operation";
  make();
  EXPECT_NE(run(launcher->remove("1")).error().message.find("busy"), std::string::npos);
}

TEST_F(LxdLauncherTest, AnEndlessOperationTimesOut) {
  lxd->endless = true;
  make();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(says(launch_error(), errc::lxd_timeout));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
}

TEST_F(LxdLauncherTest, ASilentLxdTimesOut) {
  lxd->silent = true;
  make();
  EXPECT_TRUE(says(launch_error(), net::errc::http_timeout));
}

TEST_F(LxdLauncherTest, AnAnswerInAnotherFormatIsRefused) {
  make();
  for (const char* body : {"", "<html>", "{}", R"({"type":"sync","metadata":[]})", R"({"type":"async"})"}) {
    net::HttpResponse strange;
    strange.body = body;
    lxd->instead = strange;
    EXPECT_TRUE(says(launch_error(), errc::lxd_protocol)) << body;
    strange.status = 500;
    lxd->instead = strange;
    EXPECT_TRUE(says(launch_error(), errc::lxd_protocol)) << body;
  }
}

TEST_F(LxdLauncherTest, AnEndlessAnswerIsRefused) {
  make();
  net::HttpResponse large;
  large.body.assign(17 * 1024 * 1024, ' ');
  lxd->instead = large;
  EXPECT_TRUE(says(launch_error(), net::errc::http_too_large));
}

TEST_F(LxdLauncherTest, TheInstancesStateOverridesTheOperationsResult) {
  lxd->misleading = true;
  for (const char* method : {"POST", "PUT", "DELETE"}) lxd->failures[method] = "already done";
  make();
  ASSERT_TRUE(run(launcher->launch(spec())));
  ASSERT_TRUE(run(launcher->stop("1")));
  ASSERT_TRUE(run(launcher->remove("1")));
  EXPECT_TRUE(lxd->containers.empty());
}

TEST_F(LxdLauncherTest, AForgottenOperationSucceedsIfItsWorkIsDone) {
  lxd->forgetful = true;
  make();
  EXPECT_TRUE(run(launcher->launch(spec())));
  EXPECT_TRUE(run(launcher->remove("1")));
}

TEST_F(LxdLauncherTest, AContainerThatIsNotOursIsNeverTouched) {
  make();
  for (const char* unit : {"", "node-2"}) {
    lxd->containers.clear();
    lxd->add(unit, "1", 103);
    EXPECT_TRUE(says(launch_error(), errc::lxd_not_ours));
    EXPECT_TRUE(says(run(launcher->stop("1")).error().message, errc::lxd_not_ours));
    EXPECT_TRUE(says(run(launcher->remove("1")).error().message, errc::lxd_not_ours));
    EXPECT_TRUE(says(run(launcher->find("1")).error().message, errc::lxd_not_ours));
  }
  for (const std::string& what : lxd->requests()) EXPECT_TRUE(what.starts_with("GET")) << what;
}

// Stopping and removing.

TEST_F(LxdLauncherTest, StoppingIsGraceful) {
  lxd->add("node-1", "1", 103);
  make();
  ASSERT_TRUE(run(launcher->stop("1")));
  EXPECT_EQ(lxd->count("PUT /1.0/instances/ams-1/state"), 1U);
  EXPECT_EQ(json::parse(lxd->request("PUT /1.0/instances/ams-1/state").body).at("force"), false);
  EXPECT_EQ(*run(launcher->find("1")), ams::Existence::stopped);
}

TEST_F(LxdLauncherTest, AnInstanceThatDoesNotStopIsForced) {
  lxd->add("node-1", "1", 103);
  lxd->stubborn = true;
  make();
  ASSERT_TRUE(run(launcher->stop("1")));
  EXPECT_EQ(lxd->count("PUT /1.0/instances/ams-1/state"), 2U);
  EXPECT_EQ(lxd->containers.at("ams-1").status, 102);
}

TEST_F(LxdLauncherTest, FailingToStopIsAFailureAndTheInstanceIsStillWatched) {
  lxd->add("node-1", "1", 103);
  lxd->failures["PUT"] = "stuck";
  make_listening();
  EXPECT_NE(run(launcher->stop("1")).error().message.find("stuck"), std::string::npos);
  lxd->containers.at("ams-1").status = 102;
  EXPECT_TRUE(until([&] { return !exits.empty(); }));
}

TEST_F(LxdLauncherTest, StoppingAndRemovingAreIdempotent) {
  lxd->add("node-1", "1", 102);
  make();
  EXPECT_TRUE(run(launcher->stop("1")));
  EXPECT_TRUE(run(launcher->remove("1")));
  EXPECT_TRUE(run(launcher->remove("1")));
  EXPECT_TRUE(run(launcher->stop("1")));
  EXPECT_EQ(*run(launcher->find("1")), ams::Existence::absent);
}

TEST_F(LxdLauncherTest, RemovingForcesTheStop) {
  lxd->add("node-1", "1", 103);
  lxd->stubborn = true;
  make();
  ASSERT_TRUE(run(launcher->remove("1")));
  EXPECT_EQ(json::parse(lxd->request("PUT /1.0/instances/ams-1/state").body).at("force"), true);
  EXPECT_TRUE(lxd->containers.empty());
}

TEST_F(LxdLauncherTest, FailingToRemoveIsAFailure) {
  lxd->add("node-1", "1", 102);
  lxd->failures["DELETE"] = "the pool is busy";
  make();
  EXPECT_NE(run(launcher->remove("1")).error().message.find("the pool is busy"), std::string::npos);
}

// Finding.

TEST_F(LxdLauncherTest, OnlyInstancesOfThisUnitAreFound) {
  lxd->add("node-1", "1", 103);
  lxd->add("node-1", "2", 102);
  lxd->add("node-2", "3", 103);
  lxd->containers["someone-elses"].status = 103;
  make();
  const auto all = run(launcher->find_all());
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].id, "1");
  EXPECT_EQ((*all)[0].existence, ams::Existence::running);
  EXPECT_EQ((*all)[1].id, "2");
  EXPECT_EQ((*all)[1].existence, ams::Existence::stopped);
}

TEST_F(LxdLauncherTest, AnLxdThatStartsLaterIsAwaited) {
  ams::LxdLauncherConfig patient = config();
  patient.timeout_at_start = 10s;
  const std::uint16_t port = lxd->server->port();
  lxd.reset();
  make(std::move(patient));
  boost::asio::steady_timer later(io, 700ms);
  later.async_wait([&](const auto&) {
    lxd = std::make_unique<FakeLxd>(io, port);
    lxd->add("node-1", "1", 103);
  });
  const auto all = run(launcher->find_all());
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 1U);
}

TEST_F(LxdLauncherTest, TheLogIsTheEndOfItsFile) {
  lxd->add("node-1", "1", 103).files["/var/log/redan.log"] = "first\nlast\n";
  make();
  EXPECT_EQ(*run(launcher->log("1", 5)), "last\n");
  EXPECT_EQ(net::find_header(lxd->request("GET /1.0/instances/ams-1/files").headers, "Range"), "bytes=-5");
  lxd->containers.at("ams-1").files.clear();
  EXPECT_EQ(*run(launcher->log("1", 5)), "");
}

// Ends.

TEST_F(LxdLauncherTest, AnEndIsReportedOnce) {
  make_listening();
  ASSERT_TRUE(run(launcher->launch(spec())));
  lxd->containers.at("ams-1").status = 102;
  lxd->tell("instance-shutdown", "ams-1");
  lxd->tell("instance-stopped", "ams-1");
  ASSERT_TRUE(until([&] { return !exits.empty(); }));
  pass(500ms);
  EXPECT_EQ(exits, (std::vector<std::string>{"1: its container stopped"}));
}

TEST_F(LxdLauncherTest, AnEndAnnouncedTooEarlyIsReportedWhenItIsTrue) {
  lxd->add("node-1", "1", 103);
  make_listening();
  ASSERT_TRUE(run(launcher->find_all()));
  lxd->containers.at("ams-1").status = 102;
  lxd->late_looks = 4;
  lxd->tell("instance-shutdown", "ams-1");
  ASSERT_TRUE(until([&] { return !exits.empty(); }));
  EXPECT_EQ(lxd->late_looks, 0);
}

TEST_F(LxdLauncherTest, AnEventOfARunningInstanceIsNotAnEnd) {
  lxd->add("node-1", "1", 103);
  make_listening();
  ASSERT_TRUE(run(launcher->find_all()));
  lxd->tell("instance-stopped", "ams-1");
  pass(500ms);
  EXPECT_TRUE(exits.empty());
}

TEST_F(LxdLauncherTest, AnInstanceDeletedByOthersHasEnded) {
  lxd->add("node-1", "1", 103);
  make_listening();
  ASSERT_TRUE(run(launcher->find_all()));
  lxd->containers.clear();
  lxd->tell("instance-deleted", "ams-1");
  ASSERT_TRUE(until([&] { return !exits.empty(); }));
  EXPECT_EQ(exits[0], "1: its container was deleted");
}

TEST_F(LxdLauncherTest, AnImmediateEndIsDetectedWithoutAnEvent) {
  make_listening();
  ASSERT_TRUE(run(launcher->launch(spec())));
  lxd->containers.at("ams-1").status = 102;
  EXPECT_TRUE(until([&] { return !exits.empty(); }));
}

TEST_F(LxdLauncherTest, AStoppedOrRemovedInstanceDidNotEndByItself) {
  make_listening();
  ASSERT_TRUE(run(launcher->launch(spec("1"))));
  ASSERT_TRUE(run(launcher->launch(spec("2"))));
  ASSERT_TRUE(run(launcher->stop("1")));
  ASSERT_TRUE(run(launcher->remove("2")));
  lxd->tell("instance-shutdown", "ams-1");
  lxd->tell("instance-deleted", "ams-2");
  pass(1s);
  EXPECT_TRUE(exits.empty());
}

TEST_F(LxdLauncherTest, AnEndDuringALostConnectionIsDetectedAfterwards) {
  lxd->add("node-1", "1", 103);
  make_listening();
  ASSERT_TRUE(run(launcher->find_all()));
  const std::uint16_t port = lxd->server->port();
  lxd.reset();
  ASSERT_TRUE(until([&] { return !said.empty(); }));
  EXPECT_TRUE(exits.empty());
  lxd = std::make_unique<FakeLxd>(io, port);
  lxd->add("node-1", "1", 102);
  ASSERT_TRUE(until([&] { return !exits.empty(); }));
  EXPECT_EQ(exits, (std::vector<std::string>{"1: its container stopped"}));
  EXPECT_TRUE(until([&] { return said.back() == "LXD is back"; }));
}

TEST_F(LxdLauncherTest, NothingIsReportedAfterDestruction) {
  lxd->add("node-1", "1", 103);
  make_listening();
  ASSERT_TRUE(run(launcher->find_all()));
  launcher.reset();
  lxd->containers.at("ams-1").status = 102;
  lxd->tell("instance-stopped", "ams-1");
  pass(500ms);
  EXPECT_TRUE(exits.empty());
}

}  // namespace
}  // namespace redan::cloud::test
