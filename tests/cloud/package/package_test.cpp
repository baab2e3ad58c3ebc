#include "cloud/package/package.hpp"

#include <gmock/gmock.h>

#include "tests/cloud/package/package_fixture.hpp"

namespace redan::cloud::package::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class PackageFile : public InFolder {
 protected:
  std::string refused(const std::string& name) {
    const auto package = open_package(archive(name), folder / "in");
    EXPECT_TRUE(fs::is_empty(folder)) << name;
    return package ? "accepted" : package.error().message;
  }
};

TEST_F(PackageFile, HasItsManifestAndItsFiles) {
  for (const char* name : {"good.zip", "pax.tar.bz2"}) {
    const auto package = open_package(archive(name), folder / name);
    ASSERT_TRUE(package) << package.error().message;
    EXPECT_EQ(package->manifest.name, "candy");
    EXPECT_EQ(package->manifest.version, "1.10");  // not the number 1.1
    EXPECT_EQ(package->manifest.boot_activity, "com.example.candy.Main");
    EXPECT_EQ(package->files.size(), 5U);
    ASSERT_NE(package->file(kApkFile), nullptr);
    EXPECT_EQ(package->file(kApkFile)->size, 10000U);
    EXPECT_EQ(package->file("hooks/post-stop"), nullptr);
  }
}

TEST_F(PackageFile, IsReadAgainFromItsDirectory) {
  const auto opened = open_package(archive("good.zip"), folder / "in");
  ASSERT_TRUE(opened);
  const auto read = read_package(folder / "in");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->manifest, opened->manifest);
  EXPECT_EQ(read->files, opened->files);
}

TEST_F(PackageFile, NeedsAManifestAtTheTop) {
  for (const char* name : {"no-manifest.zip", "manifest-below.zip", "manifest-folder.zip"}) {
    EXPECT_EQ(refused(name), "there is no manifest.yaml at the top") << name;
  }
}

TEST_F(PackageFile, WithABadManifestIsRefusedByItsPlaceOrKey) {
  EXPECT_THAT(refused("bad-yaml.zip"), StartsWith("manifest.yaml: line 2, column "));
  EXPECT_THAT(refused("bad-manifest.zip"), StartsWith("manifest.yaml: \"name\" is not "));
  EXPECT_EQ(refused("large-manifest.zip"), "manifest.yaml: there are more than 64 KiB of YAML");
}

TEST_F(PackageFile, WithAHookThatIsNotExecutableIsRefused) {
  EXPECT_EQ(refused("hook-not-executable.zip"), "hooks/pre-start is not executable");
}

TEST_F(PackageFile, WithoutTheDataThatItsManifestNamesIsRefused) {
  EXPECT_THAT(refused("no-extra-data.zip"), HasSubstr("in the manifest but not in the package"));
  EXPECT_THAT(refused("extra-data-prefix.zip"), HasSubstr("in the manifest but not in the package"));
  EXPECT_TRUE(open_package(archive("extra-data-folder.zip"), folder / "in"));
}

TEST_F(PackageFile, ThatIsNotAnArchiveIsRefused) {
  EXPECT_EQ(refused("text.zip"), "this is not a zip or tar.bz2 archive");
}

TEST_F(PackageFile, MayBeAnAddon) {
  const auto addon = open_addon(archive("addon.zip"), folder / "in");
  ASSERT_TRUE(addon) << addon.error().message;
  EXPECT_EQ(addon->manifest.name, "ssh");
  EXPECT_EQ(addon->manifest.hooks.timeout, std::chrono::minutes(10));
  const auto again = read_addon(folder / "in");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->files, addon->files);
  EXPECT_EQ(again->manifest, addon->manifest);
}

TEST_F(PackageFile, OfAnAddonIsRemovedIfItIsRefused) {
  EXPECT_FALSE(open_addon(archive("no-manifest.zip"), folder / "in"));
  EXPECT_FALSE(open_addon(archive("hook-not-executable.zip"), folder / "in"));
  EXPECT_TRUE(fs::is_empty(folder));
}

}  // namespace
}  // namespace redan::cloud::package::test
