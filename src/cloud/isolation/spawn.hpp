// Starts a process that inherits from this one exactly what is listed: no other descriptor, variable or signal mask.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace redan::cloud::isolation {

struct Child {
  std::vector<std::string> arguments;  ///< the first is the path of the program
  std::vector<std::string> environment{};
  std::vector<int> descriptors{};  ///< descriptors[n] becomes its descriptor n; at most 16
  int lock = -1;                   ///< its process id is written into this file before the program starts
  std::vector<int> cgroups{};      ///< files cgroup.procs; it joins these cgroups before the program starts
  std::int64_t memory_bytes = 0, file_bytes = 0;  ///< limits of its address space and of a file; 0: as here
};

/// Returns its process id, or -1 and errno. It leads its own session and cannot get new privileges. It ends with status
/// 126 or 127 if the program cannot be started.
pid_t spawn(const Child& child);

}  // namespace redan::cloud::isolation
