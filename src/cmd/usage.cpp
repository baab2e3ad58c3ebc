#include "cmd/usage.hpp"

#include <algorithm>
#include <numeric>

namespace redan::cmd {
namespace {

/// How many characters must be inserted, removed or replaced to make `a` of `b`.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

/// The command at which the command line went wrong: the first with a word that it does not know, or else the last.
const CLI::App& place_of_error(const CLI::App& app) {
  const CLI::App* at = &app;
  while (at->remaining().empty() && !at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

std::string path_of(const CLI::App& command) {
  return command.get_parent() == nullptr ? "redan" : path_of(*command.get_parent()) + " " + command.get_name();
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_name().empty() && !command->get_group().empty()) names.push_back(command->get_name());
  }
  return names;
}

}  // namespace

std::string_view nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string_view best;
  std::size_t least = std::min<std::size_t>(3, word.size());  // farther than 2 is a guess
  for (const std::string& candidate : candidates) {
    if (word.size() >= 3 && candidate.starts_with(word)) return candidate;
    if (const std::size_t changes = distance(word, candidate); changes < least) {
      least = changes;
      best = candidate;
    }
  }
  return best;
}

std::string explain_command(const CLI::App& app, const CLI::ParseError& error) {
  const int code = error.get_exit_code();  // the name of an ExtrasError is that of the command
  const bool about_commands =
      code == static_cast<int>(CLI::ExitCodes::RequiredError) || code == static_cast<int>(CLI::ExitCodes::ExtrasError);
  const CLI::App& at = place_of_error(app);
  const std::vector<std::string> commands = commands_of(at);
  if (!about_commands || commands.empty()) return {};
  const std::vector<std::string> rest = at.remaining();
  if (rest.empty() && at.get_require_subcommand_min() == 0) return {};
  if (!rest.empty() && rest.front().starts_with("-")) return {};
  std::string text = path_of(at) + ": " + (rest.empty() ? "a command is missing" : "no command '" + rest.front() + "'");
  const std::string_view meant = rest.empty() ? std::string_view() : nearest(rest.front(), commands);
  if (!meant.empty()) return text + "; did you mean '" + std::string(meant) + "'?";
  text += "; one of";
  for (const std::string& command : commands) text += (&command == &commands.front() ? " " : ", ") + command;
  return text;
}

}  // namespace redan::cmd
