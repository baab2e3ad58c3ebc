#include "cmd/units/bus_options.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "cloud/errors.hpp"
#include "net/tls/tls.hpp"

namespace redan::cmd {
namespace {

namespace fs = std::filesystem;

std::string vector_file(const std::string& name) { return std::string(REDAN_TESTS_DIR) + "/vectors/tls/" + name; }

class BusOptionsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "redan-bus-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    fs::copy_file(vector_file("client.key"), folder_ / "key");
    ::chmod((folder_ / "key").c_str(), 0600);
    write("token", "s3cret\n");
    options_.servers = {"192.0.2.1:4222", "[2001:db8::1]:4222"};
    options_.authority = vector_file("ca.pem");
    options_.certificate = vector_file("client.pem");
    options_.key = (folder_ / "key").string();
    options_.token_file = (folder_ / "token").string();
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const char* name, const std::string& text, mode_t mode = 0600) {
    std::ofstream(folder_ / name) << text;
    ::chmod((folder_ / name).c_str(), mode);
  }
  std::unique_ptr<cloud::bus::Bus> open() { return open_bus(io_, options_, "unit.example", *provider_); }
  /// The human-readable error.
  std::string problem() {
    try {
      (void)open();
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }

  boost::asio::io_context io_;
  std::unique_ptr<Provider> provider_ = default_provider();
  fs::path folder_;
  BusOptions options_;
};

TEST_F(BusOptionsTest, WithoutServersTheBusIsInProcess) {
  options_ = {};
  const auto bus = open();
  EXPECT_TRUE(bus->is_connected());
}

TEST_F(BusOptionsTest, OptionsOfNatsWithoutAServerAreAnError) {
  options_.servers.clear();
  EXPECT_NE(problem().find("need --nats"), std::string::npos);
}

TEST_F(BusOptionsTest, WithServersTheBusIsNats) {
  const auto bus = open();
  EXPECT_FALSE(bus->is_connected());
  EXPECT_EQ(bus->publish("a", ""), refuse(cloud::errc::bus_disconnected));
}

TEST_F(BusOptionsTest, FingerprintsReplaceTheAuthority) {
  options_.authority.clear();
  const std::string pin(64, 'a');
  options_.fingerprints = {pin};
  EXPECT_EQ(problem(), "") << "one for all";
  options_.fingerprints = {pin, pin};
  EXPECT_EQ(problem(), "") << "one for each";
  options_.fingerprints = {pin, pin, pin};
  EXPECT_NE(problem(), "");
  options_.fingerprints = {pin, "xyz"};
  EXPECT_NE(problem().find("64 hexadecimal"), std::string::npos);
}

TEST_F(BusOptionsTest, AnAuthorityOrAFingerprintIsRequired) {
  options_.authority.clear();
  EXPECT_NE(problem().find("--nats-ca"), std::string::npos);
  options_.authority = vector_file("ca.pem");
  options_.fingerprints = {std::string(64, 'a')};
  EXPECT_NE(problem().find("not both"), std::string::npos);
  options_.fingerprints.clear();
  options_.authority = vector_file("client.key");
  EXPECT_NE(problem(), "") << "no certificate in it";
}

TEST_F(BusOptionsTest, ACertificateIsRequired) {
  options_.certificate.clear();
  EXPECT_NE(problem().find("--nats-cert"), std::string::npos);
  options_.certificate = vector_file("server.pem");
  EXPECT_NE(problem(), "") << "another key's";
}

TEST_F(BusOptionsTest, SecretsThatOthersCanReadAreRefused) {
  ::chmod(options_.key.c_str(), 0640);
  EXPECT_NE(problem().find("chmod 600"), std::string::npos);
  ::chmod(options_.key.c_str(), 0600);
  ::chmod(options_.token_file.c_str(), 0604);
  EXPECT_NE(problem().find("chmod 600"), std::string::npos);
}

TEST_F(BusOptionsTest, ATokenMustBeOneLineOfPrintableAscii) {
  for (const std::string& text : {std::string(), std::string("\n"), std::string("a b"), std::string("a\nb\n"),
                                  std::string(257, 'x'), std::string("\xC3\xBC")}) {
    write("token", text);
    const std::string said = problem();
    EXPECT_NE(said.find("token"), std::string::npos) << text;
    EXPECT_TRUE(text.size() < 2 || said.find(text) == std::string::npos) << "the token is not told";
  }
  write("token", std::string(256, 'x') + "\r\n");
  EXPECT_EQ(problem(), "");
}

TEST_F(BusOptionsTest, AServerMustHaveAHostAndAPort) {
  options_.servers = {"192.0.2.1"};
  EXPECT_NE(problem(), "");
  options_.servers = {"nats://token@192.0.2.1:4222"};
  EXPECT_NE(problem(), "");
}

TEST(BusStatus, IsOneLineWithTheEventTheReasonAndAdvice) {
  cloud::bus::NatsStatus status;
  status.connected = true;
  status.server = "192.0.2.1:4222";
  EXPECT_EQ(describe(status), "bus: 192.0.2.1:4222: connected");
  status.connected = false;
  status.why = cloud::errc::bus_refused;
  status.detail = "Authorization Violation";
  const std::string line = describe(status);
  EXPECT_NE(line.find(text(cloud::errc::bus_refused)), std::string::npos);
  EXPECT_NE(line.find(hint(cloud::errc::bus_refused)), std::string::npos);
  EXPECT_NE(line.find("Authorization Violation"), std::string::npos);
}

}  // namespace
}  // namespace redan::cmd
