#include <gmock/gmock.h>

#include "tests/cloud/package/package_fixture.hpp"

namespace redan::cloud::package::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Unpack : public InFolder {};

constexpr std::string_view kOutsideNames[] = {"with \"..\"", "with \"..\"", "absolute",
                                              "absolute",    "with \"..\"", "with \"..\""};

TEST_F(Unpack, EveryKindOfArchiveHasTheSameContent) {
  for (const char* name :
       {"good.zip", "stored.zip", "streamed.zip", "pax.tar.bz2", "gnu.tar.bz2", "ustar.tar.bz2", "dotted.tar.bz2"}) {
    const auto files = unpack(archive(name), folder / name);
    ASSERT_TRUE(files) << name << ": " << files.error().message;
    EXPECT_THAT(*files, ElementsAre(File{"app.apk", 10000, false}, File{"extra-data/main.obb", 3, false},
                                    File{"hooks/pre-start", 10, true}, File{"manifest.yaml", 116, false},
                                    File{"notes/ä.txt", 2, false}))
        << name;
    EXPECT_EQ(text_of(folder / name / "hooks/pre-start"), "#!/bin/sh\n") << name;
    EXPECT_EQ(text_of(folder / name / "extra-data/main.obb"), std::string("\0\1\2", 3)) << name;
    EXPECT_EQ(text_of(folder / name / "notes/ä.txt"), "ä") << name;
  }
}

TEST_F(Unpack, OnlyTheOwnerHasAccess) {
  ASSERT_TRUE(unpack(archive("modes.tar.bz2"), folder / "modes"));
  EXPECT_EQ(mode_of(folder / "modes"), 0700U);
  EXPECT_EQ(mode_of(folder / "modes/manifest.yaml"), 0700U);
  EXPECT_EQ(mode_of(folder / "modes/x"), 0600U);
  ASSERT_TRUE(unpack(archive("dotted.tar.bz2"), folder / "dotted"));
  EXPECT_EQ(mode_of(folder / "dotted/hooks"), 0700U);
  EXPECT_EQ(mode_of(folder / "dotted/hooks/pre-start"), 0700U);
  EXPECT_EQ(mode_of(folder / "dotted/app.apk"), 0600U);
}

TEST_F(Unpack, DirectoriesAreKept) {
  ASSERT_TRUE(unpack(archive("dotted.tar.bz2"), folder / "in"));
  EXPECT_TRUE(fs::is_directory(folder / "in/empty"));
}

TEST_F(Unpack, LongNamesAreRead) {
  const auto files = unpack(archive("long-name.tar.bz2"), folder / "in");
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(files->front().path.size(), 803U);
}

TEST_F(Unpack, TheDirectoryMustNotExist) {
  write_file(folder / "in/mine", "mine");
  EXPECT_EQ(unpack(archive("good.zip"), folder / "in").error().status, 500U);
  EXPECT_EQ(text_of(folder / "in/mine"), "mine");
  fs::create_directory_symlink("/tmp", folder / "link");
  EXPECT_FALSE(unpack(archive("good.zip"), folder / "link"));
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
}

TEST_F(Unpack, AMissingArchiveIsAnErrorOfTheSystem) {
  EXPECT_THAT(refusal("none.zip"), StartsWith("500: cannot read the archive"));
  EXPECT_THAT(refusal(""), StartsWith("400: the archive is not a file"));
}

TEST_F(Unpack, NamesOutsideTheDirectoryAreRefused) {
  for (int n = 0; n < 6; ++n) {
    for (const char* kind : {".zip", ".tar.bz2"}) {
      const std::string name = "traversal-" + std::to_string(n) + kind;
      EXPECT_THAT(refusal(name), StartsWith("400: the name ")) << name;
      EXPECT_THAT(refusal(name), HasSubstr(std::string(kOutsideNames[n]))) << name;
    }
  }
}

