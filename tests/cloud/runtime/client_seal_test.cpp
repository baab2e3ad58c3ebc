#include "cloud/runtime/client_seal.hpp"

#include <gtest/gtest.h>

#include "sealed/errors.hpp"

namespace redan::cloud::runtime {
namespace {

namespace signalling = api::signalling;
using Role = api::LinkHello::Role;
using sealed::SessionGrant;

constexpr WallTime kNow{1'800'000'000};

std::array<std::uint8_t, 32> seed(std::uint8_t byte) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(byte);
  return bytes;
}

class ClientSealTest : public testing::Test {
 protected:
  ClientSealTest() {
    identity_.authorities = {ams_.public_key()};
    identity_.session = "s1";
    identity_.instance = "i1";
    identity_.policy = api::SealedPolicy::offered;
    identity_.certificate = certificate();
  }
  [[nodiscard]] std::vector<std::uint8_t> certificate() const {
    return sealed::RuntimeCertificate{"i1", identity_.key.public_key(), kNow, {kNow.seconds_since_1970 + 60}}.sign(
        ams_);
  }
  ClientSeal make(Role role = Role::controller) {
    return ClientSeal(identity_, role,
                      {.send = [this](std::string text) { sent_.push_back(std::move(text)); },
                       .open =
                           [this](Role as, std::optional<sealed::ConfirmKey> confirm) {
                             opened_ = as;
                             confirms_ = confirm.has_value();
                           },
                       .deliver =
                           [this](std::string_view text) {
                             delivered_.emplace_back(text);
                             if (answer_) answer_();
                           },
                       .end = [this](Errc why) { ended_ = why; }});
  }
  sealed::Initiator initiate(SessionGrant::Rights rights = SessionGrant::Rights::control, bool confirms = false) {
    const SessionGrant grant{"s1", "i1", client_.public_key(), rights, {kNow.seconds_since_1970 + ++grants_}};
    sealed::Initiator::Config config{"s1", {ams_.public_key()}, grant.sign(ams_)};
    config.confirms = confirms;
    return std::move(*sealed::Initiator::begin(*provider_, std::move(config), client_, kNow));
  }
  static std::string wire(Bytes bytes) { return signalling::text(signalling::Seal{std::string(as_text(bytes))}); }
  std::vector<std::uint8_t> last_seal() {
    const auto message = signalling::parse(sent_.back());
    const auto* seal = message ? std::get_if<signalling::Seal>(&*message) : nullptr;
    if (seal == nullptr) return {};
    return {seal->body.begin(), seal->body.end()};
  }
  /// The client's channel; the runtime's end is in `seal`.
  sealed::Channel shake(ClientSeal& seal, sealed::Initiator initiator) {
    seal.on_message(wire(initiator.hello()), kNow);
    auto done = initiator.on_share(last_seal(), kNow);
    seal.on_message(wire(done.value().auth), kNow);
    return std::move(done->established.channel);
  }
  std::string last_error() {
    const auto message = signalling::parse(sent_.back());
    const auto* error = message ? std::get_if<signalling::Error>(&*message) : nullptr;
    return error != nullptr ? error->message.substr(0, error->message.find(':')) : "";
  }

