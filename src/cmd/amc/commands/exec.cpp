// exec and shell.
#include <unistd.h>

#include "cmd/amc/execution.hpp"
#include "cmd/amc/grammar.hpp"

namespace redan::cmd {
namespace {

// The instance's own shell is not known before it runs.
const std::vector<std::string> kShell{"/bin/sh", "-c", "command -v bash >/dev/null && exec bash; exec sh"};

bool is_terminal() { return ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0; }

}  // namespace

void add_exec(Grammar& grammar) {
  struct Exec {
    std::vector<std::string> command;
    bool without_terminal = false;
  };
  const auto exec = std::make_shared<Exec>();
  CLI::App* made = grammar.command(grammar.root(), "exec", "Run a command in an instance", [exec](Amc& amc) {
    return execute(amc, amc.options().which, exec->command, !exec->without_terminal && is_terminal());
  });
  made->add_flag("-T,--force-noninteractive", exec->without_terminal, "Without a terminal");
  grammar.which(made, "Its name or id");
  made->add_option("command", exec->command, "The command and its arguments, after --")->required();
  made = grammar.command(grammar.root(), "shell", "Open a shell in an instance",
                         [](Amc& amc) { return execute(amc, amc.options().which, kShell, is_terminal()); });
  grammar.which(made, "Its name or id");
}

}  // namespace redan::cmd
