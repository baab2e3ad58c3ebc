// The process that starts one command inside an instance and keeps its processes together: it is the parent of those
// that lose theirs, and ends them all with the command, or when AMS closes the connection.
#pragma once

namespace redan::cloud::isolation {

/// Returns the exit code of the keeper's own process. Closes nothing.
int keep(int connection);

}  // namespace redan::cloud::isolation
