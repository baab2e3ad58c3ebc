// The processes below this one.
#pragma once

namespace redan::cloud::isolation {

/// Kills all descendants of this process, which must be their subreaper, and collects them.
void end_descendants();

}  // namespace redan::cloud::isolation
