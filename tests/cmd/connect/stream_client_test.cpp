// The stream client with a runtime that does not follow the protocol.
#include "cmd/connect/stream_client.hpp"

#include "cloud/api/signalling.hpp"
#include "net/clock.hpp"
#include "sealed/errors.hpp"
#include "tests/net/http/http_fixture.hpp"
#include "tests/sealed/support.hpp"

namespace redan::cmd {
namespace {

namespace signalling = cloud::api::signalling;

/// A gateway with one socket, and the runtime behind it.
class SealedStream : public net::test::HttpFixture {
 protected:
  SealedStream() {
    world_.now = net::wall_time();
    responder_ = world_.respond();
    net::HttpServerConfig config;
    config.listen = tls_listener();
    config.on_upgrade = [this](net::HttpRequest, const net::Connection&) { return accept(); };
    serve(std::move(config));
    clients_.emplace(io, remote(), "token", std::vector<Address>{*Address::parse("127.0.0.1", 0)}, *world_.provider);
  }

  net::Task<net::UpgradeReply> accept() {
    net::AcceptWebSocket accept;
    accept.on_open = [this](const std::shared_ptr<net::WebSocket>& socket) {
      socket_ = socket;
      socket->on_message = [this](std::string_view text) { on_text(text); };
    };
    co_return accept;
  }
  void on_text(std::string_view text) {
    const auto message = signalling::parse(text);
    const auto* seal = message ? std::get_if<signalling::Seal>(&*message) : nullptr;
    ASSERT_NE(seal, nullptr);
    const Bytes body = as_bytes(seal->body);
    if (!greeted_) {
      greeted_ = true;
      return say(responder_.on_hello(body, world_.now).value());
    }
    if (!channel_) {
      auto established = responder_.on_auth(body, world_.now);
      ASSERT_TRUE(established);
      channel_ = std::make_unique<sealed::Channel>(std::move(established->channel));
      return;
    }
    question_ = channel_->open(body).value();
  }
  void say(Bytes bytes) { socket_->send(signalling::text(signalling::Seal{std::string(as_text(bytes))})); }

  StreamClient& open() {
    auto wishes = std::make_shared<SealWishes>();
    wishes->authorities = {world_.ams.public_key()};
    wishes->grant = [this](std::string session, sealed::Ed25519PublicKey key) -> net::Task<SealWishes::Granted> {
      sealed::SessionGrant grant = world_.grant();
      grant.session = session;
      grant.client = key;
      co_return grant.sign(world_.ams);
    };
    StreamWishes stream;
    stream.seal = std::move(wishes);
    return clients_->open({world_.session, "/1.0/sessions/s1/sockets/slave?token=t"}, std::move(stream));
  }

  sealed::test::World world_;
  sealed::Responder responder_ = world_.respond();
  std::optional<StreamClients> clients_;
  std::shared_ptr<net::WebSocket> socket_;
  std::unique_ptr<sealed::Channel> channel_;
  std::optional<sealed::Message> question_;  ///< the client's settings
  bool greeted_ = false;
};

TEST_F(SealedStream, AcceptsAnOfferThatAnswersItsSettings) {
  StreamClient& client = open();
  ASSERT_TRUE(until([&] { return question_.has_value(); }));
  say(channel_->answer(*question_, "signalling", signalling::text(signalling::Offer{"no description"})).value());
  ASSERT_TRUE(until([&] { return client.state() == StreamClient::State::ended; }));
  EXPECT_EQ(client.seal_failure(), std::nullopt) << client.problem();
  EXPECT_NE(client.problem().find("sdp_"), std::string::npos) << "it was read: " << client.problem();
}

TEST_F(SealedStream, RefusesADescriptionThatAnswersNoQuestion) {
  const std::string offer = signalling::text(signalling::Offer{"no description"});
  const std::string answer = signalling::text(signalling::Answer{"no description"});
  for (const std::string& description : {offer, answer}) {
    responder_ = world_.respond();
    greeted_ = false;
    channel_.reset();
    question_.reset();
    StreamClient& client = open();
    ASSERT_TRUE(until([&] { return question_.has_value(); }));
    say(channel_->seal("signalling", description).value());
    ASSERT_TRUE(until([&] { return client.state() == StreamClient::State::ended; }));
    EXPECT_EQ(client.seal_failure(), sealed::errc::sealed_stale_answer) << client.problem();
  }
}

}  // namespace
}  // namespace redan::cmd
