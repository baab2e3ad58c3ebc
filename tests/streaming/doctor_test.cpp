// `redan doctor` with a correct deployment, and with one fault after the other.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/json.hpp>
#include <fstream>

#include "tests/interop/etcd/etcd_nodes.hpp"
#include "tests/streaming/units.hpp"
#include "tests/support/child_process.hpp"

namespace redan::cloud::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;
using redan::test::Child;

constexpr const char* kCoturn = "/usr/bin/turnserver";
constexpr const char* kFakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
const std::string kSecret(64, 's');

struct Said {
  int exit_code = 0;
  std::string output;

  /// Whether there is such a finding that contains this text.
  [[nodiscard]] bool has(const std::string& level, const std::string& what, const std::string& words) const {
    const json::value all = json::parse(output);
    for (const json::value& finding : all.at("checks").as_array()) {
      const std::string_view said = finding.at("said").as_string();
      if (std::string_view(finding.at("level").as_string()) != level ||
          !std::string_view(finding.at("what").as_string()).starts_with(what))
        continue;
      if (said.find(words) == std::string_view::npos) continue;
      // Every problem comes with advice.
      EXPECT_EQ(level == "ok", !finding.as_object().contains("advice")) << output;
      return true;
    }
    return false;
  }
  [[nodiscard]] bool fails(const std::string& what, const std::string& words) const {
    return exit_code == 1 && has("fail", what, words);
  }
};

Said doctor(const Words& options, const Words& before = {}) {
  Words arguments = before;
  arguments.insert(arguments.end(), {redan_program(), "doctor", "--json"});
  arguments.insert(arguments.end(), options.begin(), options.end());
  const auto finished = redan::test::run(arguments);
  return {finished.exit_code, finished.output};
}

Words join(Words one, const Words& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

std::string local(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

std::uint16_t free_port() {
  boost::asio::io_context io;
  return boost::asio::ip::tcp::acceptor(io, {boost::asio::ip::address_v4::loopback(), 0}).local_endpoint().port();
}

class Doctor : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!nats_program().empty()) cloud_ = std::make_unique<Cloud>();
  }
  static void TearDownTestSuite() { cloud_.reset(); }
  void SetUp() override {
    if (!cloud_) GTEST_SKIP() << "nats-server is not installed";
  }

  static Words service(const std::string& kind, std::uint16_t port, const std::string& fingerprint) {
    return {"--" + kind, "https://" + local(port), "--" + kind + "-fingerprint", fingerprint};
  }
  static Words gateway() { return service("gateway", cloud_->gateway->port(), cloud_->gateway->fingerprint()); }
  /// A file with this text, accessible to us only.
  std::string file(const std::string& name, const std::string& text) {
    const fs::path path = folder_.path() / name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0600);
    return path.string();
  }
  Words turn(std::uint16_t port, const std::string& secret = kSecret) {
    return {"--turn", "turn:" + local(port), "--turn-secret-file", file("secret-" + std::to_string(port), secret)};
  }
  std::unique_ptr<Child> coturn(std::uint16_t port, const std::string& more) {
    const std::string name = "coturn-" + std::to_string(port);
    const std::string conf =
        file(name, "listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nlistening-port=" + std::to_string(port) +
                       "\nrealm=redan.example\n" + more +
                       "\nno-tls\nno-dtls\nno-cli\nlog-file=stdout\nsimple-log\npidfile=" +
                       (folder_.path() / (name + ".pid")).string() +
                       "\nuserdb=" + (folder_.path() / (name + ".db")).string() + "\n");
    auto child = std::make_unique<Child>(Words{kCoturn, "-c", conf}, (folder_.path() / (name + ".log")).string());
    EXPECT_TRUE(eventually([&] { return !doctor(turn(port)).has("fail", "turn", "no answer"); }, 20s));
    return child;
  }
  /// A TLS server that is not ours.
  std::unique_ptr<Child> openssl_server(std::uint16_t port, const Words& more) {
    const std::string vectors = std::string(REDAN_TESTS_DIR) + "/vectors/tls/";
    auto child = std::make_unique<Child>(join({"openssl", "s_server", "-accept", local(port), "-www", "-cert",
                                               vectors + "small.pem", "-key", vectors + "small.key"},
                                              more),
                                         (folder_.path() / "openssl.log").string());
    EXPECT_TRUE(
        eventually([&] { return !doctor(service("gateway", port, small())).has("fail", "gateway", "no connection"); }));
    return child;
  }
  static std::string small() {
    const auto printed = redan::test::run({"openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in",
                                           std::string(REDAN_TESTS_DIR) + "/vectors/tls/small.pem"});
    return printed.output.substr(printed.output.find('=') + 1, 95);
  }

  static inline std::unique_ptr<Cloud> cloud_;
  TemporaryFolder folder_;
};

