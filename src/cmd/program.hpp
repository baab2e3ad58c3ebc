// What the subcommands of the control plane share: each adds itself to the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "cmd/commands.hpp"

namespace redan::cmd {

/// What to do once the command line is read; the exit code.
using Run = std::function<int()>;

void add_agent(CLI::App& app, Run& run);
void add_amc(CLI::App& app, Run& run);
void add_ams(CLI::App& app, Run& run);
void add_runtime(CLI::App& app, Run& run);
void add_turn(CLI::App& app, Run& run);

/// One line on standard error, with a time.
void log_line(std::string_view line);

}  // namespace redan::cmd
