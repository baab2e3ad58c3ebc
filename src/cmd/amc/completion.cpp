#include "cmd/amc/completion.hpp"

#include <algorithm>
#include <vector>

namespace redan::cmd {
namespace {

struct Option {
  std::vector<std::string> spellings;  ///< "--name", "-n"
  std::string description;
  bool has_value = false;
};

/// A command. Its place is the names that lead to it, each after a space: " amc application"; "" is the program.
struct Command {
  std::string place;
  std::vector<std::string> spellings;  ///< of its place, with the aliases of its last name
  std::string name, description;
  std::vector<Option> options;
  std::vector<std::size_t> children;  ///< indices
};

/// The scripts use names without quotes.
bool is_plain(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !name.empty() && std::ranges::all_of(name, plain);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

class Tree {
 public:
  explicit Tree(const CLI::App& program) { add(program, "", {}); }

  [[nodiscard]] const std::vector<Command>& commands() const { return commands_; }

 private:
  std::size_t add(const CLI::App& app, const std::string& place, std::vector<std::string> spellings) {
    const std::size_t index = commands_.size();
    commands_.push_back({place, std::move(spellings), app.get_name(), first_line(app.get_description()), {}, {}});
    collect(app, index);
    return index;
  }

  /// Options and commands of an app, and of its groups of options, which are apps without names.
  void collect(const CLI::App& app, std::size_t index) {
    for (const CLI::Option* option : app.get_options()) {
      if (!option->get_group().empty()) add_option(*option, index);
    }
    for (const CLI::App* child : app.get_subcommands(nullptr)) {
      if (child->get_name().empty()) {
        collect(*child, index);
      } else if (!child->get_group().empty() && is_plain(child->get_name())) {
        add_child(*child, index);
      }
    }
  }

  void add_option(const CLI::Option& option, std::size_t index) {
    Option made{{}, first_line(option.get_description()), option.get_items_expected_max() > 0};
    for (const std::string& name : option.get_lnames()) made.spellings.push_back("--" + name);
    for (const std::string& name : option.get_snames()) made.spellings.push_back("-" + name);
    std::erase_if(made.spellings, [](const std::string& spelling) { return !is_plain(spelling); });
    std::vector<Option>& options = commands_[index].options;
    const auto same = [&made](const Option& known) { return known.spellings == made.spellings; };
    if (made.spellings.empty() || std::ranges::any_of(options, same)) return;  // a group has its own --help
    options.push_back(std::move(made));
  }

  void add_child(const CLI::App& child, std::size_t index) {
    const std::string above = commands_[index].place + " ";
    std::vector<std::string> spellings{above + child.get_name()};
    for (const std::string& alias : child.get_aliases()) {
      if (is_plain(alias)) spellings.push_back(above + alias);
    }
    const std::size_t made = add(child, above + child.get_name(), std::move(spellings));
    commands_[index].children.push_back(made);
  }

  std::vector<Command> commands_;
};

std::string program_name(const CLI::App& program) {
  const std::string& path = program.get_name();
  const std::string name = path.substr(path.rfind('/') + 1);
  return is_plain(name) ? name : "redan";
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

/// Between single quotes, in which `quote` stands for one.
std::string quoted(const std::string& text, const std::string& quote) { return "'" + replaced(text, "'", quote) + "'"; }

std::string joined(const std::vector<std::string>& texts, const std::string& separator, const std::string& quote) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : separator) + quote + text + quote;
  return out;
}

/// The options that take values, with their places: " amc --name".
std::vector<std::string> options_with_values(const std::vector<Command>& commands) {
  std::vector<std::string> places;
  for (const Command& command : commands) {
    for (const Option& option : command.options) {
      if (!option.has_value) continue;
      for (const std::string& spelling : option.spellings) places.push_back(command.place + " " + spelling);
    }
  }
  // "case" needs a pattern.
  if (places.empty()) places.emplace_back(" --");
  return places;
}

/// The rows of "case" that follow a word to the place of its command. bash and zsh.
std::string steps(const std::vector<Command>& commands) {
  std::string rows;
  for (const Command& command : commands) {
    if (command.spellings.empty()) continue;
    rows += "      " + joined(command.spellings, "|", "'") + ") at='" + command.place + "' ;;\n";
  }
  return rows;
}

std::string bash_words(const std::vector<Command>& commands, const Command& command) {
  std::vector<std::string> words;
  for (const std::size_t child : command.children) words.push_back(commands[child].name);
  for (const Option& option : command.options) words.push_back(option.spellings.front());
  return joined(words, " ", "");
}

std::string bash(const std::string& name, const std::vector<Command>& commands) {
  std::string words;
  for (const Command& command : commands) {
    words += "    '" + command.place + "') words='" + bash_words(commands, command) + "' ;;\n";
  }
  // bash has "=" as a word of its own.
  return "_" + name + R"(() {
  local at='' previous='' words='' word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    [ "$word" = = ] && continue
    case "$at $previous" in
      )" +
         joined(options_with_values(commands), "|", "'") + R"() previous=''; continue ;;
    esac
    previous=$word
    case "$at $word" in
)" + steps(commands) +
         R"(    esac
  done
  word=${COMP_WORDS[COMP_CWORD]}
  [ "$word" = = ] && word=''
  case "$at $previous" in
    )" + joined(options_with_values(commands), "|", "'") +
         R"() COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  case "$at" in
)" + words +
         R"(  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _)" +
         name + " " + name + "\n";
}

