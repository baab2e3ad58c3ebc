// Archives that tests/cloud/package/archives.py wrote, and a folder to unpack them into.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cloud/package/archive.hpp"
#include "test_archives.hpp"

namespace redan::cloud::package::test {

namespace fs = std::filesystem;

inline fs::path archive(const std::string& name) { return fs::path(REDAN_TEST_ARCHIVES) / name; }

inline std::string text_of(const fs::path& file) {
  std::ifstream input(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
}

inline void write_file(const fs::path& file, std::string_view text, bool executable = false) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
  ::chmod(file.c_str(), executable ? 0755 : 0644);
}

inline unsigned mode_of(const fs::path& path) {
  struct stat status {};
  ::lstat(path.c_str(), &status);
  return status.st_mode & 07777U;
}

class InFolder : public ::testing::Test {
 protected:
  InFolder() {
    std::string name = (fs::temp_directory_path() / "redan-package-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) folder = name;
  }
  ~InFolder() override {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }

  /// The refusal of an archive, "413: ..."; it must leave nothing behind.
  std::string refusal(const std::string& name, const Limits& limits = {}) {
    const auto files = unpack(archive(name), folder / "in", limits);
    if (files) {
      fs::remove_all(folder / "in");
      return "accepted";
    }
    EXPECT_TRUE(fs::is_empty(folder)) << name;
    return std::to_string(files.error().status) + ": " + files.error().message;
  }

  fs::path folder;
};

}  // namespace redan::cloud::package::test
