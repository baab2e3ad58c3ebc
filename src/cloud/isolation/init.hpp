// Process 1 of an instance. It starts the program, forwards signals to it, starts commands that AMS requests, collects
// ended processes, and ends with the program; then the kernel ends all others.
//
// Its descriptors: 0 the instance's lock, which no other process inside has; 1 and 2 the log; 3 the socket on which AMS
// requests commands. Other processes inside have the same user, but cannot look into it: it is not dumpable.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace redan::cloud::isolation {

struct InitOptions {
  std::optional<uid_t> user;  ///< it becomes this user, without capabilities
  std::int64_t max_processes = 0;
  std::vector<std::string> program;  ///< with its arguments
};

/// Returns the exit code of the program, 128 plus the signal that killed it, or 126 if it cannot be started.
int run_init(const InitOptions& options);

}  // namespace redan::cloud::isolation
