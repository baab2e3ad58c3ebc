#include "sealed/channel.hpp"

#include "sealed/errors.hpp"
#include "support.hpp"

namespace redan::sealed::test {
namespace {

class SealedChannel : public testing::TestWithParam<Suite> {
 protected:
  std::vector<std::uint8_t> from_client(std::string_view body) { return pair_.client->channel.seal("a", body).value(); }
  std::vector<std::uint8_t> from_runtime(std::string_view body) {
    return pair_.runtime->channel.seal("a", body).value();
  }
  Result<Message> to_client(Bytes wire) { return pair_.client->channel.open(wire); }
  Result<Message> to_runtime(Bytes wire) { return pair_.runtime->channel.open(wire); }

  World world_;
  Pair pair_{world_, GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Suites, SealedChannel, testing::Values(Suite::aes_256_gcm, Suite::cryptobox));

TEST_P(SealedChannel, CarriesTextInOrderInBothDirections) {
  for (const std::string body : {"", "ünïcode € 😀 \"\\\n", "a=fingerprint:sha-256 AB"}) {
    EXPECT_EQ(to_runtime(from_client(body)).value().body, body);
    EXPECT_EQ(to_client(from_runtime(body)).value().body, body);
  }
  EXPECT_EQ(to_runtime(from_client(std::string(kMaxBody, 'x'))).value().body.size(), kMaxBody);
  EXPECT_EQ(error_of(pair_.client->channel.seal("a", std::string(kMaxBody + 1, 'x'))), Errc::channel_message_too_large);
}

TEST_P(SealedChannel, LengthsRevealOnlyStepsOf512Bytes) {
  const std::size_t empty = from_client("").size();
  EXPECT_EQ(from_client("0123456789").size(), empty);
  EXPECT_EQ(from_client(std::string(600, 'x')).size(), empty + 512);
}

TEST_P(SealedChannel, ARepeatedMessageIsRefusedAndEndsTheChannel) {
  const auto first = from_client("1");
  ASSERT_TRUE(to_runtime(first));
  EXPECT_EQ(error_of(to_runtime(first)), errc::sealed_replayed);
  EXPECT_EQ(error_of(to_runtime(from_client("2"))), errc::sealed_replayed) << "the first error is the last";
  EXPECT_EQ(error_of(pair_.runtime->channel.seal("a", "b")), errc::sealed_replayed);
}

TEST_P(SealedChannel, AMissingMessageIsDetected) {
  from_client("1");
  EXPECT_EQ(error_of(to_runtime(from_client("2"))), errc::sealed_missing);
}

TEST_P(SealedChannel, AReflectedMessageIsRefused) {
  const auto own = from_client("1");
  EXPECT_EQ(error_of(to_client(own)), errc::sealed_reflected);
}

TEST_P(SealedChannel, RefusesEveryFlippedBit) {
  const std::size_t bits = from_client("x").size() * 8;
  for (std::size_t bit = 0; bit < bits; bit += 11) {
    world_.now.seconds_since_1970 += 1;  // a grant for each
    Pair fresh(world_, GetParam());
    auto wire = fresh.client->channel.seal("a", "x").value();
    wire[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(fresh.runtime->channel.open(wire)) << bit;
  }
}

TEST_P(SealedChannel, RefusesEveryOtherLength) {
  const auto wire = from_client("x");
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{5}, std::size_t{21}, std::size_t{39}, std::size_t{40}, wire.size() - 1}) {
    world_.now.seconds_since_1970 += 1;
    Pair fresh(world_, GetParam());
    EXPECT_FALSE(fresh.runtime->channel.open(Bytes(wire).first(size))) << size;
  }
}

TEST_P(SealedChannel, AnAnswerIsAcceptedOnce) {
  const auto question = to_runtime(pair_.client->channel.seal("a", "?", Channel::Kind::question).value());
  ASSERT_FALSE(question.value().mark.empty());
  const auto once = pair_.runtime->channel.answer(*question, "a", "!");
  const auto twice = pair_.runtime->channel.answer(*question, "a", "!!");
  EXPECT_TRUE(to_client(once.value()).value().is_answer);
  EXPECT_EQ(error_of(to_client(twice.value())), errc::sealed_stale_answer);
}

TEST_P(SealedChannel, AnAnswerWithoutAQuestionIsRefused) {
  EXPECT_FALSE(to_client(from_runtime("candidate")).value().is_answer);
  const auto invented = pair_.runtime->channel.answer({"a", "?", "AAAAAAAAAAAAAAAAAAAAAA==", false}, "a", "!");
  EXPECT_EQ(error_of(to_client(invented.value())), errc::sealed_stale_answer);
}

TEST_P(SealedChannel, OnlyClientsMayAskAndOnlyRuntimesMayAnswer) {
  EXPECT_EQ(error_of(pair_.runtime->channel.seal("a", "?", Channel::Kind::question)), Errc::invalid_argument);
  EXPECT_EQ(error_of(pair_.client->channel.answer({}, "a", "!")), Errc::invalid_argument);
  for (std::size_t i = 0; i < kMaxOpenQuestions; ++i) {
    ASSERT_TRUE(pair_.client->channel.seal("a", "?", Channel::Kind::question));
  }
  EXPECT_EQ(error_of(pair_.client->channel.seal("a", "?", Channel::Kind::question)), Errc::too_many);
}

TEST_P(SealedChannel, IsExhaustedAfterItsLastMessage) {
  for (std::uint32_t i = 1; i < kMaxMessages; ++i) ASSERT_TRUE(pair_.client->channel.seal("a", ""));
  EXPECT_EQ(error_of(pair_.client->channel.seal("a", "")), errc::sealed_exhausted);
}

// Both suites derive their keys from the handshake, so a message of another handshake does not open. The envelope's own
// fields are still checked: tested here with a wrapping that anyone can open.
class ClearWrapping : public Wrapping {
 public:
  std::vector<std::uint8_t> seal(Side, std::uint32_t, std::string_view, std::string_view envelope) override {
    const Bytes bytes = as_bytes(envelope);
    return {bytes.begin(), bytes.end()};
  }
  [[nodiscard]] std::optional<Header> header(Bytes) const override { return std::nullopt; }
  Result<std::string> open(Side, Bytes wire) override { return std::string(as_text(wire)); }
};

class SealedEnvelope : public testing::Test {
 protected:
  Channel channel(Side side, const std::string& session, std::uint8_t handshake) {
    TranscriptHash transcript{};
    transcript.fill(handshake);
    return {side, session, std::make_unique<ClearWrapping>(), transcript, *provider_};
  }

