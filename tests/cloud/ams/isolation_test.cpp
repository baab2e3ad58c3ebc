// What an isolated instance can see and do. All of it is tried from inside.
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <boost/asio/local/stream_protocol.hpp>

#include "tests/cloud/ams/intruder.hpp"
#include "tests/cloud/ams/isolation_fixture.hpp"

namespace redan::cloud::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class Isolated : public IsolationFixture {};
INSTANTIATE_TEST_SUITE_P(With, Isolated, testing::Values(true, false), name_of_isolation);

TEST_P(Isolated, InstancesSeeNoFilesOfAmsAndOfOthers) {
  std::ofstream(folder_ / "ams.sqlite") << "the store";
  launch("j");
  launch("i");
  EXPECT_EQ(shell("cat /instance/user-data.json"), "the secret of i");
  EXPECT_EQ(shell("ls /instance"), "bin\nhome\nuser-data.json\n");
  for (const fs::path& path : {folder_, folder_ / "ams.sqlite", config_.directory, folder("j"), home("j"),
                               folder() / "lock", folder() / "control"}) {
    EXPECT_THAT(intrude({"read", path.string()}), HasSubstr("refused")) << path;
  }
  for (const char* path : {"/root", "/home", "/var", "/run", "/sys", "/etc/shadow", "/etc/ssl/private", "/boot"}) {
    EXPECT_EQ(intrude({"read", path}), "refused 2\n") << path;
  }
  EXPECT_EQ(shell("ls /tmp"), "");
}

TEST_P(Isolated, InstancesWriteTheirHomeAndTemporaryFilesOnly) {
  launch();
  for (const char* path :
       {"/a", "/usr/a", "/etc/a", "/instance/a", "/instance/bin/a", "/dev/a", "/instance/user-data.json",
        "/instance/bin/init", "/instance/bin/program", "/etc/passwd", "/usr/bin/env"}) {
    EXPECT_THAT(shell("echo a 2>&1 >> " + std::string(path)),
                testing::AnyOf(HasSubstr("Read-only"), HasSubstr("denied"), HasSubstr("busy")))
        << path;
  }
  for (const char* path : {"/tmp/a", "/dev/shm/a", "/instance/home/a"}) {
    EXPECT_EQ(shell("echo a > " + std::string(path)), "") << path;
  }
  EXPECT_THAT(shell("head -c 200000000 /dev/zero > /tmp/large"), HasSubstr("No space"));
  EXPECT_TRUE(fs::exists(home() / "a")) << "it lasts";
}

TEST_P(Isolated, InstancesSeeNoProcessesOutside) {
  launch();
  EXPECT_EQ(shell("cat /proc/1/comm; ls -d /proc/[0-9]* | wc -l").substr(0, 5), "init\n");
  const std::string listed =
      shell("cd /proc; for p in [0-9]*; do echo $p $(tr '\\0' ' ' < $p/cmdline); done 2>/dev/null");
  EXPECT_THAT(listed, HasSubstr("sleep 100"));
  EXPECT_THAT(listed, Not(HasSubstr("ams_isolation_test")));
  EXPECT_THAT(intrude({"signal", std::to_string(::getpid())}), HasSubstr("refused"));
  EXPECT_THAT(intrude({"signal", std::to_string(init_pid())}), HasSubstr("refused"));
}

TEST_P(Isolated, InstancesHaveNoPrivileges) {
  launch();
  const std::string status = shell("cat /proc/self/status");
  for (const char* line : {"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
                           "CapBnd:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"}) {
    EXPECT_THAT(status, HasSubstr(line));
  }
  EXPECT_EQ(shell("ulimit -c"), "0\n");
  if (GetParam()) {
    EXPECT_THAT(intrude({"setuid"}), HasSubstr("refused"));
  }
}

TEST_P(Isolated, InstancesHaveUsersOfTheirOwn) {
  if (!GetParam()) GTEST_SKIP() << "with a user namespace they have that of AMS";
  launch("i");
  launch("j");
  struct stat i {
  }, j{}, data{};
  ASSERT_EQ(::stat(home("i").c_str(), &i), 0);
  ASSERT_EQ(::stat(home("j").c_str(), &j), 0);
  ASSERT_EQ(::stat((folder() / "user-data.json").c_str(), &data), 0);
  EXPECT_GE(i.st_uid, isolation::kFirstUser);
  EXPECT_NE(i.st_uid, j.st_uid);
  EXPECT_EQ(data.st_uid, i.st_uid);
  EXPECT_EQ(data.st_mode & 0777, 0600U);
  EXPECT_EQ(shell("id -u; id -un; id -G"), std::to_string(i.st_uid) + "\ninstance\n" + std::to_string(i.st_uid) + "\n");
}

