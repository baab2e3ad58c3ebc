#include <redan/wamp.hpp>

#include "base/base64.hpp"
#include "net/errors.hpp"
#include "tests/net/http/http_fixture.hpp"
#include "wamp/client/back_off.hpp"
#include "wamp/client/router_url.hpp"
#include "wamp/errors.hpp"
#include "wamp/router/server.hpp"

namespace redan::wamp {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using net::test::identity;

using ClientPtr = std::shared_ptr<Client>;

/// Which listener of the router a client uses: TLS or plain, WebSocket or RawSocket.
enum class Way : std::uint8_t { wss, rss, ws, rs };

class WampClientTest : public net::test::HttpFixture {
 protected:
  void SetUp() override { start({0, 0, 0, 0}); }
  void TearDown() override {
    clients_.clear();
    router_.reset();
    io.restart();
    io.run_for(50ms);
  }

  void start(std::vector<std::uint16_t> ports, std::size_t max_message = 1024 * 1024) {
    RouterServerConfig config;
    config.router = open_router("realm1");
    config.transport.max_message = max_message;
    const auto local = [&](std::size_t i) {
      return asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), ports[i]);
    };
    net::TlsListener tls = tls_listener();
    tls.local = local(0);
    config.listen.push_back({Carrier::websocket, tls});
    tls.local = local(1);
    config.listen.push_back({Carrier::rawsocket, tls});
    config.listen.push_back({Carrier::websocket, net::LoopbackListener{local(2)}});
    config.listen.push_back({Carrier::rawsocket, net::LoopbackListener{local(3)}});
    router_ = std::make_unique<RouterServer>(io, std::move(config), *provider_);
    ports_ = router_->ports();
  }
  void stop() {
    router_.reset();
    io.restart();
    io.run_for(20ms);
  }

  ClientConfig config(Way way = Way::ws) {
    constexpr std::array<std::string_view, 4> kSchemes = {"wss", "rss", "ws", "rs"};
    const auto at = static_cast<std::size_t>(way);
    ClientConfig config;
    config.url = std::string(kSchemes.at(at)) + "://127.0.0.1:" + std::to_string(ports_.at(at));
    config.pin = net::pin_text(identity("server").fingerprint.digest);
    config.realm = "realm1";
    config.reconnection = {true, 10ms, 40ms};
    return config;
  }

  ClientPtr join(ClientConfig config) {
    auto joined = run(Client::join(io, std::move(config)));
    if (!joined) throw std::runtime_error(std::string(text(joined.error().code)) + joined.error().text);
    return clients_.emplace_back(*joined);
  }
  Failure refused(ClientConfig config) {
    auto joined = run(Client::join(io, std::move(config)));
    return joined ? Failure{} : joined.error();
  }
  static Client::OnInvocation echo() {
    return [](const std::shared_ptr<Client::Invocation>& call) { (void)call->yield(call->payload); };
  }

  std::unique_ptr<Provider> provider_ = default_provider();
  std::unique_ptr<RouterServer> router_;
  std::vector<std::uint16_t> ports_;
  std::vector<ClientPtr> clients_;
};

class WampClientOnEveryTransport : public WampClientTest, public ::testing::WithParamInterface<Way> {};

TEST_P(WampClientOnEveryTransport, CallsAndPublishes) {
  const ClientPtr one = join(config(GetParam()));
  const ClientPtr other = join(config(GetParam()));
  ASSERT_TRUE(run(one->register_procedure("com.echo", echo())));
  std::vector<Client::Event> events;
  ASSERT_TRUE(run(one->subscribe("com.topic", [&](const Client::Event& event) { events.push_back(event); })));

  const auto result = run(other->call("com.echo", {{1, Binary{2}}, {{"k", "v"}}, {}}));
  ASSERT_TRUE(result) << result.error().uri;
  EXPECT_EQ(*result, (Payload{{1, Binary{2}}, {{"k", "v"}}, {}}));
  EXPECT_TRUE(run(other->publish("com.topic", {{7}, {}, {}})));
  EXPECT_TRUE(other->publish_unconfirmed("com.topic", {{8}, {}, {}}));
  ASSERT_TRUE(until([&] { return events.size() == 2; }));
  EXPECT_EQ(events[0].payload.args, List{7});
  EXPECT_EQ(events[1].payload.args, List{8});
  EXPECT_EQ(events[0].topic, "com.topic");
}

