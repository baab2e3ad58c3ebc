// Explains a wrong command line.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace redan::cmd {

/// The candidate that a mistyped word probably means; empty if none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string>& candidates);

/// Names the command that is missing or unknown, and the commands that exist there; empty if `error` is about something
/// else.
std::string explain_command(const CLI::App& app, const CLI::ParseError& error);

}  // namespace redan::cmd