TEST_P(Isolated, InstancesCannotMakeDangerousCalls) {
  launch();
  for (const std::string& attack : attacks()) {
    EXPECT_EQ(intrude({"kernel", attack}), "refused " + std::to_string(ENOSYS) + "\n") << attack;
  }
}

TEST_P(Isolated, InstancesCannotLookIntoTheirInit) {
  launch();
  for (const char* file : {"mem", "environ", "fd/0", "maps", "root"}) {
    EXPECT_EQ(intrude({"read", std::string("/proc/1/") + file}), "refused 13\n") << file;
  }
  EXPECT_EQ(shell("kill -KILL 1; kill -STOP 1; echo there"), "there\n");
  EXPECT_EQ(shell("echo still"), "still\n");
}

TEST_P(Isolated, ProgramsInheritNothingOfAms) {
  ::setenv("REDAN_TEST_SECRET", "secret", 1);
  const int descriptor = ::open("/etc/passwd", O_RDONLY);  // without O_CLOEXEC
  launch("i", "ls -l /proc/self/fd; echo $(ls /proc/self/fd); env; exec sleep 100");
  ::close(descriptor);
  ::unsetenv("REDAN_TEST_SECRET");
  ASSERT_TRUE(run_until(io_, [&] { return log().find("HOME=") != std::string::npos; }));
  EXPECT_THAT(log(), Not(HasSubstr("secret")));
  EXPECT_THAT(log(), HasSubstr("0 -> /dev/null"));
  EXPECT_THAT(log(), HasSubstr("\n0 1 2 3\n")) << "3 is that of ls";
  EXPECT_EQ(this->run({"ls", "/proc/self/fd"}).out, "0\n1\n2\n3\n");
}

TEST_P(Isolated, InstancesReachNoAbstractSocketOutside) {
  // Linux 6.12 and later; before, docs/SECURITY.md says what remains.
  if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1U) < 6)
    GTEST_SKIP() << "this kernel's Landlock has no scopes";
  launch();
  using Local = boost::asio::local::stream_protocol;
  const std::string name = "redan-test-" + std::to_string(::getpid());
  const Local::acceptor acceptor(io_, Local::endpoint('\0' + name));
  EXPECT_EQ(intrude({"connect", name}), "refused 1\n");
}

TEST_P(Isolated, AForkBombIsLimited) {
  config_.max_processes = 40;
  restart();
  launch();
  EXPECT_THAT(shell("grep processes /proc/self/limits"), HasSubstr(" 40 "));
  const std::string said = shell("for i in $(seq 100); do sleep 50 & done; wait");
  EXPECT_THAT(said, testing::AnyOf(HasSubstr("Cannot fork"), HasSubstr("Resource temporarily unavailable")));
  EXPECT_EQ(shell("echo room again"), "room again\n") << "the bomb ended with its command";
}

TEST_P(Isolated, CgroupsLimitTheWholeInstance) {
  const auto directories = isolation::Cgroups::find().directories("redan-" + id("i"));
  if (directories.empty()) GTEST_SKIP() << isolation::Cgroups::find().description();
  launch("i", "exec sleep 100", 256 << 20);
  for (const fs::path& directory : directories) {
    std::ifstream members(directory / "cgroup.procs");
    const std::vector<pid_t> all{std::istream_iterator<pid_t>(members), {}};
    EXPECT_THAT(all, testing::Contains(init_pid())) << directory;
  }
  // Each of the processes is below the limit of its own.
  EXPECT_THAT(
      shell("for i in 1 2 3 4; do head -c 100000000 /dev/zero | tail -c 100000000 > /dev/null & done; wait; echo end"),
      Not(HasSubstr("No space")));
  ASSERT_TRUE(wait_for(io_, launcher_->remove(id("i"))));
  for (const fs::path& directory : directories) EXPECT_FALSE(fs::exists(directory)) << directory;
}

TEST_P(Isolated, InstancesOutliveAms) {
  launch();
  const pid_t init = init_pid();
  restart();
  const auto found = wait_for(io_, launcher_->find_all());
  ASSERT_TRUE(found && found->size() == 1);
  EXPECT_EQ(found->front().existence, ams::Existence::running);
  EXPECT_EQ(shell("echo again"), "again\n");
  EXPECT_EQ(init_pid(), init);
  ASSERT_TRUE(wait_for(io_, launcher_->stop(id("i"))));
  EXPECT_EQ(wait_for(io_, launcher_->find(id("i"))).value(), ams::Existence::stopped);
  EXPECT_LT(::kill(init, 0), 0);
}

