// The system calls that an instance may make, as filters of seccomp(2). Bubblewrap installs them before it starts
// anything inside.
#pragma once

#include <string_view>
#include <vector>

namespace redan::cloud::isolation {

/// `calls` permits the listed calls only; others fail with ENOSYS. `requests` refuses requests of ioctl that `calls`
/// permits. They are two filters because libseccomp compares an argument with one value in each rule.
enum class Filter { calls, requests };

/// An open file with the filter's program; -1 and errno on failure. The caller closes it.
int open_filter(Filter which);

/// For tests: the listed calls that libseccomp does not know.
std::vector<std::string_view> unknown_calls();

}  // namespace redan::cloud::isolation