INSTANTIATE_TEST_SUITE_P(All, WampClientOnEveryTransport, ::testing::Values(Way::wss, Way::rss, Way::ws, Way::rs));

TEST_F(WampClientTest, ResultsMayComeInPartsAndACallMayBeCanceled) {
  const ClientPtr client = join(config());
  std::shared_ptr<Client::Invocation> pending;
  bool canceled = false;
  ASSERT_TRUE(run(client->register_procedure("com.count", [](const std::shared_ptr<Client::Invocation>& call) {
    EXPECT_TRUE(call->progress({{1}, {}, {}}));
    EXPECT_TRUE(call->progress({{2}, {}, {}}));
    EXPECT_TRUE(call->yield({{3}, {}, {}}));
    EXPECT_FALSE(call->yield({}));
  })));
  ASSERT_TRUE(run(client->register_procedure("com.never", [&](const std::shared_ptr<Client::Invocation>& call) {
    pending = call;
    call->on_cancel = [&] {
      canceled = true;
      (void)pending->fail("wamp.error.canceled");
    };
  })));
  List parts;
  Client::Progress progress;
  progress.on_result = [&](const Payload& part) { parts.push_back(part.args.at(0)); };
  const auto counted = run(client->call("com.count", {}, {}, progress));
  ASSERT_TRUE(counted);
  EXPECT_EQ(parts, (List{1, 2}));
  EXPECT_EQ(counted->args, List{3});

  Client::Progress cancelable;
  cancelable.on_begin = [&](const std::function<void()>& cancel) {
    asio::co_spawn(
        io,
        [&, cancel]() -> net::Task<void> {
          while (!pending) co_await asio::post(io, asio::use_awaitable);
          cancel();
        },
        asio::detached);
  };
  const auto never = run(client->call("com.never", {}, {}, cancelable));
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code, errc::wamp_canceled);
  EXPECT_TRUE(canceled);
}

TEST_F(WampClientTest, ACallThatItsHandlerDropsFails) {
  const ClientPtr client = join(config());
  ASSERT_TRUE(run(client->register_procedure("com.drop", [](const std::shared_ptr<Client::Invocation>&) {})));
  const auto result = run(client->call("com.drop", {}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, errc::wamp_error);
  EXPECT_EQ(result.error().uri, "redan.error.unanswered");
}

TEST_P(WampClientOnEveryTransport, SubscribesAndRegistersAgainAfterALostConnection) {
  const ClientPtr callee = join(config(GetParam()));
  int lost = 0, rejoined = 0, events = 0, dropped = 0;
  callee->on_lost = [&](const Failure&) { ++lost; };
  callee->on_rejoined = [&] { ++rejoined; };
  ASSERT_TRUE(run(callee->register_procedure("com.echo", echo())));
  const auto gone = run(callee->register_procedure("com.gone", echo()));
  ASSERT_TRUE(gone);
  ASSERT_TRUE(run(callee->subscribe("com.topic", [&](const Client::Event&) { ++events; })));
  const auto ended = run(callee->subscribe("com.topic", [&](const Client::Event&) { ++dropped; }));
  ASSERT_TRUE(ended);
  ASSERT_TRUE(run(callee->unsubscribe(*ended)));
  ASSERT_TRUE(run(callee->unregister(*gone)));

  stop();
  ASSERT_TRUE(until([&] { return lost >= 2; })) << "an attempt without a router also fails";
  EXPECT_FALSE(callee->connected());
  const auto meanwhile = run(callee->call("com.echo", {}));
  ASSERT_FALSE(meanwhile);
  EXPECT_EQ(meanwhile.error().code, Errc::not_connected);

  start(ports_);
  ASSERT_TRUE(until([&] { return rejoined == 1; }));
  EXPECT_TRUE(callee->connected());
  const ClientPtr other = join(config(GetParam()));
  EXPECT_TRUE(run(other->call("com.echo", {})));
  EXPECT_FALSE(run(other->call("com.gone", {})));
  ASSERT_TRUE(run(other->publish("com.topic", {})));
  ASSERT_TRUE(until([&] { return events == 1; }));
  EXPECT_EQ(dropped, 0);
}

TEST_F(WampClientTest, TwoSubscriptionsToOneTopicEndIndependently) {
  const ClientPtr client = join(config());
  const ClientPtr other = join(config());
  int first = 0, second = 0;
  const auto one = run(client->subscribe("com.topic", [&](const Client::Event&) { ++first; }));
  const auto two = run(client->subscribe("com.topic", [&](const Client::Event&) { ++second; }));
  ASSERT_TRUE(one && two);
  EXPECT_NE(*one, *two);
  ASSERT_TRUE(run(client->unsubscribe(*one)));
  ASSERT_TRUE(run(other->publish("com.topic", {})));
  ASSERT_TRUE(until([&] { return second == 1; }));
  EXPECT_EQ(first, 0);
  const auto again = run(client->unsubscribe(*one));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::invalid_argument);
}

