#include "cmd/demo/attack/hostile_gateway.hpp"

#include "cloud/api/signalling.hpp"
#include "net/clock.hpp"
#include "sealed/errors.hpp"
#include "tests/sealed/support.hpp"

namespace redan::cmd {
namespace {

namespace signalling = cloud::api::signalling;
using sealed::test::Pair;
using sealed::test::World;

std::string text_of(Bytes seal) { return signalling::text(signalling::Seal{std::string(as_text(seal))}); }

class HostileGatewayTest : public testing::Test {
 protected:
  boost::asio::io_context io_;
  std::unique_ptr<Provider> provider_ = default_provider();
  std::vector<Address> loopback_{*Address::parse("127.0.0.1", 0)};
  HostileGateway gateway_{io_, loopback_, *provider_};

  bool comes_true(const std::function<bool()>& what) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(15);
    while (!what() && std::chrono::steady_clock::now() < deadline) io_.run_for(std::chrono::milliseconds(10));
    return what();
  }
};

// Plaintext signalling.

/// One end of a connection on its own socket: sends a text on channel "control" and stores what it receives.
class Peer {
 public:
  Peer(boost::asio::io_context& io, const std::vector<Address>& addresses, Provider& provider, bool lite) {
    EndpointConfig config;
    config.local_addresses = addresses;
    config.announce_lite = lite;
    const std::int64_t now = net::wall_time().seconds_since_1970;
    auto identity = self_signed(provider, {.not_before = {now - 60}, .not_after = {now + 3600}});
    shard_ = std::move(*Shard::open(io, std::move(config), std::move(*identity), provider,
                                    [this](Endpoint& endpoint, const Output& output) { on_output(endpoint, output); }));
  }
  ~Peer() { shard_->stop(); }

  std::string offer(const MediaPlan& plan) {
    auto offered = shard_->endpoint().offer(plan);
    peer_ = offered->peer;
    return offered->offer;
  }
  void complete(const std::string& answer) {
    EXPECT_TRUE(shard_->endpoint().complete(*peer_, answer));
    shard_->wake();
  }
  std::string accept(const std::string& offer) {
    auto accepted = shard_->endpoint().accept(offer, {.dtls_role = DtlsRole::client});
    peer_ = accepted->peer;
    EXPECT_TRUE(shard_->endpoint().open_channel(*peer_, "control"));
    shard_->wake();
    return accepted->answer;
  }
  void send(MessageKind kind, std::string_view text) {
    EXPECT_TRUE(shard_->endpoint().send(*peer_, *channel_, kind, as_bytes(text)));
    shard_->wake();
  }
  void send_rtp(std::uint32_t ssrc) {
    const auto media = shard_->endpoint().media(*peer_);
    std::vector<std::uint8_t> packet(60 + kSrtpTrailer);
    packet[0] = 0x80;
    packet[1] = media->front().payload_type;
    for (std::size_t i = 0; i < 4; ++i) packet[8 + i] = static_cast<std::uint8_t>(ssrc >> (24 - 8 * i));
    EXPECT_TRUE(shard_->endpoint().send_media(*peer_, MediaKind::rtp, packet, 60));
    shard_->wake();
  }
  [[nodiscard]] Security security() const { return *shard_->endpoint().security(*peer_); }
  [[nodiscard]] bool is_open() const { return channel_.has_value(); }

  std::string heard;
  MessageKind heard_as{};
  std::size_t rtp_packets = 0;
  std::uint32_t rtp_ssrc = 0;

 private:
  void on_output(Endpoint&, const Output& output) {
    if (const auto* opened = std::get_if<ChannelOpened>(&output)) channel_ = opened->channel;
    if (const auto* message = std::get_if<Message>(&output)) {
      heard = as_text(message->payload);
      heard_as = message->kind;
    }
    const auto* media = std::get_if<MediaPacket>(&output);
    if (media == nullptr || media->kind != MediaKind::rtp) return;
    ++rtp_packets;
    for (std::size_t i = 0; i < 4; ++i) rtp_ssrc = (rtp_ssrc << 8U) | media->packet[8 + i];
  }

  std::unique_ptr<Shard> shard_;
  std::optional<PeerId> peer_;
  std::optional<ChannelId> channel_;
};

class InClear : public HostileGatewayTest {
 protected:
  InClear() {
    plan_.video = true;
    plan_.direction = MediaDirection::sendonly;
    plan_.sources = {.cname = "c", .video_ssrc = 0x01020304};
  }
  std::string carry_offer(const std::string& link, const std::string& sdp) {
    const auto message = signalling::parse(gateway_.to_client(link, signalling::text(signalling::Offer{sdp, {}})));
    return std::get<signalling::Offer>(message.value()).sdp;
  }
  signalling::Message carry_answer(const std::string& link, const std::string& sdp) {
    return signalling::parse(gateway_.to_runtime(link, signalling::text(signalling::Answer{sdp}))).value();
  }
  void connect() {
    const std::string offer = carry_offer("link", runtime_.offer(plan_));
    runtime_.complete(std::get<signalling::Answer>(carry_answer("link", client_.accept(offer))).sdp);
    ASSERT_TRUE(comes_true([&] { return client_.is_open() && runtime_.is_open(); }));
  }

