// Commands in LXD containers.
#include "tests/interop/lxd/lxd_fixture.hpp"

namespace redan::cloud::test {
namespace {

struct Ran {
  std::string out, err;
  int code = -1;
};

class LxdCommands : public LxdTest {
 protected:
  void SetUp() override {
    LxdTest::SetUp();
    if (IsSkipped()) return;
    make();
    expect_success(launcher->launch(spec("cmd")));
  }
  void TearDown() override {
    if (launcher) expect_success(launcher->remove("cmd"));
  }

  std::shared_ptr<ams::Execution> begin(const std::string& script, Ran& ran, bool interactive = false) {
    ams::ExecSpec spec;
    spec.command = {"sh", "-c", script};
    spec.environment = {{"A", "b c"}};
    spec.interactive = interactive;
    spec.width = 101;
    spec.height = 33;
    const auto begun = this->run(launcher->exec("cmd", std::move(spec)), 30s);
    EXPECT_TRUE(begun) << begun.error().message;
    if (!begun) return nullptr;
    (*begun)->on_output = [&ran](int descriptor, Bytes bytes) {
      (descriptor == 1 ? ran.out : ran.err).append(as_text(bytes));
    };
    (*begun)->on_end = [&ran](int code) { ran.code = code; };
    return *begun;
  }
  bool ends(const Ran& ran) {
    return until([&] { return ran.code >= 0; }, 20s);
  }
  bool prints(const Ran& ran, const std::string& wanted) {
    return until([&] { return ran.out.find(wanted) != std::string::npos; }, 20s);
  }
  bool runs_in_the_container(const std::string& word) {
    try {
      return lxd->lxc("exec ams-cmd -- sh -c 'cat /proc/[0-9]*/cmdline | tr \"\\0\" \"\\n\"'").find(word) !=
             std::string::npos;
    } catch (const std::runtime_error&) {  // a process ended meanwhile
      return true;
    }
  }
};

TEST_F(LxdCommands, HaveTheirStreamsAndTheirExitCode) {
  Ran ran;
  const auto execution = begin("echo out; echo \"$A\" >&2; exit 7", ran);
  ASSERT_TRUE(execution && ends(ran));
  EXPECT_EQ(ran.out, "out\n");
  EXPECT_EQ(ran.err, "b c\n");
  EXPECT_EQ(ran.code, 7);
}

TEST_F(LxdCommands, ReadTheirInputToTheEnd) {
  Ran ran;
  const auto execution = begin("wc -c", ran);
  ASSERT_TRUE(execution);
  const std::string piece(100'000, 'x');
  int written = 0;
  execution->on_input_read = [&] {
    if (++written < 30) return execution->write(as_bytes(piece));
    if (written == 30) execution->close_input();
  };
  execution->write(as_bytes(piece));
  ASSERT_TRUE(ends(ran));
  EXPECT_EQ(ran.out, "3000000\n");
  EXPECT_EQ(ran.code, 0);
}

TEST_F(LxdCommands, WaitWhileTheirOutputIsNotRead) {
  Ran ran;
  const auto execution = begin("exec yes", ran);
  ASSERT_TRUE(execution);
  execution->may_read = [&](int) { return ran.out.size() < 1'000'000; };
  ASSERT_TRUE(until([&] { return ran.out.size() >= 1'000'000; }, 20s));
  const std::size_t size = ran.out.size();
  EXPECT_FALSE(until([&] { return ran.out.size() != size; }, 500ms));
  execution->may_read = [](int) { return true; };
  EXPECT_TRUE(until([&] { return ran.out.size() > 2 * size; }, 20s));
}

TEST_F(LxdCommands, GetSignals) {
  Ran ran;
  const auto execution = begin("trap 'echo caught; exit 5' TERM; echo ready; while :; do sleep 0.1; done", ran);
  ASSERT_TRUE(execution && prints(ran, "ready"));
  execution->signal(SIGTERM);
  ASSERT_TRUE(ends(ran));
  EXPECT_EQ(ran.out, "ready\ncaught\n");
  EXPECT_EQ(ran.code, 5);
}

TEST_F(LxdCommands, AreKilledWhenTheirClientLeaves) {
  Ran ran;
  auto execution = begin("echo ready; exec sleep 6789", ran);
  ASSERT_TRUE(execution && prints(ran, "ready"));
  EXPECT_TRUE(runs_in_the_container("6789"));
  execution.reset();
  EXPECT_TRUE(until([&] { return !runs_in_the_container("6789"); }, 20s));
}

TEST_F(LxdCommands, OnATerminalHaveItsSizeAndItsKeys) {
  Ran ran;
  const auto execution = begin("stty size; read line; stty size; echo \"read $line\"; exit 4", ran, true);
  ASSERT_TRUE(execution && prints(ran, "33 101"));
  execution->resize(70, 20);
  execution->write(as_bytes("abc\n"));
  ASSERT_TRUE(ends(ran));
  EXPECT_NE(ran.out.find("20 70"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("read abc"), std::string::npos) << ran.out;
  EXPECT_EQ(ran.code, 4);
}

TEST_F(LxdCommands, OnATerminalSeeTheEndOfTheirInput) {
  Ran ran;
  const auto execution = begin("echo ready; cat; exit 3", ran, true);
  ASSERT_TRUE(execution && prints(ran, "ready"));
  execution->close_input();
  ASSERT_TRUE(ends(ran));
  EXPECT_EQ(ran.code, 3);
}

TEST_F(LxdCommands, NeedARunningInstance) {
  expect_success(launcher->stop("cmd"));
  const auto refused = run(launcher->exec("cmd", {.command = {"sh"}}), 30s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the instance does not run");
}

}  // namespace
}  // namespace redan::cloud::test
