// Sessions of two endpoints through real coturn servers: over UDP, TCP and TLS, with credentials that end, with servers
// that are restarted and that fail.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <redan/asio.hpp>

#include "net/clock.hpp"
#include "net/errors.hpp"
#include "tests/interop/turn/coturn.hpp"
#include "tests/support/dtls_pair.hpp"

namespace redan::test {
namespace {

using namespace std::chrono_literals;
using turn::Transport;

std::string self_signed_authority() {
  std::ifstream in(std::string(REDAN_TESTS_DIR) + "/vectors/tls/server.pem");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

IceServer ice_server(const turn::Server& at, const std::string& user = "user", const std::string& password = "secret") {
  const std::string host = "127.0.0.1:" + std::to_string(at.address.port());
  const std::string url = at.transport == Transport::tls   ? "turns:" + host
                          : at.transport == Transport::tcp ? "turn:" + host + "?transport=tcp"
                                                           : "turn:" + host;
  IceServer server = *IceServer::parse(url);
  server.username = user;
  server.password = Secret<512>(as_bytes(password));
  if (at.transport == Transport::tls) server.authorities_pem = self_signed_authority();
  return server;
}

class IceSession : public testing::Test {
 protected:
  struct End {
    std::unique_ptr<Shard> shard;
    PeerId peer;
    std::optional<ChannelId> channel;
    bool gathered = false, connected = false;
    std::vector<PathSelected> selected;
    std::vector<std::string> received;
    std::vector<std::pair<Errc, std::string>> failures;
    std::optional<Errc> closed;
    std::function<void(std::string)> on_candidate;
    std::function<void(std::string)> on_credentials_end;

    [[nodiscard]] Endpoint& endpoint() { return shard->endpoint(); }
    [[nodiscard]] std::vector<Address> relayed() {
      std::vector<Address> all;
      for (const auto& each : endpoint().local_candidates()) {
        if (each.type == CandidateType::relayed) all.push_back(each.address);
      }
      return all;
    }
  };

  void SetUp() override {
    if (::access(kTurnServer, X_OK) != 0) GTEST_SKIP() << kTurnServer << " is not installed (Debian: coturn)";
  }
  void open(End& end, std::vector<IceServer> servers) {
    EndpointConfig config;
    config.local_addresses = {Address::v4({127, 0, 0, 1}, 0)};
    config.ice_transport = IceTransport::relay;
    auto shard = Shard::open(io, config, test_identity(*provider), *provider,
                             [&end](Endpoint& endpoint, const Output& output) { on_output(end, endpoint, output); });
    ASSERT_TRUE(shard);
    end.shard = std::move(*shard);
    ASSERT_TRUE(end.endpoint().set_ice_servers(std::move(servers)));
    end.shard->wake();
  }
  static void on_output(End& end, Endpoint&, const Output& output) {
    if (std::holds_alternative<GatheringDone>(output)) end.gathered = true;
    if (std::holds_alternative<Connected>(output)) end.connected = true;
    if (const auto* path = std::get_if<PathSelected>(&output)) end.selected.push_back(*path);
    if (const auto* opened = std::get_if<ChannelOpened>(&output)) end.channel = opened->channel;
    if (const auto* message = std::get_if<Message>(&output)) end.received.emplace_back(as_text(message->payload));
    if (const auto* ended = std::get_if<Closed>(&output)) end.closed = ended->reason;
    if (const auto* failed = std::get_if<IceServerFailed>(&output))
      end.failures.emplace_back(failed->reason, std::string(failed->detail));
    if (const auto* found = std::get_if<LocalCandidate>(&output)) end.on_candidate(std::string(found->candidate));
    if (const auto* ending = std::get_if<IceCredentialsEnd>(&output))
      end.on_credentials_end(std::string(ending->server));
  }
  bool until(const std::function<bool()>& condition, Duration limit = 15s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      io.restart();
      io.run_for(1ms);
    }
    return condition();
  }
  /// Half trickle at first; later candidates go to the other side.
  void connect() {
    ASSERT_TRUE(until([&] { return a.gathered && b.gathered; }));
    for (End* end : {&a, &b}) {
      End* other = end == &a ? &b : &a;
      end->on_candidate = [this, other](std::string text) {
        boost::asio::post(io, [other, text] {
          (void)other->endpoint().add_remote_candidate(other->peer, text);
          other->shard->wake();
        });
      };
    }
    const auto offered = a.endpoint().offer({});
    ASSERT_TRUE(offered);
    a.peer = offered->peer;
    ASSERT_TRUE(a.endpoint().open_channel(a.peer, "test"));
    const auto accepted = b.endpoint().accept(offered->offer);
    ASSERT_TRUE(accepted);
    b.peer = accepted->peer;
    ASSERT_TRUE(a.endpoint().complete(a.peer, accepted->answer));
    a.shard->wake();
    b.shard->wake();
    ASSERT_TRUE(until([&] { return a.channel && b.channel && !a.selected.empty(); }))
        << offered->offer << accepted->answer << a.endpoint().statistics(a.peer)->requests_sent << " checks, "
        << a.endpoint().statistics(a.peer)->remote_candidates_ignored << " candidates ignored";
    EXPECT_EQ(a.selected.back().local_type, CandidateType::relayed);
  }
  void send(End& end) {
    ASSERT_TRUE(
        end.endpoint().send(end.peer, *end.channel, MessageKind::text, as_bytes(std::to_string(sent_[&end]++))));
    end.shard->wake();
  }
  /// Both sides send a message every 5 ms until the condition holds.
  bool exchange_until(const std::function<bool()>& condition, Duration limit) {
    auto next = std::chrono::steady_clock::now();
    return until(
        [&] {
          if (std::chrono::steady_clock::now() >= next) {
            send(a);
            send(b);
            next += 5ms;
          }
          return condition();
        },
        limit);
  }
  /// Each message arrived once and in order.
  void expect_all_delivered() {
    const auto all = [&] { return b.received.size() == sent_[&a] && a.received.size() == sent_[&b]; };
    EXPECT_TRUE(until(all, 20s)) << b.received.size() << " of " << sent_[&a] << ", " << a.received.size() << " of "
                                 << sent_[&b];
    for (const End* end : {&a, &b}) {
      for (std::size_t i = 0; i < end->received.size(); ++i) ASSERT_EQ(end->received[i], std::to_string(i));
    }
  }

  std::unique_ptr<Provider> provider = default_provider();
  boost::asio::io_context io{1};
  End a, b;
  std::map<const End*, std::size_t> sent_;
};

template <class... Servers>
std::vector<IceServer> list(Servers... servers) {
  std::vector<IceServer> all;
  (all.push_back(std::move(servers)), ...);
  return all;
}

class OverEach : public IceSession, public testing::WithParamInterface<Transport> {};

TEST_P(OverEach, CarriesASession) {
  const Coturn coturn(*provider);
  open(a, list(ice_server(coturn.server(GetParam()))));
  open(b, list(ice_server(coturn.server(Transport::udp))));
  ASSERT_NO_FATAL_FAILURE(connect());
  int rounds = 0;
  EXPECT_TRUE(exchange_until([&] { return ++rounds > 2000; }, 10s));
  expect_all_delivered();
  const std::string bulk(200'000, 'x');
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(a.endpoint().send(a.peer, *a.channel, MessageKind::binary, as_bytes(bulk)));
  a.shard->wake();
  const std::size_t before = b.received.size();
  EXPECT_TRUE(until([&] { return b.received.size() == before + 20; }, 30s)) << b.received.size() - before;
}

INSTANTIATE_TEST_SUITE_P(
    IceSession, OverEach, testing::Values(Transport::udp, Transport::tcp, Transport::tls), [](const auto& each) {
      return std::string(each.param == Transport::udp ? "Udp" : each.param == Transport::tcp ? "Tcp" : "Tls");
    });

TEST_F(IceSession, AServerWithAnotherCertificateGetsNoCredentials) {
  const Coturn coturn(*provider);
  IceServer pinned = ice_server(coturn.server(Transport::tls));
  pinned.certificate_sha256.emplace();
  IceServer unknown = ice_server(coturn.server(Transport::tls));
  unknown.authorities_pem.clear();  // the system's
  IceServer named = ice_server(coturn.server(Transport::tls));
  named.host = "turn.example.org";
  open(a, list(std::move(pinned), std::move(unknown), std::move(named)));
  ASSERT_TRUE(until([&] { return a.gathered; }));
  ASSERT_EQ(a.failures.size(), 3U);
  std::multiset<std::string> reasons;
  for (const auto& [reason, detail] : a.failures) {
    reasons.emplace(name(reason));
    EXPECT_NE(detail.find("connect: "), std::string::npos) << detail;
  }
  EXPECT_EQ(reasons, (std::multiset<std::string>{"tls_pin_mismatch", "tls_untrusted", "tls_untrusted"}));
  EXPECT_EQ(coturn.log().find("user <user>"), std::string::npos);
}

TEST_F(IceSession, APortWithoutAServerIsNamedAtOnce) {
  turn::Server absent{at(free_port()), Transport::tcp, "absent"};
  open(a, list(ice_server(absent)));
  ASSERT_TRUE(until([&] { return a.gathered; }, 3s));
  ASSERT_EQ(a.failures.size(), 1U);
  EXPECT_EQ(a.failures[0].first, net::errc::connect_failed) << a.failures[0].second;
}

TEST_F(IceSession, OutlivesItsCredentials) {
  for (const Transport transport : {Transport::udp, Transport::tls}) {
    a = End();
    b = End();
    sent_.clear();
    const Coturn coturn(*provider, "use-auth-secret\nstatic-auth-secret=shared");
    const auto made = [&](Transport over, const std::string& user, std::int64_t lifetime) {
      const auto [name, password] = rest_credentials(*provider, lifetime, user);
      return ice_server(coturn.server(over), name, password);
    };
    IceServer ending = made(transport, "alice", 4);
    ending.credentials_end = net::now() + 62s;  // the event comes a minute ahead
    a.on_credentials_end = [&](const std::string& server) {
      IceServer renewed = made(transport, "alice", 600);
      EXPECT_EQ(renewed.text(), server);
      EXPECT_TRUE(a.endpoint().renew_ice_server(std::move(renewed)));
    };
    open(a, list(std::move(ending)));
    open(b, list(made(Transport::udp, "bob", 600)));
    ASSERT_NO_FATAL_FAILURE(connect());
    const Address first = a.relayed().at(0);
    const auto moved = [&] { return a.selected.back().path.local != first && a.relayed().size() == 1; };
    EXPECT_TRUE(exchange_until(moved, 40s));
    EXPECT_NE(a.relayed().at(0), first);
    expect_all_delivered();
    EXPECT_TRUE(a.failures.empty()) << a.failures[0].second;
    a.shard.reset();
    b.shard.reset();
  }
}

TEST_F(IceSession, OutlivesARestartOfItsServer) {
  Coturn coturn(*provider);
  Coturn other(*provider);
  open(a, list(ice_server(coturn.server(Transport::tcp))));
  open(b, list(ice_server(other.server(Transport::udp))));
  ASSERT_NO_FATAL_FAILURE(connect());
  int rounds = 0;
  exchange_until([&] { return ++rounds > 100; }, 5s);
  coturn.stop();
  coturn.start();
  const std::size_t before = b.received.size();
  EXPECT_TRUE(exchange_until([&] { return b.received.size() > before + 500; }, 40s));
  expect_all_delivered();
  EXPECT_FALSE(a.closed || b.closed);
}

TEST_F(IceSession, FallsBackToASecondServer) {
  Coturn first(*provider);
  Coturn second(*provider);
  open(a, list(ice_server(first.server(Transport::udp)), ice_server(second.server(Transport::udp))));
  open(b, list(ice_server(second.server(Transport::udp))));
  ASSERT_NO_FATAL_FAILURE(connect());
  int rounds = 0;
  exchange_until([&] { return ++rounds > 2000; }, 5s);
  first.stop();
  const std::size_t before = b.received.size();
  EXPECT_TRUE(exchange_until([&] { return b.received.size() > before + 500; }, 25s));
  expect_all_delivered();
  EXPECT_FALSE(a.closed || b.closed);
}

}  // namespace
}  // namespace redan::test