TEST_F(Doctor, ReportsOkForACorrectDeployment) {
  Words all = join(gateway(), service("agent", cloud_->agent->port(), cloud_->agent->fingerprint()));
  all = join(all, service("ams", cloud_->ams->port(), cloud_->ams->fingerprint()));
  all = join(all, bus_options(cloud_->nats, "gateway"));
  const Said said = doctor(all);
  EXPECT_EQ(said.exit_code, 0) << said.output;
  for (const char* kind : {"gateway", "agent", "AMS"}) {
    EXPECT_TRUE(said.has("ok", kind, "TLSv1.3")) << said.output;
    EXPECT_TRUE(said.has("ok", kind, "RSA-4096")) << said.output;
    EXPECT_TRUE(said.has("ok", kind, "clock within")) << said.output;
    EXPECT_TRUE(said.has("ok", kind, "answers")) << said.output;
  }
  EXPECT_TRUE(said.has("ok", "nats", "certificate and token accepted")) << said.output;
  EXPECT_TRUE(said.has("ok", "nats", "a request and its reply take")) << said.output;
  EXPECT_TRUE(said.has("ok", "agent agent-1", "of 100 sessions")) << said.output;
}

TEST_F(Doctor, PrintsTheSameForHumans) {
  const auto finished = redan::test::run(join({redan_program(), "doctor"}, gateway()));
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_NE(finished.output.find("ok    gateway 127.0.0.1:"), std::string::npos) << finished.output;
  const auto failed = redan::test::run({redan_program(), "doctor", "--gateway", local(free_port())});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_NE(failed.output.find("FAIL  gateway"), std::string::npos) << failed.output;
}

TEST_F(Doctor, ReportsAUsageErrorWithNothingToCheck) { EXPECT_EQ(doctor({}).exit_code, 2); }

TEST_F(Doctor, ReportsAPortWithoutAListener) {
  EXPECT_TRUE(
      doctor(service("gateway", free_port(), cloud_->gateway->fingerprint())).fails("gateway", "no connection"));
}

TEST_F(Doctor, ReportsACertificateThatIsNotThePinnedOne) {
  const Said said = doctor(service("gateway", cloud_->gateway->port(), cloud_->ams->fingerprint()));
  EXPECT_TRUE(said.fails("gateway", cloud_->gateway->fingerprint())) << said.output;
}

TEST_F(Doctor, ReportsAServerWithTls12) {
  const std::uint16_t port = free_port();
  const auto server = openssl_server(port, {"-tls1_2"});
  EXPECT_TRUE(doctor(service("gateway", port, small())).fails("gateway", "TLS handshake failed"));
}

TEST_F(Doctor, ReportsAKeyThatIsTooSmall) {
  const std::uint16_t port = free_port();
  const auto server = openssl_server(port, {"-tls1_3"});
  EXPECT_TRUE(doctor(service("ams", port, small())).fails("AMS", "not RSA-4096"));
}

TEST_F(Doctor, ReportsAUrlOfAnotherService) {
  const Said said = doctor(service("ams", cloud_->agent->port(), cloud_->agent->fingerprint()));
  EXPECT_TRUE(said.fails("AMS", "answered with 404")) << said.output;
}

