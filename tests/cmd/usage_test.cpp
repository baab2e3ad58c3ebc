#include "cmd/usage.hpp"

#include <gtest/gtest.h>

namespace redan::cmd {
namespace {

const std::vector<std::string> kCommands{"demo", "connect", "echo", "ams"};

TEST(Nearest, FindsAWordWithUpToTwoChangedCharacters) {
  EXPECT_EQ(nearest("dem", kCommands), "demo");
  EXPECT_EQ(nearest("deom", kCommands), "demo");
  EXPECT_EQ(nearest("conect", kCommands), "connect");
  EXPECT_EQ(nearest("am", kCommands), "ams");
}

TEST(Nearest, FindsTheWordThatBeginsSo) { EXPECT_EQ(nearest("conn", kCommands), "connect"); }

TEST(Nearest, DoesNotGuessFarther) {
  for (const char* word : {"", "x", "gateway", "xyz"}) EXPECT_EQ(nearest(word, kCommands), "") << word;
}

struct ExplainCommand : testing::Test {
  ExplainCommand() {
    app.require_subcommand(1);
    turn = app.add_subcommand("turn");
    turn->require_subcommand(1);
    turn->add_subcommand("credential")->add_option("--user", user);
    app.add_subcommand("demo");
  }
  std::string explain(const std::string& line) {
    try {
      app.parse(line);
    } catch (const CLI::ParseError& error) {
      return explain_command(app, error);
    }
    return "parsed";
  }
  CLI::App app;
  CLI::App* turn = nullptr;
  std::string user;
};

TEST_F(ExplainCommand, NamesAnUnknownCommandAndTheNearest) {
  EXPECT_EQ(explain("dem"), "redan: no command 'dem'; did you mean 'demo'?");
}

TEST_F(ExplainCommand, NamesAnUnknownCommandBeforeOneThatExists) {
  EXPECT_EQ(explain("dem turn credential"), "redan: no command 'dem'; did you mean 'demo'?");
}

TEST_F(ExplainCommand, ListsTheCommandsIfNoneIsNear) {
  EXPECT_EQ(explain("turn xyz"), "redan turn: no command 'xyz'; one of credential");
}

TEST_F(ExplainCommand, SaysThatACommandIsMissing) {
  EXPECT_EQ(explain(""), "redan: a command is missing; one of turn, demo");
}

TEST_F(ExplainCommand, LeavesOtherErrorsToTheParser) {
  EXPECT_EQ(explain("demo --bogus"), "");
  EXPECT_EQ(explain("turn credential --user"), "");
}

}  // namespace
}  // namespace redan::cmd
