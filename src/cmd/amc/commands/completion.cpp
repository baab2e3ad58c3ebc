// completion: scripts for shells.
#include "cmd/amc/completion.hpp"

#include <cstdio>

#include "cmd/amc/grammar.hpp"

namespace redan::cmd {
namespace {

void add_shell(Grammar& grammar, CLI::App* group, CLI::App& program, const char* name) {
  const auto is_short = std::make_shared<bool>(false);
  CLI::App* made = grammar.command(group, name, "For this shell", [&program, name, is_short](Amc&) {
    std::fputs(completion(program, *parse_shell(name)).c_str(), stdout);
  });
  made->add_flag("--no-descriptions", *is_short, "Accepted; scripts without descriptions are the same");
}

}  // namespace

void add_completion(Grammar& grammar, CLI::App& program) {
  CLI::App* group = grammar.group(grammar.root(), "completion", "Scripts that complete words in a shell");
  group->footer("\nExample:\n  source <(redan amc completion bash)");
  for (const char* name : {"bash", "zsh", "fish"}) add_shell(grammar, group, program, name);
  grammar.refused(group, "powershell", "For PowerShell", "completion in PowerShell");
}

}  // namespace redan::cmd
