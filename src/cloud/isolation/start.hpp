// Starts a program inside an instance, from its init.
#pragma once

#include <sys/types.h>

#include <array>
#include <map>
#include <string>
#include <vector>

namespace redan::cloud::isolation {

/// Searches the command in PATH. Its standard streams are `streams`; it has no other descriptor and leads its own
/// session, on the terminal streams[0] if `on_terminal`. Returns its process id, or -1 and errno, which can be that of
/// execve(2).
pid_t start(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment,
            const std::array<int, 3>& streams, bool on_terminal);

}  // namespace redan::cloud::isolation