TEST_F(Unpack, NamesThatAreNotPlainTextAreRefused) {
  EXPECT_THAT(refusal("backslash.tar.bz2"), HasSubstr("with a backslash"));
  EXPECT_THAT(refusal("backslash.zip"), StartsWith("400: the name "));
  EXPECT_THAT(refusal("control.zip"), HasSubstr("the name \"a\\x0ab\" is not UTF-8, or with control characters"));
  EXPECT_THAT(refusal("not-utf8.zip"), HasSubstr("the name \"a\\xffb\" is not UTF-8"));
  EXPECT_THAT(refusal("not-utf8.tar.bz2"), HasSubstr("the name \"a\\xffb\" is not UTF-8"));
  EXPECT_THAT(refusal("long-component.tar.bz2"), HasSubstr("longer than 255 bytes"));
  EXPECT_THAT(refusal("deep.zip"), HasSubstr("too deep"));
}

TEST_F(Unpack, TwoEqualNamesAreRefused) {
  for (const char* name : {"twice", "case", "case-folder", "dotted-twice", "file-then-folder", "folder-then-file"}) {
    for (const char* kind : {".zip", ".tar.bz2"}) {
      EXPECT_THAT(refusal(std::string(name) + kind), HasSubstr("there twice, or differs from another in case only"))
          << name << kind;
    }
  }
}

TEST_F(Unpack, LinksAreRefused) {
  for (const char* name : {"symlink.zip", "symlink.tar.bz2", "hardlink.tar.bz2", "hardlink-outside.tar.bz2"}) {
    EXPECT_THAT(refusal(name), HasSubstr("is a link")) << name;
  }
  EXPECT_FALSE(fs::exists("/tmp/redan-escaped"));
}

TEST_F(Unpack, OnlyFilesAndDirectoriesArePermitted) {
  for (const char* name : {"device.tar.bz2", "fifo.tar.bz2", "device.zip"}) {
    EXPECT_THAT(refusal(name), HasSubstr("neither a file nor a directory")) << name;
  }
  EXPECT_THAT(refusal("folder-with-content.tar.bz2"), StartsWith("400: "));
}

TEST_F(Unpack, SparseFilesAreRefused) {
  for (const char* name : {"sparse-gnu.tar.bz2", "sparse-posix.tar.bz2", "sparse-hole.tar.bz2"}) {
    EXPECT_THAT(refusal(name), HasSubstr("sparse")) << name;
  }
}

TEST_F(Unpack, AListOfHolesThatDoesNotEndIsRefused) {
  EXPECT_THAT(refusal("sparse-endless.tar.bz2"), StartsWith("413: the archive has too much to read"));
}

TEST_F(Unpack, MoreContentThanTheRatioPermitsIsRefused) {
  for (const char* name : {"bomb.zip", "bomb.tar.bz2"}) {
    EXPECT_EQ(refusal(name), "413: the files have more than 200 times the size of the archive") << name;
  }
  Limits trusting;
  trusting.max_ratio = 1'000'000;
  EXPECT_EQ(refusal("bomb.zip", trusting), "accepted");
}

TEST_F(Unpack, ARatioThatOverflowsIsNoLimit) {
  Limits trusting;
  trusting.max_ratio = UINT64_MAX;
  EXPECT_EQ(refusal("bomb.zip", trusting), "accepted");
}

TEST_F(Unpack, AFileMayBeAsLargeAsTheLimit) {
  Limits limits;
  limits.max_file_bytes = 2000;
  EXPECT_EQ(refusal("large-file.zip", limits), "accepted");
  limits.max_file_bytes = 1999;
  EXPECT_EQ(refusal("large-file.zip", limits), "413: a file is larger than 1999 bytes");
  limits.max_file_bytes = 500;
  EXPECT_THAT(refusal("lying-small.zip", limits), ::testing::Not("accepted"));
}

