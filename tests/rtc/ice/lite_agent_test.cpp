#include "rtc/ice/lite_agent.hpp"

#include <gtest/gtest.h>

#include "tests/rtc/ice/agents.hpp"

namespace redan::ice {
namespace {

using namespace std::chrono_literals;
using test::check;
using test::CheckParts;

class LiteAgentTest : public testing::Test {
 protected:
  LiteAgentTest() {
    end.agent.set_remote({"peer", "the-password-of-the-peer"});
    end.agent.start(now);
  }
  CheckParts genuine() const { return {.username = "lite:peer", .password = "the-password-of-our-agent"}; }
  CheckParts nominating() const {
    auto parts = genuine();
    parts.use_candidate = true;
    return parts;
  }
  static Path path_from(const Address& remote) { return {test::kLiteAddress, remote}; }
  void receive(const CheckParts& parts, const Address& from = test::kFullAddress) {
    auto datagram = check(*provider, parts);
    end.receive(now, from, datagram);
    end.drain(now, nullptr);
  }
  std::optional<stun::Message> answer() const {
    return end.sent.empty() ? std::nullopt : stun::Message::parse(end.sent.back());
  }
  static Address elsewhere(std::uint16_t port) { return Address::v4({203, 0, 113, 5}, port); }

  std::unique_ptr<Provider> provider = default_provider();
  test::IceEnd<LiteAgent> end{test::kLiteAddress, {"lite", "the-password-of-our-agent"}, *provider};
  std::unique_ptr<Hmac> our_key = provider->hmac(HashAlgorithm::sha1, as_bytes("the-password-of-our-agent"));
  TimePoint now{};
};

TEST_F(LiteAgentTest, AnswersACheckWithAddressIntegrityAndFingerprint) {
  auto parts = genuine();
  parts.transaction = {1, 2, 3};
  receive(parts);
  ASSERT_EQ(end.sent.size(), 1U);
  const auto response = answer();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->message_class, stun::Class::success);
  EXPECT_EQ(response->transaction, (stun::TransactionId{1, 2, 3}));
  EXPECT_EQ(response->mapped_address, test::kFullAddress);
  EXPECT_TRUE(response->verify_integrity(*our_key));
  EXPECT_TRUE(response->has_fingerprint);
  EXPECT_EQ(end.validated, std::vector<Address>{test::kFullAddress});
  EXPECT_TRUE(end.selected.empty());
}

TEST_F(LiteAgentTest, NeverSendsFirst) {
  for (int i = 0; i < 29; ++i) {
    EXPECT_NE(end.drain(now, nullptr), kNever);
    now += 1s;
  }
  EXPECT_TRUE(end.sent.empty());
}

TEST_F(LiteAgentTest, LearnsPeerReflexiveAddresses) {
  receive(genuine(), elsewhere(1));
  EXPECT_TRUE(end.validated_at(elsewhere(1)));
  EXPECT_FALSE(end.validated_at(elsewhere(2)));
  EXPECT_EQ(answer()->mapped_address, elsewhere(1));
}

TEST_F(LiteAgentTest, ReportsEachPathOnceEvenIfPolledLate) {
  for (std::uint16_t port = 1; port <= 3; ++port) {
    end.receive(now, elsewhere(port), check(*provider, genuine()));
    end.receive(now, elsewhere(port), check(*provider, genuine()));
  }
  end.drain(now, nullptr);
  EXPECT_EQ(end.validated, (std::vector<Address>{elsewhere(1), elsewhere(2), elsewhere(3)}));
  EXPECT_EQ(end.sent.size(), 6U);
}

TEST_F(LiteAgentTest, RemembersALimitedNumberOfPathsIncludingTheSelectedOne) {
  receive(nominating(), elsewhere(1));
  for (std::uint16_t port = 2; port <= 100; ++port) {
    now += 1ms;
    receive(genuine(), elsewhere(port));
  }
  EXPECT_TRUE(end.validated_at(elsewhere(1)));
  EXPECT_TRUE(end.validated_at(elsewhere(100)));
  EXPECT_FALSE(end.validated_at(elsewhere(50)));
}

TEST_F(LiteAgentTest, FollowsRegularAndAggressiveNomination) {
  receive(genuine());
  EXPECT_FALSE(end.agent.selected());
  receive(nominating());
  EXPECT_EQ(end.selected_remote(), test::kFullAddress);
  // Aggressive: each check nominates; the last path is selected, and reported once.
  receive(nominating(), elsewhere(7));
  receive(nominating(), elsewhere(7));
  EXPECT_EQ(end.selected_remote(), elsewhere(7));
  EXPECT_EQ(end.selected, (std::vector<Address>{test::kFullAddress, elsewhere(7)}));
}

TEST_F(LiteAgentTest, StaysControlledInARoleConflict) {
  for (const std::uint64_t tie_breaker : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    auto conflicting = genuine();
    conflicting.controlled = true;
    conflicting.tie_breaker = tie_breaker;
    receive(conflicting);
    EXPECT_EQ(answer()->error_code, 487);
    EXPECT_EQ(answer()->message_class, stun::Class::error);
    EXPECT_TRUE(answer()->verify_integrity(*our_key));
    EXPECT_TRUE(answer()->has_fingerprint);
  }
  EXPECT_TRUE(end.validated.empty());
}

TEST_F(LiteAgentTest, AnUnknownComprehensionRequiredAttributeIsAnswered420) {
  auto strange = genuine();
  strange.unknown_attribute = 0x7123;
  receive(strange);
  ASSERT_TRUE(answer());
  EXPECT_EQ(answer()->error_code, 420);
  EXPECT_TRUE(answer()->verify_integrity(*our_key));
  EXPECT_TRUE(end.validated.empty());

  strange.unknown_attribute = 0xC123;  // comprehension-optional
  receive(strange);
  EXPECT_EQ(answer()->message_class, stun::Class::success);
}

TEST_F(LiteAgentTest, ASenderWithoutThePasswordGetsNoAnswerAndCreatesNoState) {
  test::SeededRandom random(7);
  const TimePoint deadline = end.drain(now, nullptr);
  const auto sample = check(*provider, genuine());
  for (int i = 0; i < 100'000; ++i) {
    auto parts = genuine();
    std::vector<std::uint8_t> forged;
    switch (i % 6) {
      case 0:
        parts.password += "x";
        forged = check(*provider, parts);
        break;
      case 1:
        parts.username = "lite:other";
        forged = check(*provider, parts);
        break;
      case 2:
        parts.username = "Lite:peer";
        forged = check(*provider, parts);
        break;
      case 3:
        parts.message_class = stun::Class::success;
        forged = check(*provider, parts);
        break;
      case 4:
        parts.message_class = stun::Class::indication;
        forged = check(*provider, parts);
        break;
      case 5:
        forged = sample;
        forged[random.below(forged.size() - 8)] ^=  // FINGERPRINT is not secret
            static_cast<std::uint8_t>(1 + random.below(255));
        break;
    }
    end.receive(now, elsewhere(static_cast<std::uint16_t>(i)), forged);
    ASSERT_EQ(end.drain(now, nullptr), deadline);
    ASSERT_TRUE(end.sent.empty()) << i;
  }
  EXPECT_TRUE(end.validated.empty());
  EXPECT_FALSE(end.agent.selected());
  EXPECT_EQ(end.agent.drops().total() + end.malformed, 100'000U);
}

TEST_F(LiteAgentTest, AnswersWithoutKnowingThePeersDescription) {
  test::IceEnd<LiteAgent> early{test::kLiteAddress, {"lite", "the-password-of-our-agent"}, *provider};
  auto datagram = check(*provider, genuine());
  early.receive(now, test::kFullAddress, datagram);
  early.drain(now, nullptr);
  EXPECT_EQ(early.sent.size(), 1U);
}

TEST_F(LiteAgentTest, FailsWithoutACheckWithin30Seconds) {
  EXPECT_EQ(end.drain(now, nullptr), now + 30s);
  now += 30s;
  end.drain(now, nullptr);
  EXPECT_EQ(end.failed, Errc::ice_timeout);
  receive(genuine());
  EXPECT_TRUE(end.sent.empty()) << "failed is for good";
}

TEST_F(LiteAgentTest, TheTimeBeforeBothDescriptionsAreKnownDoesNotCount) {
  test::IceEnd<LiteAgent> early{test::kLiteAddress, {"lite", "the-password-of-our-agent"}, *provider};
  for (const TimePoint answered = now + 60s; now < answered; now += 1s) early.drain(now, nullptr);
  EXPECT_FALSE(early.failed);
  early.agent.start(now);
  EXPECT_EQ(early.drain(now, nullptr), now + 30s);
}

TEST_F(LiteAgentTest, APeerThatChecksEvery31SecondsStaysConnected) {
  receive(nominating());
  for (int i = 0; i < 20; ++i) {
    now += 31s;
    if (i % 3 != 1) receive(genuine());  // one in three is lost
    end.drain(now, nullptr);
    ASSERT_FALSE(end.failed) << i;
  }
}

TEST_F(LiteAgentTest, ChecksOnAnyPathKeepTheSessionAlive) {
  receive(nominating());
  for (std::uint16_t i = 1; i < 20; ++i) {
    now += 30s;
    receive(genuine(), elsewhere(i));
    ASSERT_FALSE(end.failed) << i;
  }
  EXPECT_EQ(end.selected_remote(), test::kFullAddress);
}

TEST_F(LiteAgentTest, SilenceOnAllPathsEndsTheSession) {
  receive(nominating());
  const TimePoint last = now;
  for (const auto message_class : {stun::Class::indication, stun::Class::success}) {
    now += 20s;
    auto parts = genuine();
    parts.message_class = message_class;
    receive(parts);
  }
  EXPECT_EQ(end.drain(now, nullptr), last + LiteAgent::kSilenceLimit);
  now = last + LiteAgent::kSilenceLimit;
  end.drain(now, nullptr);
  EXPECT_EQ(end.failed, Errc::ice_consent_expired);
}

TEST_F(LiteAgentTest, OtherAuthenticatedDataKeepsTheSessionAlive) {
  receive(nominating());
  for (int i = 0; i < 20; ++i) {
    now += 60s;
    end.agent.heard(now, path_from(test::kFullAddress));
    end.drain(now, nullptr);
    ASSERT_FALSE(end.failed) << i;
  }
}

// Copies of checks.

TEST_F(LiteAgentTest, ACopyOfACheckFromElsewhereIsAnsweredAndMovesNothing) {
  const auto recorded = check(*provider, nominating());
  end.receive(now, test::kFullAddress, recorded);
  end.drain(now, nullptr);
  const std::uint32_t version = end.agent.paths_version();
  for (std::uint16_t port = 1; port <= 1000; ++port) {
    end.receive(now, elsewhere(port), recorded);
    end.drain(now, nullptr);
  }
  EXPECT_EQ(end.sent.size(), 1001U);
  EXPECT_EQ(end.selected_remote(), test::kFullAddress);
  EXPECT_EQ(end.agent.paths(), std::vector{path_from(test::kFullAddress)});
  EXPECT_EQ(end.agent.paths_version(), version);
}

TEST_F(LiteAgentTest, ACopyOfACheckKeepsNothingAlive) {
  const auto recorded = check(*provider, nominating());
  end.receive(now, test::kFullAddress, recorded);
  for (int i = 0; i < 13; ++i) {
    now += 5s;
    end.receive(now, test::kFullAddress, recorded);
    end.drain(now, nullptr);
  }
  EXPECT_EQ(end.failed, Errc::ice_consent_expired);
}

// A peer that moves.

// Firefox nominates once; after a NAT change only its checks reveal its new address.
TEST_F(LiteAgentTest, ASilentSelectedPathIsReplacedByOneThatIsHeard) {
  receive(nominating());
  now += 5s;
  receive(genuine(), elsewhere(1));
  EXPECT_EQ(end.selected_remote(), test::kFullAddress) << "one check may be a late one";
  now += 5s;
  receive(genuine(), elsewhere(1));
  EXPECT_EQ(end.selected_remote(), elsewhere(1));
}

TEST_F(LiteAgentTest, MovesAfterACheckAndAPacketOnTheNewPath) {
  receive(nominating());
  now += 5s;
  receive(genuine(), elsewhere(1));
  end.agent.heard(now, path_from(elsewhere(1)));
  EXPECT_EQ(end.selected_remote(), elsewhere(1));
}

TEST_F(LiteAgentTest, APathThatIsHeardIsNotReplaced) {
  receive(nominating());
  for (int i = 0; i < 100; ++i) {
    now += 1s;
    receive(genuine(), elsewhere(1));
    receive(genuine());
  }
  EXPECT_EQ(end.selected_remote(), test::kFullAddress);
}

TEST_F(LiteAgentTest, LatePacketsOfTheOldPathDoNotMoveItBack) {
  receive(nominating());
  receive(nominating(), elsewhere(1));
  for (int i = 0; i < 50; ++i) {
    now += 10ms;
    end.agent.heard(now, path_from(test::kFullAddress));
  }
  EXPECT_EQ(end.selected_remote(), elsewhere(1));
}

TEST_F(LiteAgentTest, APacketFromAnUnknownPathIsIgnored) {
  receive(nominating());
  now += 5s;
  for (int i = 0; i < 5; ++i) end.agent.heard(now, path_from(elsewhere(1)));
  EXPECT_FALSE(end.validated_at(elsewhere(1)));
  EXPECT_EQ(end.selected_remote(), test::kFullAddress);
}

// Data cannot be replayed. So recorded checks, however many, cannot divert the path of a peer that sends data.
TEST_F(LiteAgentTest, DataReclaimsThePathFromOneWithChecksOnly) {
  receive(nominating());
  now += 5s;
  for (int i = 0; i < 30; ++i) {
    receive(nominating(), elsewhere(1));
    if (i >= 15) end.agent.heard(now, path_from(test::kFullAddress));
    now += 100ms;
  }
  EXPECT_EQ(end.selected_remote(), test::kFullAddress);
  // Data from there would be the peer's.
  end.agent.heard(now, path_from(elsewhere(1)));
  receive(nominating(), elsewhere(1));
  EXPECT_EQ(end.selected_remote(), elsewhere(1));
}

TEST_F(LiteAgentTest, ASessionContinuesWhereThePeerIsHeardWhenItsPathIsTaken) {
  receive(nominating());
  receive(genuine(), elsewhere(1));
  end.agent.reject(path_from(test::kFullAddress));
  EXPECT_FALSE(end.agent.selected());
  now += 2s;
  receive(genuine(), elsewhere(1));
  EXPECT_EQ(end.selected_remote(), elsewhere(1));
}

TEST_F(LiteAgentTest, LosingThePathInTheFirst30SecondsDoesNotEndTheSession) {
  receive(nominating());
  end.agent.reject(path_from(test::kFullAddress));
  now += 31s;
  end.drain(now, nullptr);
  EXPECT_FALSE(end.failed);
}

TEST_F(LiteAgentTest, PathsNotHeardForLongAreDropped) {
  receive(genuine(), elsewhere(1));
  receive(nominating());
  now += LiteAgent::kSilenceLimit - 1s;
  receive(genuine());
  EXPECT_TRUE(end.validated_at(elsewhere(1)));
  now += 2s;
  receive(genuine(), elsewhere(2));
  EXPECT_FALSE(end.validated_at(elsewhere(1)));
  EXPECT_TRUE(end.validated_at(test::kFullAddress));
}

TEST_F(LiteAgentTest, ARejectedPathIsDroppedAndItsCheckIsNotAnswered) {
  end.receive(now, test::kFullAddress, check(*provider, nominating()));
  end.agent.reject(path_from(test::kFullAddress));
  end.drain(now, nullptr);
  EXPECT_TRUE(end.sent.empty());
  EXPECT_TRUE(end.validated.empty());
  EXPECT_FALSE(end.agent.selected());
  now += 30s;
  end.drain(now, nullptr);
  EXPECT_EQ(end.failed, Errc::ice_path_in_use);
}

TEST_F(LiteAgentTest, AFloodOfChecksBetweenTwoPollsIsBounded) {
  for (int i = 0; i < 1000; ++i) end.receive(now, test::kFullAddress, check(*provider, genuine()));
  end.drain(now, nullptr);
  EXPECT_LE(end.sent.size(), 8U);
  EXPECT_EQ(end.agent.drops()[Drop::queue_full], 1000U - end.sent.size());
}

TEST_F(LiteAgentTest, TheOldCredentialsHoldAfterARestartUntilTheNewOnesAreUsed) {
  receive(nominating());
  end.agent.restart({"new1", "the-new-password-of-ours"}, {"new2", "irrelevant"});
  receive(genuine());
  EXPECT_EQ(end.sent.size(), 2U);
  EXPECT_EQ(end.selected_remote(), test::kFullAddress) << "the path stays in use";

  receive({.username = "new1:new2", .password = "the-new-password-of-ours"});
  EXPECT_EQ(end.sent.size(), 3U);
  receive({.username = "new1:peer", .password = "the-new-password-of-ours"});
  EXPECT_EQ(end.sent.size(), 3U) << "the peer's old ufrag with our new one";
  receive(genuine());
  EXPECT_EQ(end.sent.size(), 3U) << "old credentials after the new ones";
}

}  // namespace
}  // namespace redan::ice
