// A program of tests/interop/wamp as a child of a test.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/support/child_process.hpp"

namespace redan::test {

/// Its output is written to a file.
class Script {
 public:
  Script(const std::string& program, std::vector<std::string> arguments)
      : log_(std::filesystem::temp_directory_path() /
             ("redan-" + program + "-" + std::to_string(::getpid()) + "-" + std::to_string(++count_))) {
    arguments.insert(arguments.begin(), std::string(REDAN_TESTS_DIR) + "/interop/wamp/" + program);
    child_.emplace(arguments, log_.string());
  }
  ~Script() {
    child_.reset();
    std::filesystem::remove(log_);
  }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  [[nodiscard]] std::string output() const {
    std::ifstream file(log_);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  [[nodiscard]] bool has_said(const std::string& text) const { return output().find(text) != std::string::npos; }

 private:
  static inline int count_ = 0;
  std::filesystem::path log_;
  std::optional<Child> child_;
};

}  // namespace redan::test
