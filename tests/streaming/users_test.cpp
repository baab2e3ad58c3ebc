// A session ends with its user: clients that connect with running programs, and the commands that show it.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json.hpp>

#include "cmd/connect/stream_client.hpp"
#include "net/host_and_port.hpp"
#include "tests/streaming/units.hpp"
#include "tests/support/echo_server.hpp"

namespace redan::cloud::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using cmd::StreamClient;

/// A TCP client that collects what it receives.
class LocalProgram {
 public:
  LocalProgram(boost::asio::io_context& io, std::uint16_t port) : socket_(io) {
    socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    read();
  }
  void send(const std::string& bytes) {
    boost::asio::async_write(socket_, boost::asio::buffer(bytes), [](const auto&, std::size_t) {});
  }
  [[nodiscard]] const std::string& heard() const { return heard_; }
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  void read() {
    socket_.async_read_some(boost::asio::buffer(buffer_), [this](const auto& error, std::size_t size) {
      ended_ = static_cast<bool>(error);
      if (error) return;
      heard_.append(buffer_.data(), size);
      read();
    });
  }
  boost::asio::ip::tcp::socket socket_;
  std::array<char, 65'536> buffer_{};
  std::string heard_;
  bool ended_ = false;
};

class SessionUsers : public testing::Test {
 protected:
  void SetUp() override {
    if (nats_program().empty()) GTEST_SKIP() << "nats-server is not installed";
    cloud_ = std::make_unique<Cloud>();
    token_ = cloud_->account("web");
    clients_.emplace(io_, std::get<net::TlsRemote>(cloud_->gateway->remote()), token_,
                     std::vector<Address>{*Address::parse("127.0.0.1", 0)}, *provider_);
  }

  cmd::StreamGrant create(const std::string& body) {
    std::optional<cmd::StreamClients::Granted> granted;
    boost::asio::co_spawn(io_, clients_->create(body),
                          [&](const std::exception_ptr&, auto result) { granted = std::move(result); });
    EXPECT_TRUE(until([&] { return granted.has_value(); }));
    return granted->value();
  }
  bool until(const std::function<bool()>& done, std::chrono::seconds timeout = 30s) {
    const auto limit = std::chrono::steady_clock::now() + timeout;
    io_.restart();
    while (!done() && std::chrono::steady_clock::now() < limit) io_.run_for(20ms);
    return done();
  }
  json::value session(const std::string& id) {
    GatewayClient gateway(*cloud_->gateway, token_);
    return gateway.ask("GET", "/1.0/sessions/" + id).metadata();
  }
  bool becomes(const std::string& id, const std::string& status, std::chrono::seconds timeout = 30s) {
    return until([&] { return session(id).at("status").as_string() == status; }, timeout);
  }
  std::size_t instances() {
    Client admin(cloud_->ams->local());
    return admin.get("/1.0/instances").metadata().as_array().size();
  }

  std::string amc(std::vector<std::string> arguments) {
    const std::string socket = (cloud_->ams->folder() / "ams.socket").string();
    arguments.insert(arguments.begin(), {redan_program(), "amc", "--socket", socket});
    const auto output = cloud_->folder.path() / "output";
    Process process(arguments, output);
    EXPECT_EQ(process.wait(60s), 0) << read_file(output);
    return read_file(output);
  }

  boost::asio::io_context io_{1};
  std::unique_ptr<Provider> provider_ = default_provider();
  std::unique_ptr<Cloud> cloud_;
  std::string token_;
  std::optional<cmd::StreamClients> clients_;
};

TEST_F(SessionUsers, ASessionEndsWhenItsUserDisconnectsOrDoesNotCome) {
  Client admin(cloud_->gateway->local());
  ASSERT_EQ(admin.patch("/1.0/config", R"({"config":{"core.socket_token_lifetime":10}})").status, 200U);
  const auto unused = create(R"({"app":"pong"})");
  const auto used = create(R"({"app":"pong"})");
  const auto kept = create(R"({"app":"pong","joinable":true})");
  StreamClient& client = clients_->open(used, {});
  StreamClient& other = clients_->open(kept, {});
  ASSERT_TRUE(until([&] { return client.state() == StreamClient::State::connected; })) << client.problem();
  ASSERT_TRUE(until([&] { return other.state() == StreamClient::State::connected; })) << other.problem();
  EXPECT_EQ(instances(), 3U);
  client.close();
  other.close();
  EXPECT_TRUE(becomes(used.session, "terminated"));
  EXPECT_EQ(session(used.session).at("status_message"), "its user has left");
  EXPECT_TRUE(becomes(unused.session, "terminated", 90s));
  EXPECT_EQ(session(unused.session).at("status_message"), "its user did not come");
  EXPECT_EQ(session(kept.session).at("status"), "active") << "it never ends by itself";
  EXPECT_TRUE(until([&] { return instances() == 1; }));

  // The same, as an administrator sees it.
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {redan_program(), "gateway"});
    arguments.insert(arguments.end(), {"--data-dir", cloud_->gateway->folder().string()});
    const auto output = cloud_->folder.path() / "output";
    Process process(arguments, output);
    EXPECT_EQ(process.wait(30s), 0);
    return read_file(output);
  };
  const std::string listed = run({"session", "list", "--status", "active"});
  EXPECT_NE(listed.find(kept.session), std::string::npos) << listed;
  EXPECT_EQ(listed.find(used.session), std::string::npos) << listed;
  EXPECT_NE(run({"session", "show", kept.session}).find("joinable:"), std::string::npos);
  EXPECT_NE(run({"share", "create", kept.session, "--description", "for Bob"}).find("https://"), std::string::npos);
  EXPECT_NE(run({"share", "list"}).find("for Bob"), std::string::npos);
  run({"session", "delete", kept.session});
  EXPECT_EQ(session(kept.session).at("status"), "terminated");
  EXPECT_TRUE(until([&] { return instances() == 0; }));
}

