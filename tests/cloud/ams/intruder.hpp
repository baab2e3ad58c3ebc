// A program that does inside an instance what an instance must not do.
#pragma once

#include <string>
#include <vector>

namespace redan::cloud::test {

/// The attacks on the kernel, by name.
std::vector<std::string> attacks();
/// Carries out one attack and prints "refused <errno>" or "DONE". Returns 0 if it was refused.
int intrude(const std::vector<std::string>& words);

}  // namespace redan::cloud::test
