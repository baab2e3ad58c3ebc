// Sealed signalling with the running programs: which clients are admitted, which are refused, and what the gateway can
// read.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json.hpp>
#include <fstream>

#include "base/base64.hpp"
#include "cloud/runtime/control.hpp"
#include "cmd/connect/ams_grants.hpp"
#include "sealed/errors.hpp"
#include "tests/streaming/units.hpp"

namespace redan::cloud::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;
using cmd::SealWishes;
using cmd::StreamClient;

class SealedStreaming : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (nats_program().empty()) return;
    cloud_ = std::make_unique<Cloud>(std::vector<std::string>{"--capacity", "200"});
    token_ = cloud_->account("sealed");
    Client admin(cloud_->ams->local());
    for (const char* policy : {"required", "off"}) {
      const json::object manifest{{"name", policy}, {"sealed", policy}};
      ASSERT_EQ(admin.post("/1.0/applications", json::serialize(manifest)).status, 202U);
    }
    GatewayClient gateway(*cloud_->gateway, token_);
    ASSERT_TRUE(
        eventually([&] { return gateway.ask("GET", "/1.0/applications").metadata().as_array().size() == 3; }, 20s));
  }
  static void TearDownTestSuite() { cloud_.reset(); }
  void SetUp() override {
    if (!cloud_) GTEST_SKIP() << "nats-server is not installed";
    clients_.emplace(io_, std::get<net::TlsRemote>(cloud_->gateway->remote()), token_,
                     std::vector<Address>{*Address::parse("127.0.0.1", 0)}, *provider_);
    grants_.emplace(io_, cloud_->ams->local());
  }

  template <class T>
  T wait(net::Task<T> task) {
    std::optional<T> result;
    boost::asio::co_spawn(io_, std::move(task), [&](const std::exception_ptr& error, T value) {
      if (!error) result = std::move(value);
    });
    until([&] { return result.has_value(); });
    return std::move(result).value();
  }
  bool until(const std::function<bool()>& done, std::chrono::seconds timeout = 20s) {
    const auto limit = std::chrono::steady_clock::now() + timeout;
    io_.restart();
    while (!done() && std::chrono::steady_clock::now() < limit) io_.run_for(10ms);
    return done();
  }

  std::shared_ptr<const SealWishes> seal() { return wait(grants_->wishes()).value(); }
  /// Client options whose grants are derived from real ones by `change`.
  std::shared_ptr<const SealWishes> seal_with(
      std::function<net::Task<SealWishes::Granted>(std::string, sealed::Ed25519PublicKey)> grant) {
    auto wishes = std::make_shared<SealWishes>(*seal());
    wishes->grant = std::move(grant);
    return wishes;
  }
  cmd::StreamGrant session_of(const std::string& app) {
    const json::object body{{"app", app}, {"joinable", true}};
    const auto granted = wait(clients_->create(json::serialize(body)));
    EXPECT_TRUE(granted) << granted.error();
    return granted.value();
  }
  StreamClient& open(const cmd::StreamGrant& grant, std::shared_ptr<const SealWishes> seal) {
    cmd::StreamWishes wishes;
    wishes.seal = std::move(seal);
    StreamClient& client = clients_->open(grant, std::move(wishes));
    until([&] { return client.is_open("control") || client.state() == StreamClient::State::ended; });
    return client;
  }
  void end(const cmd::StreamGrant& grant) { wait(clients_->remove(grant.session)); }

  static inline std::unique_ptr<Cloud> cloud_;
  static inline std::string token_;
  boost::asio::io_context io_{1};
  std::unique_ptr<Provider> provider_ = default_provider();
  std::optional<cmd::StreamClients> clients_;
  std::optional<cmd::AmsGrants> grants_;
};

TEST_F(SealedStreaming, AClientWithAGrantConnectsToTheCertifiedRuntime) {
  const auto grant = session_of("pong");
  StreamClient& client = open(grant, seal());
  ASSERT_TRUE(client.is_open("control")) << client.problem() << cloud_->agent->log();
  ASSERT_TRUE(client.runtime());
  Client admin(cloud_->ams->local());
  const json::value instance = admin.get("/1.0/instances/s-" + grant.session).metadata();
  EXPECT_EQ(client.runtime()->instance, instance.at("id").as_string());
  end(grant);
}

TEST_F(SealedStreaming, AnApplicationMayRequireSealing) {
  const auto grant = session_of("required");
  StreamClient& clear = open(grant, nullptr);
  EXPECT_EQ(clear.state(), StreamClient::State::ended);
  EXPECT_NE(clear.problem().find("sealed_required"), std::string::npos) << clear.problem();
  const auto again = wait(clients_->join(grant.session));
  StreamClient& sealed = open(again.value(), seal());
  EXPECT_TRUE(sealed.is_open("control")) << sealed.problem();
  end(grant);
}

TEST_F(SealedStreaming, AnApplicationMayTurnSealingOff) {
  const auto grant = session_of("off");
  StreamClient& sealed = open(grant, seal());
  EXPECT_EQ(sealed.state(), StreamClient::State::ended);
  EXPECT_NE(sealed.problem().find("409"), std::string::npos) << sealed.problem();
  const auto again = wait(clients_->join(grant.session));
  StreamClient& clear = open(again.value(), nullptr);
  EXPECT_TRUE(clear.is_open("control")) << clear.problem();
  EXPECT_FALSE(clear.runtime());
  end(grant);
}

