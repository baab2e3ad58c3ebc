#include "rtc/ice/full_agent.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tests/rtc/ice/agents.hpp"

namespace redan::ice {
namespace {

using namespace std::chrono_literals;
using test::FullPair;
using test::kFullAddress;
using test::kLiteAddress;
using test::LitePair;

/// A full agent whose peer is simulated by the test.
struct PlayedPeer {
  PlayedPeer() {
    end.agent.set_remote(theirs);
    end.agent.start(now);
  }
  /// A check of the peer arrives, as from a controlling agent that wins every conflict.
  std::size_t check(bool nominating, bool controlled = false) {
    const auto request = test::check(provider, {.username = ours.ufrag + ":" + theirs.ufrag,
                                                .password = ours.pwd,
                                                .use_candidate = nominating,
                                                .controlled = controlled,
                                                .tie_breaker = std::numeric_limits<std::uint64_t>::max()});
    end.receive(now, kLiteAddress, request);
    end.drain(now, nullptr);
    return request.size();
  }
  /// The peer answers our last check.
  void answer() {
    end.receive(now, kLiteAddress,
                test::check(provider, {.username = "a:b",
                                       .password = theirs.pwd,
                                       .message_class = stun::Class::success,
                                       .transaction = stun::Message::parse(end.sent.back())->transaction}));
    end.drain(now, nullptr);
  }

  std::unique_ptr<Provider> real = default_provider();
  test::FixedProvider provider{*real, 7};
  const Credentials ours = Credentials::make(provider), theirs = Credentials::make(provider);
  test::IceEnd<FullAgent> end{kFullAddress, ours, provider};
  TimePoint now{};
};

TEST(FullAgent, ConnectsToALiteAgentInTwoRoundTrips) {
  LitePair pair;
  pair.start();
  pair.run(100ms);
  EXPECT_EQ(pair.first.selected_remote(), kLiteAddress);
  EXPECT_EQ(pair.second.selected_remote(), kFullAddress);
  EXPECT_EQ(pair.first.validated, std::vector<Address>{kLiteAddress});
  EXPECT_EQ(pair.first.selected, std::vector<Address>{kLiteAddress});
  EXPECT_EQ(pair.second.selected, std::vector<Address>{kFullAddress});
  EXPECT_EQ(pair.first.agent.rtt(), 20ms);
}

TEST(FullAgent, ConnectsThroughLoss) {
  for (const double loss : {0.1, 0.2, 0.4}) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
      LitePair pair(seed, {.loss = loss, .duplicate = 0.1, .jitter = 30ms});
      pair.start();
      pair.run(29s);
      ASSERT_TRUE(pair.both_selected()) << "loss " << loss << " seed " << seed;
      ASSERT_FALSE(pair.first.failed || pair.second.failed) << "loss " << loss << " seed " << seed;
    }
  }
}

TEST(FullAgent, TwoFullAgentsResolveTheirRoleConflict) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    FullPair pair(seed, {.loss = seed % 2 == 0 ? 0.0 : 0.3, .jitter = 20ms});
    pair.start();
    pair.run(25s);
    ASSERT_TRUE(pair.both_selected()) << seed;
    EXPECT_NE(pair.first.agent.controlling(), pair.second.agent.controlling()) << seed;
  }
}

TEST(FullAgent, TwoRoleConflictAnswersChangeTheRoleOnce) {
  const auto provider = default_provider();
  const Credentials remote{"peer", "the-password-of-the-peer"};
  test::IceEnd<FullAgent> end{kFullAddress, {"full", "the-password-of-our-agent"}, *provider};
  const std::array candidates{Address::v4({203, 0, 113, 1}, 1), Address::v4({203, 0, 113, 1}, 2)};
  TimePoint now{};
  end.agent.set_remote(remote, test::hosts({candidates.begin(), candidates.end()}));
  end.agent.start(now);
  while (end.sent.size() < 2) now = end.drain(now, nullptr);
  const auto key = provider->hmac(HashAlgorithm::sha1, as_bytes(remote.pwd));
  for (std::size_t i = 0; i < 2; ++i) {
    std::array<std::uint8_t, 200> buffer{};
    stun::MessageBuilder answer(buffer, stun::Class::error, stun::Message::parse(end.sent[i])->transaction);
    answer.error_code(487, "Role Conflict");
    end.receive(now, candidates[i], answer.finish(*key));
    EXPECT_FALSE(end.agent.controlling());
  }
  now += 100ms;
  end.drain(now, nullptr);
  EXPECT_TRUE(stun::Message::parse(end.sent.back())->ice_controlled) << "the check is repeated in the new role";
}