  MediaPlan plan_;
  Peer runtime_{io_, loopback_, *provider_, true};
  Peer client_{io_, loopback_, *provider_, false};
};

TEST_F(InClear, AnHonestGatewayReadsNothing) {
  connect();
  client_.send(MessageKind::text, "my password");
  ASSERT_TRUE(comes_true([&] { return runtime_.heard == "my password"; }));
  EXPECT_EQ(client_.security().remote_fingerprint.text(), runtime_.security().local_fingerprint.text());
  EXPECT_TRUE(gateway_.status().read.empty());
  EXPECT_FALSE(gateway_.status().succeeded);
}

TEST_F(InClear, SwappingTheFingerprintsReadsEverythingUndetected) {
  gateway_.begin(Attack::swap_fingerprint);
  connect();
  client_.send(MessageKind::text, "my password");
  ASSERT_TRUE(comes_true([&] { return runtime_.heard == "my password"; }));
  runtime_.send(MessageKind::binary, "an answer");
  ASSERT_TRUE(comes_true([&] { return client_.heard == "an answer"; }));
  EXPECT_EQ(client_.heard_as, MessageKind::binary);
  EXPECT_TRUE(gateway_.status().succeeded);
  EXPECT_EQ(gateway_.status().read, (std::vector<std::string>{"client: my password", "runtime: an answer"}));
  EXPECT_NE(client_.security().remote_fingerprint.text(), runtime_.security().local_fingerprint.text());
  EXPECT_NE(runtime_.security().remote_fingerprint.text(), client_.security().local_fingerprint.text());
}

TEST_F(InClear, PicturesAreForwardedByTheManInTheMiddle) {
  gateway_.begin(Attack::swap_fingerprint);
  connect();
  runtime_.send_rtp(0x01020304);
  ASSERT_TRUE(comes_true([&] { return client_.rtp_packets == 1; }));
  EXPECT_EQ(client_.rtp_ssrc, 0x01020304U);
}

TEST_F(InClear, AnsweringInPlaceOfTheRuntimeSucceeds) {
  gateway_.begin(Attack::answer_in_place);
  const std::string offer = carry_offer("link", runtime_.offer(plan_));
  const auto answer = carry_answer("link", client_.accept(offer));
  EXPECT_TRUE(std::holds_alternative<signalling::Unknown>(answer)) << "the runtime hears nothing";
  ASSERT_TRUE(comes_true([&] { return client_.is_open(); }));
  client_.send(MessageKind::text, "my password");
  EXPECT_TRUE(comes_true([&] { return gateway_.status().succeeded; }));
  EXPECT_EQ(gateway_.status().read, std::vector<std::string>{"client: my password"});
  EXPECT_FALSE(runtime_.is_open());
}

TEST_F(InClear, AnOldOfferIsAcceptedAsANewOne) {
  const std::string old = runtime_.offer(plan_);
  EXPECT_EQ(carry_offer("first", old), old);
  gateway_.begin(Attack::replay_offer);
  const std::string offer = carry_offer("second", runtime_.offer(plan_));
  EXPECT_EQ(offer, old);
  carry_answer("second", client_.accept(offer));
  EXPECT_TRUE(gateway_.status().succeeded);
}

TEST_F(InClear, StripHasNoEffectWithoutSealing) {
  gateway_.begin(Attack::strip);
  connect();
  EXPECT_TRUE(gateway_.status().succeeded);
  ASSERT_EQ(gateway_.status().read.size(), 1U);
  EXPECT_NE(gateway_.status().read.front().find("a=fingerprint"), std::string::npos);
}

TEST_F(InClear, AnAttackBeginsWithTheNextSession) {
  gateway_.to_client("link", signalling::text(signalling::Discovered{}));
  gateway_.begin(Attack::swap_fingerprint);
  const std::string offer = runtime_.offer(plan_);
  EXPECT_EQ(carry_offer("link", offer), offer);
}

TEST_F(InClear, MessagesUnderAnEarlierAttackDoNotCount) {
  gateway_.begin(Attack::swap_fingerprint);
  connect();
  gateway_.begin(Attack::none);
  client_.send(MessageKind::text, "my password");
  ASSERT_TRUE(comes_true([&] { return runtime_.heard == "my password"; }));
  EXPECT_FALSE(gateway_.status().succeeded);
  EXPECT_TRUE(gateway_.status().read.empty());
}

// Sealed signalling.

/// A client and a runtime that seal, with a gateway between them that performs `attack`.
class Sealed : public HostileGatewayTest {
 protected:
  std::string to_client(const std::string& body) { return gateway_.to_client(link_, body); }
  std::string to_runtime(const std::string& body) { return gateway_.to_runtime(link_, body); }
  static std::optional<std::string> seal_in(const std::string& text) {
    const auto message = signalling::parse(text);
    const auto* seal = message ? std::get_if<signalling::Seal>(&*message) : nullptr;
    return seal != nullptr ? std::optional(seal->body) : std::nullopt;
  }

