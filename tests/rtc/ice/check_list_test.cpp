#include "rtc/ice/check_list.hpp"

#include <gtest/gtest.h>

#include "tests/rtc/ice/agents.hpp"

namespace redan::ice {
namespace {

using namespace std::chrono_literals;
using test::kFullAddress;
using test::kLiteAddress;

const Address kRelayed = Address::v4({198, 51, 100, 99}, 50'000);
const Address kOther = Address::v4({203, 0, 113, 7}, 7000);

Candidate candidate(CandidateType type, const Address& address) { return local_candidate(type, address, 0); }

/// Agents that are told candidates by the test; the second is reached at its relayed address too.
class Trickle : public testing::Test {
 protected:
  Trickle() {
    end.agent.set_remote(theirs);
    end.agent.start(now);
  }
  void drain(Duration time) {
    for (const TimePoint until = now + time; now < until; now += 10ms) end.drain(now, nullptr);
  }
  /// Answers the last check, as if it had gone there.
  void answer(const Path& path) {
    const auto request = stun::Message::parse(end.sent.back());
    const auto response = test::check(provider, {.username = "a:b",
                                                 .password = theirs.pwd,
                                                 .message_class = stun::Class::success,
                                                 .transaction = request->transaction});
    end.agent.handle_input(now, path, *stun::Message::parse(response));
    end.drain(now, nullptr);
  }
  std::vector<std::uint8_t> check_of_peer() {
    return test::check(
        provider,
        {.username = ours.ufrag + ":" + theirs.ufrag, .password = ours.pwd, .controlled = true, .tie_breaker = 0});
  }

  std::unique_ptr<Provider> real = default_provider();
  test::FixedProvider provider{*real, 7};
  const Credentials ours = Credentials::make(provider), theirs = Credentials::make(provider);
  test::IceEnd<FullAgent> end{kFullAddress, ours, provider};
  TimePoint now{};
};

TEST_F(Trickle, ACandidateThatComesLaterIsChecked) {
  drain(1s);
  EXPECT_TRUE(end.sent.empty());
  end.agent.add_remote(candidate(CandidateType::host, kLiteAddress));
  drain(100ms);
  EXPECT_EQ(end.sent.size(), 1U);
  answer({kFullAddress, kLiteAddress});
  EXPECT_TRUE(end.validated_at(kLiteAddress));
}

TEST_F(Trickle, ACandidateThatComesTwiceMakesOnePair) {
  for (int i = 0; i < 3; ++i) end.agent.add_remote(candidate(CandidateType::host, kLiteAddress));
  EXPECT_EQ(end.agent.checked().size(), 1U);
}

TEST_F(Trickle, ACandidateBeforeTheDescriptionIsKept) {
  test::IceEnd<FullAgent> early(kFullAddress, ours, provider);
  early.agent.add_remote(candidate(CandidateType::host, kLiteAddress));
  early.drain(now, nullptr);
  EXPECT_TRUE(early.sent.empty());
  early.agent.set_remote(theirs);
  early.agent.start(now);
  early.drain(now, nullptr);
  EXPECT_EQ(early.sent.size(), 1U);
}

TEST_F(Trickle, ACandidateOfAnotherGenerationIsIgnored) {
  Candidate old = candidate(CandidateType::host, kLiteAddress);
  old.ufrag = "other";
  end.agent.add_remote(old);
  EXPECT_TRUE(end.agent.checked().empty());
  EXPECT_EQ(end.agent.statistics().candidates_ignored, 1U);
  old.ufrag = theirs.ufrag;
  end.agent.add_remote(old);
  EXPECT_EQ(end.agent.checked().size(), 1U);
}

TEST_F(Trickle, CandidatesBeyondTheLimitAreIgnored) {
  for (std::uint16_t port = 1; port <= 500; ++port)
    end.agent.add_remote(candidate(CandidateType::host, Address::v4({203, 0, 113, 1}, port)));
  EXPECT_EQ(end.agent.checked().size(), FullAgent::kMaxCandidates);
  EXPECT_EQ(end.agent.statistics().candidates_ignored, 500 - FullAgent::kMaxCandidates);
}

TEST_F(Trickle, ARelayedCandidateOfOursIsPairedWithTheKnownOnes) {
  end.agent.add_remote(candidate(CandidateType::host, kLiteAddress));
  end.agent.add_local(candidate(CandidateType::relayed, kRelayed));
  EXPECT_EQ(end.agent.checked(), (std::vector<Path>{{kFullAddress, kLiteAddress}, {kRelayed, kLiteAddress}}));
  end.agent.remove_local(kRelayed);
  EXPECT_EQ(end.agent.checked().size(), 1U);
}

TEST_F(Trickle, TheBestPairIsCheckedFirst) {
  end.agent.add_remote(candidate(CandidateType::relayed, kOther));
  end.agent.add_remote(candidate(CandidateType::host, kLiteAddress));
  end.drain(now, nullptr);
  answer({kFullAddress, kLiteAddress});
  EXPECT_TRUE(end.validated_at(kLiteAddress)) << "although it is the second in the list";
}

TEST_F(Trickle, APairThatThePeerCheckedGoesBeforeTheOthers) {
  std::vector<Candidate> many;
  for (std::uint16_t port = 1; port <= 20; ++port)
    end.agent.add_remote(candidate(CandidateType::host, Address::v4({203, 0, 113, 1}, port)));
  drain(100ms);
  end.receive(now, kLiteAddress, check_of_peer());
  drain(100ms);
  answer({kFullAddress, kLiteAddress});
  drain(10ms);
  const auto checked = end.agent.pair({kFullAddress, kLiteAddress});
  ASSERT_NE(checked, nullptr);
  EXPECT_GE(checked->checks, 1U);
}

TEST_F(Trickle, ACheckThatWaitedForPermissionIsSentAtOnce) {
  end.agent.remove_local(kFullAddress);
  end.agent.add_local(candidate(CandidateType::relayed, kRelayed));
  end.agent.add_remote(candidate(CandidateType::host, kLiteAddress));
  drain(100ms);
  ASSERT_EQ(end.sent.size(), 1U);
  end.agent.permitted(now, kRelayed, kOther);
  drain(100ms);
  EXPECT_EQ(end.sent.size(), 1U) << "another address";
  end.agent.permitted(now, kRelayed, kLiteAddress);
  drain(100ms);
  ASSERT_EQ(end.sent.size(), 2U);
  EXPECT_EQ(end.sent[0], end.sent[1]) << "the same transaction";
}

TEST_F(Trickle, ARelayedPathWaitsForADirectOne) {
  end.agent.add_remote(candidate(CandidateType::host, kLiteAddress));
  end.agent.add_local(candidate(CandidateType::relayed, kRelayed));
  drain(60ms);
  ASSERT_EQ(end.sent.size(), 2U);
  answer({kRelayed, kLiteAddress});
  ASSERT_TRUE(end.agent.validated({kRelayed, kLiteAddress}));
  const auto nominating = [](const auto& datagram) { return stun::Message::parse(datagram)->use_candidate; };
  drain(400ms);
  EXPECT_TRUE(std::none_of(end.sent.begin(), end.sent.end(), nominating));
  drain(200ms);
  EXPECT_TRUE(std::any_of(end.sent.begin(), end.sent.end(), nominating));
}

TEST_F(Trickle, ADirectPathReplacesARelayedOne) {
  end.agent.add_local(candidate(CandidateType::relayed, kRelayed));
  end.agent.add_remote(candidate(CandidateType::relayed, kLiteAddress));
  end.agent.remove_local(kFullAddress);
  drain(60ms);
  answer({kRelayed, kLiteAddress});
  drain(60ms);
  answer({kRelayed, kLiteAddress});
  ASSERT_EQ(end.agent.selected(), (Path{kRelayed, kLiteAddress}));
  end.agent.add_local(candidate(CandidateType::host, kFullAddress));
  end.agent.add_remote(candidate(CandidateType::host, kOther));
  // Both paths answer, so the relayed one is never suspect.
  for (int i = 0; i < 20 && end.agent.selected()->local != kFullAddress; ++i) {
    drain(60ms);
    answer({kFullAddress, kOther});
    answer({kRelayed, kLiteAddress});
  }
  EXPECT_EQ(end.agent.selected(), (Path{kFullAddress, kOther}));
}

TEST_F(Trickle, LosingTheRelayOfTheSelectedPathMovesToAnother) {
  end.agent.add_local(candidate(CandidateType::relayed, kRelayed));
  end.agent.add_remote(candidate(CandidateType::relayed, kLiteAddress));
  end.agent.remove_local(kFullAddress);
  drain(60ms);
  answer({kRelayed, kLiteAddress});
  drain(60ms);
  answer({kRelayed, kLiteAddress});
  ASSERT_TRUE(end.agent.selected());
  end.agent.remove_local(kRelayed);
  EXPECT_FALSE(end.agent.selected());
  EXPECT_TRUE(end.agent.paths().empty());
}

TEST_F(Trickle, APairGetsALimitedNumberOfChecks) {
  end.agent.add_remote(candidate(CandidateType::host, kLiteAddress));
  for (int i = 0; i < 100; ++i) {
    end.agent.permitted(now, kFullAddress, kLiteAddress);
    drain(60ms);
  }
  EXPECT_EQ(end.sent.size(), FullAgent::kMaxChecks);
  end.receive(now, kLiteAddress, check_of_peer());
  drain(60ms);
  EXPECT_EQ(end.sent.size(), FullAgent::kMaxChecks + 2) << "an answer, and one check that the peer's permits";
}

TEST_F(Trickle, AnAddressThatIsNotOfferedAnswersNoCheck) {
  const auto request = check_of_peer();
  end.agent.handle_input(now, {kOther, kLiteAddress}, *stun::Message::parse(request));
  drain(100ms);
  EXPECT_TRUE(end.sent.empty());
  EXPECT_EQ(end.agent.drops()[Drop::forbidden], 1U);
}

TEST_F(Trickle, APolicyHoldsForDescribedCandidatesAndForChecks) {
  end.agent.set_reach(RemoteAddresses::public_only);
  end.agent.add_remote(candidate(CandidateType::host, Address::v4({192, 168, 1, 1}, 80)));
  end.receive(now, kLiteAddress, check_of_peer());  // of a documentation range
  drain(200ms);
  EXPECT_TRUE(end.sent.empty());
  end.agent.add_remote(candidate(CandidateType::host, Address::v4({1, 2, 3, 4}, 80)));
  drain(200ms);
  EXPECT_EQ(end.sent.size(), 1U);
}

// RFC 8445 section 6.1.2.3.
TEST(CheckList, PrioritiesAreThoseOfTheRfcForBothSides) {
  Pair pair;
  pair.local_priority = 5;
  pair.remote_priority = 3;
  CheckList controlling, controlled;
  controlled.set_controlling(false);
  EXPECT_EQ(controlling.priority(pair), (3ULL << 32U) + 2 * 5 + 1);
  EXPECT_EQ(controlled.priority(pair), (3ULL << 32U) + 2 * 5);
}

TEST(CheckList, ABetterPairReplacesTheWorstWhenTheListIsFull) {
  CheckList list;
  for (std::uint16_t i = 0; i < 4; ++i) {
    list.add_local(
        local_candidate(CandidateType::host, Address::v4({192, 0, 2, 1}, static_cast<std::uint16_t>(i + 1)), i),
        TimePoint{});
  }
  for (std::uint16_t port = 1; port <= 17; ++port)
    ASSERT_TRUE(
        list.add_remote(local_candidate(CandidateType::relayed, Address::v4({203, 0, 113, 1}, port), port), {}));
  EXPECT_EQ(list.pairs().size(), CheckList::kMaxPairs);
  ASSERT_TRUE(list.add_remote(candidate(CandidateType::host, kOther), {}));
  EXPECT_EQ(list.pairs().size(), CheckList::kMaxPairs);
  EXPECT_NE(list.find({Address::v4({192, 0, 2, 1}, 1), kOther}), nullptr);
}

TEST(CheckList, ACheckOfAKnownCandidateBecomesItsPair) {
  CheckList list;
  list.add_local(candidate(CandidateType::host, kFullAddress), {});
  ASSERT_NE(list.learn({kFullAddress, kOther}, 1, {}), nullptr);
  EXPECT_TRUE(list.find({kFullAddress, kOther})->reflexive);
  list.add_remote(candidate(CandidateType::server_reflexive, kOther), {});
  EXPECT_FALSE(list.find({kFullAddress, kOther})->reflexive);
  EXPECT_EQ(list.find({kFullAddress, kOther})->remote_type, CandidateType::server_reflexive);
  EXPECT_EQ(list.pairs().size(), 1U);
}

}  // namespace
}  // namespace redan::ice
