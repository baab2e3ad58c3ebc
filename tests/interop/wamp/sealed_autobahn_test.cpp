// The sealed channel with suite cryptobox over WAMP: our runtime's end, a client's end on unmodified Autobahn|Python,
// and our router between them, whose roles permit only the URIs of that session.
#include <boost/asio/co_spawn.hpp>

#include "base/hex.hpp"
#include "net/clock.hpp"
#include "sealed/errors.hpp"
#include "tests/interop/wamp/script.hpp"
#include "tests/sealed/support.hpp"
#include "wamp/client/connection.hpp"
#include "wamp/errors.hpp"
#include "wamp/router/server.hpp"

namespace redan::wamp {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::string_view kSession = "0af7651916cd43dd8448eb211c80319c";

std::string uri(std::string_view type) { return "anbox.e2e." + std::string(kSession) + "." + std::string(type); }

/// A runtime that answers one client. The channel has the keys, so the WAMP client only carries the boxes.
class RuntimeEnd {
 public:
  RuntimeEnd(sealed::test::World& world, sealed::Responder responder)
      : world_(world), responder_(std::move(responder)) {
    ring_.carry(uri("auth"));
    ring_.carry(uri("signalling"));
  }

  net::Task<bool> serve(std::shared_ptr<Connection> client) {
    client_ = std::move(client);
    client_->on_refused = [this](const Connection::Refused& refused) {
      EXPECT_EQ(refused.why, errc::wamp_clear_payload);
      if (established_) established_->channel.fail(sealed::errc::sealed_clear);
    };
    bool all = true;
    for (const char* type : {"hello", "auth", "signalling"}) {
      const Connection::OnInvocation answer = [this, type](const Connection::Invoked& invoked) { on(type, invoked); };
      const auto registered = co_await client_->register_procedure(uri(type), answer);
      all = all && registered;
    }
    co_return all;
  }
  void leave() { client_->leave(); }

  [[nodiscard]] const KeyRing& ring() const { return ring_; }
  [[nodiscard]] std::optional<Errc> failure() const {
    return established_ ? established_->channel.failure() : handshake_failure_;
  }
  [[nodiscard]] const std::vector<std::string>& heard() const { return heard_; }

 private:
  void on(std::string_view type, const Connection::Invoked& invoked) {
    const auto answer = type == "hello" ? on_hello(invoked.payload) : on_sealed(type, *invoked.payload.sealed);
    if (!answer) {
      handshake_failure_ = answer.error();
      EXPECT_TRUE(client_->fail(invoked.invocation, "redan.error." + std::string(name(answer.error()))));
      return;
    }
    EXPECT_TRUE(client_->yield(invoked.invocation, *answer));
  }
  redan::Result<Payload> on_hello(const Payload& payload) {
    const Binary* const hello = payload.args.size() == 1 ? payload.args.front().get_if<Binary>() : nullptr;
    if (hello == nullptr) return refuse(sealed::errc::sealed_syntax);
    auto share = responder_.on_hello(*hello, world_.now);
    if (!share) return refuse(share.error());
    return Payload{{std::move(*share)}, {}, {}};
  }
  redan::Result<Payload> on_sealed(std::string_view type, Bytes box) {
    auto reply = type == "auth" ? on_auth(box) : on_question(box);
    if (!reply) return refuse(reply.error());
    return Payload{{}, {}, std::move(*reply)};
  }
  redan::Result<Binary> on_auth(Bytes box) {
    auto established = responder_.on_auth(box, world_.now);
    if (!established) return refuse(established.error());
    established_.emplace(std::move(*established));
    EXPECT_EQ(established_->suite, sealed::Suite::cryptobox);
    return established_->channel.seal("auth", "");
  }
  redan::Result<Binary> on_question(Bytes box) {
    if (!established_) return refuse(sealed::errc::sealed_syntax);
    const auto question = established_->channel.open(box);
    if (!question) return refuse(question.error());
    heard_.push_back(question->body);
    return established_->channel.answer(*question, "signalling", "pong");
  }

  sealed::test::World& world_;
  sealed::Responder responder_;
  KeyRing ring_;
  std::shared_ptr<Connection> client_;
  std::optional<sealed::Established> established_;
  std::optional<Errc> handshake_failure_;
  std::vector<std::string> heard_;
};

class SealedOverWamp : public ::testing::TestWithParam<Serializer> {
 protected:
  void SetUp() override {
    world_.session = kSession;
    world_.now = net::wall_time();
    RouterServerConfig config;
    config.router = router_config();
    const asio::ip::tcp::endpoint local(asio::ip::address_v4::loopback(), 0);
    config.listen.push_back({Carrier::websocket, net::LoopbackListener{local}});
    router_ = std::make_unique<RouterServer>(io_, std::move(config), *world_.provider);
  }
  void TearDown() override {
    if (runtime_) runtime_->leave();
    io_.restart();
    io_.run_for(50ms);
    router_.reset();
    io_.restart();
    io_.run_for(50ms);
  }