  /// The client's error, from its hello to the second message of the runtime; nullopt: no error.
  std::optional<Errc> attacked(Attack attack) {
    gateway_.begin(attack);
    sealed::Initiator initiator = world_.initiate();
    sealed::Responder responder = world_.respond();
    const auto hello = seal_in(to_runtime(text_of(initiator.hello())));
    if (!hello) return sealed::errc::sealed_required;  // the error of a runtime that requires sealing
    const auto share = seal_in(to_client(text_of(responder.on_hello(as_bytes(*hello), world_.now).value())));
    if (!share) return sealed::errc::sealed_clear;
    auto done = initiator.on_share(as_bytes(*share), world_.now);
    if (!done) return done.error();
    auto established = responder.on_auth(as_bytes(*seal_in(to_runtime(text_of(done->auth)))), world_.now);
    if (!established) return established.error();
    for (const std::string_view body : {"an offer", "a candidate"}) {
      const auto record = seal_in(to_client(text_of(established->channel.seal("signalling", body).value())));
      if (!record) return sealed::errc::sealed_clear;
      const auto opened = done->established.channel.open(as_bytes(*record));
      if (!opened) return opened.error();
      EXPECT_EQ(opened->body, body);
    }
    return std::nullopt;
  }

  World world_;
  std::string link_ = "link";
};

TEST_F(Sealed, AnHonestGatewayCarriesTheSession) { EXPECT_EQ(attacked(Attack::none), std::nullopt); }

TEST_F(Sealed, EachAttackIsRefusedWithItsCode) {
  const std::map<Attack, Errc> codes = {{Attack::swap_fingerprint, sealed::errc::sealed_bad_record},
                                        {Attack::replay_offer, sealed::errc::sealed_bad_record},
                                        {Attack::answer_in_place, sealed::errc::sealed_bad_certificate},
                                        {Attack::strip, sealed::errc::sealed_required},
                                        {Attack::inject_clear, sealed::errc::sealed_clear}};
  for (const Attack attack : kAttacks) {
    if (attack == Attack::none) continue;
    world_ = World();
    link_ = std::string(name(attack));
    const auto refusal = attacked(attack);
    ASSERT_TRUE(refusal) << name(attack);
    EXPECT_EQ(*refusal, codes.at(attack)) << name(attack) << ": " << redan::name(*refusal);
    EXPECT_FALSE(gateway_.status().succeeded) << name(attack);
    EXPECT_TRUE(gateway_.status().read.empty()) << name(attack);
  }
}

TEST_F(Sealed, ARepeatedOfferOfThisSessionIsRefused) {
  EXPECT_EQ(attacked(Attack::replay_offer), sealed::errc::sealed_replayed);
}

TEST_F(Sealed, AnOfferOfThePreviousSessionIsRefused) {
  ASSERT_EQ(attacked(Attack::none), std::nullopt);
  gateway_.begin(Attack::replay_offer);
  world_ = World();
  Pair next(world_);
  const std::string wire = text_of(next.runtime->channel.seal("signalling", "an offer").value());
  const auto replayed = seal_in(gateway_.to_client("second", wire));
  ASSERT_TRUE(replayed);
  const auto opened = next.client->channel.open(as_bytes(*replayed));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), sealed::errc::sealed_missing) << "it was the second there, and would be the first here";
}

TEST_F(Sealed, ARuntimesPlaintextRefusalIsReported) {
  gateway_.begin(Attack::strip);
  gateway_.to_client("link", signalling::text(signalling::Error{"sealed_required: only sealed sessions"}));
  EXPECT_EQ(gateway_.status().refused, "sealed_required");
}

TEST(Attacks, HaveNames) {
  for (const Attack attack : kAttacks) EXPECT_EQ(parse_attack(name(attack)), attack);
  EXPECT_EQ(parse_attack("no-such-attack"), std::nullopt);
}

}  // namespace
}  // namespace redan::cmd
