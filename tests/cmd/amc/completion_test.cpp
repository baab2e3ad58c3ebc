#include "cmd/amc/completion.hpp"

#include <gtest/gtest.h>

#include "tests/support/child_process.hpp"
#include "tests/support/files.hpp"

namespace redan::cmd::test {
namespace {

/// A program with commands at three levels, an alias, a group of options, and something hidden.
class Completion : public ::testing::Test {
 protected:
  Completion() {
    CLI::App* amc = program.add_subcommand("amc", "Talk to an AMS: it's here");
    amc->add_option("--socket,-s", value, "A path");
    CLI::App* application = amc->add_subcommand("application", "What instances can run")->alias("app");
    CLI::App* create = application->add_subcommand("create", "Add one");
    create->add_option("name", value, "A name")->required();
    create->add_option_group("where", "")->add_flag("--vm", flag, "As a virtual machine");
    application->add_subcommand("create-all", "Add many");
    amc->add_subcommand("list", "Instances")->alias("ls")->add_flag("--all", flag, "Also others");
    amc->add_subcommand("secret", "Hidden")->group("");
    amc->add_option("--secret", value, "Hidden")->group("");
    program.add_subcommand("demo", "Serve a page");
  }

  /// What bash offers when the cursor is at the end of a line of these words; the last one is begun.
  [[nodiscard]] std::string in_bash(const std::string& words) const {
    const std::string script = completion(program, Shell::bash) + "COMP_WORDS=(" + words + ")\n" +
                               "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_redan\necho ${COMPREPLY[*]}\n";
    const auto finished = redan::test::run({"bash", "--norc"}, script);
    EXPECT_EQ(finished.exit_code, 0);
    return finished.output.substr(0, finished.output.find('\n'));
  }

  CLI::App program{"A program", "/usr/bin/redan"};
  std::string value;
  bool flag = false;
};

TEST_F(Completion, BashCompletesCommandsAndOptions) {
  EXPECT_EQ(in_bash("redan ''"), "amc demo --help");
  EXPECT_EQ(in_bash("redan am"), "amc");
  EXPECT_EQ(in_bash("redan amc ''"), "application list --help --socket");
  EXPECT_EQ(in_bash("redan amc application cr"), "create create-all");
  EXPECT_EQ(in_bash("redan amc application create --"), "--help --vm");
  EXPECT_EQ(in_bash("redan x"), "");
}

TEST_F(Completion, BashKnowsAliases) {
  EXPECT_EQ(in_bash("redan amc app cr"), "create create-all");
  EXPECT_EQ(in_bash("redan amc ls --a"), "--all");
}

TEST_F(Completion, BashDoesNotTakeAValueForACommand) {
  EXPECT_EQ(in_bash("redan amc --socket list ''"), "application list --help --socket");
  EXPECT_EQ(in_bash("redan amc -s list ''"), "application list --help --socket");
  EXPECT_EQ(in_bash("redan amc --socket = list ''"), "application list --help --socket");
}

TEST_F(Completion, BashOffersFilesForAValue) {
  EXPECT_EQ(in_bash("redan amc --socket /etc/host"), in_bash("redan amc --socket = /etc/host"));
  EXPECT_NE(in_bash("redan amc --socket /etc/host").find("/etc/hosts"), std::string::npos);
}

TEST_F(Completion, BashRegistersTheFunction) {
  const auto finished = redan::test::run({"bash", "--norc"}, completion(program, Shell::bash) + "complete -p redan\n");
  EXPECT_EQ(finished.output, "complete -o default -F _redan redan\n");
}

TEST_F(Completion, HiddenCommandsAndOptionsAreNotOffered) {
  for (const Shell shell : {Shell::bash, Shell::zsh, Shell::fish}) {
    EXPECT_EQ(completion(program, shell).find("secret"), std::string::npos);
  }
}

TEST_F(Completion, DescriptionsAreQuoted) {
  EXPECT_NE(completion(program, Shell::zsh).find(R"('amc:Talk to an AMS\: it'\''s here')"), std::string::npos);
  EXPECT_NE(completion(program, Shell::fish).find(R"(-a amc -d 'Talk to an AMS: it\'s here')"), std::string::npos);
}

/// Whether the shell takes the script; it may not be there.
void is_valid_for(const char* shell, const std::string& script, const redan::test::Arguments& check) {
  const auto finished = redan::test::run(check, script);
  if (finished.exit_code == 127) GTEST_SKIP() << "no " << shell;
  EXPECT_EQ(finished.exit_code, 0) << finished.output;
  EXPECT_EQ(finished.output, "");
}

TEST_F(Completion, ZshTakesTheScript) { is_valid_for("zsh", completion(program, Shell::zsh), {"zsh", "-f", "-n"}); }

TEST_F(Completion, ZshCompletesCommandsAndOptions) {
  const auto finished = redan::test::run({"zsh", "-f"},
                                         "compdef() { }\n_files() { echo files }\n"
                                         "_describe() { for one in ${(P)@[-1]}; do print -- $one; done }\n" +
                                             completion(program, Shell::zsh) +
                                             "words=(redan amc --socket list app '')\nCURRENT=6\n_redan\n"
                                             "words=(redan amc ls '')\nCURRENT=4\n_redan\n");
  if (finished.exit_code == 127) GTEST_SKIP() << "no zsh";
  EXPECT_EQ(finished.output,
            "create:Add one\ncreate-all:Add many\n--help:Print this help message and exit\n"
            "--help:Print this help message and exit\n--all:Also others\nfiles\n");
}

TEST_F(Completion, FishTakesTheScript) {
  is_valid_for("fish", completion(program, Shell::fish), {"fish", "--no-config", "--no-execute"});
}

TEST_F(Completion, FishCompletesCommandsAndOptions) {
  const auto finished = redan::test::run({"fish", "--no-config"}, completion(program, Shell::fish) +
                                                                      "complete -C 'redan amc application cr'\n"
                                                                      "complete -C 'redan amc --socket list --so'\n"
                                                                      "complete -C 'redan amc ls --a'\n");
  if (finished.exit_code == 127) GTEST_SKIP() << "no fish";
  EXPECT_EQ(finished.output, "create\tAdd one\ncreate-all\tAdd many\n--socket\tA path\n--all\tAlso others\n");
}

TEST_F(Completion, ZshLoadsItAsAFileOfItsPath) {
  const redan::test::TemporaryDirectory directory;
  std::ofstream(directory.path() / "_redan") << completion(program, Shell::zsh);
  const auto finished =
      redan::test::run({"zsh", "-f"},
                       "compdef() { }\n_files() { }\n_describe() { for one in ${(P)@[-1]}; do print -- $one; done }\n"
                       "fpath=(" +
                           directory.path().string() +
                           ")\nautoload -U _redan\n"
                           "words=(redan amc app '')\nCURRENT=4\n_redan\n");
  if (finished.exit_code == 127) GTEST_SKIP() << "no zsh";
  EXPECT_EQ(finished.output, "create:Add one\ncreate-all:Add many\n--help:Print this help message and exit\n");
}

TEST(CompletionName, IsRedanWithoutAName) {
  const CLI::App program{"A program"};
  EXPECT_NE(completion(program, Shell::bash).find("-F _redan redan\n"), std::string::npos);
}

TEST(CompletionShell, IsOneOfThree) {
  EXPECT_EQ(parse_shell("zsh"), Shell::zsh);
  EXPECT_EQ(parse_shell("powershell"), std::nullopt);
}

}  // namespace
}  // namespace redan::cmd::test
