#include <gtest/gtest.h>

#include "tests/trust/ams_process.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s <redan>\n", argv[0]);
    return 2;
  }
  redan::cloud::test::set_redan_program(argv[1]);
  return RUN_ALL_TESTS();
}
