// The command line of bubblewrap, cgroups and the messages of the init, without processes.
#include "cloud/isolation/sandbox.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "cloud/isolation/cgroups.hpp"
#include "cloud/isolation/request.hpp"
#include "cloud/isolation/seccomp.hpp"
#include "cloud/isolation/spawn.hpp"

namespace redan::cloud::isolation {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

Sandbox sandbox() {
  Sandbox sandbox;
  sandbox.bubblewrap = "/usr/bin/bwrap";
  sandbox.init = "/opt/redan";
  sandbox.init_arguments = {"instance-init"};
  sandbox.program = "/tmp/build/redan";
  sandbox.arguments = {"runtime"};
  sandbox.home = "/ams/i/home";
  sandbox.user_data = "/ams/i/user-data.json";
  return sandbox;
}

bool contains(const Words& all, const Words& part) {
  return std::search(all.begin(), all.end(), part.begin(), part.end()) != all.end();
}

// The sources of all bind mounts.
Words bound(const Words& all) {
  Words sources;
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    if (all[i].find("bind") != std::string::npos && all[i] != "--ro-bind-data") sources.push_back(all[i + 1]);
  }
  return sources;
}

TEST(Sandbox, ShowsTheInstanceItsOwnFilesOnly) {
  const Words all = bubblewrap_arguments(sandbox());
  EXPECT_TRUE(contains(all, {"--bind", "/ams/i/home", "/instance/home"}));
  EXPECT_TRUE(contains(all, {"--ro-bind", "/ams/i/user-data.json", "/instance/user-data.json"}));
  EXPECT_TRUE(contains(all, {"--ro-bind", "/tmp/build/redan", "/instance/bin/redan"}));
  EXPECT_EQ(std::count(all.begin(), all.end(), "--bind"), 1) << "one directory can be written";
  for (const char* hidden : {"/", "/etc", "/run", "/var", "/home", "/root", "/tmp", "/sys", "/dev", "/ams", "/ams/i"}) {
    EXPECT_THAT(bound(all), Not(Contains(hidden)));
  }
}

TEST(Sandbox, GivesItAUserNamespaceWithoutCapabilities) {
  const Words all = bubblewrap_arguments(sandbox());
  EXPECT_TRUE(contains(all, {"--unshare-user", "--disable-userns"}));
  EXPECT_TRUE(contains(all, {"--cap-drop", "ALL"}));
  EXPECT_THAT(all, Not(Contains("--cap-add")));
  EXPECT_THAT(all, Not(Contains("--user")));
}

TEST(Sandbox, HasTheInitBecomeItsUserIfThereIsOne) {
  Sandbox own = sandbox();
  own.user = 1234;
  const Words all = bubblewrap_arguments(own);
  EXPECT_TRUE(contains(all, {"/instance/bin/init", "instance-init", "--user", "1234"}));
  EXPECT_EQ(std::count(all.begin(), all.end(), "--cap-add"), 3);
}

TEST(Sandbox, OutlivesAms) { EXPECT_THAT(bubblewrap_arguments(sandbox()), Not(Contains("--die-with-parent"))); }

TEST(Sandbox, DoesNotKeepInstancesWhereAllOfThemCanRead) {
  EXPECT_THAT(objection_to("/usr/local/redan"), HasSubstr("--data-dir"));
  EXPECT_THAT(objection_to("/lib/redan"), HasSubstr("--data-dir")) << "a link into /usr";
  EXPECT_EQ(objection_to("/var/lib/redan-ams"), "");
  EXPECT_EQ(objection_to("/usrlocal"), "");
}

TEST(SystemCalls, AreAllKnown) { EXPECT_EQ(unknown_calls(), std::vector<std::string_view>{}); }