/// "name:description", in quotes.
std::string zsh_word(const std::string& name, const std::string& description) {
  return quoted(name + ":" + replaced(replaced(description, "\\", "\\\\"), ":", "\\:"), R"('\'')");
}

std::string zsh(const std::string& name, const std::vector<Command>& commands) {
  std::string words;
  for (const Command& command : commands) {
    words += "    '" + command.place + "')\n      commands=(";
    for (const std::size_t child : command.children) {
      words += " " + zsh_word(commands[child].name, commands[child].description);
    }
    words += " )\n      options=(";
    for (const Option& option : command.options) words += " " + zsh_word(option.spellings.front(), option.description);
    words += " )\n      ;;\n";
  }
  return "#compdef " + name + "\n_" + name + R"(() {
  local at='' previous='' word
  local -a commands options
  for word in ${words[2,CURRENT-1]}; do
    case "$at $previous" in
      )" +
         joined(options_with_values(commands), "|", "'") + R"() previous=''; continue ;;
    esac
    previous=$word
    case "$at $word" in
)" + steps(commands) +
         R"(    esac
  done
  case "$at $previous" in
    )" + joined(options_with_values(commands), "|", "'") +
         R"() _files; return ;;
  esac
  case "$at" in
)" + words +
         R"(  esac
  _describe -t commands command commands
  _describe -o -t options option options
  (( $#commands )) || _files
}
# As a file in $fpath it is called by its name; otherwise it is sourced.
if [[ "$funcstack[1]" == _)" +
         name + " ]]; then _" + name + "; else compdef _" + name + " " + name + "; fi\n";
}

std::string fish_option(const Option& option) {
  std::string text;
  for (const std::string& spelling : option.spellings) {
    text += spelling.starts_with("--") ? " -l " + spelling.substr(2) : " -s " + spelling.substr(1);
  }
  return text + (option.has_value ? " -r" : "") + " -d " + quoted(option.description, R"(\')");
}

std::string fish(const std::string& name, const std::vector<Command>& commands) {
  std::string steps_of_fish, rows;
  for (const Command& command : commands) {
    const std::string row = "complete -c " + name + " -n '__" + name + "_at \"" + command.place + "\"'";
    if (!command.spellings.empty()) {
      steps_of_fish +=
          "      case " + joined(command.spellings, " ", "'") + "\n        set at '" + command.place + "'\n";
    }
    if (!command.children.empty()) rows += row + " -f\n";
    for (const std::size_t child : command.children) {
      rows += row + " -a " + commands[child].name + " -d " + quoted(commands[child].description, R"(\')") + "\n";
    }
    for (const Option& option : command.options) rows += row + fish_option(option) + "\n";
  }
  return "function __" + name + R"(_at
  set -l at ''
  set -l previous ''
  for word in (commandline -opc)[2..-1]
    switch "$at $previous"
      case )" +
         joined(options_with_values(commands), " ", "'") + R"(
        set previous ''
        continue
    end
    set previous $word
    switch "$at $word"
)" + steps_of_fish +
         R"(    end
  end
  test "$at" = "$argv[1]"
end
)" + rows;
}

}  // namespace

std::optional<Shell> parse_shell(std::string_view name) {
  if (name == "bash") return Shell::bash;
  if (name == "zsh") return Shell::zsh;
  if (name == "fish") return Shell::fish;
  return std::nullopt;
}

std::string completion(const CLI::App& program, Shell shell) {
  const Tree tree(program);
  const std::string name = program_name(program);
  if (shell == Shell::bash) return bash(name, tree.commands());
  if (shell == Shell::zsh) return zsh(name, tree.commands());
  return fish(name, tree.commands());
}

}  // namespace redan::cmd
