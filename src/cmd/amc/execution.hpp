// A command in an instance, over the WebSockets of its operation: its standard streams are those of this process.
#pragma once

#include <string>
#include <vector>

#include "cmd/amc/client.hpp"

namespace redan::cmd {

/// Runs the command and returns its exit code. On a terminal keys are passed on as they are; otherwise SIGINT, SIGTERM
/// and SIGHUP are, once each.
int execute(Amc& amc, const std::string& instance, const std::vector<std::string>& command, bool on_terminal);

}  // namespace redan::cmd