TEST_F(Unpack, AllFilesMayBeAsLargeAsTheLimit) {
  Limits limits;
  limits.max_total_bytes = 3000;
  EXPECT_EQ(refusal("large-total.zip", limits), "accepted");
  limits.max_total_bytes = 2999;
  EXPECT_EQ(refusal("large-total.zip", limits), "413: the files have more than 2999 bytes");
}

TEST_F(Unpack, TooManyFilesAreRefused) {
  for (const char* name : {"many.zip", "many.tar.bz2"}) {
    EXPECT_EQ(refusal(name), "413: there are more than 10000 files") << name;
  }
  Limits limits;
  limits.max_files = 5;
  EXPECT_EQ(refusal("good.zip", limits), "413: there are more than 5 files");  // with the directories
}

TEST_F(Unpack, DirectoriesThatNamesImplyAreCounted) {
  Limits limits;
  limits.max_files = 119;
  EXPECT_EQ(refusal("implied-folders.zip", limits), "413: there are more than 119 files");
  limits.max_files = 120;
  EXPECT_EQ(refusal("implied-folders.zip", limits), "accepted");
}

TEST_F(Unpack, ADirectoryOfAZipThatIsTooLargeIsNotRead) {
  Limits limits;
  limits.max_files = 100;
  EXPECT_THAT(refusal("large-directory.zip", limits), StartsWith("413: the archive has too much to read"));
}

TEST_F(Unpack, SizesThatAreNotTrueAreRefused) {
  for (const char* name : {"lying-small.zip", "lying-large.zip", "lying-small-local.zip", "lying-large-local.zip"}) {
    EXPECT_THAT(refusal(name), StartsWith("400: ")) << name;
  }
  EXPECT_EQ(refusal("huge.tar.bz2"), "413: a file is larger than 2147483648 bytes");
  EXPECT_THAT(refusal("negative.tar.bz2"), StartsWith("4")) << "negative";
}

TEST_F(Unpack, ContentThatTheChecksumDoesNotMatchIsRefused) {
  EXPECT_THAT(refusal("bad-crc.zip"), HasSubstr("damaged"));
}

TEST_F(Unpack, NamesForTheSameDataAreNotManyFiles) {
  const std::string outcome = refusal("same-data.zip");
  EXPECT_TRUE(outcome == "accepted" || outcome.starts_with("400: ")) << outcome;
}

TEST_F(Unpack, DamagedArchivesAreRefused) {
  for (const char* name : {"truncated.zip", "truncated.tar.bz2", "half.tar.bz2", "magic.zip", "magic.tar.bz2",
                           "not-tar.tar.bz2", "nested.tar.bz2", "several-disks.zip"}) {
    EXPECT_THAT(refusal(name), StartsWith("400: the archive is damaged: ")) << name;
  }
}

TEST_F(Unpack, OtherFormatsAreRefusedByContent) {
  for (const char* name : {"gzip.tar.bz2", "plain-tar.zip", "nothing.zip", "text.zip", "empty.zip"}) {
    EXPECT_EQ(refusal(name), "400: this is not a zip or tar.bz2 archive") << name;
  }
}

TEST_F(Unpack, TheNameOfTheArchiveDoesNotMatter) {
  fs::copy_file(archive("good.zip"), folder / "x.tar.bz2");
  EXPECT_TRUE(unpack(folder / "x.tar.bz2", folder / "in"));
}

TEST_F(Unpack, EncryptedFilesAreRefused) { EXPECT_THAT(refusal("encrypted.zip"), HasSubstr("is encrypted")); }

TEST_F(Unpack, MethodsOtherThanDeflateAreRefused) {
  for (const char* name : {"method-bzip2.zip", "method-lzma.zip", "method-ppmd.zip"}) {
    EXPECT_THAT(refusal(name), HasSubstr("compressed by another method than deflate")) << name;
  }
}

}  // namespace
}  // namespace redan::cloud::package::test
