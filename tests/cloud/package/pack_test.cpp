#include <gmock/gmock.h>

#include <algorithm>

#include "tests/cloud/package/package_fixture.hpp"
#include "tests/support/child_process.hpp"

namespace redan::cloud::package::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Pack : public InFolder {
 protected:
  Pack() {
    write_file(app / "manifest.yaml", "name: candy\n");
    write_file(app / "hooks/pre-start", "#!/bin/sh\n", true);
    write_file(app / "extra-data/ä/b", "data");
  }

  std::string refused(const Limits& limits = {}) {
    const auto outcome = pack(app, folder / "refused.tar.bz2", limits);
    EXPECT_FALSE(fs::exists(folder / "refused.tar.bz2"));
    return outcome ? "accepted" : outcome.error().message;
  }

  const fs::path app = folder / "app";
};

TEST_F(Pack, UnpackReturnsTheSameFiles) {
  const auto packed = pack(app, folder / "a.tar.bz2");
  ASSERT_TRUE(packed) << packed.error().message;
  EXPECT_EQ(mode_of(folder / "a.tar.bz2"), 0600U);
  const auto files = unpack(folder / "a.tar.bz2", folder / "in");
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_THAT(*files, ElementsAre(File{"extra-data/ä/b", 4, false}, File{"hooks/pre-start", 10, true},
                                  File{"manifest.yaml", 12, false}));
  EXPECT_EQ(*files, *list_files(app));
  EXPECT_EQ(text_of(folder / "in/extra-data/ä/b"), "data");
}

TEST_F(Pack, PythonReadsTheArchive) {
  ASSERT_TRUE(pack(app, folder / "a.tar.bz2"));
  const auto names = redan::test::run({"python3", "-c",
                                       "import sys, tarfile\nfor m in tarfile.open(sys.argv[1], 'r:bz2'):\n"
                                       "  print(ascii(m.name), oct(m.mode), m.uid, m.gid, m.mtime, m.isreg())",
                                       (folder / "a.tar.bz2").string()});
  EXPECT_EQ(names.output,
            "'extra-data/\\xe4/b' 0o644 0 0 0 True\n'hooks/pre-start' 0o755 0 0 0 True\n"
            "'manifest.yaml' 0o644 0 0 0 True\n");
}

TEST_F(Pack, EqualContentGivesEqualBytes) {
  ASSERT_TRUE(pack(app, folder / "first.tar.bz2"));
  fs::copy(app, folder / "copy", fs::copy_options::recursive);
  fs::remove(folder / "copy/manifest.yaml");
  write_file(folder / "copy/manifest.yaml", "name: candy\n");  // later, and last in the directory
  fs::last_write_time(folder / "copy/manifest.yaml", fs::file_time_type::clock::now() + std::chrono::hours(1));
  ::chmod((folder / "copy/manifest.yaml").c_str(), 0600);
  ASSERT_TRUE(pack(folder / "copy", folder / "second.tar.bz2"));
  EXPECT_EQ(text_of(folder / "first.tar.bz2"), text_of(folder / "second.tar.bz2"));
}

TEST_F(Pack, TheOrderOfTheFilesIsThatOfTheirNames) {
  for (int n = 40; n > 0; --n) write_file(app / ("data-" + std::to_string(n * 7 % 41)), "x");
  const auto files = list_files(app);
  ASSERT_TRUE(files);
  EXPECT_EQ(files->size(), 43U);
  EXPECT_TRUE(std::ranges::is_sorted(*files, {}, &File::path));
}

TEST_F(Pack, ADirectoryWithoutAManifestIsRefused) {
  fs::remove(app / "manifest.yaml");
  EXPECT_EQ(refused(), "there is no manifest.yaml in the directory");
  write_file(app / "below/manifest.yaml", "name: candy\n");
  EXPECT_EQ(refused(), "there is no manifest.yaml in the directory");
}

TEST_F(Pack, AnArchiveThatExistsIsNotReplaced) {
  write_file(folder / "a.tar.bz2", "mine");
  EXPECT_FALSE(pack(app, folder / "a.tar.bz2"));
  EXPECT_EQ(text_of(folder / "a.tar.bz2"), "mine");
}

TEST_F(Pack, LinksAndSpecialFilesAreRefused) {
  fs::create_symlink("/etc/passwd", app / "link");
  EXPECT_EQ(refused(), "the name \"link\" is neither a file nor a directory");
  fs::remove(app / "link");
  fs::create_directory_symlink("/etc", app / "link");
  EXPECT_EQ(refused(), "the name \"link\" is neither a file nor a directory");
  fs::remove(app / "link");
  ASSERT_EQ(::mkfifo((app / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(refused(), "the name \"fifo\" is neither a file nor a directory");
}

TEST_F(Pack, NamesThatUnpackRefusesAreRefused) {
  write_file(app / "a\\b", "");
  EXPECT_THAT(refused(), HasSubstr("with a backslash"));
  fs::remove(app / "a\\b");
  write_file(app / "Manifest.yaml", "");
  EXPECT_THAT(refused(), HasSubstr("different from another in case only"));
}

TEST_F(Pack, TheLimitsOfUnpackHold) {
  EXPECT_EQ(refused({.max_files = 5}), "there are too many files");  // with the directories
  EXPECT_EQ(refused({.max_file_bytes = 11}), "the files are too large");
  EXPECT_EQ(refused({.max_total_bytes = 25}), "the files are too large");
  EXPECT_TRUE(pack(app, folder / "a.tar.bz2", {.max_files = 6, .max_file_bytes = 12, .max_total_bytes = 26}));
}

TEST_F(Pack, ADirectoryThatIsNotThereIsRefused) {
  EXPECT_EQ(pack(folder / "none", folder / "a.tar.bz2").error().status, 500U);
}

}  // namespace
}  // namespace redan::cloud::package::test