  std::unique_ptr<Provider> provider_ = default_provider();
  sealed::Ed25519Key ams_{seed(1)}, client_{seed(3)};
  SealIdentity identity_{*provider_, seed(2)};
  std::int64_t grants_ = 0;
  std::vector<std::string> sent_, delivered_;
  std::optional<Role> opened_;
  bool confirms_ = false;
  std::optional<Errc> ended_;
  std::function<void()> answer_;
};

const std::string kDiscover = R"({"type":"discover"})";

TEST_F(ClientSealTest, AClientThatSealsGetsSealedAnswers) {
  ClientSeal seal = make();
  sealed::Channel channel = shake(seal, initiate(SessionGrant::Rights::control, true));
  EXPECT_TRUE(seal.is_sealed());
  EXPECT_EQ(opened_, Role::controller);
  EXPECT_TRUE(confirms_);
  answer_ = [&] { seal.send("answer"); };
  seal.on_message(wire(channel.seal("signalling", kDiscover, sealed::Channel::Kind::question).value()), kNow);
  EXPECT_EQ(delivered_, std::vector{kDiscover});
  const auto answered = channel.open(last_seal());
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->body, "answer");
  EXPECT_TRUE(answered->is_answer);
  seal.send("later");
  EXPECT_FALSE(channel.open(last_seal()).value().is_answer);
}

TEST_F(ClientSealTest, PlaintextSignallingIsAcceptedWhereItIsAllowed) {
  ClientSeal seal = make();
  seal.on_message(kDiscover, kNow);
  EXPECT_EQ(opened_, Role::controller);
  EXPECT_EQ(delivered_, std::vector{kDiscover});
  seal.send("text");
  EXPECT_EQ(sent_.back(), "text");
}

TEST_F(ClientSealTest, PlaintextSignallingIsRefusedWhereSealingIsRequired) {
  identity_.policy = api::SealedPolicy::required;
  ClientSeal seal = make();
  seal.on_message(kDiscover, kNow);
  EXPECT_EQ(ended_, sealed::errc::sealed_required);
  EXPECT_EQ(last_error(), "sealed_required");
  EXPECT_FALSE(opened_);
  EXPECT_TRUE(delivered_.empty());
}

TEST_F(ClientSealTest, PlaintextIsRefusedOnceSealingHasBegun) {
  for (const bool established : {false, true}) {
    ended_.reset();
    ClientSeal seal = make();
    sealed::Initiator initiator = initiate();
    if (established) {
      shake(seal, std::move(initiator));
    } else {
      seal.on_message(wire(initiator.hello()), kNow);
    }
    seal.on_message(kDiscover, kNow);
    EXPECT_EQ(ended_, sealed::errc::sealed_clear) << established;
    EXPECT_TRUE(delivered_.empty());
  }
}

TEST_F(ClientSealTest, SendsNothingBeforeTheClientsProof) {
  ClientSeal seal = make();
  sealed::Initiator initiator = initiate();
  seal.on_message(wire(initiator.hello()), kNow);
  EXPECT_FALSE(opened_) << "nobody is displaced by a hello";
  const std::size_t before = sent_.size();
  seal.send("offer");
  EXPECT_EQ(sent_.size(), before);
}

TEST_F(ClientSealTest, AnInvalidProofEndsTheLink) {
  ClientSeal seal = make();
  sealed::Initiator initiator = initiate();
  seal.on_message(wire(initiator.hello()), kNow);
  seal.on_message(wire(initiator.hello()), kNow);
  EXPECT_EQ(ended_, sealed::errc::sealed_syntax);
  EXPECT_FALSE(opened_);
}

TEST_F(ClientSealTest, APlaintextClientCannotSwitchToSealing) {
  ClientSeal seal = make();
  seal.on_message(kDiscover, kNow);
  seal.on_message(wire(initiate().hello()), kNow);
  EXPECT_EQ(ended_, sealed::errc::sealed_syntax);
}

TEST_F(ClientSealTest, AViewGrantMakesAViewerWhateverRoleTheGatewayAssigns) {
  ClientSeal seal = make(Role::controller);
  shake(seal, initiate(SessionGrant::Rights::view));
  EXPECT_EQ(opened_, Role::viewer);
  EXPECT_FALSE(confirms_);
}

TEST_F(ClientSealTest, AViewerOfTheGatewayStaysAViewer) {
  ClientSeal seal = make(Role::viewer);
  shake(seal, initiate(SessionGrant::Rights::control));
  EXPECT_EQ(opened_, Role::viewer);
}

TEST_F(ClientSealTest, AHelloWaitsForTheCertificate) {
  identity_.certificate.clear();
  ClientSeal seal = make();
  sealed::Initiator initiator = initiate();
  seal.on_message(wire(initiator.hello()), kNow);
  EXPECT_TRUE(sent_.empty());
  identity_.certificate = certificate();
  seal.on_certificate(kNow);
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_TRUE(initiator.on_share(last_seal(), kNow));
}

TEST_F(ClientSealTest, AHelloIsAnUnknownTypeWhenSealingIsOff) {
  identity_.policy = api::SealedPolicy::off;
  ClientSeal seal = make();
  seal.on_message(wire(initiate().hello()), kNow);
  EXPECT_TRUE(sent_.empty());
  EXPECT_FALSE(ended_);
}

TEST_F(ClientSealTest, AnAlteredRecordEndsTheLink) {
  ClientSeal seal = make();
  sealed::Channel channel = shake(seal, initiate());
  auto record = channel.seal("signalling", kDiscover).value();
  record.back() ^= 1U;
  seal.on_message(wire(record), kNow);
  EXPECT_EQ(ended_, sealed::errc::sealed_bad_record);
  EXPECT_EQ(last_error(), "sealed_bad_record");
  const std::size_t before = sent_.size();
  seal.send("more");
  seal.on_message(kDiscover, kNow);
  EXPECT_EQ(sent_.size(), before) << "it has ended";
}

TEST_F(ClientSealTest, RecordsOfAnotherTypeAreNotSignalling) {
  ClientSeal seal = make();
  sealed::Channel channel = shake(seal, initiate());
  seal.on_message(wire(channel.seal("auth", "again").value()), kNow);
  EXPECT_EQ(ended_, sealed::errc::sealed_syntax);
}

}  // namespace
}  // namespace redan::cloud::runtime
