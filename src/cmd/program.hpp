// Shared by the subcommands of the control plane: each adds itself to the command line.
#pragma once

#include <sys/types.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>

#include "cmd/commands.hpp"

namespace redan::cmd {

/// Runs after the command line is parsed; returns the exit code.
using Run = std::function<int()>;

void add_adb(CLI::App& app, Run& run);
void add_agent(CLI::App& app, Run& run);
void add_amc(CLI::App& app, Run& run);
void add_ams(CLI::App& app, Run& run);
void add_config(CLI::App& app, Run& run);
void add_doctor(CLI::App& app, Run& run);
void add_gateway(CLI::App& app, Run& run);
void add_ice_check(CLI::App& app, Run& run);
void add_router(CLI::App& app, Run& run);
void add_runtime(CLI::App& app, Run& run);
void add_turn(CLI::App& app, Run& run);
void add_wamp(CLI::App& app, Run& run);

/// Writes one line with a timestamp to standard error.
void log_line(std::string_view line);

/// `wanted`, or the default data directory of `program`: below /var/lib for root, ~/.local/state for others.
std::filesystem::path data_directory(const std::string& wanted, const std::string& program);
/// Throws std::runtime_error if there is no such user.
uid_t parse_user(const std::string& name);
/// A port on this address on which no server listens now.
std::uint16_t free_port(const std::string& address);

}  // namespace redan::cmd
