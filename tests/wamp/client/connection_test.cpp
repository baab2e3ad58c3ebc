#include "wamp/client/connection.hpp"

#include "base/hex.hpp"
#include "net/errors.hpp"
#include "tests/net/http/http_fixture.hpp"
#include "wamp/errors.hpp"
#include "wamp/router/server.hpp"

namespace redan::wamp {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using net::test::identity;

/// Our own router on TLS 1.3, in the same loop.
class WampConnectionTest : public net::test::HttpFixture {
 protected:
  void SetUp() override { start(open_router("realm1")); }
  void TearDown() override {
    clients_.clear();
    router_.reset();
    io.restart();
    io.run_for(50ms);
  }

  void start(RouterConfig config) {
    RouterServerConfig server_config;
    server_config.router = std::move(config);
    server_config.listen.push_back({Carrier::websocket, tls_listener()});
    router_ = std::make_unique<RouterServer>(io, std::move(server_config), *provider_);
  }
  std::unique_ptr<RouterServer> server_in(asio::io_context& context) {
    RouterServerConfig server_config;
    server_config.router = open_router("realm1");
    server_config.listen.push_back({Carrier::websocket, tls_listener()});
    return std::make_unique<RouterServer>(context, std::move(server_config), *provider_);
  }
  ConnectionConfig config_for(std::uint16_t port) {
    ConnectionConfig config;
    config.transport.router =
        net::TlsRemote{"127.0.0.1", port, net::PinnedSha256{identity("server").fingerprint.digest}, nullptr};
    config.session.realm = "realm1";
    config.session.serializer = Serializer::cbor;
    return config;
  }
  ConnectionConfig config() { return config_for(router_->ports().front()); }

  Outcome<std::shared_ptr<Connection>> try_join(ConnectionConfig config) {
    return run(Connection::join(io, std::move(config), *provider_));
  }
  std::shared_ptr<Connection> join(ConnectionConfig config) {
    auto joined = try_join(std::move(config));
    EXPECT_TRUE(joined) << (joined ? "" : joined.error().text);
    return joined ? clients_.emplace_back(*joined) : nullptr;
  }
  Failure refused(ConnectionConfig config) {
    auto joined = try_join(std::move(config));
    EXPECT_FALSE(joined);
    return joined ? Failure{} : joined.error();
  }
  /// A client that echoes calls.
  std::shared_ptr<Connection> echo() {
    auto callee = join(config());
    const auto made =
        run(callee->register_procedure("com.echo", [weak = std::weak_ptr(callee)](Connection::Invoked invoked) {
          if (const auto self = weak.lock()) (void)self->yield(invoked.invocation, std::move(invoked.payload));
        }));
    EXPECT_TRUE(made);
    return callee;
  }

