// Trust between units and servers: authorities, pins, client certificates and tokens with a real server, and brokers
// that try to make us send plaintext.
#include <fstream>

#include "cloud/errors.hpp"
#include "net/errors.hpp"
#include "tests/interop/nats/nats_fixture.hpp"
#include "tests/interop/nats/wire.hpp"

namespace redan::cloud::test {

namespace {

constexpr std::string_view kTlsInfo = "INFO {\"tls_required\":true,\"auth_required\":true} \r\n";

/// One server for all tests of this file; it requires a certificate and the token.
NatsServers& servers() {
  static NatsServers only(1);
  return only;
}

class NatsTrust : public NatsFixture {
 protected:
  static bus::NatsConfig config(const std::string& who = "gateway") { return servers().config(who); }
  bus::NatsConfig config_for(std::uint16_t port) {
    bus::NatsConfig config = servers().config();
    config.servers[0].port = port;
    return config;
  }
  static Digest node_fingerprint() { return servers().identity("node").fingerprint.digest; }
};

TEST_F(NatsTrust, AServerOfAnotherAuthorityIsNotTrusted) {
  bus::NatsConfig other = config();
  other.servers[0].trust = net::TrustedAuthority{servers().authority("other-ca.pem"), "127.0.0.1"};
  EXPECT_EQ(failure(std::move(other)).why, net::errc::tls_untrusted);
}

TEST_F(NatsTrust, AServerWithAnotherNameIsNotTrusted) {
  bus::NatsConfig other = config();
  other.servers[0].trust = net::TrustedAuthority{servers().authority(), "nats.example"};
  EXPECT_EQ(failure(std::move(other)).why, net::errc::tls_untrusted);
}

TEST_F(NatsTrust, APinnedServerIsTrusted) {
  bus::NatsConfig pinned = config();
  pinned.servers[0].trust = net::PinnedSha256{node_fingerprint()};
  EXPECT_TRUE(connect(std::move(pinned)));
}

TEST_F(NatsTrust, AServerWithAnotherPinIsNotTrustedAndItsPinIsReported) {
  bus::NatsConfig pinned = config();
  Digest wrong = node_fingerprint();
  wrong.storage[0] ^= 1U;
  pinned.servers[0].trust = net::PinnedSha256{wrong};
  const bus::NatsStatus status = failure(std::move(pinned));
  EXPECT_EQ(status.why, net::errc::tls_pin_mismatch);
  EXPECT_NE(status.detail.find(net::pin_text(node_fingerprint())), std::string::npos) << status.detail;
}

TEST_F(NatsTrust, AServerWithASmallKeyIsRefusedUnlessAllowed) {
  NatsServers::Options options;
  options.key = "rsa:2048";
  NatsServers rsa(1, options);
  for (const auto& [server, key] : {std::pair(&servers(), "EC prime256v1"), std::pair(&rsa, "RSA-2048")}) {
    bus::NatsConfig strict = server->config();
    strict.servers[0].allow_small_keys = false;
    const bus::NatsStatus status = failure(std::move(strict));
    EXPECT_EQ(status.why, net::errc::tls_key_too_small) << key;
    EXPECT_EQ(status.detail, "127.0.0.1:" + std::to_string(server->port(0)) +
                                 ": its certificate CN=node has a key of " + key + ", not RSA-4096");
    EXPECT_TRUE(connect(server->config())) << key;
  }
}

TEST_F(NatsTrust, APinnedServerWithASmallKeyIsRefusedUnlessAllowed) {
  bus::NatsConfig pinned = config();
  pinned.servers[0].trust = net::PinnedSha256{node_fingerprint()};
  pinned.servers[0].allow_small_keys = false;
  EXPECT_EQ(failure(std::move(pinned)).why, net::errc::tls_key_too_small);
}

TEST_F(NatsTrust, AServerAndAnAuthorityWithKeysOfRsa4096AreTrusted) {
  const std::string vectors = std::string(REDAN_TESTS_DIR) + "/vectors/tls/";
  NatsServers::Options options;
  options.whole = "listen: \"@listen@\"\ntls { cert_file: \"" + vectors + "large.pem\", key_file: \"" + vectors +
                  "server.key\" }\nauthorization { " + options.authorization + " }\n";
  NatsServers server(1, options);
  bus::NatsConfig strict = server.config();
  std::ifstream authority(vectors + "large-ca.pem");
  const std::string pem{std::istreambuf_iterator<char>(authority), {}};
  strict.servers[0].trust = net::TrustedAuthority{pem, "127.0.0.1"};
  strict.servers[0].allow_small_keys = false;
  EXPECT_TRUE(connect(std::move(strict)));
}

TEST_F(NatsTrust, AClientWithoutACertificateIsRefusedWithItsFirstRead) {
  bus::NatsConfig without = config();
  without.servers[0].identity = nullptr;
  const bus::NatsStatus status = failure(std::move(without));
  EXPECT_EQ(status.why, errc::bus_refused);
  EXPECT_NE(status.detail.find("certificate"), std::string::npos) << status.detail;
}

TEST_F(NatsTrust, AClientOfAnotherAuthorityIsRefused) {
  bus::NatsConfig stranger = config("stranger");
  const bus::NatsStatus status = failure(std::move(stranger));
  EXPECT_EQ(status.why, errc::bus_refused);
  EXPECT_NE(status.detail.find("certificate"), std::string::npos) << status.detail;
}

TEST_F(NatsTrust, AWrongTokenIsRefused) {
  bus::NatsConfig wrong = config();
  wrong.token = Secret<256>(as_bytes("another"));
  const bus::NatsStatus status = failure(std::move(wrong));
  EXPECT_EQ(status.why, errc::bus_refused);
  EXPECT_EQ(status.detail, "Authorization Violation");
}

TEST_F(NatsTrust, NoTokenIsRefused) {
  bus::NatsConfig without = config();
  without.token = {};
  EXPECT_EQ(failure(std::move(without)).why, errc::bus_refused);
}

TEST_F(NatsTrust, ARefusalIsReportedOnceAndRetriedSlowly) {
  bus::NatsConfig wrong = config();
  wrong.token = Secret<256>(as_bytes("another"));
  wrong.refused_pause = 400ms;
  const auto unit = start(std::move(wrong));
  const auto attempts = [] {
    const std::string log = servers().log();
    int count = 0;
    for (std::size_t at = log.find("authentication error"); at != std::string::npos;
         at = log.find("authentication error", at + 1))
      ++count;
    return count;
  };
  const int before = attempts();
  run_for(io_, 1500ms);
  EXPECT_EQ(unit->statuses.size(), 1U) << said(*unit);
  EXPECT_GE(attempts() - before, 3);
  EXPECT_LE(attempts() - before, 8);
}

TEST_F(NatsTrust, TheUnitConnectsOnceTheTokenIsCorrect) {
  NatsServers::Options options;
  options.authorization = "token: \"another\"";
  NatsServers server(1, options);
  bus::NatsConfig config = server.config();
  config.refused_pause = 100ms;
  const auto unit = start(std::move(config));
  ASSERT_TRUE(until([&] { return !unit->statuses.empty(); }));
  EXPECT_EQ(unit->statuses[0].why, errc::bus_refused);
  server.kill(0);
  server.authorize(std::string("token: \"") + kToken + "\"");
  server.start(0);
  EXPECT_TRUE(until([&] { return unit->bus->is_connected(); })) << said(*unit);
}

// Brokers that try to make us send plaintext.

TEST_F(NatsTrust, ARealServerWithoutTlsIsDisconnected) {
  NatsServers::Options options;
  options.tls = "";
  NatsServers server(1, options);
  const bus::NatsStatus status = failure(server.config());
  EXPECT_EQ(status.why, net::errc::tls_failed);
  EXPECT_NE(status.detail.find("does not ask for TLS"), std::string::npos) << status.detail;
}

TEST_F(NatsTrust, ABrokerWithoutTlsReceivesNothing) {
  for (const char* hello : {"INFO {}\r\n", "INFO {\"tls_required\":false}\r\n",
                            "INFO {\"tls_available\":true,\"auth_required\":true}\r\n"}) {
    FakeBroker broker(io_, hello);
    EXPECT_EQ(failure(config_for(broker.port())).why, net::errc::tls_failed) << hello;
    run_for(io_, 100ms);
    EXPECT_EQ(broker.heard(), "") << hello;
  }
}

TEST_F(NatsTrust, AServerThatIsNotABrokerReceivesNothing) {
  for (const char* hello : {"HTTP/1.1 400 Bad Request\r\n", "\r\n", "INFO\r\n", "INFO {\r\n",
                            "-ERR 'Maximum Connections Exceeded'\r\n", "INFO {\"tls_required\":\"true\"}\r\n"}) {
    FakeBroker broker(io_, hello);
    EXPECT_EQ(failure(config_for(broker.port())).why, errc::bus_protocol) << hello;
    run_for(io_, 50ms);
    EXPECT_EQ(broker.heard(), "") << hello;
  }
}

TEST_F(NatsTrust, MorePlaintextThanAGreetingIsNotAnswered) {
  const std::string info(kTlsInfo);
  for (const std::string& hello : {info + "PING\r\n", info + info, info + "\x16", std::string("INFO {}\nx\r\n"),
                                   std::string("INFO {\"tls_required\":true}\n"), "INFO " + std::string(40'000, ' ')}) {
    FakeBroker broker(io_, hello);
    EXPECT_EQ(failure(config_for(broker.port())).why, net::errc::tls_failed) << hello.substr(0, 60);
    run_for(io_, 50ms);
    EXPECT_EQ(broker.heard(), "") << hello.substr(0, 60);
  }
}

TEST_F(NatsTrust, ABrokerThatOnlyPretendsTlsReceivesAtMostAClientHello) {
  FakeBroker broker(io_, std::string(kTlsInfo));
  bus::NatsConfig config = config_for(broker.port());
  config.connect_timeout = 200ms;
  const bus::NatsStatus status = failure(std::move(config));
  EXPECT_EQ(status.why, net::errc::connect_failed);
  const auto records = tls_records(broker.heard());
  ASSERT_TRUE(records);
  EXPECT_EQ(*records, std::vector<int>{22});
}

TEST_F(NatsTrust, ASilentBrokerIsDisconnectedInTime) {
  FakeBroker broker(io_, "");
  bus::NatsConfig config = config_for(broker.port());
  config.connect_timeout = 200ms;
  const auto begin = SteadyClock::now();
  const bus::NatsStatus status = failure(std::move(config));
  EXPECT_EQ(status.why, net::errc::connect_failed);
  EXPECT_EQ(status.detail, "no answer in time");
  EXPECT_LT(SteadyClock::now() - begin, 1s);
  EXPECT_EQ(broker.heard(), "");
}

/// With the certificate of the real server: only the TLS version is wrong.
std::unique_ptr<boost::asio::ssl::context> broker_context(boost::asio::ssl::context::method method) {
  auto context = std::make_unique<boost::asio::ssl::context>(method);
  context->use_certificate_file((servers().folder() / "node.pem").string(), boost::asio::ssl::context::pem);
  context->use_private_key_file((servers().folder() / "node.key").string(), boost::asio::ssl::context::pem);
  return context;
}

TEST_F(NatsTrust, ABrokerWithOnlyTls12IsRefused) {
  const auto old = broker_context(boost::asio::ssl::context::tlsv12_server);
  FakeBroker broker(io_, std::string(kTlsInfo), old.get());
  EXPECT_EQ(failure(config_for(broker.port())).why, net::errc::tls_failed);
  EXPECT_EQ(broker.handshakes(), 0);
  EXPECT_EQ(broker.heard(), "");
  // The same broker with TLS 1.3 receives the message.
  const auto recent = broker_context(boost::asio::ssl::context::tlsv13_server);
  FakeBroker good(io_, std::string(kTlsInfo), recent.get());
  const auto unit = start(config_for(good.port()));
  ASSERT_TRUE(until([&] { return good.heard().ends_with("PING\r\n"); })) << good.heard();
  EXPECT_TRUE(good.heard().starts_with("CONNECT {"));
}

TEST_F(NatsTrust, ServersAnnouncedInPlaintextAreIgnored) {
  FakeBroker elsewhere(io_, std::string(kTlsInfo));
  FakeBroker liar(io_, "INFO {\"tls_required\":false,\"connect_urls\":[\"127.0.0.1:" +
                           std::to_string(elsewhere.port()) + "\"]}\r\n");
  const auto unit = start(config_for(liar.port()));
  ASSERT_TRUE(until([&] { return liar.connections() >= 5; }));
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST_F(NatsTrust, NothingIsPlaintextAfterInfo) {
  RecordingProxy proxy(io_, servers().port(0));
  {
    const auto unit = connect(config_for(proxy.port()));
    Heard heard;
    const auto subscription = unit->bus->subscribe("secret-subject", heard.tell());
    EXPECT_TRUE(unit->bus->publish("secret-subject", "secret-payload"));
    ASSERT_TRUE(until([&] { return !heard.messages.empty(); }));
    EXPECT_EQ(wait(ask(io_, *unit->bus, "nobody", "")), refuse(errc::bus_no_responders));
  }
  run_for(io_, 50ms);
  const std::size_t end = proxy.from_server().find("\r\n");
  ASSERT_NE(end, std::string::npos);
  EXPECT_TRUE(proxy.from_server().starts_with("INFO {"));
  const auto theirs = tls_records(std::string_view(proxy.from_server()).substr(end + 2));
  const auto ours = tls_records(proxy.from_client());
  ASSERT_TRUE(theirs);
  ASSERT_TRUE(ours);
  EXPECT_GE(ours->size(), 4U);
  EXPECT_EQ(ours->front(), 22) << "a ClientHello is our first word";
  const std::string all = proxy.from_server().substr(end) + proxy.from_client();
  for (const char* secret : {kToken, "CONNECT", "secret-subject", "secret-payload", "_INBOX", "gateway"}) {
    EXPECT_EQ(all.find(secret), std::string::npos) << secret;
  }
}

TEST_F(NatsTrust, MessagesPublishedInOneTurnShareOneRecord) {
  RecordingProxy proxy(io_, servers().port(0));
  const auto unit = connect(config_for(proxy.port()));
  run_for(io_, 50ms);
  const std::size_t before = proxy.from_client().size();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(unit->bus->publish("a.b.c", "some payload"));
  run_for(io_, 100ms);
  const auto records = tls_records(std::string_view(proxy.from_client()).substr(before));
  ASSERT_TRUE(records);
  EXPECT_EQ(*records, std::vector<int>{23});
}

TEST_F(NatsTrust, TheServersLogDoesNotContainTheToken) {
  (void)connect(config());
  bus::NatsConfig wrong = config();
  wrong.token = Secret<256>(as_bytes("a-wrong-token"));
  (void)failure(std::move(wrong));
  EXPECT_EQ(servers().log().find(kToken), std::string::npos);
  EXPECT_EQ(servers().log().find("a-wrong-token"), std::string::npos);
}

TEST_F(NatsTrust, AnInvalidConfigurationIsRefusedAtOnce) {
  const auto refusal = [this](const std::function<void(bus::NatsConfig&)>& change) {
    bus::NatsConfig changed = config();
    change(changed);
    const auto bus = bus::nats_bus(io_, std::move(changed), provider());
    return bus ? Errc{} : bus.error();
  };
  EXPECT_EQ(refusal([](bus::NatsConfig& c) { c.servers.clear(); }), Errc::invalid_argument);
  EXPECT_EQ(refusal([](bus::NatsConfig& c) { c.name = "a b"; }), Errc::invalid_argument);
  EXPECT_EQ(refusal([](bus::NatsConfig& c) { c.name = ""; }), Errc::invalid_argument);
  EXPECT_EQ(refusal([](bus::NatsConfig& c) { c.inbox = "a.>"; }), Errc::invalid_argument);
  EXPECT_EQ(refusal([](bus::NatsConfig& c) { c.token = Secret<256>(as_bytes("a\r\nPING")); }), Errc::invalid_argument);
  EXPECT_EQ(refusal([](bus::NatsConfig& c) {
              c.servers[0].trust = net::TrustedAuthority{"", "x"};
            }),
            Errc::invalid_argument);
  net::TlsIdentity empty;
  EXPECT_EQ(refusal([&](bus::NatsConfig& c) { c.servers[0].identity = &empty; }), Errc::crypto_bad_key);
}

}  // namespace

}  // namespace redan::cloud::test
