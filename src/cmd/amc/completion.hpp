// Scripts that complete the commands and options of a program in a shell.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace redan::cmd {

enum class Shell : std::uint8_t { bash, zsh, fish };
/// "bash", "zsh" or "fish".
std::optional<Shell> parse_shell(std::string_view name);

/// A script for `program`, made from its tree of commands. It completes names of commands and options, and after an
/// option that takes a value, names of files. The program's name is the last component of the app's name. To be used
/// as `source <(program ... bash)`, in fish `program ... fish | source`.
std::string completion(const CLI::App& program, Shell shell);

}  // namespace redan::cmd