TEST_F(SessionUsers, AnInstanceThatAmcLaunchesIsStreamed) {
  amc({"launch", "pong", "--name", "game", "--enable-streaming"});
  const std::string shown = amc({"show", "game"});
  const std::size_t tag = shown.find("session=");
  ASSERT_NE(tag, std::string::npos) << shown;
  const std::string id = shown.substr(tag + 8, 20);
  Client admin(cloud_->gateway->local());
  ASSERT_EQ(admin.get("/1.0/sessions/" + id).status, 200U) << shown;
  ASSERT_EQ(GatewayClient(*cloud_->gateway, token_).ask("GET", "/1.0/sessions/" + id).status, 404U);

  // An administrator joins it.
  token_ = cloud_->account("operator", {"admin"});
  clients_.emplace(io_, std::get<net::TlsRemote>(cloud_->gateway->remote()), token_,
                   std::vector<Address>{*Address::parse("127.0.0.1", 0)}, *provider_);
  std::optional<cmd::StreamClients::Granted> granted;
  boost::asio::co_spawn(io_, clients_->join(id),
                        [&](const std::exception_ptr&, auto result) { granted = std::move(result); });
  ASSERT_TRUE(until([&] { return granted.has_value(); }));
  StreamClient& client = clients_->open(granted->value(), {});
  ASSERT_TRUE(until([&] { return client.state() == StreamClient::State::connected; })) << client.problem();
  client.close();

  amc({"stop", "game"});
  EXPECT_TRUE(becomes(id, "error"));
  EXPECT_NE(amc({"show", "game"}).find("stopped"), std::string::npos);
  amc({"delete", "game", "--yes"});
}

// The instance's adbd is a server in this test; the local adb is a socket.
TEST_F(SessionUsers, AdbIsTunnelledThroughAShareOfAnInstance) {
  redan::test::EchoServer adbd(io_);
  Client ams(cloud_->ams->local());
  const json::object manifest{
      {"name", "phone"},
      {"services",
       json::array{json::object{{"name", "adb"}, {"port", adbd.port()}, {"protocols", json::array{"tcp"}}}}}};
  ASSERT_EQ(ams.post("/1.0/applications", json::serialize(manifest)).status, 202U);
  ASSERT_EQ(ams.patch("/1.0/applications/phone/0", R"({"published":true})").status, 202U);
  amc({"launch", "phone", "--name", "phone-1", "--enable-streaming"});
  const Answer shared = ams.post("/1.0/instances/phone-1/shares", R"({"type":"adb","description":"for Bob"})");
  ASSERT_EQ(shared.status, 200U) << shared.raw.body;
  const std::string share(shared.metadata().at("id").as_string());
  EXPECT_EQ(ams.post("/1.0/instances/phone-1/shares", R"({"type":"television"})").status, 400U);

  const auto output = cloud_->folder.path() / "adb";
  Process adb({redan_program(), "adb", std::string(shared.metadata().at("url").as_string()), "--fingerprint",
               cloud_->gateway->fingerprint(), "--json"},
              output);
  ASSERT_TRUE(until([&] { return read_file(output).find('\n') != std::string::npos; }));
  const net::HostAndPort local = *net::parse_host_and_port(json::parse(read_file(output)).at("listen").as_string());
  EXPECT_EQ(local.host, "127.0.0.1");
  LocalProgram client(io_, local.port);
  std::string all;
  for (int i = 0; i < 1000; ++i) all += std::string(1021, static_cast<char>(i));
  client.send(all);
  ASSERT_TRUE(until([&] { return client.heard().size() >= all.size(); })) << client.heard().size();
  EXPECT_TRUE(client.heard() == all);
  EXPECT_EQ(adbd.accepted(), 1);

  // Only shares of this instance can be changed through it, and a deleted share disconnects.
  EXPECT_EQ(ams.patch("/1.0/instances/phone-1/shares/" + share, R"({"description":"for Eve"})").status, 200U);
  EXPECT_EQ(ams.patch("/1.0/instances/phone-1/shares/another", R"({"description":"for Eve"})").status, 404U);
  EXPECT_EQ(ams.call("DELETE", "/1.0/instances/phone-1/shares/" + share).status, 202U);
  EXPECT_TRUE(until([&] { return client.ended(); }));
  EXPECT_TRUE(until([&] { return adbd.ended() == 1; }));
}

}  // namespace
}  // namespace redan::cloud::test
