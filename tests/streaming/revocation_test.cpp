// Everything that a unit issued ends with its purpose, on both units and within a second: tokens, sockets, shares, and
// an instance's credentials. Prints how long each took.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/base64.hpp"
#include "tests/cloud/store/contract.hpp"
#include "tests/streaming/fleet.hpp"

namespace redan::cloud::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class Revocation : public testing::Test {
 protected:
  static constexpr std::size_t kUnits = 2;

  static void SetUpTestSuite() {
    if (nats_program().empty() || etcd_program().empty()) return;
    fleet_ = std::make_unique<Fleet>(20);
  }
  static void TearDownTestSuite() { fleet_.reset(); }
  void SetUp() override {
    if (!fleet_) GTEST_SKIP() << "nats-server or etcd is not installed";
    name_ = testing::UnitTest::GetInstance()->current_test_info()->name();
    token_ = account(name_);
    for (std::size_t unit = 0; unit < kUnits; ++unit) {
      ASSERT_TRUE(eventually([&] { return client(unit).ask("GET", "/1.0/sessions").status == 200U; }));
    }
  }

  static Unit& unit(std::size_t which) { return *fleet_->gateways[which]; }
  GatewayClient client(std::size_t which) const { return {unit(which), token_}; }
  static std::string account(const std::string& name) {
    const Answer made =
        Client(unit(0).local()).post("/internal/1.0/accounts", json::serialize(json::object{{"name", name}}));
    EXPECT_EQ(made.status, 201U) << made.raw.body;
    return std::string(made.metadata().at("token").as_string());
  }
  void delete_account() const {
    EXPECT_EQ(Client(unit(0).local()).erase("/internal/1.0/accounts/" + name_).status, 200U);
  }

  struct Made {
    std::string id, url;
  };
  Made make_session() const {
    const Answer made = client(0).ask("POST", "/1.0/sessions", R"({"app":"demo","joinable":true})");
    EXPECT_EQ(made.status, 201U) << made.raw.body;
    return {std::string(made.metadata().at("id").as_string()), std::string(made.metadata().at("url").as_string())};
  }
  Made share(const std::string& session) const {
    const Answer made = client(0).ask("POST", "/1.0/sessions/" + session + "/share", R"({"type":"view"})");
    EXPECT_EQ(made.status / 100, 2U) << made.raw.body;
    return {std::string(made.metadata().at("id").as_string()), std::string(made.metadata().at("url").as_string())};
  }
  /// What a viewer with a share's URL receives from a unit: the URL of a socket.
  static Answer connect(const std::string& share_url, std::size_t which) {
    return Client(unit(which).remote()).get(share_url.substr(share_url.find("/1.0")));
  }

  /// The URL of a viewer's socket. A unit may learn of the share a little later.
  static std::string viewer_url(const Made& shared, std::size_t which) {
    Answer answer;
    EXPECT_TRUE(eventually([&] { return (answer = connect(shared.url, which)).status == 200U; })) << answer.raw.body;
    return answer.status == 200U ? std::string(answer.metadata().at("url").as_string()) : std::string();
  }

  struct Socket {
    std::size_t unit = 0;
    std::shared_ptr<net::WebSocket> socket;
    std::optional<Clock::time_point> closed;
    unsigned refused = 0;  ///< the status, if no socket was opened
  };
  std::shared_ptr<Socket> open(const std::string& url, std::size_t which) {
    auto socket = std::make_shared<Socket>();
    socket->unit = which;
    net::WebSocketClientConfig config;
    config.server = unit(which).remote();
    config.target = url.substr(url.find("/1.0"));
    auto opened = wait_for(io_, net::open_websocket(std::move(config)));
    if (!opened) {
      socket->refused = opened.error().status;
      return socket;
    }
    socket->socket = *opened;
    socket->socket->on_close = [weak = std::weak_ptr(socket)] {
      if (const auto closed = weak.lock()) closed->closed = Clock::now();
    };
    return socket;
  }
  /// The status of the refusal; 410 for a socket that opens, reports the end, and closes.
  unsigned refusal_of(const std::string& url, std::size_t which) {
    const auto socket = open(url, which);
    if (socket->refused != 0) return socket->refused;
    run_until(
        io_, [&] { return socket->closed.has_value(); }, 200ms);
    return socket->closed ? 410 : 101;
  }