TEST_F(Doctor, ReportsClocksThatDisagree) {
  if (!fs::exists(kFakeTime)) GTEST_SKIP() << "libfaketime is not installed";
  const auto at = [&](const std::string& when) {
    return doctor(gateway(), {"env", std::string("LD_PRELOAD=") + kFakeTime, "FAKETIME=" + when,
                              "FAKETIME_DONT_FAKE_MONOTONIC=1"});
  };
  const Said ahead = at("+20s");
  EXPECT_EQ(ahead.exit_code, 0) << ahead.output;
  EXPECT_TRUE(ahead.has("warn", "gateway", "s behind ours")) << ahead.output;
  EXPECT_TRUE(at("-300s").fails("gateway", "s ahead of ours"));
  EXPECT_TRUE(at("+345d").has("warn", "gateway", "certificate expires in 19 days"));
  EXPECT_TRUE(at("+400d").has("warn", "gateway", "certificate has expired"));
}

TEST_F(Doctor, ReportsAnUnreachableNatsServer) {
  Words options = bus_options(cloud_->nats, "gateway");
  options = join(options, {"--nats", local(free_port())});
  const Said said = doctor(options);
  EXPECT_TRUE(said.fails("nats", "no connection")) << said.output;
  EXPECT_TRUE(said.has("ok", "nats " + local(cloud_->nats.port(0)), "accepted")) << said.output;
}

TEST_F(Doctor, ReportsATokenThatTheServerRefuses) {
  Words options = bus_options(cloud_->nats, "gateway");
  *(std::find(options.begin(), options.end(), "--nats-token-file") + 1) = file("token", "another");
  EXPECT_TRUE(doctor(options).fails("nats", "Authorization Violation"));
}

TEST_F(Doctor, ReportsACertificateThatTheBusRefuses) {
  const Said said = doctor(bus_options(cloud_->nats, "stranger"));
  EXPECT_TRUE(said.fails("nats", "certificate")) << said.output;
}

TEST_F(Doctor, ReportsABusWithoutAgents) {
  const NatsServers nats(1);
  const Said said = doctor(bus_options(nats, "gateway"));
  EXPECT_TRUE(said.has("ok", "nats", "accepted")) << said.output;
  EXPECT_TRUE(said.fails("agents", "none is on the bus")) << said.output;
}

Words without(Words options, const std::string& word) {
  std::erase(options, word);
  return options;
}

TEST_F(Doctor, ReportsANatsServerWithASmallKey) {
  const Said said = doctor(without(bus_options(cloud_->nats, "gateway"), "--nats-allow-small-keys"));
  EXPECT_TRUE(said.fails("nats", "its certificate CN=node has a key of EC prime256v1, not RSA-4096")) << said.output;
  EXPECT_NE(said.output.find("allow-small-keys"), std::string::npos) << said.output;
}

TEST_F(Doctor, ReportsFaultsOfEtcdNodes) {
  if (etcd_program().empty()) GTEST_SKIP() << "etcd is not installed";
  test::EtcdNodes nodes(3);
  nodes.require_users("gateway", "a password", "redan/gateway/");
  const auto file_of = [&](const char* name) { return (nodes.folder() / name).string(); };
  Words options{"--etcd-allow-small-keys",
                "--etcd-ca",
                file_of("ca.pem"),
                "--etcd-cert",
                file_of("client.pem"),
                "--etcd-key",
                file_of("client.key"),
                "--etcd-user",
                "gateway",
                "--etcd-password-file",
                file("password", "a password\n"),
                "--etcd-prefix",
                "redan/gateway/"};
  const auto endpoints = nodes.config("redan/").endpoints;
  for (const auto& endpoint : endpoints) options = join(options, {"--etcd", local(endpoint.port)});
  const Said well = doctor(options);
  EXPECT_EQ(well.exit_code, 0) << well.output;
  EXPECT_TRUE(well.has("ok", "etcd " + local(endpoints[2].port), "has a majority")) << well.output;
  EXPECT_TRUE(well.has("ok", "etcd " + local(endpoints[2].port), "redan/gateway/ alone")) << well.output;
  nodes.kill(1);
  // If it was the leader, the others first elect a new one.
  Said one_dead;
  const auto others_have_a_majority = [&] {
    one_dead = doctor(options);
    return one_dead.has("ok", "etcd " + local(endpoints[0].port), "has a majority");
  };
  EXPECT_TRUE(eventually(others_have_a_majority, std::chrono::seconds(60))) << one_dead.output;
  EXPECT_TRUE(one_dead.fails("etcd " + local(endpoints[1].port), "")) << one_dead.output;
  nodes.kill(2);
  EXPECT_TRUE(doctor(options).fails("etcd " + local(endpoints[0].port), ""));
  nodes.start(1);
  nodes.start(2);
  nodes.wait_until_ready();
  Words stranger = options;
  *(std::find(stranger.begin(), stranger.end(), "--etcd-cert") + 1) = file_of("stranger.pem");
  *(std::find(stranger.begin(), stranger.end(), "--etcd-key") + 1) = file_of("stranger.key");
  const Said refused = doctor(stranger);
  EXPECT_TRUE(refused.fails("etcd", "refused our client certificate")) << refused.output;
}

