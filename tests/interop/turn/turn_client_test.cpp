// Our TURN client with real coturn servers, on loopback.
#include <gtest/gtest.h>

#include "rtc/turn/errors.hpp"
#include "tests/interop/turn/coturn.hpp"

namespace redan::test {
namespace {

using namespace std::chrono_literals;
using turn::Transport;

class CoturnClient : public testing::Test {
 protected:
  void SetUp() override {
    if (::access(kTurnServer, X_OK) != 0) GTEST_SKIP() << kTurnServer << " is not installed (Debian: coturn)";
  }
  static turn::Config config(const turn::Server& server, std::string_view password = "secret",
                             std::string_view username = "user") {
    turn::Config made;
    made.servers = {server};
    made.credentials = *stun::Credentials::make(username, password);
    return made;
  }
  std::unique_ptr<RealClient> allocate(turn::Config wanted) {
    auto client = std::make_unique<RealClient>(std::move(wanted), *provider);
    EXPECT_TRUE(run_until({client.get()}, [&] { return client->allocated || client->failed; }));
    if (client->failed) ADD_FAILURE() << client->failed->text();
    return client;
  }
  std::optional<turn::Failure> fail(turn::Config wanted) {
    RealClient client(std::move(wanted), *provider);
    run_until({&client}, [&] { return client.failed || client.allocated; });
    return client.failed;
  }
  static bool permit(RealClient& client, const Address& peer) {
    const std::size_t denied = client.denied.size();
    const auto permitted = [&] { return client.client.permitted(steady_now(), peer); };
    EXPECT_TRUE(client.client.permit(steady_now(), peer));
    run_until({&client}, [&] { return permitted() || client.denied.size() > denied || client.failed; });
    return permitted();
  }
  turn::Config rest(const turn::Server& server, std::int64_t lifetime, const std::string& user = "alice") {
    const auto [name, password] = rest_credentials(*provider, lifetime, user);
    return config(server, password, name);
  }
  std::unique_ptr<Provider> provider = default_provider();
};

/// Data in both directions between the relayed addresses of two clients, first in indications, then on channels.
void exchange(RealClient& a, RealClient& b, const Address& relay_a, const Address& relay_b, Transport kind_a) {
  const auto both = [&](const std::function<bool()>& condition) { return run_until({&a, &b}, condition); };
  ASSERT_TRUE(a.client.permit(steady_now(), relay_b));
  ASSERT_TRUE(b.client.permit(steady_now(), relay_a));
  ASSERT_TRUE(both([&] { return a.permitted == 1 && b.permitted == 1; }));
  for (const std::size_t size : {0U, 1U, 3U, 1000U}) {
    const std::size_t before = b.received.size();
    ASSERT_TRUE(a.send(relay_b, std::string(size, 'a')));
    ASSERT_TRUE(both([&] { return b.received.size() > before; })) << size;
    EXPECT_EQ(b.received.back(), std::string(size, 'a'));
  }
  ASSERT_TRUE(a.client.bind(steady_now(), relay_b));
  ASSERT_TRUE(b.client.bind(steady_now(), relay_a));
  const auto bound = [&] {
    return a.client.statistics().requests_sent - a.client.statistics().responses_received == 0 &&
           b.client.statistics().requests_sent - b.client.statistics().responses_received == 0;
  };
  ASSERT_TRUE(both(bound));
  constexpr int kCount = 200;
  const std::size_t at_a = a.received.size();
  const std::size_t at_b = b.received.size();
  for (int i = 0; i < kCount; ++i) {
    ASSERT_TRUE(a.send(relay_b, "to b " + std::to_string(i)));
    ASSERT_TRUE(b.send(relay_a, "to a " + std::string(static_cast<std::size_t>(i), 'x')));
    if (i % 20 == 19) both([&] { return a.received.size() >= at_a + static_cast<std::size_t>(i) + 1; });
  }
  EXPECT_TRUE(both([&] { return a.received.size() == at_a + kCount && b.received.size() == at_b + kCount; }))
      << a.received.size() - at_a << ' ' << b.received.size() - at_b << ' ' << static_cast<int>(kind_a);
  EXPECT_EQ(a.client.statistics().channel_packets_sent, static_cast<std::uint64_t>(kCount));
}

TEST_F(CoturnClient, RelaysDataOverUdpTcpAndTls) {
  const Coturn coturn(*provider);
  for (const Transport transport : {Transport::udp, Transport::tcp, Transport::tls}) {
    const auto a = allocate(config(coturn.server(transport)));
    const auto b = allocate(config(coturn.server(Transport::udp)));
    ASSERT_TRUE(a->allocated && b->allocated);
    EXPECT_EQ(a->allocated->mapped, a->client.path().local);
    exchange(*a, *b, *a->allocated->ipv4, *b->allocated->ipv4, transport);
    a->client.close(steady_now());
    b->client.close(steady_now());
    EXPECT_TRUE(run_until({a.get(), b.get()}, [&] { return a->closed && b->closed; }));
  }
}

TEST_F(CoturnClient, RelaysOverIpv6) {
  const Coturn coturn(*provider);
  turn::Config ipv6 = config(coturn.server(Transport::tcp));
  ipv6.families = turn::Families::ipv6;
  turn::Config other = config(coturn.server(Transport::udp));
  other.families = turn::Families::ipv6;
  const auto a = allocate(std::move(ipv6));
  const auto b = allocate(std::move(other));
  ASSERT_TRUE(a->allocated && a->allocated->ipv6 && !a->allocated->ipv4);
  ASSERT_TRUE(b->allocated && b->allocated->ipv6);
  exchange(*a, *b, *a->allocated->ipv6, *b->allocated->ipv6, Transport::tcp);

  // coturn 4.6 knows ADDITIONAL-ADDRESS-FAMILY only by the number that its draft had: it gives IPv4 alone.
  turn::Config both = config(coturn.server(Transport::udp));
  both.families = turn::Families::both;
  const auto c = allocate(std::move(both));
  EXPECT_TRUE(c->allocated && c->allocated->ipv4);
}

TEST_F(CoturnClient, RefusesAWrongPassword) {
  const Coturn coturn(*provider);
  for (const Transport transport : {Transport::udp, Transport::tcp}) {
    const auto failed = fail(config(coturn.server(transport), "wrong"));
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->reason, turn::errc::turn_credentials) << failed->text();
    EXPECT_EQ(failed->server_code, 401);
  }
}

TEST_F(CoturnClient, RestCredentialsThatExpiredAreRefused) {
  const Coturn coturn(*provider, "use-auth-secret\nstatic-auth-secret=shared");
  EXPECT_TRUE(allocate(rest(coturn.server(Transport::udp), 60))->allocated);
  const auto failed = fail(rest(coturn.server(Transport::udp), -1));
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->reason, turn::errc::turn_credentials) << failed->text();
}

