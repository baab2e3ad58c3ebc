#include "cmd/manual.hpp"

#include <gtest/gtest.h>

namespace redan::cmd {
namespace {

class Manual : public ::testing::Test {
 protected:
  Manual() : program("Peers with a stack\nand more", "/usr/bin/redan") {
    program.add_subcommand("echo", "Answers")->add_option("--bind", value, "An address")->capture_default_str();
    program.add_subcommand("deep", "A group")->add_subcommand("deeper", "Inside")->footer("\n.hidden\n'quoted\\");
    program.add_subcommand("secret", "Not shown")->group("");
  }
  [[nodiscard]] bool has(const std::string& text) const { return page().find(text) != std::string::npos; }
  [[nodiscard]] std::string page() const { return manual(program, "1.2.3"); }

  CLI::App program;
  std::string value;
};

TEST_F(Manual, BeginsWithItsNameAndVersion) {
  EXPECT_TRUE(page().starts_with(".TH REDAN 1 \"\" \"redan 1.2.3\"\n.SH NAME\nredan \\- Peers with a stack\n"));
}

TEST_F(Manual, HasASectionForEachVisibleCommandWithItsHelp) {
  EXPECT_TRUE(has(".SH REDAN ECHO\n"));
  EXPECT_TRUE(has("\\-\\-bind"));
  EXPECT_TRUE(has(".SH REDAN DEEP DEEPER\n"));
  EXPECT_FALSE(has("Not shown"));
}

TEST_F(Manual, NamesEachCommandAsItIsTyped) {
  EXPECT_TRUE(has("Usage: redan [OPTIONS]"));
  EXPECT_TRUE(has("Usage: redan deep deeper [OPTIONS]"));
}

TEST_F(Manual, DescribesTheProgramAlsoWhileACommandRuns) {
  const std::string before = page();
  program.parse("secret");
  EXPECT_EQ(page(), before);
}

TEST_F(Manual, ContainsTextAsItIs) { EXPECT_TRUE(has("\n\\&.hidden\n\\&'quoted\\e")); }

}  // namespace
}  // namespace redan::cmd
