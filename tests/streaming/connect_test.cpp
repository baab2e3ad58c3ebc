// `redan connect` as used by a user of a gateway's sessions.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>

#include "tests/streaming/units.hpp"

namespace redan::cloud::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

class Connect : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (nats_program().empty()) return;
    cloud_ = std::make_unique<Cloud>();
    token_ = cloud_->account("terminal");
    write("token", token_ + "\n", 0600);
  }
  static void TearDownTestSuite() { cloud_.reset(); }
  static void write(const std::string& name, const std::string& text, unsigned mode) {
    std::ofstream(cloud_->folder.path() / name) << text;
    std::filesystem::permissions(cloud_->folder.path() / name, std::filesystem::perms(mode));
  }
  void SetUp() override {
    if (!cloud_) GTEST_SKIP() << "nats-server is not installed";
  }

  struct Outcome {
    int code = -1;
    std::string said;
    std::string problem;
  };
  static Outcome connect(std::vector<std::string> more, const std::string& fingerprint = cloud_->gateway->fingerprint(),
                         const std::string& token_file = "token") {
    const std::filesystem::path output = cloud_->folder.path() / "connect.out", problem = output.string() + ".err";
    std::filesystem::remove(output);
    std::filesystem::remove(problem);
    std::vector<std::string> arguments{
        redan_program(), "connect",   "--gateway",    "https://127.0.0.1:" + std::to_string(cloud_->gateway->port()),
        "--fingerprint", fingerprint, "--token-file", (cloud_->folder.path() / token_file).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Process process(arguments, problem, output);
    const auto code = process.wait(40s);
    return {code.value_or(-1), read_file(output), read_file(problem)};
  }

  static inline std::unique_ptr<Cloud> cloud_;
  static inline std::string token_;
};

TEST_F(Connect, RefusesATokenThatOthersCanRead) {
  write("open-token", token_, 0640);
  const Outcome outcome = connect({"--app", "pong"}, cloud_->gateway->fingerprint(), "open-token");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.problem.find("can be read by others; chmod 600 it"), std::string::npos) << outcome.problem;
}

TEST_F(Connect, StreamsItsOwnSessionAndEndsIt) {
  const Outcome outcome = connect({"--app", "pong", "--video", "--packets", "11", "--seconds", "30", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.problem << cloud_->agent->log();
  const json::value said = json::parse(outcome.said);
  EXPECT_GT(said.at("rtp_packets").as_int64(), 10) << outcome.said;
  EXPECT_LT(said.at("setup_ms").as_int64(), 10'000);
  GatewayClient client(*cloud_->gateway, token_);
  const std::string path = "/1.0/sessions/" + std::string(said.at("session").as_string());
  EXPECT_TRUE(eventually([&] { return client.ask("GET", path).metadata().at("status") == "terminated"; }));
}

TEST_F(Connect, JoinsASessionThatAnotherClientKept) {
  const Outcome kept = connect({"--app", "pong", "--seconds", "0.5", "--json", "--keep"});
  ASSERT_EQ(kept.code, 0) << kept.problem;
  const std::string session(json::parse(kept.said).at("session").as_string());
  const Outcome joined = connect({"--join", session, "--seconds", "0.5"});
  EXPECT_EQ(joined.code, 0) << joined.problem;
  EXPECT_NE(joined.said.find("DTLS 1.3"), std::string::npos) << joined.said;
  GatewayClient client(*cloud_->gateway, token_);
  EXPECT_EQ(client.ask("DELETE", "/1.0/sessions/" + session, R"({"sync":true})").status, 200U);
  const Outcome late = connect({"--join", session});
  EXPECT_EQ(late.code, 4);
  EXPECT_NE(late.problem.find("40"), std::string::npos) << late.problem;
}

TEST_F(Connect, ReportsWhyItIsRefused) {
  write("rubbish", "rubbish\n", 0600);
  EXPECT_EQ(connect({"--app", "pong"}, cloud_->gateway->fingerprint(), "rubbish").code, 3);
  const Outcome elsewhere = connect({"--app", "pong"}, std::string(64, 'a'));
  EXPECT_EQ(elsewhere.code, 4);
  EXPECT_NE(elsewhere.problem.find("not the pinned one"), std::string::npos) << elsewhere.problem;
  const Outcome unknown = connect({"--app", "no-such-app"});
  EXPECT_EQ(unknown.code, 4);
  EXPECT_NE(unknown.problem.find("404"), std::string::npos) << unknown.problem;
}

}  // namespace
}  // namespace redan::cloud::test