// The session moves to the allocation of new credentials; nothing that is sent is lost.
TEST_F(CoturnClient, ASessionOutlivesItsCredentials) {
  const Coturn coturn(*provider, "use-auth-secret\nstatic-auth-secret=shared");
  turn::Config ending = rest(coturn.server(Transport::udp), 2);
  ending.credentials_end = steady_now() + 61s;  // the event comes a minute ahead
  const auto old = allocate(std::move(ending));
  const auto peer = allocate(rest(coturn.server(Transport::udp), 600, "bob"));
  ASSERT_TRUE(permit(*peer, *old->allocated->ipv4));
  ASSERT_TRUE(permit(*old, *peer->allocated->ipv4));
  ASSERT_TRUE(old->send(*peer->allocated->ipv4, "by the old relay"));
  ASSERT_TRUE(run_until({old.get(), peer.get()}, [&] { return old->renewals == 1; }));
  const auto next = allocate(rest(coturn.server(Transport::udp), 600, "alice"));
  ASSERT_TRUE(permit(*next, *peer->allocated->ipv4));
  ASSERT_TRUE(permit(*peer, *next->allocated->ipv4));
  ASSERT_TRUE(next->send(*peer->allocated->ipv4, "by the new relay"));
  old->client.close(steady_now());
  ASSERT_TRUE(
      run_until({old.get(), next.get(), peer.get()}, [&] { return peer->received.size() == 2 && old->closed; }));
  EXPECT_EQ(peer->received, (std::vector<std::string>{"by the old relay", "by the new relay"}));
  EXPECT_FALSE(old->failed);
}

// A server knows an allocation by its user: what another user asks of it is refused with 441.
TEST_F(CoturnClient, AnotherUserIsToldSo) {
  const Coturn coturn(*provider, "use-auth-secret\nstatic-auth-secret=shared");
  const auto owner = allocate(rest(coturn.server(Transport::udp), 600, "alice"));
  turn::Config other = rest(coturn.server(Transport::udp), 600, "bob");
  turn::Requests as_bob(std::move(other.credentials), *provider);
  const turn::Requests::Writer refresh = [](const turn::Task&, stun::MessageBuilder& builder) {
    builder.integer32(turn::attribute::lifetime, 600);
  };
  as_bob.start(steady_now(), {turn::Step::refresh}, stun::Transport::datagram, refresh);
  std::optional<std::uint16_t> code;
  std::array<std::uint8_t, 4096> buffer{};
  for (int i = 0; i < 20 && !code; ++i) {
    const auto polled = as_bob.poll(steady_now(), buffer);
    if (const auto* bytes = std::get_if<MutableBytes>(&polled); bytes != nullptr && !bytes->empty()) {
      owner->socket->send(*bytes);
    }
    pollfd waiting{owner->socket->fd(), POLLIN, 0};
    ::poll(&waiting, 1, 100);
    for (Bytes got = owner->socket->receive(); !got.empty(); got = owner->socket->receive()) {
      const auto message = stun::Message::parse(got, turn::kUnderstood);
      if (message && message->error_code == 441) {
        code = 441;
        EXPECT_FALSE(message->has_integrity()) << "coturn does not sign this refusal";
      }
      if (message) (void)as_bob.handle_input(steady_now(), *message, refresh);
    }
  }
  EXPECT_EQ(code, 441);
}