  std::unique_ptr<Provider> provider_ = default_provider();
  std::unique_ptr<RouterServer> router_;
  std::vector<std::shared_ptr<Connection>> clients_;
};

TEST_F(WampConnectionTest, CallsOverTls13) {
  echo();
  const auto caller = join(config());
  EXPECT_TRUE(caller->joined());
  EXPECT_NE(caller->session_id(), 0U);
  EXPECT_EQ(*caller->welcome().find("authrole"), Value("anonymous"));
  const auto result = run(caller->call("com.echo", {{1, Binary{2}}, {{"k", "v"}}, {}}));
  ASSERT_TRUE(result) << result.error().uri;
  EXPECT_EQ(*result, (Payload{{1, Binary{2}}, {{"k", "v"}}, {}}));
}

TEST_F(WampConnectionTest, LargeMessagesPassUpToTheLimit) {
  echo();
  const auto caller = join(config());
  const Binary large(900'000, 7);
  const auto result = run(caller->call("com.echo", {{large}, {}, {}}));
  ASSERT_TRUE(result) << result.error().uri;
  EXPECT_EQ(result->args, List{large});
}

TEST_F(WampConnectionTest, AnotherServersCertificateIsRefusedBeforeAnythingIsSent) {
  ConnectionConfig other = config();
  std::get<net::TlsRemote>(other.transport.router).trust = net::PinnedSha256{identity("other").fingerprint.digest};
  EXPECT_EQ(refused(std::move(other)).code, net::errc::tls_pin_mismatch);
}

TEST_F(WampConnectionTest, TlsDoesNotFallBackToPlaintext) {
  ConnectionConfig plain = config();
  plain.transport.router = net::LoopbackRemote{router_->ports().front()};
  EXPECT_FALSE(try_join(std::move(plain)));
}

TEST_F(WampConnectionTest, AnUnreachableRouterIsReported) {
  ConnectionConfig nobody = config();
  router_.reset();
  EXPECT_EQ(refused(std::move(nobody)).code, net::errc::connect_failed);
}

TEST_F(WampConnectionTest, TheRoutersReasonIsPassedOn) {
  ConnectionConfig unknown = config();
  unknown.session.realm = "nowhere";
  const Failure failure = refused(std::move(unknown));
  EXPECT_EQ(failure.code, errc::wamp_aborted);
  EXPECT_EQ(failure.uri, "wamp.error.no_such_realm");
}

// Authentication.

class WampClientAuthentication : public WampConnectionTest {
 protected:
  static constexpr std::string_view kSeed = "210861c1d6dfe683cf78ad9881e6c967d7af3fd99dd9ef6077d98ac7730df6ac";

  static Ed25519Key key_of(std::string_view seed_hex) {
    const auto seed = *from_hex(seed_hex);
    return Ed25519Key(std::span<const std::uint8_t, kEd25519KeySize>(seed));
  }
  void SetUp() override {
    RouterConfig config = open_router("realm1");
    AuthenticationConfig& authentication = config.realms.front().authentication;
    authentication.anonymous_role.reset();
    authentication.enabled = {};
    const auto allow = [&](Method method, Account account) {
      account.authid = "peter";
      account.role = "anonymous";
      authentication.enabled[static_cast<std::size_t>(method)] = true;
      authentication.accounts[static_cast<std::size_t>(method)].push_back(std::move(account));
    };
    Account ticket;
    ticket.secret = SharedSecretText(as_bytes("T1CKET"));
    allow(Method::ticket, std::move(ticket));
    // The router has only the PBKDF2 output of "secret123".
    Account salted;
    salted.secret = SharedSecretText(as_bytes("Eu7CQLfR+/Ffb+275A4s9/6H/RGKYxM4s6IMrsNKzC8="));
    salted.salting = Salting{"salt123", 1'000, 32};
    allow(Method::wampcra, std::move(salted));
    Account signer;
    signer.authorized_keys.push_back(key_of(kSeed).public_key());
    allow(Method::cryptosign, std::move(signer));
    start(std::move(config));
  }

  Outcome<std::shared_ptr<Connection>> join_as(Credential credential) {
    ConnectionConfig with = config();
    with.session.credential = std::move(credential);
    auto joined = try_join(std::move(with));
    if (joined) {
      EXPECT_EQ(*(*joined)->welcome().find("authid"), Value("peter"));
      clients_.push_back(*joined);
    } else {
      EXPECT_EQ(joined.error().code, errc::wamp_aborted);
    }
    return joined;
  }
  static Credential ticket(std::string_view text) { return Ticket{"peter", Secret<4096>(as_bytes(text))}; }
  static Credential wampcra(std::string_view text) { return WampCra{"peter", Secret<256>(as_bytes(text))}; }
};

TEST_F(WampClientAuthentication, EveryMethodAdmitsOnlyTheRightSecret) {
  EXPECT_TRUE(join_as(ticket("T1CKET")));
  EXPECT_FALSE(join_as(ticket("T1CKEt")));
  EXPECT_TRUE(join_as(wampcra("secret123")));
  EXPECT_FALSE(join_as(wampcra("secret124")));
  EXPECT_TRUE(join_as(Cryptosign{"peter", key_of(kSeed)}));
  EXPECT_FALSE(
      join_as(Cryptosign{"peter", key_of("99ba7d11389173df7ffc86616a15bcc1fc2d87895cb0d601adb2c970b1aabbbb")}));
  EXPECT_FALSE(join_as(Anonymous{}));
}

// Termination.

TEST_F(WampConnectionTest, PendingCallsFailWhenTheRouterDisconnects) {
  const auto callee = join(config());
  bool invoked = false;
  ASSERT_TRUE(run(callee->register_procedure("com.slow", [&](const Connection::Invoked&) { invoked = true; })));
  const auto caller = join(config());
  std::optional<Outcome<Payload>> result;
  int closed = 0;
  caller->on_close = [&](const Failure&) { ++closed; };
  asio::co_spawn(io, caller->call("com.slow", {}),
                 [&](const std::exception_ptr&, Outcome<Payload> outcome) { result = std::move(outcome); });
  ASSERT_TRUE(until([&] { return invoked; }));
  router_.reset();
  ASSERT_TRUE(until([&] { return result && closed > 0; }));
  EXPECT_FALSE(*result);
  EXPECT_EQ(closed, 1);
  EXPECT_EQ(run(caller->call("com.slow", {})).error().code, Errc::not_connected);
  EXPECT_EQ(caller->publish("com.topic", {}).error(), Errc::not_connected);
}

TEST_F(WampConnectionTest, CallsAreCanceledByTheirId) {
  const auto callee = join(config());
  std::optional<Id> interrupted;
  callee->on_interrupt = [&](const Connection::Interrupted& what) {
    interrupted = what.invocation;
    if (!what.forgotten) (void)callee->fail(what.invocation, "wamp.error.canceled");
  };
  bool invoked = false;
  ASSERT_TRUE(run(callee->register_procedure("com.slow", [&](const Connection::Invoked&) { invoked = true; })));
  const auto caller = join(config());
  Id request = 0;
  Connection::Progress progress;
  progress.on_begin = [&](Id id) { request = id; };
  std::optional<Outcome<Payload>> result;
  asio::co_spawn(io, caller->call("com.slow", {}, {}, progress),
                 [&](const std::exception_ptr&, Outcome<Payload> outcome) { result = std::move(outcome); });
  ASSERT_TRUE(until([&] { return invoked; }));
  ASSERT_TRUE(caller->cancel(request));
  ASSERT_TRUE(until([&] { return result.has_value(); }));
  EXPECT_EQ(result->error().code, errc::wamp_canceled);
  EXPECT_TRUE(interrupted);
}

TEST_F(WampConnectionTest, CallsTimeOut) {
  const auto callee = join(config());
  ASSERT_TRUE(run(callee->register_procedure("com.slow", [](const Connection::Invoked&) {})));
  const auto caller = join(config());
  const auto result = run(caller->call("com.slow", {}, {{"timeout", 50}}));
  ASSERT_FALSE(result);
  // The router also enforces the timeout, and may be first.
  const bool by_router = result.error().code == errc::wamp_error && result.error().uri == "wamp.error.timeout";
  EXPECT_TRUE(by_router || result.error().code == errc::wamp_timeout) << result.error().uri;
}

TEST_F(WampConnectionTest, HandlersMayUseTheirClient) {
  const auto client = join(config());
  int heard = 0;
  Id subscription = 0;
  const auto on_event = [&](const Connection::Delivered& event) {
    if (++heard == 1) {
      EXPECT_TRUE(client->publish("com.topic", {{2}, {}, {}}, {{"exclude_me", false}}));
    } else {
      EXPECT_EQ(event.payload.args, List{2});
      client->leave();
    }
  };
  subscription = run(client->subscribe("com.topic", on_event)).value();
  EXPECT_NE(subscription, 0U);
  bool closed = false;
  client->on_close = [&](const Failure& why) {
    EXPECT_EQ(why.code, Errc::closed_locally);
    closed = true;
  };
  EXPECT_TRUE(client->publish("com.topic", {{1}, {}, {}}, {{"exclude_me", false}}));
  EXPECT_TRUE(until([&] { return closed; }));
  EXPECT_EQ(heard, 2);
}

TEST_F(WampConnectionTest, HandlersThatOwnTheClientReleaseItAtTheEnd) {
  auto client = join(config());
  ASSERT_TRUE(run(client->subscribe("com.topic", [client](const Connection::Delivered&) {})));
  ASSERT_TRUE(run(client->register_procedure("com.add", [client](const Connection::Invoked&) {})));
  const std::weak_ptr<Connection> weak = client;
  client->leave();
  client.reset();
  clients_.clear();
  EXPECT_TRUE(until([&] { return weak.expired(); }));
}

TEST_F(WampConnectionTest, ALoopMayEndBeforeACall) {
  {
    asio::io_context other{1};
    const auto its_router = server_in(other);
    std::shared_ptr<Connection> client;
    asio::co_spawn(other, Connection::join(other, config_for(its_router->ports().front()), *provider_),
                   [&](const std::exception_ptr&, Outcome<std::shared_ptr<Connection>> joined) { client = *joined; });
    for (int i = 0; i < 1'000 && !client; ++i) other.run_one_for(10ms);
    ASSERT_TRUE(client);
    asio::co_spawn(other, client->call("com.nobody.answers", {}), [](const std::exception_ptr&, const auto&) {});
    client.reset();
  }
  SUCCEED();
}

TEST_F(WampConnectionTest, BothHandlersOfOneSubscriptionReceiveEvents) {
  const auto client = join(config());
  std::vector<int> heard;
  for (int i : {1, 2}) {
    const auto on_event = [&heard, i](const Connection::Delivered& event) {
      EXPECT_EQ(event.payload.args, List{"x"});
      heard.push_back(i);
    };
    ASSERT_TRUE(run(client->subscribe("com.topic", on_event)));
  }
  ASSERT_TRUE(run(client->publish_acknowledged("com.topic", {{"x"}, {}, {}}, {{"exclude_me", false}})));
  EXPECT_TRUE(until([&] { return heard == std::vector{1, 2}; }));
}

// Servers that are not routers.

class WampClientAndAServer : public WampConnectionTest {
 protected:
  void SetUp() override {}
  void TearDown() override {
    sockets_.clear();
    WampConnectionTest::TearDown();
  }
  /// Accepts wamp.2.cbor, or `subprotocol`, and runs `hello` at once.
  ConnectionConfig server_that_says(std::function<void(net::WebSocket&)> hello,
                                    std::string subprotocol = "wamp.2.cbor") {
    net::HttpServerConfig server_config;
    server_config.listen = tls_listener();
    server_config.on_upgrade = [this, hello, subprotocol](net::HttpRequest,
                                                          const net::Connection&) -> net::Task<net::UpgradeReply> {
      net::AcceptWebSocket accept;
      accept.subprotocol = subprotocol;
      accept.on_open = [this, hello](const std::shared_ptr<net::WebSocket>& socket) {
        sockets_.push_back(socket);
        hello(*socket);
      };
      co_return accept;
    };
    ConnectionConfig config = config_for(serve(std::move(server_config)).port());
    config.session.limits.join_timeout = 200ms;
    return config;
  }

  std::vector<std::shared_ptr<net::WebSocket>> sockets_;
};

TEST_F(WampClientAndAServer, AnotherSubprotocolIsRefused) {
  const auto silent = [](net::WebSocket&) {};
  EXPECT_EQ(refused(server_that_says(silent, "wamp.2.json")).code, net::errc::http_protocol);
}

TEST_F(WampClientAndAServer, TheWrongKindOfFrameEndsTheSession) {
  EXPECT_EQ(refused(server_that_says([](net::WebSocket& socket) { socket.send("[2,1,{}]"); })).code,
            errc::wamp_protocol);
}

TEST_F(WampClientAndAServer, AnInvalidMessageEndsTheSession) {
  EXPECT_EQ(refused(server_that_says([](net::WebSocket& socket) { socket.send_binary("garbage"); })).code,
            errc::wamp_protocol);
}

TEST_F(WampClientAndAServer, SilenceEndsTheSession) {
  EXPECT_EQ(refused(server_that_says([](net::WebSocket&) {})).code, errc::wamp_timeout);
}

TEST_F(WampClientAndAServer, AClosedConnectionEndsTheSession) {
  EXPECT_EQ(refused(server_that_says([](net::WebSocket& socket) { socket.close(); })).code, Errc::not_connected);
}

}  // namespace
}  // namespace redan::wamp