  /// Runs the action, and waits until the sockets are closed.
  void expect_cut(const char* what, const std::vector<std::shared_ptr<Socket>>& sockets,
                  const std::function<void()>& revoke) {
    run_for(io_, 300ms);
    for (const auto& socket : sockets) {
      ASSERT_TRUE(socket->socket) << what << ": refused with " << socket->refused;
      ASSERT_FALSE(socket->closed) << what << ": closed before its time";
    }
    const auto begin = Clock::now();
    revoke();
    const auto all_cut = [&] {
      return std::all_of(sockets.begin(), sockets.end(), [](const auto& socket) { return socket->closed.has_value(); });
    };
    EXPECT_TRUE(run_until(io_, all_cut, 10s)) << what;
    for (const auto& socket : sockets) {
      if (socket->closed) show(what, "gateway-" + std::to_string(socket->unit + 1), *socket->closed - begin);
    }
  }
  /// Waits until it is refused at both units; `status` performs the request.
  void expect_refused(const char* what, const std::function<unsigned(std::size_t)>& status, Clock::time_point since) {
    for (std::size_t which = 0; which < kUnits; ++which) {
      EXPECT_TRUE(eventually([&] { return status(which) / 100 == 4; })) << what;
      show(what, "gateway-" + std::to_string(which + 1), Clock::now() - since);
    }
  }
  static void show(const char* what, const std::string& where, Clock::duration took) {
    const double ms = std::chrono::duration<double, std::milli>(took).count();
    std::printf("  %-44s %-10s %6.0f ms\n", what, where.c_str(), ms);
    EXPECT_LT(ms, 1'000) << what;
  }

  static inline std::unique_ptr<Fleet> fleet_;
  boost::asio::io_context io_{1};
  std::string name_, token_;
};

TEST_F(Revocation, OfAnAccountEndsItsAccess) {
  const Made first = make_session(), second = make_session(), third = make_session();
  const Made shared = share(first.id);
  std::vector<std::shared_ptr<Socket>> sockets{open(first.url, 0), open(second.url, 1)};
  for (std::size_t which = 0; which < kUnits; ++which) sockets.push_back(open(viewer_url(shared, which), which));
  Clock::time_point begin;
  expect_cut("a client's or viewer's socket", sockets, [&] {
    begin = Clock::now();
    delete_account();
  });
  expect_refused(
      "the account's token", [&](std::size_t which) { return client(which).ask("GET", "/1.0/sessions").status; },
      begin);
  expect_refused(
      "new TURN credentials for it",
      [&](std::size_t which) { return client(which).ask("POST", "/1.0/sessions/" + third.id + "/join").status; },
      begin);
  expect_refused(
      "the URL of a socket", [&](std::size_t which) { return refusal_of(third.url, which); }, begin);
  expect_refused(
      "the URL of its share", [&](std::size_t which) { return connect(shared.url, which).status; }, begin);
}

TEST_F(Revocation, OfAShareEndsItsAccess) {
  const Made session = make_session();
  const Made shared = share(session.id);
  const std::shared_ptr<Socket> player = open(session.url, 0);
  std::vector<std::shared_ptr<Socket>> viewers;
  for (std::size_t which = 0; which < kUnits; ++which) viewers.push_back(open(viewer_url(shared, which), which));
  const std::string unused = viewer_url(shared, 1);
  Clock::time_point begin;
  expect_cut("a viewer's socket", viewers, [&] {
    begin = Clock::now();
    EXPECT_EQ(client(0).ask("DELETE", "/1.0/shares/" + shared.id).status, 202U);
  });
  expect_refused(
      "the share's URL", [&](std::size_t which) { return connect(shared.url, which).status; }, begin);
  expect_refused(
      "the URL of a viewer's socket", [&](std::size_t which) { return refusal_of(unused, which); }, begin);
  EXPECT_FALSE(player->closed) << "the session's own client stays";
}

TEST_F(Revocation, OfASessionEndsItsAccess) {
  const Made session = make_session(), other = make_session();
  const Made shared = share(session.id);
  const std::shared_ptr<Socket> bystander = open(other.url, 1);
  const std::vector<std::shared_ptr<Socket>> sockets{open(session.url, 0), open(viewer_url(shared, 1), 1)};
  Clock::time_point begin;
  expect_cut("a client's or viewer's socket", sockets, [&] {
    begin = Clock::now();
    EXPECT_LT(client(0).ask("DELETE", "/1.0/sessions/" + session.id).status, 300U);
  });
  expect_refused(
      "the URL of its socket", [&](std::size_t which) { return refusal_of(session.url, which); }, begin);
  EXPECT_FALSE(bystander->closed);
}

// Their signalling sockets closed long ago: the runtime ends them.
TEST_F(Revocation, OfAnAccountOrShareEndsLiveStreams) {
  const Made session = make_session();
  const Made shared = share(session.id);
  // Each with its own port, because one pair of addresses serves one peer.
  const auto clients_at = [&](std::size_t which) {
    return std::make_unique<cmd::StreamClients>(fleet_->io, fleet_->remote(which), token_,
                                                std::vector<Address>{*Address::parse("127.0.0.1", 0)},
                                                *fleet_->provider);
  };
  const auto players = clients_at(0), viewers = clients_at(1);
  const auto join = [&](cmd::StreamClients& clients, const std::string& url) -> cmd::StreamClient& {
    return clients.open({session.id, url.substr(url.find("/1.0"))}, {.video = true});
  };
  cmd::StreamClient& player = join(*players, session.url);
  const auto streams = [&](const cmd::StreamClient& client, std::uint64_t packets) {
    return fleet_->until([&] { return client.counts().rtp_packets >= packets; }, 20s);
  };
  ASSERT_TRUE(streams(player, 10)) << player.problem();
  cmd::StreamClient& viewer = join(*viewers, viewer_url(shared, 1));
  ASSERT_TRUE(streams(viewer, 10)) << viewer.problem();

  const auto expect_end = [&](const char* what, const cmd::StreamClient& client, Clock::time_point since) {
    EXPECT_TRUE(fleet_->until([&] { return client.state() == cmd::StreamClient::State::ended; }, 10s)) << what;
    show(what, "runtime", Clock::now() - since);
  };
  const auto deleted = Clock::now();
  EXPECT_EQ(client(0).ask("DELETE", "/1.0/shares/" + shared.id).status, 202U);
  expect_end("a viewer's stream", viewer, deleted);
  EXPECT_TRUE(streams(player, player.counts().rtp_packets + 10)) << "the session's own client stays";
  const auto left = Clock::now();
  delete_account();
  expect_end("a client's stream", player, left);
}

// The token of its user data, at each of the agents, which share one key.
TEST_F(Revocation, OfAnInstanceEndsItsAccess) {
  const Made session = make_session();
  const std::string instance = "s-" + session.id;
  Client admin(fleet_->ams->local());
  const auto shown = [&] { return admin.get("/1.0/instances/" + instance); };
  ASSERT_TRUE(eventually([&] { return shown().status == 200U && shown().metadata().at("status") == "running"; }));
  const std::string id(shown().metadata().at("id").as_string());
  const json::value document = json::parse(read_file(fleet_->ams->folder() / "instances" / id / "user-data.json"));
  const std::string token(json::parse(document.at("user_data").as_string()).at("token").as_string());
  const auto ask = [&](std::size_t which) {
    return Client(fleet_->agents[which]->remote())
        .call("GET", "/1.0/sessions/" + session.id + "/ice-servers?instance=" + instance, {},
              {{"Authorization", "macaroon root=" + token}})
        .status;
  };
  for (std::size_t which = 0; which < kUnits; ++which) ASSERT_EQ(ask(which), 200U);
  const auto begin = Clock::now();
  admin.finish(admin.erase("/1.0/instances/" + instance));
  const auto removed = Clock::now();
  std::printf("  AMS takes %.0f ms for it\n", std::chrono::duration<double, std::milli>(removed - begin).count());
  for (std::size_t which = 0; which < kUnits; ++which) {
    EXPECT_TRUE(eventually([&] { return ask(which) == 401U; })) << ask(which);
    show("an instance's token, and TURN credentials", "agent-" + std::to_string(which + 1), Clock::now() - removed);
  }
  // Its runtime reported it, or the agent detected it.
  const auto is_over = [&] {
    const json::value status = client(0).ask("GET", "/1.0/sessions/" + session.id).metadata().at("status");
    return status == "terminated" || status == "error";
  };
  EXPECT_TRUE(eventually(is_over)) << fleet_->logged_about(session.id);
}

}  // namespace
}  // namespace redan::cloud::test