TEST_F(CoturnClient, ADeniedPeerIsNamed) {
  const Coturn coturn(*provider, "denied-peer-ip=203.0.113.0-203.0.113.255");
  const auto client = allocate(config(coturn.server(Transport::udp)));
  EXPECT_FALSE(permit(*client, Address::v4({203, 0, 113, 9}, 1)));
  ASSERT_EQ(client->denied.size(), 1U);
  EXPECT_EQ(client->denied[0].failure.server_code, 403);
  EXPECT_EQ(client->denied[0].failure.reason, turn::errc::turn_forbidden);
  EXPECT_TRUE(permit(*client, at(1)));
}

TEST_F(CoturnClient, ARestartIsNoticedAtTheNextRequest) {
  Coturn coturn(*provider);
  const auto client = allocate(config(coturn.server(Transport::udp)));
  const auto stream = allocate(config(coturn.server(Transport::tcp)));
  ASSERT_TRUE(permit(*client, at(1)));
  coturn.stop();
  coturn.start();
  EXPECT_FALSE(permit(*client, Address::v4({127, 0, 0, 2}, 1)));
  ASSERT_TRUE(run_until(
      {client.get(), stream.get()}, [&] { return client->failed && stream->failed; }, 40s));
  EXPECT_EQ(client->failed->reason, turn::errc::turn_allocation_lost) << client->failed->text();
  EXPECT_EQ(client->failed->server_code, 437);
  EXPECT_FALSE(client->failed->proven) << "coturn does not sign this refusal";
  EXPECT_EQ(stream->failed->reason, turn::errc::turn_connection_lost) << stream->failed->text();
}

TEST_F(CoturnClient, ANonceThatExpiresIsReplaced) {
  const Coturn coturn(*provider, "stale-nonce=1");
  const auto client = allocate(config(coturn.server(Transport::udp)));
  for (std::uint8_t i = 1; i <= 3; ++i) {
    run_until(
        {client.get()}, [] { return false; }, 1200ms);
    EXPECT_TRUE(permit(*client, Address::v4({127, 0, 0, i}, 1)));
  }
  EXPECT_FALSE(client->failed);
  EXPECT_NE(coturn.log().find("error 438"), std::string::npos);
}

TEST_F(CoturnClient, FollowsAnAlternateServer) {
  const Coturn second(*provider);
  const Coturn first(*provider, "alternate-server=127.0.0.1:" + std::to_string(second.port()));
  const auto client = allocate(config(first.server(Transport::udp)));
  EXPECT_EQ(client->client.path().remote, second.server(Transport::udp).address);
  EXPECT_EQ(client->connects, 2);
}

TEST_F(CoturnClient, AFullServerLeadsToTheNext) {
  const Coturn full(*provider, "user-quota=1");
  const Coturn second(*provider);
  const auto first = allocate(config(full.server(Transport::udp)));
  turn::Config two = config(full.server(Transport::udp));
  two.servers.push_back(second.server(Transport::tcp));
  const auto client = allocate(std::move(two));
  ASSERT_EQ(client->server_failures.size(), 1U);
  EXPECT_EQ(client->server_failures[0].server_code, 486);
  EXPECT_EQ(client->client.path().remote, second.server(Transport::tcp).address);
  // A released allocation makes room.
  first->client.close(steady_now());
  EXPECT_TRUE(run_until({first.get()}, [&] { return first->closed; }));
}

TEST_F(CoturnClient, MovesToAnotherAddressWithATicket) {
  const Coturn coturn(*provider);
  turn::Config mobile = config(coturn.server(Transport::udp));
  mobile.mobility = true;
  const auto a = allocate(std::move(mobile));
  const auto b = allocate(config(coturn.server(Transport::udp)));
  ASSERT_TRUE(permit(*a, *b->allocated->ipv4));
  ASSERT_TRUE(permit(*b, *a->allocated->ipv4));
  a->move();
  ASSERT_TRUE(run_until({a.get()}, [&] { return a->moved == 1 || a->failed; }));
  ASSERT_FALSE(a->failed) << a->failed->text();
  ASSERT_TRUE(a->send(*b->allocated->ipv4, "from elsewhere"));
  ASSERT_TRUE(run_until({a.get(), b.get()}, [&] { return !b->received.empty(); }));
  ASSERT_TRUE(b->send(*a->allocated->ipv4, "to elsewhere"));
  EXPECT_TRUE(run_until({a.get(), b.get()}, [&] { return !a->received.empty(); }));
}

TEST_F(CoturnClient, ALostConnectionIsNoticed) {
  Coturn coturn(*provider);
  const auto client = allocate(config(coturn.server(Transport::tls)));
  coturn.stop();
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->failed.has_value(); }));
  EXPECT_EQ(client->failed->reason, turn::errc::turn_connection_lost);
}

}  // namespace
}  // namespace redan::test
