// The manual page of a program, from its tree of commands.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace redan::cmd {

/// A page of section 1 in the language of man(7): for the program and each of its visible commands, what --help prints.
std::string manual(const CLI::App& program, const std::string& version);

}  // namespace redan::cmd