TEST_F(SealedStreaming, AClientThatTrustsAnotherAmsRefusesTheGrantItself) {
  const auto grant = session_of("pong");
  auto wishes = std::make_shared<SealWishes>(*seal());
  wishes->authorities = {sealed::Ed25519PublicKey{1, 2, 3}};
  StreamClient& client = open(grant, wishes);
  EXPECT_EQ(client.seal_failure(), sealed::errc::sealed_bad_grant) << client.problem();
  end(grant);
}

TEST_F(SealedStreaming, AStolenGrantIsRefusedAndDisplacesNoClient) {
  const auto grant = session_of("pong");
  const auto stolen = std::make_shared<std::vector<std::uint8_t>>();
  StreamClient& one = open(
      grant,
      seal_with([this, stolen](std::string session, sealed::Ed25519PublicKey own) -> net::Task<SealWishes::Granted> {
        auto granted = co_await grants_->grant(std::move(session), own);
        if (granted) *stolen = *granted;
        co_return granted;
      }));
  ASSERT_TRUE(one.is_open("control")) << one.problem();
  const auto again = wait(clients_->join(grant.session));
  StreamClient& two =
      open(again.value(), seal_with([stolen](std::string, sealed::Ed25519PublicKey) -> net::Task<SealWishes::Granted> {
             co_return *stolen;
           }));
  EXPECT_EQ(two.seal_failure(), sealed::errc::sealed_bad_grant) << "the grant is of another key: " << two.problem();
  EXPECT_EQ(one.state(), StreamClient::State::connected);
  end(grant);
}

TEST_F(SealedStreaming, AmsGrantsNothingForSessionsItDoesNotRun) {
  const auto granted = wait(grants_->grant("no-such-session", sealed::Ed25519PublicKey{}));
  ASSERT_FALSE(granted);
  EXPECT_NE(granted.error().find("400"), std::string::npos) << "zero is no key: " << granted.error();
  const sealed::Ed25519Key key(std::array<std::uint8_t, 32>{7});
  const auto unknown = wait(grants_->grant("no-such-session", key.public_key()));
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().find("404"), std::string::npos) << unknown.error();
}

// The gateway is the program as deployed, and its whole memory is searched.
TEST_F(SealedStreaming, TheGatewaysMemoryContainsNothingOfSealedSessions) {
  if (std::system("command -v gcore >/dev/null 2>&1") != 0) GTEST_SKIP() << "gcore (gdb) is not installed";
  // A gateway that has seen no other sessions.
  const auto gateway = cloud_->another_gateway();
  Client admin(gateway->local());
  ASSERT_TRUE(eventually([&] { return !admin.get("/1.0/applications").metadata().as_array().empty(); }, 20s));
  clients_.emplace(io_, std::get<net::TlsRemote>(gateway->remote()), token_,
                   std::vector<Address>{*Address::parse("127.0.0.1", 0)}, *provider_);
  const fs::path dump = cloud_->folder.path() / "core";
  const std::string file = dump.string() + "." + std::to_string(gateway->pid());
  const std::string command =
      "gcore -o " + dump.string() + " " + std::to_string(gateway->pid()) + " >" + dump.string() + ".log 2>&1";
  if (std::system(command.c_str()) != 0) {
    GTEST_SKIP() << "nobody may look into other processes here: " << read_file(dump.string() + ".log");
  }
  const auto found_in_dump = [&] {
    EXPECT_EQ(std::system(command.c_str()), 0) << "no core dump";
    const std::string memory = read_file(file);
    fs::remove(file);
    EXPECT_GT(memory.size(), 1'000'000U);
    std::map<std::string, std::size_t> counts;
    // In plaintext, and in base64 at each of its three alignments, because descriptions travel in base64.
    for (const std::string secret : {"a=fingerprint:sha-256", "a=candidate:", "a=ice-pwd:", "a=ice-ufrag:"}) {
      for (std::size_t shift = 0; shift < 4; ++shift) {
        std::string needle = secret;
        if (shift > 0) {
          const std::string encoded = to_base64(as_bytes(std::string(shift, '\n') + secret));
          needle = encoded.substr(4, encoded.size() - 8);
        }
        for (auto at = memory.find(needle); at != std::string::npos; at = memory.find(needle, at + 1)) ++counts[secret];
      }
    }
    return counts;
  };

  // The program itself contains such words, so only additional ones count.
  const auto before = found_in_dump();
  constexpr std::size_t kSessions = 100;
  const auto wishes = seal();
  std::vector<cmd::StreamGrant> grants;
  std::vector<StreamClient*> clients;
  for (std::size_t i = 0; i < kSessions; ++i) {
    grants.push_back(session_of("pong"));
    cmd::StreamWishes each;
    each.seal = wishes;
    clients.push_back(&clients_->open(grants.back(), std::move(each)));
  }
  const auto all_open = [&] {
    return std::all_of(clients.begin(), clients.end(), [](const StreamClient* c) { return c->is_open("control"); });
  };
  ASSERT_TRUE(until(all_open, 60s));
  EXPECT_EQ(found_in_dump(), before);

  // The same search finds plaintext signalling.
  const auto clear = session_of("pong");
  ASSERT_TRUE(open(clear, nullptr).is_open("control"));
  for (const auto& [secret, count] : found_in_dump()) {
    EXPECT_GT(count, before.contains(secret) ? before.at(secret) : 0U) << secret << ": the search is blind";
  }
  for (StreamClient* client : clients) client->close();
  for (const auto& grant : grants) end(grant);
  end(clear);
}

}  // namespace
}  // namespace redan::cloud::test
