// The LXD launcher with a real LXD.
#pragma once

#include <fstream>

#include <boost/json.hpp>

#include "base/base64.hpp"
#include "tests/interop/lxd/lxd_node.hpp"
#include "tests/net/http/http_fixture.hpp"

namespace redan::cloud::test {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

extern std::filesystem::path g_redan;

class LxdTest : public net::test::HttpFixture {
 protected:
  static void SetUpTestSuite() {
    missing = LxdNode::missing();
    if (!missing.empty()) return;
    ams_port = free_port();
    lxd = std::make_unique<LxdNode>(g_redan, ams_port);
    lxd->trust(net::test::pem("server.pem"));
  }
  static void TearDownTestSuite() {
    if (!lxd) return;
    lxd->end();
    EXPECT_EQ(lxd->leftovers(), "");
    lxd.reset();
  }
  void SetUp() override {
    if (!missing.empty()) GTEST_SKIP() << "no LXD here: " << missing;
  }

  ams::LxdLauncherConfig config() const {
    ams::LxdLauncherConfig config;
    config.lxd.server = {"127.0.0.1", lxd->port(), net::PinnedSha256{lxd->fingerprint()},
                         &net::test::identity("server"), /*allow_small_keys=*/true};
    config.unit = "launcher-test";
    config.image = "redan";
    config.profiles = {"redan"};
    config.log = [](std::string_view line) { std::fprintf(stderr, "launcher: %s\n", std::string(line).c_str()); };
    return config;
  }
  void make() { make(config()); }
  void make(ams::LxdLauncherConfig config) {
    launcher.reset();
    exits.clear();
    launcher = std::make_unique<ams::LxdLauncher>(io, std::move(config));
    launcher->on_exit = [this](const std::string& id, const std::string& why) { exits.push_back(id + ": " + why); };
  }
  /// In AMS's format; no server listens at its URL.
  static std::string user_data(const std::string& id) {
    const net::TlsIdentity& client = net::test::identity("client");
    const json::object ams{{"url", "https://127.0.0.1:1"},
                           {"fingerprint", std::string(64, '0')},
                           {"token", "t0k3n"},
                           {"certificate", to_base64(client.certificate_der)},
                           {"key", to_base64(client.private_key_der)}};
    return json::serialize(json::object{{"instance", {{"id", id}, {"name", id}}}, {"ams", ams}});
  }
  static ams::LaunchSpec spec(const std::string& id) {
    ams::LaunchSpec spec;
    spec.id = id;
    spec.name = id;
    spec.user_data = user_data(id);
    spec.memory_bytes = 256LL << 20;
    spec.cpus = 1;
    return spec;
  }
  void expect_success(net::Task<ams::LaunchResult<void>> task) {
    const auto result = run(std::move(task), 120s);
    EXPECT_TRUE(result) << result.error().message;
  }
  bool log_says(const std::string& id, const std::string& words) {
    return until(
        [&] {
          const auto log = run(launcher->log(id, 64 * 1024));
          return log && log->find(words) != std::string::npos;
        },
        20s);
  }
  static void kill_redan(const std::string& container) {
    try {
      lxd->lxc("exec " + container + " -- /bin/killall -9 redan");
    } catch (const std::runtime_error&) {
      // It may end before it has an answer.
    }
  }
  ams::Existence find(const std::string& id) {
    const auto found = run(launcher->find(id));
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : ams::Existence::absent;
  }

  static inline std::string missing;
  static inline std::unique_ptr<LxdNode> lxd;
  static inline std::uint16_t ams_port = 0;
  std::vector<std::string> exits;
  std::unique_ptr<ams::LxdLauncher> launcher;
};

}  // namespace redan::cloud::test