TEST_F(WampClientTest, AClientThatLeavesDoesNotReturn) {
  const ClientPtr client = join(config());
  int lost = 0;
  client->on_lost = [&](const Failure&) { ++lost; };
  stop();
  ASSERT_TRUE(until([&] { return lost > 0; }));
  client->leave();
  start(ports_);
  io.restart();
  io.run_for(200ms);
  EXPECT_FALSE(client->connected());
  const auto result = run(client->call("com.echo", {}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::closed_locally);
}

TEST_F(WampClientTest, AClientWithoutOwnersLeaves) {
  const ClientPtr other = join(config());
  {
    ClientPtr callee = join(config());
    ASSERT_TRUE(run(callee->register_procedure("com.echo", echo())));
    ASSERT_TRUE(run(other->call("com.echo", {})));
    clients_.pop_back();
  }
  ASSERT_TRUE(until([&] {
    const auto result = run(other->call("com.echo", {}));
    return !result && result.error().uri == "wamp.error.no_such_procedure";
  }));
}

TEST_F(WampClientTest, AnotherRoutersCertificateIsRefused) {
  ClientConfig other = config(Way::rss);
  other.pin = net::pin_text(identity("other").fingerprint.digest);
  EXPECT_EQ(refused(std::move(other)).code, net::errc::tls_pin_mismatch);
}

TEST_F(WampClientTest, AMessageThatTheRouterDoesNotAcceptFailsAtTheSenderAlone) {
  stop();
  start({0, 0, 0, 0}, 64 * 1024);
  const ClientPtr client = join(config(Way::rs));
  ASSERT_TRUE(run(client->register_procedure("com.large", [](const std::shared_ptr<Client::Invocation>& call) {
    const auto sent = call->yield({{Binary(100'000)}, {}, {}});
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error(), errc::wamp_too_large);
  })));
  const auto call = run(client->call("com.large", {{Binary(100'000)}, {}, {}}));
  ASSERT_FALSE(call);
  EXPECT_EQ(call.error().code, errc::wamp_too_large);
  const auto published = run(client->publish("com.topic", {{Binary(100'000)}, {}, {}}));
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, errc::wamp_too_large);
  const auto answer = run(client->call("com.large", {}));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().uri, "wamp.error.payload_size_exceeded");
  EXPECT_TRUE(client->connected());
}

std::string ring_text(std::string_view required, std::uint8_t seed) {
  const Binary originator(32, seed), responder(32, static_cast<std::uint8_t>(seed + 1));
  return R"({"keys": [{"uri": "com.secret.", "originator_private": ")" + to_base64(originator) +
         R"(", "responder_private": ")" + to_base64(responder) + R"("}], "required": [)" + std::string(required) + "]}";
}

TEST_F(WampClientTest, PayloadsAreEncryptedWithTheKeyRingWhichMayChange) {
  ClientConfig sealing = config();
  sealing.key_ring = parse_key_ring(ring_text("\"com.secret.\"", 1)).value();
  const ClientPtr client = join(std::move(sealing));
  std::vector<Errc> refused;
  client->on_refused = [&](Errc why, const std::string&) { refused.push_back(why); };
  std::vector<bool> encrypted;
  ASSERT_TRUE(run(client->register_procedure("com.secret.echo", [&](const std::shared_ptr<Client::Invocation>& call) {
    encrypted.push_back(call->encrypted);
    (void)call->yield(call->payload);
  })));
  const auto sealed = run(client->call("com.secret.echo", {{"x"}, {}, {}}));
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->args, List{"x"});

  const ClientPtr clear = join(config());
  EXPECT_FALSE(run(clear->call("com.secret.echo", {{"x"}, {}, {}})));
  EXPECT_EQ(refused, std::vector<Errc>{errc::wamp_clear_payload});
  clear->set_key_ring(parse_key_ring(ring_text("", 5)).value());
  EXPECT_FALSE(run(clear->call("com.secret.echo", {{"x"}, {}, {}})));
  EXPECT_EQ(refused.back(), errc::wamp_decrypt_error);
  clear->set_key_ring(parse_key_ring(ring_text("", 1)).value());
  EXPECT_TRUE(run(clear->call("com.secret.echo", {{"x"}, {}, {}})));
  EXPECT_EQ(encrypted, (std::vector<bool>{true, true}));
}

TEST_F(WampClientTest, ASecretThatDoesNotFitItsMethodIsRefused) {
  ClientConfig wrong = config();
  wrong.login.method = LoginMethod::cryptosign;
  wrong.login.secret = Secret<4096>(Binary(31));
  EXPECT_EQ(refused(std::move(wrong)).code, Errc::invalid_argument);
}

std::string refusal_of(const std::string& url, const std::string& pin = {}) {
  ClientConfig config;
  config.url = url;
  config.pin = pin;
  const auto transport = transport_of(config);
  return transport ? "" : transport.error();
}

TEST(WampRouterUrl, NamesTransportAddressAndPath) {
  ClientConfig config;
  config.url = "wss://router.example:8443/ws?x=1";
  const auto transport = transport_of(config);
  ASSERT_TRUE(transport);
  EXPECT_EQ(transport->carrier, Carrier::websocket);
  EXPECT_EQ(transport->target, "/ws?x=1");
  const auto& tls = std::get<net::TlsRemote>(transport->router);
  EXPECT_EQ(tls.host, "router.example");
  EXPECT_EQ(tls.port, 8443);
  EXPECT_TRUE(std::holds_alternative<net::SystemAuthorities>(tls.trust));
  EXPECT_EQ(refusal_of("rss://[2001:db8::1]:8081"), "");
}

TEST(WampRouterUrl, RefusesPlaintextToOtherMachinesAndWhatIsNoRouter) {
  EXPECT_NE(refusal_of("ws://192.0.2.1:80/ws"), "");
  EXPECT_NE(refusal_of("rs://localhost:80"), "");
  EXPECT_NE(refusal_of("http://127.0.0.1:80"), "");
  EXPECT_NE(refusal_of("rs://127.0.0.1:80/path"), "");
  EXPECT_NE(refusal_of("wss://"), "");
  EXPECT_NE(refusal_of("wss://router.example", "12"), "");
}

/// Random bytes that are all the same.
class Fixed final : public RandomSource {
 public:
  explicit Fixed(std::uint8_t byte) : byte_(byte) {}
  void random(MutableBytes out) override { std::fill(out.begin(), out.end(), byte_); }

 private:
  std::uint8_t byte_;
};

TEST(WampBackOff, DoublesUpToTheLongestAndStartsAgain) {
  BackOff back_off({true, 100ms, 300ms});
  Fixed most(0xFF), least(0);
  EXPECT_EQ(back_off.next(most), 100ms);
  EXPECT_EQ(back_off.next(least), 100ms);
  EXPECT_EQ(back_off.next(most), 300ms);
  EXPECT_EQ(back_off.next(least), 150ms);
  back_off.reset();
  EXPECT_EQ(back_off.next(most), 100ms);
}

TEST(WampBackOff, NeverWaitsNotAtAll) {
  BackOff back_off({true, 0ms, 0ms});
  Fixed least(0);
  EXPECT_EQ(back_off.next(least), 5ms);
}

}  // namespace
}  // namespace redan::wamp