  /// Each role may do its part below the session's own URIs, and nothing else.
  static RouterConfig router_config() {
    RealmConfig realm{"realm1"};
    const auto bit = [](Action action) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(action)); };
    realm.roles = {{"runtime", {{Match::prefix, "anbox.e2e.{sid}.", bit(Action::register_)}}},
                   {"client", {{Match::prefix, "anbox.e2e.{sid}.", bit(Action::call)}}}};
    const auto ticket = static_cast<std::size_t>(Method::ticket);
    realm.authentication.enabled[ticket] = true;
    for (const std::string name : {"runtime", "client"}) {
      Account account{name, name, std::string(kSession)};
      account.secret = SharedSecretText(as_bytes(name + "'s ticket"));
      realm.authentication.accounts[ticket].push_back(std::move(account));
    }
    RouterConfig config;
    config.realms.push_back(std::move(realm));
    return config;
  }

  bool until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!done() && std::chrono::steady_clock::now() < end) {
      io_.restart();
      io_.run_for(10ms);
    }
    return done();
  }
  net::Task<bool> join_runtime(ConnectionConfig config) {
    const auto joined = co_await Connection::join(io_, std::move(config), *world_.provider);
    if (!joined) co_return false;
    co_return co_await runtime_->serve(*joined);
  }
  void start_runtime(sealed::Responder responder) {
    runtime_.emplace(world_, std::move(responder));
    ConnectionConfig config;
    config.transport.router = net::LoopbackRemote{router_->ports().front()};
    config.session.realm = "realm1";
    config.session.serializer = Serializer::cbor;
    config.session.credential = Ticket{"runtime", Secret<4096>(as_bytes("runtime's ticket"))};
    config.session.key_ring = &runtime_->ring();
    std::optional<bool> served;
    asio::co_spawn(io_, join_runtime(std::move(config)), [&](const std::exception_ptr&, bool yes) { served = yes; });
    ASSERT_TRUE(until([&] { return served.has_value(); }) && *served);
  }

  /// The output of the Python client when it ends.
  std::string talk(const std::vector<std::uint8_t>& grant, const std::string& attack = {}) {
    std::vector<std::string> arguments = {"--port",       std::to_string(router_->ports().front()),
                                          "--session",    world_.session,
                                          "--grant",      to_hex(grant),
                                          "--authority",  to_hex(world_.ams.public_key()),
                                          "--serializer", std::string(subprotocol(GetParam()).substr(7))};
    if (!attack.empty()) arguments.insert(arguments.end(), {"--attack", attack});
    test::Script peer("sealed_peer.py", std::move(arguments));
    EXPECT_TRUE(until([&] { return peer.has_said("{\"answer\"") || peer.has_said("{\"error\""); })) << peer.output();
    const std::string output = peer.output();
    return output.substr(std::min(output.find('{'), output.size()));
  }

  asio::io_context io_{1};
  sealed::test::World world_;
  std::unique_ptr<RouterServer> router_;
  std::optional<RuntimeEnd> runtime_;
};

TEST_P(SealedOverWamp, UnmodifiedAutobahnEstablishesAChannelAndGetsAnAnswer) {
  start_runtime(world_.respond());
  EXPECT_EQ(talk(world_.grant().sign(world_.ams)), "{\"answer\": \"pong\"}\n");
  EXPECT_EQ(runtime_->failure(), std::nullopt);
  EXPECT_EQ(runtime_->heard(), std::vector<std::string>{"ping"});
}

TEST_P(SealedOverWamp, AFlippedByteEndsTheChannel) {
  start_runtime(world_.respond());
  EXPECT_EQ(talk(world_.grant().sign(world_.ams), "flip"), "{\"error\": \"redan.error.sealed_bad_record\"}\n");
  EXPECT_EQ(runtime_->failure(), sealed::errc::sealed_bad_record);
  EXPECT_EQ(runtime_->heard(), std::vector<std::string>{"ping"});
}

TEST_P(SealedOverWamp, ARepeatedRecordEndsTheChannel) {
  start_runtime(world_.respond());
  EXPECT_EQ(talk(world_.grant().sign(world_.ams), "repeat"), "{\"error\": \"redan.error.sealed_replayed\"}\n");
  EXPECT_EQ(runtime_->failure(), sealed::errc::sealed_replayed);
  EXPECT_EQ(runtime_->heard(), std::vector<std::string>{"ping"});
}

TEST_P(SealedOverWamp, APlaintextCallEndsTheChannel) {
  start_runtime(world_.respond());
  EXPECT_EQ(talk(world_.grant().sign(world_.ams), "clear"), "{\"error\": \"wamp.error.encryption.decrypt_error\"}\n");
  EXPECT_EQ(runtime_->failure(), sealed::errc::sealed_clear);
  EXPECT_EQ(runtime_->heard(), std::vector<std::string>{"ping"});
}

TEST_P(SealedOverWamp, NoChannelIsEstablishedWithoutAGrantOfAms) {
  start_runtime(world_.respond());
  const auto forged = world_.grant().sign(sealed::test::key_of(9));
  EXPECT_EQ(talk(forged), "{\"error\": \"redan.error.sealed_bad_grant\"}\n");
  EXPECT_EQ(runtime_->failure(), sealed::errc::sealed_bad_grant);
}

TEST_P(SealedOverWamp, AutobahnsEndRefusesARuntimeWithoutACertificateOfAms) {
  sealed::RuntimeCertificate certificate = world_.certificate();
  start_runtime(sealed::Responder(
      *world_.provider,
      {world_.session, world_.instance, {world_.ams.public_key()}, certificate.sign(sealed::test::key_of(9))},
      world_.runtime, world_.used));
  EXPECT_EQ(talk(world_.grant().sign(world_.ams)), "{\"error\": \"certificate or signature\"}\n");
}

TEST_P(SealedOverWamp, TheRouterDeniesOtherSessions) {
  start_runtime(world_.respond());
  world_.session = "another";
  EXPECT_EQ(talk(world_.grant().sign(world_.ams)), "{\"error\": \"wamp.error.not_authorized\"}\n");
  EXPECT_TRUE(runtime_->heard().empty());
}

INSTANTIATE_TEST_SUITE_P(All, SealedOverWamp, ::testing::ValuesIn(kSerializers),
                         [](const auto& of) { return std::string(subprotocol(of.param).substr(7)); });

}  // namespace
}  // namespace redan::wamp
