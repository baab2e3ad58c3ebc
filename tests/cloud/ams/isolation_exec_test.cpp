// Commands in isolated instances.
#include "tests/cloud/ams/isolation_fixture.hpp"

namespace redan::cloud::test {
namespace {

using testing::HasSubstr;

class IsolatedCommand : public IsolationFixture {
 protected:
  std::shared_ptr<ams::Execution> begin_shell(const std::string& script, Ran& ran, bool interactive = false) {
    ams::ExecSpec spec;
    spec.command = {"/bin/sh", "-c", script};
    spec.interactive = interactive;
    spec.width = 101;
    spec.height = 33;
    return begin(std::move(spec), ran);
  }
  bool says(const Ran& ran, const std::string& wanted) {
    return run_until(io_, [&] { return ran.out.find(wanted) != std::string::npos; });
  }
  bool ends(const Ran& ran) {
    return run_until(io_, [&] { return ran.code >= 0; });
  }
  static Bytes bytes(std::string_view text) {
    return Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
};
INSTANTIATE_TEST_SUITE_P(With, IsolatedCommand, testing::Values(true, false), name_of_isolation);

TEST_P(IsolatedCommand, HasItsStreamsAndItsExitCode) {
  launch();
  const Ran ran = this->run({"sh", "-c", "echo out; echo \"$A\" >&2; exit 7"}, {{"A", "b c"}});
  EXPECT_EQ(ran.out, "out\n");
  EXPECT_EQ(ran.err, "b c\n");
  EXPECT_EQ(ran.code, 7);
  EXPECT_EQ(shell("pwd; echo $HOME"), "/instance/home\n/instance/home\n");
}

TEST_P(IsolatedCommand, ReadsItsInputToTheEnd) {
  launch();
  Ran ran;
  const auto execution = begin_shell("wc -c", ran);
  ASSERT_TRUE(execution) << ran.failure;
  const std::string megabyte(1 << 20, 'x');
  execution->write(bytes(megabyte));
  execution->close_input();
  ASSERT_TRUE(ends(ran));
  EXPECT_EQ(ran.out, "1048576\n");
}

TEST_P(IsolatedCommand, MayCloseItsInputEarly) {
  launch();
  Ran ran;
  const auto execution = begin_shell("exec <&-; echo closed; sleep 0.2", ran);
  ASSERT_TRUE(execution && says(ran, "closed"));
  execution->write(bytes("x"));
  ASSERT_TRUE(ends(ran));
  EXPECT_EQ(ran.code, 0);
}

TEST_P(IsolatedCommand, ThatCannotBeStartedIsNamed) {
  launch();
  EXPECT_EQ(this->run({"/no/such/program"}).failure, "cannot run /no/such/program: No such file or directory");
  EXPECT_THAT(this->run({"sh", "-c", std::string(200'000, 'x')}).failure, HasSubstr("too long"));
}

TEST_P(IsolatedCommand, HasNoMoreRightsThanTheProgram) {
  launch("i", "cat /proc/self/status; for n in /proc/self/ns/*; do readlink $n; done; echo --; exec sleep 100");
  const auto lines = [](const std::string& text) {
    std::istringstream in(text);
    std::set<std::string> kept;
    for (std::string line; std::getline(in, line);) {
      for (const char* word : {"Uid", "Gid", "Groups", "Cap", "NoNewPrivs", "Seccomp", ":["}) {
        if (line.find(word) != std::string::npos) kept.insert(line);
      }
    }
    return kept;
  };
  ASSERT_TRUE(run_until(io_, [&] { return log().find("--\n") != std::string::npos; }));
  const auto of_command = lines(shell("cat /proc/self/status; for n in /proc/self/ns/*; do readlink $n; done"));
  EXPECT_EQ(of_command, lines(log()));
  EXPECT_GE(of_command.size(), 15U);
}

TEST_P(IsolatedCommand, GetsSignals) {
  launch();
  Ran ran;
  const auto execution = begin_shell("trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done", ran);
  ASSERT_TRUE(execution && says(ran, "ready"));
  execution->signal(SIGTERM);
  ASSERT_TRUE(ends(ran));
  EXPECT_EQ(ran.code, 9);
}

TEST_P(IsolatedCommand, ThatASignalKilledHasItsCode) {
  launch();
  Ran ran;
  const auto execution = begin_shell("echo ready; exec sleep 50", ran);
  ASSERT_TRUE(execution && says(ran, "ready"));
  execution->signal(SIGKILL);
  ASSERT_TRUE(ends(ran));
  EXPECT_EQ(ran.code, 128 + SIGKILL);
}

TEST_P(IsolatedCommand, EndsWithAllItsProcessesWhenItsClientLeaves) {
  launch();
  Ran ran;
  auto execution = begin_shell("setsid sh -c 'trap \"\" TERM HUP; sleep 61 & exec sleep 62' & sleep 63", ran);
  ASSERT_TRUE(execution);
  const auto count = [this] {
    return shell("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c '^6[123]$'");
  };
  EXPECT_TRUE(run_until(io_, [&] { return count() == "3\n"; }));
  execution.reset();
  EXPECT_TRUE(run_until(io_, [&] { return count() == "0\n"; })) << count();
}

TEST_P(IsolatedCommand, LeavesNoProcessBehind) {
  launch();
  EXPECT_EQ(shell("setsid sleep 64 & echo started"), "started\n");
  EXPECT_EQ(shell("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c '^6[4]$'"), "0\n");
}

TEST_P(IsolatedCommand, WaitsWhileItsOutputIsNotRead) {
  launch();
  Ran ran;
  const auto execution = begin_shell("exec yes", ran);
  ASSERT_TRUE(execution);
  execution->may_read = [&](int) { return ran.out.size() < 1'000'000; };
  ASSERT_TRUE(run_until(io_, [&] { return ran.out.size() >= 1'000'000; }));
  run_for(io_, 200ms);
  EXPECT_LT(ran.out.size(), 1'100'000U);
  EXPECT_EQ(ran.code, -1);
}

TEST_P(IsolatedCommand, ReportsHowMuchOfItsInputIsUnread) {
  launch();
  Ran ran;
  const auto execution = begin_shell("echo ready; sleep 0.3; exec wc -c", ran);
  ASSERT_TRUE(execution && says(ran, "ready"));
  bool read = false;
  execution->on_input_read = [&] { read = true; };
  const std::string megabyte(1 << 20, 'x');
  execution->write(bytes(megabyte));
  EXPECT_GT(execution->unread(), 500'000U);
  ASSERT_TRUE(run_until(io_, [&] { return read; }));
  EXPECT_EQ(execution->unread(), 0U);
}

TEST_P(IsolatedCommand, LeavesNothingUnreadWhenItHasClosedItsInput) {
  launch();
  Ran ran;
  const auto execution = begin_shell("exec <&-; echo closed; exec sleep 100", ran);
  ASSERT_TRUE(execution && says(ran, "closed"));
  bool read = false;
  execution->on_input_read = [&] { read = true; };
  const std::string megabyte(1 << 20, 'x');
  execution->write(bytes(megabyte));
  ASSERT_TRUE(run_until(io_, [&] { return read; }));
  EXPECT_EQ(execution->unread(), 0U);
}

TEST_P(IsolatedCommand, OnATerminalHasItsSizeAndItsKeys) {
  launch();
  Ran ran;
  const auto execution = begin_shell(
      "stty size; test -t 0 && test -t 2 && echo terminal; trap 'stty size' WINCH; trap 'echo caught; exit 5' INT;"
      "echo ready > /dev/tty; while :; do sleep 0.1; done",
      ran, true);
  ASSERT_TRUE(execution) << ran.failure;
  ASSERT_TRUE(says(ran, "ready")) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("33 101"));
  EXPECT_THAT(ran.out, HasSubstr("terminal"));
  execution->resize(120, 40);
  EXPECT_TRUE(says(ran, "40 120")) << ran.out;
  execution->write(bytes("\3"));
  ASSERT_TRUE(ends(ran)) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("caught"));
  EXPECT_EQ(ran.code, 5);
}

TEST_P(IsolatedCommand, OnATerminalSeesTheEndOfItsInput) {
  launch();
  Ran ran;
  const auto execution = begin_shell("cat; echo end", ran, true);
  ASSERT_TRUE(execution);
  execution->write(bytes("typed\n"));
  execution->close_input();
  ASSERT_TRUE(ends(ran));
  EXPECT_THAT(ran.out, HasSubstr("typed\r\ntyped\r\nend"));
}

TEST_P(IsolatedCommand, CannotTypeIntoATerminal) {
  launch();
  for (const char* attack : {"tiocsti", "tiocsti high", "tioclinux"}) {
    Ran ran;
    const auto execution = begin_shell(std::string(kIntruder) + " intrude " + attack, ran, true);
    ASSERT_TRUE(execution && ends(ran));
    EXPECT_EQ(ran.out, "refused 1\r\n") << attack;
  }
}

TEST_P(IsolatedCommand, NeedsARunningInstance) {
  EXPECT_EQ(this->run({"true"}).failure, "the instance does not run");
  launch();
  ASSERT_TRUE(wait_for(io_, launcher_->stop(id("i"))));
  EXPECT_EQ(this->run({"true"}).failure, "the instance does not run");
}

TEST_P(IsolatedCommand, OfAnInstanceThatIsNotIsolatedIsRefused) {
  config_.isolation = nullptr;
  restart();
  EXPECT_FALSE(launcher_->can_exec());
  EXPECT_THAT(launcher_->missing_for_exec(), HasSubstr("without isolation"));
  launch();
  config_.isolation = isolation_;
  restart();
  ASSERT_TRUE(wait_for(io_, launcher_->find_all()));
  EXPECT_THAT(this->run({"true"}).failure, HasSubstr("started without isolation"));
}

}  // namespace
}  // namespace redan::cloud::test