TEST(FullAgent, OnlyTheControllingAgentNominates) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    FullPair pair(seed);
    pair.start();
    pair.run(2s);
    const auto uses_candidate = [](const auto& end) {
      return std::any_of(end.sent.begin() + static_cast<std::ptrdiff_t>(end.sent.size() / 2), end.sent.end(),
                         [](const auto& d) { return stun::Message::parse(d)->use_candidate; });
    };
    const bool first = pair.first.agent.controlling();
    EXPECT_FALSE(first ? uses_candidate(pair.second) : uses_candidate(pair.first)) << seed;
  }
}

TEST(FullAgent, LearnsAPeerReflexiveAddressFromACheck) {
  FullPair pair;
  pair.seen_second = Address::v4({198, 51, 100, 9}, 777);  // not the address in the description
  pair.first.agent.set_remote(pair.second.agent.local());  // and none was described
  pair.second.agent.set_remote(pair.first.agent.local(), test::hosts({kFullAddress}));
  pair.first.agent.start(pair.now);
  pair.second.agent.start(pair.now);
  pair.run(5s);
  EXPECT_EQ(pair.first.selected_remote(), pair.seen_second);
  EXPECT_TRUE(pair.both_selected());
}

TEST(FullAgent, ChecksArePacedAndCandidatesLimited) {
  LitePair pair;
  std::vector<Address> many;
  for (std::uint16_t port = 1; port <= 500; ++port) many.push_back(Address::v4({203, 0, 113, 1}, port));
  pair.first.agent.set_remote(pair.second.agent.local(), test::hosts(many));
  pair.first.agent.start(pair.now);
  for (std::size_t i = 1; i <= 10; ++i) {
    pair.first.drain(pair.now, nullptr);
    EXPECT_EQ(pair.first.sent.size(), i) << "one check every 50 ms (RFC 8445 section 14.2)";
    pair.now += 50ms;
  }
  EXPECT_EQ(FullAgent::kMaxCandidates, 20U);
}

TEST(FullAgent, RetransmitsWithTheSameTransactionAndBacksOff) {
  LitePair pair(1, {.loss = 1.0});
  pair.start();
  std::vector<TimePoint> times;
  std::size_t seen = 0;
  while (pair.now < TimePoint{} + 5s) {
    const TimePoint wake = pair.first.drain(pair.now, nullptr);
    if (pair.first.sent.size() > seen) times.push_back(pair.now);
    seen = pair.first.sent.size();
    pair.now = wake;
  }
  ASSERT_GE(times.size(), 3U);
  EXPECT_EQ(pair.first.sent[0], pair.first.sent[1]);
  EXPECT_EQ(times[1] - times[0], 500ms);
  EXPECT_GE(times[2] - times[1], times[1] - times[0]);
}

TEST(FullAgent, FailsAfter30SecondsAndIsThenSilent) {
  LitePair pair(1, {.loss = 1.0});
  pair.start();
  pair.run(29'900ms);
  EXPECT_FALSE(pair.first.failed);
  pair.run(1s);
  EXPECT_EQ(pair.first.failed, Errc::ice_timeout);
  EXPECT_EQ(pair.second.failed, Errc::ice_timeout);
  const std::size_t sent = pair.first.sent.size();
  pair.run(5min);
  EXPECT_EQ(pair.first.sent.size(), sent);
}

// Consent, RFC 7675.

TEST(Consent, IsKeptWhileThePeerAnswers) {
  LitePair pair(3, {.loss = 0.2});
  pair.start();
  pair.run(10min);
  EXPECT_FALSE(pair.first.failed);
  EXPECT_FALSE(pair.second.failed);
}

TEST(Consent, ExpiresWithin30SecondsOfTheLastAnswerAlsoOnTheLiteSide) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    LitePair pair(seed);
    pair.start();
    pair.run(1s + std::chrono::milliseconds(37 * seed));
    ASSERT_TRUE(pair.both_selected());
    pair.to_first = test::Link(seed, {.loss = 1.0});
    pair.to_second = test::Link(seed, {.loss = 1.0});
    const TimePoint cut = pair.now;
    pair.run(31s);
    ASSERT_EQ(pair.first.failed, Errc::ice_consent_expired) << seed;
    ASSERT_LE(pair.first.last_sent, cut + 30s) << seed;
    pair.run(LiteAgent::kSilenceLimit - 30s);
    ASSERT_EQ(pair.second.failed, Errc::ice_consent_expired) << seed;
    const std::size_t sent = pair.first.sent.size() + pair.second.sent.size();
    pair.run(2min);
    ASSERT_EQ(pair.first.sent.size() + pair.second.sent.size(), sent) << seed;
  }
}