TEST_F(Doctor, FailsForAnEtcdThatDoesNotSeparateUnits) {
  if (etcd_program().empty()) GTEST_SKIP() << "etcd is not installed";
  test::EtcdNodes nodes(1);
  const auto file_of = [&](const char* name) { return (nodes.folder() / name).string(); };
  const std::string endpoint = local(nodes.config("").endpoints[0].port);
  const Words options{"--etcd-allow-small-keys",
                      "--etcd",
                      endpoint,
                      "--etcd-ca",
                      file_of("ca.pem"),
                      "--etcd-cert",
                      file_of("client.pem"),
                      "--etcd-key",
                      file_of("client.key"),
                      "--etcd-prefix",
                      "redan/gateway/"};
  const Said open = doctor(options);
  EXPECT_EQ(open.exit_code, 1) << open.output;
  EXPECT_TRUE(open.fails("etcd", "can read redan/ams/")) << open.output;
  EXPECT_TRUE(open.fails("etcd", "can write redan/ams/")) << open.output;
  const Words as_gateway =
      join(options, {"--etcd-user", "gateway", "--etcd-password-file", file("password", "a password")});
  const Said off = doctor(as_gateway);
  EXPECT_TRUE(off.fails("etcd", "authorisation is off")) << off.output;
  // A role with too many permissions is also detected.
  nodes.require_users("gateway", "a password", "redan/");
  const Said wide = doctor(as_gateway);
  EXPECT_TRUE(wide.fails("etcd", "can read redan/ams/")) << wide.output;
  const Said strict = doctor(without(options, "--etcd-allow-small-keys"));
  EXPECT_TRUE(strict.fails("etcd", "its certificate O=node has a key of EC prime256v1, not RSA-4096")) << strict.output;
}

TEST_F(Doctor, AKeyThatOthersCanReadIsRefused) {
  const std::string key = file("key", "a key");
  ::chmod(key.c_str(), 0640);
  const Said said = doctor({"--etcd", "127.0.0.1:1", "--etcd-ca", key, "--etcd-cert", key, "--etcd-key", key});
  EXPECT_NE(said.exit_code, 0);
  EXPECT_NE(said.output.find("can be read by others; chmod 600 it"), std::string::npos) << said.output;
}

TEST_F(Doctor, ReportsFaultsOfTurnServers) {
  if (!fs::exists(kCoturn)) GTEST_SKIP() << "coturn is not installed";
  EXPECT_TRUE(doctor(turn(free_port())).fails("turn", "no answer over UDP"));
  const std::uint16_t port = free_port();
  const std::string secret = "use-auth-secret\nstatic-auth-secret=" + kSecret + "\n";
  const auto server = coturn(port, secret + redan::test::run({redan_program(), "turn", "coturn-config"}).output);
  const Said well = doctor(turn(port));
  EXPECT_EQ(well.exit_code, 0) << well.output;
  EXPECT_TRUE(well.has("ok", "turn", "refuses those that have expired")) << well.output;
  EXPECT_TRUE(doctor(turn(port, std::string(64, 'x'))).fails("turn", "refuses credentials made with the secret: 401"));
  const std::uint16_t inwards = free_port();
  const auto careless = coturn(inwards, secret);
  EXPECT_TRUE(doctor(turn(inwards)).fails("turn", "it relays to 10.0.0.1, "));
  const std::uint16_t open = free_port();
  const auto for_anybody = coturn(open, "no-auth");
  EXPECT_TRUE(doctor(turn(open)).fails("turn", "relays for anybody"));
}

}  // namespace
}  // namespace redan::cloud::test