class CgroupsTest : public testing::Test {
 protected:
  CgroupsTest() {
    std::string name = fs::temp_directory_path() / "redan-cgroups-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    mount_ = folder_ / "mount";
  }
  ~CgroupsTest() override { fs::remove_all(folder_); }
  void write(const fs::path& file, const std::string& text) {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text;
  }
  std::string read(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Cgroups find() { return Cgroups::find(mount_, folder_ / "own"); }
  fs::path folder_, mount_;
};

TEST_F(CgroupsTest, OfVersion1AreBelowOurOwn) {
  fs::create_directories(mount_ / "memory/a/b");
  fs::create_directories(mount_ / "pids");
  write("own", "4:memory:/a/b\n3:pids:/\n2:cpu,cpuacct:/not/there\n0::/\n");
  const Cgroups cgroups = find();
  EXPECT_EQ(cgroups.description(), "cgroup v1 limits memory, pids");
  const auto made = cgroups.make("redan-i", {.memory_bytes = 1000, .cpus = 2, .processes = 30});
  EXPECT_EQ(made, (std::vector<fs::path>{mount_ / "memory/a/b/redan-i", mount_ / "pids/redan-i"}));
  EXPECT_EQ(read(made[0] / "memory.limit_in_bytes"), "1000");
  EXPECT_EQ(read(made[1] / "pids.max"), "30");
}

TEST_F(CgroupsTest, OfVersion2LimitWhatIsPassedOn) {
  write("mount/cgroup.controllers", "cpuset cpu memory pids");
  write("mount/service/cgroup.controllers", "cpu memory");
  write("mount/service/unit/cgroup.procs", "1");
  write("own", "0::/service/unit\n");
  const Cgroups cgroups = find();
  const fs::path parent = ::geteuid() == 0 ? mount_ : mount_ / "service";
  const auto made = cgroups.make("redan-i", {.memory_bytes = 1000, .cpus = 2, .processes = 30});
  ASSERT_EQ(made, std::vector<fs::path>{parent / "redan-i"});
  EXPECT_EQ(read(made[0] / "memory.max"), "1000");
  EXPECT_EQ(read(made[0] / "cpu.max"), "200000 100000");
}

TEST_F(CgroupsTest, AreNamedAsMissingIfNoneCanBeMade) {
  write("own", "0::/service/unit\n");
  EXPECT_THAT(find().description(), HasSubstr("no cgroup can be made"));
  EXPECT_TRUE(find().make("redan-i", {}).empty());
}

// Runs a program to its end, with a descriptor of ours that is not to be inherited.
std::string output_of(Child child) {
  const int output = ::memfd_create("output", 0), extra = ::open("/etc/hostname", O_RDONLY);
  child.descriptors = {output, output, output};
  int status = -1;
  EXPECT_EQ(::waitpid(spawn(child), &status, 0) > 0 ? status : -1, 0);
  std::string text(4096, '\0');
  const ssize_t size = ::pread(output, text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  ::close(extra);
  ::close(output);
  return text;
}

TEST(Spawn, PassesOnlyWhatIsListed) {
  EXPECT_EQ(output_of({.arguments = {"/bin/ls", "/proc/self/fd"}}), "0\n1\n2\n3\n") << "3 is that of ls";
  EXPECT_EQ(output_of({.arguments = {"/usr/bin/env"}, .environment = {"A=b"}}), "A=b\n");
}

TEST(Spawn, LeadsItsOwnSessionWithoutNewPrivileges) {
  EXPECT_THAT(output_of({.arguments = {"/bin/cat", "/proc/self/status"}}), HasSubstr("NoNewPrivs:\t1"));
  EXPECT_EQ(output_of({.arguments = {"/bin/sh", "-c", "test $$ = $(cut -d ' ' -f 6 /proc/$$/stat) && echo leads"}}),
            "leads\n");
}

TEST(InitRequest, IsReadAsItWasWritten) {
  const Request request{{"sh", "-c", "echo \"a\""}, {{"A", "b c"}}, true};
  const auto read = Request::parse(request.write());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->command, request.command);
  EXPECT_EQ(read->environment, request.environment);
  EXPECT_TRUE(read->terminal);
}

TEST(InitRequest, IsRefusedIfItIsNone) {
  for (const char* text : {"", "[]", "{}", R"({"command":[],"environment":{}})", R"({"command":[1],"environment":{}})",
                           R"({"command":["a"],"environment":[]})", R"({"command":["a"],"environment":{"A":1}})"}) {
    EXPECT_FALSE(Request::parse(text)) << text;
  }
}

TEST(InitWord, HasANameAndANumber) {
  const auto word = Word::parse("ended 7");
  ASSERT_TRUE(word);
  EXPECT_EQ(word->name, "ended");
  EXPECT_EQ(word->number, 7);
  for (const char* text : {"", "ended", "ended ", "ended x", "ended 7 "}) EXPECT_FALSE(Word::parse(text)) << text;
}

}  // namespace
}  // namespace redan::cloud::isolation
