// The file with the key that encrypts AMS's secrets in the store.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json.hpp>
#include <fstream>

#include "base/base64.hpp"
#include "cloud/store/sqlite.hpp"
#include "tests/cloud/store/contract.hpp"
#include "tests/trust/ams_process.hpp"

namespace redan::cloud::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* kSeal = "/ams/1.0/secrets/seal";

class SecretsKeyFile : public testing::Test {
 protected:
  /// Starts AMS, reads its sealing key, and ends AMS.
  std::string authority() {
    AmsProcess ams({.folder = data_, .name = "node-1", .more = {}});
    Client client(ams.local());
    std::string said(client.get("/1.0/seal").metadata().at("authority").as_string());
    EXPECT_TRUE(ams.stop());
    return said;
  }
  /// The error message of `redan ams` when it does not start.
  std::string complaint(const std::vector<std::string>& more = {}) {
    const fs::path log = folder_.path() / "complaint";
    fs::remove(log);
    std::vector<std::string> arguments{redan_program(), "ams", "--data-dir", data_.string(), "--listen", "127.0.0.1:0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Process process(arguments, log);
    const auto code = process.wait(30s);
    EXPECT_TRUE(code && *code != 0) << "it runs";
    return read_file(log);
  }
  Result<std::optional<store::Entry>> with_store(
      const std::function<void(boost::asio::io_context&, store::Store&)>& change) {
    boost::asio::io_context io{1};
    auto store = store::sqlite_store(io, data_ / "ams.sqlite", {});
    if (!store) return refuse(store.error().code);
    if (change) change(io, **store);
    return wait_for(io, (*store)->get(kSeal));
  }
  static bool has(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

  TemporaryFolder folder_;
  fs::path data_ = folder_.path() / "ams";
};

TEST_F(SecretsKeyFile, IsCreatedForItsOwnerOnlyAndKept) {
  const std::string first = authority();
  struct stat status {};
  ASSERT_EQ(::stat((data_ / "secrets.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(authority(), first);
  const auto entry = with_store({});
  ASSERT_TRUE(entry && *entry);
  EXPECT_TRUE((*entry)->value.starts_with("sealed:")) << (*entry)->value;
}

TEST_F(SecretsKeyFile, PreventsTheStartOfAmsWhenWrongOrMissing) {
  const std::string first = authority();
  const std::string key = read_file(data_ / "secrets.key");
  fs::remove(data_ / "secrets.key");
  EXPECT_TRUE(has(complaint(), "is sealed under the secrets key"));
  std::ofstream(data_ / "secrets.key") << key;
  EXPECT_EQ(authority(), first);
}

TEST_F(SecretsKeyFile, IsRefusedWhenOthersCanReadIt) {
  const std::string key = secrets_key_file(folder_.path());
  ASSERT_EQ(::chmod(key.c_str(), 0640), 0);
  const std::string said = complaint({"--secrets-key", key});
  EXPECT_TRUE(has(said, "can be read by others; chmod 600 it")) << said;
}

TEST_F(SecretsKeyFile, IsRefusedInADirectoryThatOthersCanWrite) {
  fs::create_directories(data_);
  ASSERT_EQ(::chmod(data_.c_str(), 0777), 0);
  const std::string said = complaint();
  EXPECT_TRUE(has(said, "can be written by others")) << said;
}

TEST_F(SecretsKeyFile, IsNotCreatedWhenItIsNamed) {
  const fs::path key = folder_.path() / "missing.key";
  const std::string said = complaint({"--secrets-key", key.string()});
  EXPECT_TRUE(has(said, "missing.key is missing") && has(said, "openssl rand -hex 64")) << said;
  EXPECT_FALSE(fs::exists(key));
}

TEST_F(SecretsKeyFile, IsRequiredWithEtcd) {
  const std::string key = secrets_key_file(folder_.path());
  const std::string vectors = std::string(REDAN_TESTS_DIR) + "/vectors/tls/";
  const fs::path private_key = folder_.path() / "small.key";
  fs::copy_file(vectors + "small.key", private_key);
  fs::permissions(private_key, fs::perms(0600));
  const std::string said = complaint({"--store", "etcd", "--etcd", "127.0.0.1:1", "--etcd-ca", vectors + "small.pem",
                                      "--etcd-cert", vectors + "small.pem", "--etcd-key", private_key.string()});
  EXPECT_TRUE(has(said, "--store etcd needs --secrets-key") && has(said, "copy it to every unit")) << said;
}

TEST_F(SecretsKeyFile, SealsPlaintextSecretsAndAmsLogsIt) {
  authority();
  ASSERT_TRUE(with_store([](boost::asio::io_context& io, store::Store& store) {
    const std::vector<std::uint8_t> clear(64, 7);
    ASSERT_TRUE(wait_for(io, store.put(kSeal, to_base64(clear))));
  }));
  const std::string migrated = authority();
  EXPECT_TRUE(has(read_file(data_.string() + ".log"), std::string(kSeal) + " was in the store in the clear"));
  const auto entry = with_store({});
  ASSERT_TRUE(entry && *entry);
  EXPECT_TRUE((*entry)->value.starts_with("sealed:")) << (*entry)->value;
  EXPECT_EQ(authority(), migrated);
}

}  // namespace
}  // namespace redan::cloud::test
