// Test data: files under tests/, located through the path from the build.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace redan::test {

/// The bytes of tests/`path`; empty if there is no such file.
inline std::vector<std::uint8_t> read_test_file(const std::string& path) {
  std::ifstream file(std::string(REDAN_TESTS_DIR) + "/" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace redan::test
