// The tests of isolated instances, their init, and an intruder, in one executable.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "cloud/isolation/init.hpp"
#include "tests/cloud/ams/intruder.hpp"

namespace {

// instance-init [--variable NAME=VALUE] [--user N] --max-processes N -- program arguments...
int be_init(int argc, char** argv) {
  redan::cloud::isolation::InitOptions options;
  int at = 2;
  for (; at + 1 < argc && std::strcmp(argv[at], "--") != 0; at += 2) {
    if (std::strcmp(argv[at], "--variable") == 0) ::putenv(argv[at + 1]);
    if (std::strcmp(argv[at], "--user") == 0) options.user = static_cast<uid_t>(std::atol(argv[at + 1]));
    if (std::strcmp(argv[at], "--max-processes") == 0) options.max_processes = std::atol(argv[at + 1]);
  }
  options.program.assign(argv + at + 1, argv + argc);
  return redan::cloud::isolation::run_init(options);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 && std::strcmp(argv[1], "instance-init") == 0) return be_init(argc, argv);
  if (argc > 2 && std::strcmp(argv[1], "intrude") == 0) return redan::cloud::test::intrude({argv + 2, argv + argc});
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
