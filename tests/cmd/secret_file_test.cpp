#include "cmd/secret_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/files.hpp"

namespace redan::cmd {
namespace {

namespace fs = std::filesystem;

class SecretFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "redan-secret-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder_); }
  [[nodiscard]] fs::path write(const std::string& text, mode_t mode = 0600) const {
    const fs::path file = folder_ / "secret";
    std::ofstream(file) << text;
    EXPECT_EQ(::chmod(file.c_str(), mode), 0);
    return file;
  }
  static std::string problem(const fs::path& file) {
    try {
      (void)read_secret_file(file);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return {};
  }

  fs::path folder_;
};

TEST_F(SecretFile, IsReadCompletely) {
  const SecretText secret = read_secret_file(write("a secret\r\n\n", 0400));
  EXPECT_EQ(secret.text(), "a secret\r\n\n");
  EXPECT_EQ(secret.line(), "a secret");
}

TEST_F(SecretFile, IsRefusedWithAdviceWhenOthersCanReadOrWriteIt) {
  for (const mode_t mode : {0640U, 0620U, 0610U, 0604U, 0602U, 0601U, 0644U, 0666U}) {
    const fs::path file = write("a secret", mode);
    EXPECT_EQ(problem(file), file.string() + " holds a secret and can be read by others; chmod 600 it") << mode;
  }
}

TEST_F(SecretFile, IsRefusedWhenItIsNotAFile) {
  EXPECT_NE(problem(folder_ / "missing").find("cannot read"), std::string::npos);
  ASSERT_EQ(::chmod(folder_.c_str(), 0700), 0);
  EXPECT_NE(problem(folder_).find("is not a file"), std::string::npos);
}

TEST_F(SecretFile, HasAMaximumSize) {
  EXPECT_EQ(problem(write(std::string(1024 * 1024, 'x'))), "");
  EXPECT_NE(problem(write(std::string(1024 * 1024 + 1, 'x'))).find("too large"), std::string::npos);
}

TEST_F(SecretFile, AKeyIsOneLineOf128HexadecimalDigits) {
  EXPECT_EQ(read_key(write(std::string(128, 'a') + "\n")).size(), 64U);
  for (const std::string& text : {std::string(), std::string(127, 'a'), std::string(129, 'a'), std::string(128, 'x')}) {
    EXPECT_THROW((void)read_key(write(text)), std::runtime_error) << text;
  }
  EXPECT_THROW((void)read_key(write(std::string(128, 'a'), 0640)), std::runtime_error);
}

TEST_F(SecretFile, AnIdentityIsRefusedWhenOthersCanReadItsKey) {
  const auto text = [](const char* name) {
    const auto bytes = redan::test::read_test_file(std::string("vectors/tls/") + name);
    return std::string(bytes.begin(), bytes.end());
  };
  const fs::path certificate = folder_ / "certificate";
  std::ofstream(certificate) << text("server.pem");
  EXPECT_FALSE(read_identity("--cert and --key", certificate, write(text("server.key"))).certificate_der.empty());
  EXPECT_THROW((void)read_identity("--cert and --key", certificate, write(text("server.key"), 0644)),
               std::runtime_error);
  EXPECT_THROW((void)read_identity("--cert and --key", certificate, write(text("other.key"))), std::runtime_error);
}

}  // namespace
}  // namespace redan::cmd