TEST_P(Isolated, TheProgramIsAskedToStopFirst) {
  launch("i", "trap 'echo goodbye; exit 0' TERM; echo ready; while :; do sleep 0.1; done");
  ASSERT_TRUE(run_until(io_, [&] { return log().find("ready") != std::string::npos; }));
  ASSERT_TRUE(wait_for(io_, launcher_->stop(id("i"))));
  EXPECT_THAT(log(), HasSubstr("goodbye"));
  EXPECT_TRUE(ended_.empty());
}

TEST_P(Isolated, AProgramThatDoesNotStopIsKilledWithItsChildren) {
  launch("i", "trap '' TERM; setsid sleep 1000 & exec sleep 1001");
  config_.politeness = 300ms;
  restart();
  const pid_t init = init_pid();
  ASSERT_TRUE(wait_for(io_, launcher_->stop(id("i"))));
  EXPECT_LT(::kill(init, 0), 0);
}

TEST_P(Isolated, TheEndOfTheProgramEndsTheInstance) {
  launch("i", "setsid sleep 1000 & sleep 0.3; exit 7");
  ASSERT_TRUE(run_until(io_, [&] { return !ended_.empty(); }));
  EXPECT_EQ(ended_.front(), "it exited with status 7");
  EXPECT_EQ(wait_for(io_, launcher_->find(id("i"))).value(), ams::Existence::stopped);
}

TEST_P(Isolated, NothingRemainsIfBubblewrapIsKilled) {
  launch();
  const pid_t init = init_pid();
  pid_t outer = 0;
  std::ifstream(folder() / "lock") >> outer;
  ASSERT_GT(outer, 1);
  ::kill(outer, SIGKILL);
  ASSERT_TRUE(run_until(io_, [&] { return !ended_.empty(); }));
  EXPECT_TRUE(run_until(io_, [&] { return ::kill(init, 0) < 0; }));
}

TEST_P(Isolated, RemovingFollowsNoLinkAndIsNotStoppedByATree) {
  std::ofstream(folder_ / "outside") << "precious";
  fs::create_directory(folder_ / "directory");
  std::ofstream(folder_ / "directory" / "inside") << "precious";
  launch();
  shell("ln -s " + (folder_ / "directory").string() + " link; ln -s " + (folder_ / "outside").string() + " file;" +
        "mkdir closed; touch closed/a; chmod 000 closed;" +
        "i=0; while [ $i -lt 1500 ]; do mkdir deep && cd deep; i=$((i+1)); done");
  ASSERT_TRUE(fs::is_symlink(fs::symlink_status(home() / "link")));
  const auto removed = wait_for(io_, launcher_->remove(id("i")));
  EXPECT_TRUE(removed) << removed.error().message;
  EXPECT_FALSE(fs::exists(folder()));
  EXPECT_TRUE(fs::exists(folder_ / "outside"));
  EXPECT_TRUE(fs::exists(folder_ / "directory" / "inside"));
}

TEST_P(Isolated, SocketsOfDataChannelsAreWhereTheyAreWithoutIsolation) {
  launch("i", "echo $*; exec sleep 100");
  ASSERT_TRUE(run_until(io_, [&] { return log().find("--channels /instance/home/sockets") != std::string::npos; }));
  shell("mkdir sockets; touch sockets/webrtc_data_a");
  EXPECT_TRUE(fs::exists(folder() / "sockets" / "webrtc_data_a"));
}

TEST_P(Isolated, AStoppedInstanceStartsAgainAsTheSameUser) {
  launch();
  shell("echo mine > /instance/home/kept");
  ASSERT_TRUE(wait_for(io_, launcher_->stop(id("i"))));
  struct stat before {
  }, after{};
  ASSERT_EQ(::stat(home().c_str(), &before), 0);
  launch();
  ASSERT_EQ(::stat(home().c_str(), &after), 0);
  EXPECT_EQ(before.st_uid, after.st_uid);
  EXPECT_EQ(shell("cat kept && echo more >> kept"), "mine\n");
}

TEST(IsolationTrial, SaysWhatIsMissing) {
  isolation::IsolationConfig config;
  config.init = "/proc/self/exe";
  config.search_path = "/nowhere";
  const auto made = isolation::Isolation::make(config, "/tmp");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error(), HasSubstr("apt-get install bubblewrap"));
}

TEST(IsolationTrial, FailsIfTheInitDoes) {
  const fs::path folder = fs::temp_directory_path() / ("redan-trial-" + std::to_string(::getpid()));
  isolation::IsolationConfig config;
  config.init = "/bin/false";
  config.has_users = ::geteuid() == 0;
  const auto made = isolation::Isolation::make(config, folder);
  fs::remove_all(folder);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error(), testing::AnyOf(HasSubstr("trial"), HasSubstr("not installed")));
}

}  // namespace
}  // namespace redan::cloud::test
