#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "net/tls/context.hpp"
#include "tests/net/http/http_fixture.hpp"

namespace redan::net::test {
namespace {

namespace fs = std::filesystem;

TEST(Pin, EitherCaseAndColonsAreAccepted) {
  const std::string lower = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
  const auto pin = parse_pin(lower);
  ASSERT_TRUE(pin);
  EXPECT_EQ(pin_text(*pin), lower);
  EXPECT_EQ(pin_text(*parse_pin("00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF")), lower);
  EXPECT_EQ(
      pin_text(*parse_pin("00:11:22:33:44:55:66:77:88:99:AA:bb:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:"
                          "DD:EE:FF")),
      lower);
}

TEST(Pin, AnythingElseIsRefused) {
  const std::string good(64, 'a');
  for (const std::string& bad : {std::string(), good.substr(1), good + "a", good.substr(1) + "g", " " + good.substr(1),
                                 "sha256:" + good, good.substr(0, 63) + ":"}) {
    EXPECT_FALSE(parse_pin(bad)) << bad;
  }
}

TEST(LoadTlsIdentity, AcceptsACertificateWithItsKeyAndChain) {
  const auto loaded = load_tls_identity(pem("issued.pem") + pem("ca.pem"), pem("server.key"));
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->chain_der.size(), 1U);
  EXPECT_EQ(loaded->fingerprint.digest.size, 32U);
  EXPECT_TRUE(load_tls_identity(pem("client.pem"), pem("client.key")));
}

TEST(LoadTlsIdentity, RefusesAKeyThatDoesNotMatch) {
  EXPECT_EQ(load_tls_identity(pem("server.pem"), pem("other.key")).error(), Errc::crypto_bad_key);
  EXPECT_EQ(load_tls_identity(pem("server.pem"), "").error(), Errc::crypto_bad_key);
  EXPECT_EQ(load_tls_identity("", pem("server.key")).error(), Errc::crypto_bad_key);
  std::string damaged = pem("server.pem") + pem("ca.pem");
  damaged[damaged.size() - 100] = '!';
  EXPECT_FALSE(load_tls_identity(damaged, pem("server.key")));
}

TEST(TlsServerCredentials, RefuseLessThanRsa4096AndKeepTheOldOnes) {
  EXPECT_EQ(TlsServerCredentials::make(identity("small")).error(), Errc::crypto_bad_key);
  EXPECT_EQ(TlsServerCredentials::make(identity("client")).error(), Errc::crypto_bad_key);
  const auto credentials = TlsServerCredentials::make(identity("server"));
  ASSERT_TRUE(credentials);
  EXPECT_FALSE((*credentials)->replace(identity("small")));
  EXPECT_TRUE((*credentials)->fingerprint().equals(identity("server").fingerprint));
}

TEST(TlsClientContext, AnAuthorityThatDoesNotParseIsRefused) {
  EXPECT_EQ(tls_client_context(TrustedAuthority{"nonsense", "h"}, nullptr).error(), Errc::invalid_argument);
  EXPECT_EQ(tls_client_context(TrustedAuthority{pem("ca.pem"), ""}, nullptr).error(), Errc::invalid_argument);
  EXPECT_EQ(tls_client_context(PinnedSha256{}, nullptr).error(), Errc::invalid_argument);
  EXPECT_TRUE(tls_client_context(TrustedAuthority{pem("ca.pem"), "h"}, &identity("client")));
  EXPECT_TRUE(tls_client_context(SystemAuthorities{"h"}, nullptr));
}

class IdentityFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "redan-identity-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory = name;
    write("tls.pem", pem("server.key") + pem("server.pem"), 0600);
  }
  void TearDown() override { fs::remove_all(directory); }
  void write(const std::string& name, const std::string& text, mode_t mode) const {
    const fs::path file = directory / name;
    std::ofstream(file) << text;
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
  }
  [[nodiscard]] TlsIdentity load() const {
    const auto provider = default_provider();
    return load_or_create_tls_identity(directory, {"localhost"}, *provider, [](std::string_view) {});
  }
  fs::path directory;
};

TEST_F(IdentityFile, IsAcceptedIfItIsOurs) { EXPECT_TRUE(load().fingerprint.equals(identity("server").fingerprint)); }

TEST_F(IdentityFile, IsRefusedIfOthersCanReadIt) {
  for (const mode_t mode : {0640U, 0604U, 0660U}) {
    write("tls.pem", pem("server.key") + pem("server.pem"), mode);
    EXPECT_THROW(load(), std::runtime_error) << mode;
  }
}

TEST_F(IdentityFile, IsRefusedIfItIsASymbolicLink) {
  fs::rename(directory / "tls.pem", directory / "elsewhere.pem");
  fs::create_symlink(directory / "elsewhere.pem", directory / "tls.pem");
  EXPECT_THROW(load(), std::runtime_error);
  fs::remove(directory / "elsewhere.pem");  // a dangling link: no file is created through it either
  EXPECT_THROW(load(), std::runtime_error);
}

TEST_F(IdentityFile, IsRefusedIfItBelongsToAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(::chown((directory / "tls.pem").c_str(), 1, 1), 0);
  EXPECT_THROW(load(), std::runtime_error);
}

TEST_F(IdentityFile, IsRefusedIfItIsNotAFile) {
  fs::remove(directory / "tls.pem");
  ASSERT_EQ(::mkfifo((directory / "tls.pem").c_str(), 0600), 0);
  EXPECT_THROW(load(), std::runtime_error);
}

TEST_F(IdentityFile, IsRefusedIfItsKeyIsSmall) {
  write("tls.pem", pem("small.key") + pem("small.pem"), 0600);
  EXPECT_THROW(load(), std::runtime_error);
}

TEST_F(IdentityFile, IsRefusedIfTheKeyDoesNotMatch) {
  write("tls.pem", pem("other.key") + pem("server.pem"), 0600);
  EXPECT_THROW(load(), std::runtime_error);
}

}  // namespace
}  // namespace redan::net::test