  std::unique_ptr<Provider> provider_ = default_provider();
  Channel client_ = channel(Side::client, "s1", 1);
};

TEST_F(SealedEnvelope, IsAcceptedAtTheOtherEndOfItsHandshakeAndSession) {
  Channel runtime = channel(Side::runtime, "s1", 1);
  EXPECT_EQ(runtime.open(client_.seal("a", "x").value()).value().body, "x");
}

TEST_F(SealedEnvelope, IsRefusedFromAnotherHandshake) {
  Channel runtime = channel(Side::runtime, "s1", 2);
  EXPECT_EQ(error_of(runtime.open(client_.seal("a", "x").value())), errc::sealed_wrong_session);
}

TEST_F(SealedEnvelope, IsRefusedFromAnotherSession) {
  Channel runtime = channel(Side::runtime, "s2", 1);
  EXPECT_EQ(error_of(runtime.open(client_.seal("a", "x").value())), errc::sealed_wrong_session);
}

TEST_F(SealedEnvelope, IsRefusedFromOurOwnSide) {
  Channel again = channel(Side::client, "s1", 1);
  EXPECT_EQ(error_of(again.open(client_.seal("a", "x").value())), errc::sealed_reflected);
}

TEST_F(SealedEnvelope, IsRefusedOutOfOrder) {
  Channel runtime = channel(Side::runtime, "s1", 1);
  const auto first = client_.seal("a", "x").value();
  ASSERT_TRUE(runtime.open(first));
  EXPECT_EQ(error_of(runtime.open(first)), errc::sealed_replayed);
}

}  // namespace
}  // namespace redan::sealed::test