TEST(Consent, ChecksAreSentEvery4To6Seconds) {
  LitePair pair(9);
  pair.start();
  pair.run(1s);
  for (int i = 0; i < 100; ++i) {
    const std::size_t before = pair.first.sent.size();
    pair.run(3'900ms - 50ms);
    EXPECT_LE(pair.first.sent.size() - before, 1U);
    pair.run(2'200ms);
    EXPECT_GE(pair.first.sent.size() - before, 1U);
  }
}

TEST(Consent, IsNotExtendedByForgedResponses) {
  LitePair pair;
  pair.start();
  pair.run(1s);
  ASSERT_TRUE(pair.both_selected());
  pair.to_second = test::Link(1, {.loss = 1.0});
  for (int i = 0; i < 310; ++i) {
    pair.run(100ms);
    if (pair.first.sent.empty()) continue;
    // The right transaction and address, but another key.
    test::CheckParts parts{.username = "a:b", .password = "somebody else's password"};
    parts.message_class = stun::Class::success;
    parts.transaction = stun::Message::parse(pair.first.sent.back())->transaction;
    auto forged = test::check(pair.provider(), parts);
    pair.first.receive(pair.now, kLiteAddress, forged);
  }
  EXPECT_EQ(pair.first.failed, Errc::ice_consent_expired);
  EXPECT_GT(pair.first.agent.drops()[Drop::wrong_integrity], 0U);
}

// RFC 7675 section 5.1: consent consists of the answers to our own checks. A peer that nominates with each of its
// checks and answers none of ours has not given it.
TEST(Consent, IsNotExtendedByThePeersNominations) {
  PlayedPeer peer;
  peer.check(true);
  ASSERT_FALSE(peer.end.agent.controlling());
  peer.answer();
  ASSERT_EQ(peer.end.selected_remote(), kLiteAddress);
  for (const TimePoint cut = peer.now; peer.now < cut + 31s; peer.now += 500ms) peer.check(true);
  EXPECT_EQ(peer.end.failed, Errc::ice_consent_expired);
}

// A peer that moves.

TEST(MovingPeer, IsFollowedByALiteAgentThatItChecks) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    LitePair pair(seed, {.loss = 0.1});
    pair.start();
    pair.run(20s);
    ASSERT_TRUE(pair.both_selected()) << seed;
    pair.seen_first = Address::v4({198, 51, 100, 9}, 777);
    pair.run(3min);
    ASSERT_EQ(pair.second.selected_remote(), pair.seen_first) << seed;
    ASSERT_FALSE(pair.first.failed || pair.second.failed) << seed;
  }
}

TEST(MovingPeer, IsFollowedByAFullAgentOnceItHasAnswered) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    FullPair pair(seed, {.loss = 0.1});
    pair.start();
    pair.run(20s);
    ASSERT_TRUE(pair.both_selected()) << seed;
    pair.move_first(Address::v4({198, 51, 100, 9}, 777));
    pair.run(3min);
    ASSERT_EQ(pair.second.selected_remote(), pair.seen_first) << seed;
    ASSERT_FALSE(pair.first.failed || pair.second.failed) << seed;
  }
}

TEST(MovingPeer, IsFoundAgainWithinAFewSeconds) {
  FullPair pair(3);
  pair.start();
  pair.run(20s);
  pair.move_first(Address::v4({198, 51, 100, 9}, 777));
  pair.run(7s + 1s);  // the longest interval between two checks, and the time to suspect the old path
  EXPECT_EQ(pair.second.selected_remote(), pair.seen_first);
}

// Anyone who sees a check can send a copy of it from elsewhere, so a copy does not mean that the peer moved.
TEST(MovingPeer, ACopyOfANominationMovesNothing) {
  FullPair pair(4);
  pair.start();
  pair.run(2s);
  auto& controlled = pair.first.agent.controlling() ? pair.second : pair.first;
  const auto& controlling = pair.first.agent.controlling() ? pair.first : pair.second;
  const auto selected = controlled.selected_remote();
  std::size_t copies = 0;
  for (const auto& datagram : controlling.sent) {
    const auto message = stun::Message::parse(datagram);
    if (message->message_class != stun::Class::request || !message->use_candidate) continue;
    controlled.receive(pair.now, Address::v4({203, 0, 113, 66}, 6), datagram);
    ++copies;
  }
  ASSERT_GE(copies, 1U);
  const std::size_t before = controlled.sent.size();
  controlled.drain(pair.now, nullptr);
  EXPECT_EQ(controlled.sent.size() - before, copies) << "answered, and no check went there";
  pair.run(30s);
  EXPECT_EQ(controlled.selected_remote(), selected);
}

TEST(MovingPeer, AnAddressThatProvedNothingGetsAtMostThreeTimesItsBytes) {
  PlayedPeer peer;
  std::size_t received = 0;
  for (int i = 0; i < 3; ++i) {
    received += peer.check(false, true);
    for (int step = 0; step < 100; ++step) peer.end.drain(peer.now += 50ms, nullptr);
    std::size_t sent = 0;
    for (const auto& datagram : peer.end.sent) sent += datagram.size();
    EXPECT_GT(sent, 0U);
    EXPECT_LE(sent, 3 * received);
  }
  EXPECT_FALSE(peer.end.validated_at(kLiteAddress));
}

TEST(MovingPeer, AnotherPathReplacesOneThatIsTaken) {
  FullPair pair(6);
  pair.start();
  pair.run(2s);
  const auto taken = pair.first.agent.selected();
  ASSERT_TRUE(taken);
  pair.first.agent.reject(*taken);
  EXPECT_FALSE(pair.first.agent.selected());
  pair.run(10s);  // the peer's next check opens the path again, if its other owner permits it
  EXPECT_TRUE(pair.first.agent.selected());
}

TEST(FullAgent, TheControlledSideWaitsForTheNomination) {
  PlayedPeer peer;
  peer.check(false);
  ASSERT_FALSE(peer.end.agent.controlling());
  for (int round = 0; round < 3; ++round) {
    peer.answer();
    peer.end.drain(peer.now += 1s, nullptr);
  }
  EXPECT_TRUE(peer.end.validated_at(kLiteAddress));
  EXPECT_FALSE(peer.end.agent.selected());
  peer.check(true);
  EXPECT_EQ(peer.end.selected_remote(), kLiteAddress);
}

// The peer may send to an address that proved nothing only as much as our checks permit.
TEST(FullAgent, APathThatWorksIsCheckedAgainUntilOneIsSelected) {
  PlayedPeer peer;
  peer.check(false);
  for (int round = 0; round < 5; ++round) {
    const std::size_t before = peer.end.sent.size();
    peer.end.drain(peer.now += 1s, nullptr);
    EXPECT_GT(peer.end.sent.size(), before) << round;
    peer.answer();
  }
}

TEST(FullAgent, AResponseOnAnotherPathThanItsRequestIsIgnored) {
  LitePair pair;
  pair.start();
  pair.first.drain(pair.now, nullptr);
  const auto request = stun::Message::parse(pair.first.sent.back());
  const auto response = test::check(pair.provider(), {.username = "a:b",
                                                      .password = pair.second.agent.local().pwd,
                                                      .message_class = stun::Class::success,
                                                      .transaction = request->transaction});
  pair.first.receive(pair.now, Address::v4({203, 0, 113, 1}, 1), response);
  EXPECT_TRUE(pair.first.agent.paths().empty());
  pair.first.receive(pair.now, kLiteAddress, response);
  EXPECT_EQ(pair.first.agent.paths().size(), 1U);
}

TEST(FullAgent, EachOfOurAddressesIsPairedWithEachCandidateOfItsFamily) {
  const auto provider = default_provider();
  const Address a = Address::v4({192, 0, 2, 1}, 1), b = Address::v4({192, 0, 2, 9}, 1);
  const Address c = *Address::parse("2001:db8::1", 1);
  const Address x = Address::v4({198, 51, 100, 1}, 5), y = *Address::parse("2001:db8::5", 5);
  FullAgent agent({"full", "the-password-of-our-agent"}, std::vector{a, b, c}, *provider);
  agent.set_remote({"peer", "the-password-of-the-peer"}, test::hosts({x, y}));
  EXPECT_EQ(agent.checked(), (std::vector<Path>{{a, x}, {b, x}, {c, y}}));
}

TEST(FullAgent, TheTimeBeforeBothDescriptionsAreKnownDoesNotCount) {
  LitePair pair;
  for (int i = 0; i < 60; ++i) pair.run(1s);
  EXPECT_FALSE(pair.first.failed || pair.second.failed);
  pair.start();
  pair.run(1s);
  EXPECT_TRUE(pair.both_selected());
}

// Forgeries.

TEST(FullAgent, IgnoresForgedMessagesWithoutAnAnswer) {
  LitePair pair;
  pair.start();
  pair.run(1s);
  const std::size_t sent = pair.first.sent.size();
  const TimePoint deadline = pair.first.drain(pair.now, nullptr);
  for (int i = 0; i < 100'000; ++i) {
    test::CheckParts parts{.username = pair.first.agent.local().ufrag + ":" + pair.second.agent.local().ufrag,
                           .password = "somebody else's password",
                           .use_candidate = true,
                           .controlled = i % 2 == 0};
    parts.message_class = static_cast<stun::Class>(i % 4);
    parts.transaction = stun::TransactionId{static_cast<std::uint8_t>(i)};
    auto forged = test::check(pair.provider(), parts);
    pair.first.receive(pair.now, i % 3 == 0 ? kLiteAddress : Address::v4({203, 0, 113, 1}, 1), forged);
    ASSERT_EQ(pair.first.drain(pair.now, nullptr), deadline);
    ASSERT_EQ(pair.first.sent.size(), sent);
  }
  EXPECT_EQ(pair.first.selected_remote(), kLiteAddress);
  EXPECT_TRUE(pair.first.agent.controlling());
}

TEST(FullAgent, AnswersChecksWithAddressIntegrityAndFingerprint) {
  FullPair pair(2);
  pair.start();
  pair.run(2s);
  int answers = 0;
  for (auto* end : {&pair.first, &pair.second}) {
    const auto key = pair.provider().hmac(HashAlgorithm::sha1, as_bytes(end->agent.local().pwd));
    for (const auto& datagram : end->sent) {
      const auto message = stun::Message::parse(datagram);
      ASSERT_TRUE(message);
      EXPECT_TRUE(message->has_fingerprint);
      if (message->message_class == stun::Class::request) continue;
      ++answers;
      EXPECT_TRUE(message->verify_integrity(*key));
      EXPECT_TRUE(message->mapped_address || message->error_code == 487);
    }
  }
  EXPECT_GE(answers, 4);
}

// Restart, RFC 8445 section 9.

TEST(FullAgent, ARestartKeepsThePathAndSelectsAgain) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    LitePair pair(seed, {.loss = 0.2});
    pair.start();
    pair.run(20s);
    ASSERT_TRUE(pair.both_selected()) << seed;
    const Credentials full = Credentials::make(pair.provider());
    const Credentials lite = Credentials::make(pair.provider());
    pair.second.agent.restart(lite, full);
    pair.first.agent.restart(full, lite, test::hosts({kLiteAddress}));
    EXPECT_TRUE(pair.both_selected()) << "the old path carries traffic meanwhile";
    EXPECT_TRUE(pair.first.validated_at(kLiteAddress));
    pair.run(10min);
    EXPECT_FALSE(pair.first.failed || pair.second.failed) << seed;
    EXPECT_EQ(pair.second.agent.local(), lite);
  }
}

TEST(FullAgent, ARestartChecksTheNewCandidates) {
  LitePair pair(5);
  pair.start();
  pair.run(5s);
  ASSERT_TRUE(pair.both_selected());
  const Credentials full = Credentials::make(pair.provider()), lite = Credentials::make(pair.provider());
  pair.seen_second = Address::v4({198, 51, 100, 7}, 70);  // the lite peer restarted at another address
  pair.second_hears_at = pair.seen_second;
  pair.second.agent.restart(lite, full);
  pair.first.agent.restart(full, lite, test::hosts({pair.seen_second}));
  pair.run(2s);
  EXPECT_EQ(pair.first.selected_remote(), pair.seen_second);
  pair.run(5min);
  EXPECT_FALSE(pair.first.failed || pair.second.failed);
}

}  // namespace
}  // namespace redan::ice
