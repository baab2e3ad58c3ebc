// The life of an allocation.
#include <gtest/gtest.h>

#include "tests/rtc/turn/turn_fixture.hpp"

namespace redan::test {
namespace {

using namespace std::chrono_literals;
using turn::Drop;
using turn::Method;
using turn::Step;

class TurnClient : public TurnTest {};

TEST_F(TurnClient, AllocatesAfterTheChallenge) {
  ClientEnd& end = start();
  ASSERT_EQ(end.allocated.size(), 1U);
  EXPECT_EQ(end.allocated[0].ipv4, server.relay(false));
  EXPECT_FALSE(end.allocated[0].ipv6);
  EXPECT_EQ(end.allocated[0].mapped, kClient);
  EXPECT_EQ(end.allocated[0].path, (Path{kClient, kServer}));
  EXPECT_TRUE(end.client.allocated());
  EXPECT_EQ(count(Method::allocate), 2);
  EXPECT_EQ(end.connects.size(), 1U);
  EXPECT_EQ(end.connects[0].server.name, "turn.example.org");
}

TEST_F(TurnClient, AllocatesWithSha256AndAHiddenName) {
  server.options.nonce_prefix = "obMatJos2AAAD";
  server.options.algorithms = {2, 1};
  server.options.anonymous = true;
  server.restart(now);
  EXPECT_TRUE(start().client.allocated());
}

TEST_F(TurnClient, AllocatesFromAServerWithoutAuthenticationOnlyIfNoCredentialsAreConfigured) {
  server.options.authenticate = false;
  ClientEnd& with = start();
  ASSERT_TRUE(with.failed);
  EXPECT_EQ(with.failed->reason, turn::errc::turn_unprotected);
  server.restart(now);
  turn::Config open = config();
  open.credentials.reset();
  EXPECT_TRUE(start(std::move(open)).client.allocated());
}

TEST_F(TurnClient, RequestsTheFamiliesOfTheRelay) {
  turn::Config ipv6 = config();
  ipv6.families = turn::Families::ipv6;
  ClientEnd& one = start(std::move(ipv6));
  EXPECT_EQ(one.allocated.at(0).ipv6, server.relay(true));
  EXPECT_FALSE(one.allocated.at(0).ipv4);

  server.restart(now);
  turn::Config both = config();
  both.families = turn::Families::both;
  ClientEnd& two = start(std::move(both));
  EXPECT_EQ(two.allocated.at(0).ipv4, server.relay(false));
  EXPECT_EQ(two.allocated.at(0).ipv6, server.relay(true));
}

TEST_F(TurnClient, OfBothFamiliesIpv4AloneIsEnough) {
  server.options.ipv6 = false;
  turn::Config both = config();
  both.families = turn::Families::both;
  ClientEnd& end = start(std::move(both));
  EXPECT_TRUE(end.client.allocated());
  EXPECT_EQ(end.client.permit(now, kPeer6).error(), turn::errc::turn_peer_family);
}

TEST_F(TurnClient, NamesServerStepCodeAndReasonOfAFailure) {
  server.refusals[Method::allocate] = {486, "Quota\nreached"};
  ClientEnd& end = start();
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->server_code, 486);
  EXPECT_EQ(end.failed->step, Step::allocate);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_full);
  EXPECT_EQ(end.failed->text(),
            "turn.example.org (192.0.2.1:3478, udp), allocate: the TURN server has no capacity left, or no quota for "
            "this user (486 Quota\\x0areached)");
}

TEST_F(TurnClient, EachErrorOfAllocateHasItsReason) {
  namespace errc = turn::errc;
  for (const auto& [code, reason] : {std::pair{400, errc::turn_refused},
                                     {403, errc::turn_forbidden},
                                     {420, errc::turn_refused},
                                     {440, errc::turn_unsupported},
                                     {442, errc::turn_unsupported},
                                     {486, errc::turn_full},
                                     {487, errc::turn_refused},
                                     {500, errc::turn_refused},
                                     {508, errc::turn_full}}) {
    server.restart(now);
    server.refusals[Method::allocate] = {static_cast<std::uint16_t>(code), "no"};
    ClientEnd& end = start();
    ASSERT_TRUE(end.failed) << code;
    EXPECT_EQ(end.failed->reason, reason) << code;
  }
}

TEST_F(TurnClient, WrongCredentialsEndWithoutALoop) {
  turn::Config wrong = config();
  wrong.credentials = credentials("user", "wrong");
  ClientEnd& end = start(std::move(wrong));
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_credentials);
  EXPECT_EQ(end.failed->server_code, 401);
  EXPECT_EQ(count(Method::allocate), 2);
}

TEST_F(TurnClient, AServerThatFindsEachNonceStaleIsNotFollowed) {
  server.refusals[Method::allocate] = {438, "stale"};
  ClientEnd& end = start();
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_stale_nonce);
  EXPECT_EQ(count(Method::allocate), 3);
}

TEST_F(TurnClient, ADowngradedChallengeFails) {
  server.options.nonce_prefix = "obMatJos2AAAB";
  server.restart(now);
  ClientEnd& end = start();
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_downgraded);
  EXPECT_EQ(count(Method::allocate), 1);
}

TEST_F(TurnClient, AnAnswerWithoutProofIsIgnoredOverUdp) {
  int spoilt = 0;
  server.spoil = [&](Datagram& answer) {
    const bool signed_success = answer[0] == 1 && answer[1] == 3;
    if (signed_success && ++spoilt == 1) answer[30] ^= 1U;
  };
  server.refusals.clear();
  ClientEnd& end = start();
  EXPECT_FALSE(end.client.allocated());  // FINGERPRINT detects it
  EXPECT_EQ(drops(Drop::malformed), 1U);
  server.restart(now);  // the lost answer made an allocation
  run(10s);
  EXPECT_TRUE(end.client.allocated());
}

TEST_F(TurnClient, AForgedRefusalIsIgnoredOverUdp) {
  ClientEnd& end = make(config());
  end.client.start(now);
  server.refusals[Method::allocate] = {437, "forged", false};
  // The first request is refused without a challenge, which counts; so begin after the challenge.
  server.refusals.clear();
  end.lose = [&](Bytes bytes) {
    const auto message = stun::Message::parse(bytes);
    if (!message->has_integrity() || end.sent.size() > 2) return false;
    Datagram forged(200);
    stun::MessageBuilder builder(forged, stun::Class::error, message->transaction, message->method);
    builder.error_code(486, "forged");
    forged.resize(builder.finish().size());
    end.receive(now, forged);
    return true;
  };
  run(2s);
  EXPECT_TRUE(end.client.allocated());
  EXPECT_FALSE(end.failed);
  EXPECT_EQ(drops(Drop::unproven), 1U);
}

TEST_F(TurnClient, AnAnswerWithoutProofEndsTheRequestOverAStream) {
  turn::Config tcp = config(turn::Transport::tcp);
  server.refusals[Method::create_permission] = {441, "wrong user", false};
  ClientEnd& end = start(std::move(tcp));
  ASSERT_TRUE(end.client.allocated());
  ASSERT_TRUE(end.client.permit(now, kPeer));
  run({});
  ASSERT_EQ(end.denied.size(), 1U);
  EXPECT_EQ(end.denied[0].failure.reason, turn::errc::turn_credentials);
  EXPECT_EQ(end.denied[0].failure.server_code, 441);
  EXPECT_FALSE(end.denied[0].failure.proven);
}

TEST_F(TurnClient, ARefusalWithoutProofCountsAfterThirtySecondsOverUdp) {
  ClientEnd& end = start();
  server.refusals[Method::refresh] = {437, "Invalid allocation", false};
  run(329s);
  EXPECT_FALSE(end.failed);
  EXPECT_GT(count(Method::refresh), 10);
  EXPECT_LT(count(Method::refresh), 40);
  run(2s);
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_allocation_lost);
  EXPECT_FALSE(end.failed->proven);
  EXPECT_NE(end.failed->text().find("(437 Invalid allocation, unproven)"), std::string::npos);
}

TEST_F(TurnClient, AGenuineAnswerAfterForgedRefusalsCounts) {
  ClientEnd& end = start();
  server.refusals[Method::refresh] = {437, "forged", false};
  run(315s);
  server.refusals.clear();
  run(10min);
  EXPECT_FALSE(end.failed);
}

TEST_F(TurnClient, AForged401DoesNotEndWhatTheServerHasAccepted) {
  ClientEnd& end = start();
  int forgeries = 0;
  end.lose = [&](Bytes bytes) {
    const auto message = stun::Message::parse(bytes, turn::kUnderstood);
    if (message->message_class != stun::Class::request || ++forgeries > 3) return false;
    Datagram forged(200);
    stun::MessageBuilder builder(forged, stun::Class::error, message->transaction, message->method);
    builder.error_code(401, "forged");
    builder.attribute(stun::AttributeType::realm, as_bytes(server.options.realm));
    builder.attribute(stun::AttributeType::nonce, as_bytes("x"));
    forged.resize(builder.finish().size());
    end.receive(now, forged);
    return true;
  };
  run(20min);
  EXPECT_GE(forgeries, 3);
  EXPECT_FALSE(end.failed);
  EXPECT_TRUE(end.renewals.empty());
  EXPECT_TRUE(end.client.allocated());
}

TEST_F(TurnClient, OnlyDatagramsOfTheServerAreRead) {
  ClientEnd& end = permitted();
  const Datagram data = server.data_indication(kPeer, "hello");
  end.client.handle_input(now, {kClient, kSecondServer}, data);
  end.client.handle_input(now, {kPeer, kServer}, data);
  run({});
  EXPECT_TRUE(end.received.empty());
  EXPECT_EQ(drops(Drop::other_path), 2U);
  end.client.handle_input(now, {kClient, kServer}, data);
  run({});
  EXPECT_EQ(end.received.size(), 1U);
}

TEST_F(TurnClient, AnUnknownRequiredAttributeFailsTheRequest) {
  server.spoil = [&](Datagram& answer) {
    if (answer[0] != 1 || answer[1] != 3) return;
    // LIFETIME becomes an unknown attribute. The signature is made again.
    const auto message = stun::Message::parse(answer, turn::kUnderstood);
    std::array<std::uint8_t, 500> buffer{};
    stun::MessageBuilder builder(buffer, stun::Class::success, message->transaction, message->method);
    builder.xor_address(turn::attribute::xor_relayed_address, server.relay(false));
    builder.integer32(turn::attribute::lifetime, 600);
    builder.integer32(static_cast<stun::AttributeType>(0x7001), 600);
    const auto key = provider.md5_for_stun_credentials(as_bytes("user:example.org:secret"));
    const Bytes built = builder.finish(*provider.hmac(HashAlgorithm::sha1, key->expose()));
    answer.assign(built.begin(), built.end());
  };
  ClientEnd& end = start();
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_bad_response);
}

TEST_F(TurnClient, RetriesWithoutDontFragmentIfTheServerDoesNotKnowIt) {
  server.refusals[Method::allocate] = {.code = 420, .reason = "unknown", .unknown = {0x001A}};
  turn::Config wanted = config();
  wanted.dont_fragment = true;
  server.spoil = [&](Datagram&) {
    if (server.requests[Method::allocate] == 2) server.refusals.clear();
  };
  ClientEnd& end = start(std::move(wanted));
  EXPECT_TRUE(end.client.allocated());
  const auto last = stun::Message::parse(server.seen.back());
  EXPECT_FALSE(last->find(turn::attribute::dont_fragment));
}

TEST_F(TurnClient, ASilentServerTimesOut) {
  server.silent = true;
  ClientEnd& end = start();
  run(39s);
  EXPECT_FALSE(end.failed);
  EXPECT_EQ(end.sent.size(), 7U);
  run(1s);
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_timeout);
}

// Refresh.

TEST_F(TurnClient, RefreshesAtHalfOfTheLifetime) {
  ClientEnd& end = start();
  run(299s);
  EXPECT_EQ(count(Method::refresh), 0);
  run(2s);
  EXPECT_EQ(count(Method::refresh), 1);
  run(10h);
  EXPECT_TRUE(end.client.allocated());
  EXPECT_EQ(server.allocations.size(), 1U);
}

TEST_F(TurnClient, ALostAllocationFails) {
  ClientEnd& end = start();
  server.restart(now);
  run(541s);
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->step, Step::refresh);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_allocation_lost);
  EXPECT_EQ(end.failed->server_code, 437);
  EXPECT_EQ(count(Method::refresh), 2);  // the old nonce, then the new one
  run(1h);
  EXPECT_EQ(count(Method::refresh), 2);
  EXPECT_EQ(count(Method::allocate), 2);
}

TEST_F(TurnClient, AServerThatFallsSilentFailsAfterTwoTimeouts) {
  ClientEnd& end = start();
  server.silent = true;
  run(378s);
  EXPECT_FALSE(end.failed);
  run(2s);
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_timeout);
  EXPECT_EQ(end.failed->step, Step::refresh);
}

TEST_F(TurnClient, ASilenceOfOneTransactionIsSurvived) {
  ClientEnd& end = start();
  server.silent = true;
  run(340s);
  server.silent = false;
  run(10min);
  EXPECT_FALSE(end.failed);
}

TEST_F(TurnClient, AStaleNonceIsReplacedDuringTheSession) {
  server.options.nonce_lifetime = 60s;
  ClientEnd& end = permitted();
  run(2h);
  EXPECT_FALSE(end.failed);
  EXPECT_TRUE(end.client.allocated());
  EXPECT_TRUE(end.client.permitted(now, kPeer));
}

TEST_F(TurnClient, AZeroLifetimeIsNoAllocation) {
  server.options.max_lifetime = 0s;
  ClientEnd& end = start();
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_bad_response);
}

TEST_F(TurnClient, SomethingIsSentOverUdpEvery15Seconds) {
  ClientEnd& end = start();
  run(5min);
  for (std::size_t i = 1; i < end.sent.size(); ++i) EXPECT_LE(end.sent[i].first - end.sent[i - 1].first, 15s);
  EXPECT_GE(end.sent.back().first, now - 15s);
  const std::size_t before = end.sent.size();
  turn::Config tcp = config(turn::Transport::tcp);
  server.restart(now);
  ClientEnd& stream = start(std::move(tcp));
  run(5min);
  EXPECT_LT(stream.sent.size(), before);
}

// Close.

TEST_F(TurnClient, CloseReleasesTheAllocation) {
  ClientEnd& end = permitted();
  end.client.close(now);
  run({});
  EXPECT_EQ(end.closed, 1);
  EXPECT_TRUE(server.allocations.empty());
  EXPECT_FALSE(end.client.permit(now, kPeer));
  EXPECT_FALSE(end.send(now, kPeer, "late"));
  run(1h);
  EXPECT_FALSE(end.failed);
}

TEST_F(TurnClient, CloseDoesNotWaitLongForASilentServer) {
  ClientEnd& end = start();
  server.silent = true;
  end.client.close(now);
  run(5s);
  EXPECT_EQ(end.closed, 1);
}

TEST_F(TurnClient, CloseBeforeAnAllocationIsImmediate) {
  server.silent = true;
  ClientEnd& end = start();
  end.client.close(now);
  run({});
  EXPECT_EQ(end.closed, 1);
  run(1min);
  EXPECT_FALSE(end.failed);
}

// Other servers.

TEST_F(TurnClient, TriesTheNextServerAfterEachKindOfFailure) {
  for (const std::uint16_t code : std::array<std::uint16_t, 5>{403, 486, 508, 440, 500}) {
    server.restart(now);
    second.restart(now);
    server.refusals[Method::allocate] = {code, "no"};
    turn::Config two = config();
    two.servers.push_back({kSecondServer, turn::Transport::udp, "second"});
    ClientEnd& end = start(std::move(two));
    ASSERT_EQ(end.server_failures.size(), 1U);
    EXPECT_EQ(end.server_failures[0].server_code, code);
    EXPECT_TRUE(end.client.allocated());
    EXPECT_EQ(end.client.path().remote, kSecondServer);
  }
}

TEST_F(TurnClient, TriesEachServerOnceAndFailsWithTheLast) {
  server.silent = true;
  second.refusals[Method::allocate] = {508, "full"};
  turn::Config two = config();
  two.servers.push_back({kSecondServer, turn::Transport::udp, "second"});
  ClientEnd& end = start(std::move(two));
  run(10min);
  ASSERT_EQ(end.server_failures.size(), 1U);
  EXPECT_EQ(end.server_failures[0].reason, turn::errc::turn_timeout);
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->server_code, 508);
  EXPECT_EQ(end.connects.size(), 2U);
}

TEST_F(TurnClient, AConnectionThatFailsLeadsToTheNextServer) {
  turn::Config two = config(turn::Transport::tls);
  two.servers.push_back({kSecondServer, turn::Transport::tcp, "second"});
  ClientEnd& end = make(std::move(two));
  end.refuse_connections = true;
  end.client.start(now);
  run({});
  EXPECT_EQ(end.connects.size(), 2U);
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_connect);
  EXPECT_EQ(end.failed->server, "second (192.0.2.2:3478, tcp)");
}

TEST_F(TurnClient, FollowsAnAlternateServer) {
  server.refusals[Method::allocate] = {
      .code = 300, .reason = "over there", .is_signed = false, .alternate = kSecondServer};
  ClientEnd& end = start();
  EXPECT_TRUE(end.client.allocated());
  EXPECT_EQ(end.client.path().remote, kSecondServer);
  ASSERT_EQ(end.connects.size(), 2U);
  EXPECT_EQ(end.connects[1].server.address, kSecondServer);
  EXPECT_EQ(end.connects[1].server.name, "turn.example.org");
}

TEST_F(TurnClient, AnAlternateDomainCountsOverTlsOnly) {
  const turn::Transport transports[] = {turn::Transport::tls, turn::Transport::tcp, turn::Transport::udp};
  for (const turn::Transport transport : transports) {
    server.restart(now);
    second.restart(now);
    server.refusals[Method::allocate] = {
        .code = 300, .is_signed = false, .alternate = kSecondServer, .domain = "b.example"};
    ClientEnd& end = start(config(transport));
    ASSERT_EQ(end.connects.size(), 2U);
    EXPECT_EQ(end.connects[1].server.name, transport == turn::Transport::tls ? "b.example" : "turn.example.org");
    EXPECT_EQ(end.connects[1].server.transport, transport);
  }
}

TEST_F(TurnClient, ARedirectionLoopFails) {
  server.refusals[Method::allocate] = {.code = 300, .is_signed = false, .alternate = kSecondServer};
  second.refusals[Method::allocate] = {.code = 300, .is_signed = false, .alternate = kServer};
  ClientEnd& end = start();
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_redirected);
  EXPECT_EQ(end.connects.size(), 2U);
}

TEST_F(TurnClient, RedirectionsAreBounded) {
  std::uint8_t host = 10;
  server.refusals[Method::allocate] = {.code = 300, .is_signed = false, .alternate = Address::v4({192, 0, 2, host}, 1)};
  ClientEnd& end = make(config());
  for (; host < 30; ++host) end.servers[Address::v4({192, 0, 2, host}, 1)] = &server;
  host = 10;
  server.spoil = [&](Datagram&) { server.refusals[Method::allocate].alternate = Address::v4({192, 0, 2, ++host}, 1); };
  end.client.start(now);
  run({});
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.connects.size(), 1 + turn::ServerList::kMaxRedirects);
}

TEST_F(TurnClient, ARedirectionToAnotherFamilyOrANonsenseNameIsNotFollowed) {
  server.refusals[Method::allocate] = {
      .code = 300, .is_signed = false, .alternate = Address::parse("2001:db8::1", 3478)};
  EXPECT_EQ(start().connects.size(), 1U);
  server.refusals[Method::allocate] = {.code = 300, .is_signed = false, .alternate = kSecondServer, .domain = "a b/c"};
  EXPECT_EQ(start(config(turn::Transport::tls)).connects.size(), 1U);
}

TEST_F(TurnClient, AsksForAnotherPortWhenTheServerKnowsThisOne) {
  server.allocations[kClient] = {"other", now + 1h, {}, {}, {}, {}};
  ClientEnd& end = start();
  ASSERT_EQ(end.connects.size(), 2U);
  EXPECT_FALSE(end.connects[0].new_port);
  EXPECT_TRUE(end.connects[1].new_port);
  EXPECT_TRUE(end.client.allocated());
  EXPECT_NE(end.client.path().local, kClient);
}

TEST_F(TurnClient, DoesNotAskForPortsForever) {
  server.refusals[Method::allocate] = {437, "mismatch"};
  ClientEnd& end = start();
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.connects.size(), 3U);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_allocation_lost);
}

// Credentials that end.

TEST_F(TurnClient, AsksForCredentialsAMinuteAhead) {
  turn::Config ending = config();
  ending.credentials_end = now + 300s;
  ClientEnd& end = start(std::move(ending));
  run(239s);
  EXPECT_TRUE(end.renewals.empty());
  run(2s);
  ASSERT_EQ(end.renewals.size(), 1U);
  EXPECT_EQ(end.renewals[0], TimePoint{} + 300s);
  run(10min);
  EXPECT_EQ(end.renewals.size(), 1U);
}

TEST_F(TurnClient, AsksForCredentialsOnce) {
  turn::Config ending = config();
  ending.credentials_end = now + 200s;
  ClientEnd& end = start(std::move(ending));
  server.refusals[Method::refresh] = {441, "expired"};
  run(310s);
  EXPECT_EQ(count(Method::refresh), 1);
  EXPECT_EQ(end.renewals.size(), 1U);
}

TEST_F(TurnClient, ARefusedRefreshAsksForCredentialsAndLivesUntilTheAllocationExpires) {
  for (const std::uint16_t code : std::array<std::uint16_t, 2>{401, 441}) {
    server.restart(now);
    server.refusals.clear();
    const TimePoint begin = now;
    ClientEnd& end = permitted();
    server.refusals[Method::refresh] = {code, "expired"};
    run(335s);
    ASSERT_EQ(end.renewals.size(), 1U);
    EXPECT_EQ(end.renewals[0], begin + 600s);
    EXPECT_TRUE(end.send(now, kPeer, "still works"));
    EXPECT_FALSE(end.failed);
    run(266s);
    ASSERT_TRUE(end.failed);
    EXPECT_EQ(end.failed->reason, turn::errc::turn_credentials);
    EXPECT_EQ(end.failed->server_code, code);
  }
}

TEST_F(TurnClient, ASecondClientTakesOverFromOneWhoseCredentialsEnd) {
  ClientEnd& old = permitted();
  server.options.username = "later";
  turn::Config renewed = config();
  renewed.credentials = credentials("later");
  ClientEnd next(std::move(renewed), provider, Address::v4({10, 0, 0, 1}, 50'000));
  next.servers = old.servers;
  next.client.start(now);
  next.drain(now);
  ASSERT_TRUE(next.client.allocated());
  ASSERT_TRUE(next.client.permit(now, kPeer));
  next.drain(now);
  EXPECT_TRUE(next.send(now, kPeer, "new"));
  EXPECT_TRUE(old.send(now, kPeer, "old"));
  EXPECT_EQ(server.relayed.size(), 2U);
}

// Streams.

TEST_F(TurnClient, ReadsAStreamInAnyPieces) {
  for (const std::size_t piece : {1U, 3U, 7U, 1000U}) {
    server.restart(now);
    ClientEnd& end = permitted(config(turn::Transport::tcp));
    ASSERT_TRUE(end.client.bind(now, kPeer));
    run({});
    Datagram stream;
    for (const std::string text : {"a", "bc", "def", "ghij", ""}) {
      Datagram data = ModelServer::channel_data(0x4000, text);
      data.resize((data.size() + 3) / 4 * 4);
      stream.insert(stream.end(), data.begin(), data.end());
    }
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      end.receive(now, Bytes(stream).subspan(at, std::min(piece, stream.size() - at)));
      run({});
    }
    ASSERT_EQ(end.received.size(), 5U);
    EXPECT_EQ(end.received[3].second, "ghij");
    EXPECT_EQ(end.received[4].second, "");
  }
}

TEST_F(TurnClient, AStreamOfSomethingElseFails) {
  ClientEnd& end = start(config(turn::Transport::tcp));
  end.receive(now, as_bytes("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_FALSE(end.failed);
  run({});
  // "HTTP" starts with 01, as ChannelData does: its length is what it waits for.
  const std::vector<std::uint8_t> garbage(70'000, 0xFF);
  end.receive(now, garbage);
  run({});
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_bad_stream);
}

TEST_F(TurnClient, AStreamOfSomethingElseBeforeAnAllocationLeadsToTheNextServer) {
  server.silent = true;
  turn::Config two = config(turn::Transport::tcp);
  two.servers.push_back({kSecondServer, turn::Transport::tcp, "second"});
  ClientEnd& end = start(std::move(two));
  end.receive(now, as_bytes("\xff\xff\xff\xff"));
  run({});
  ASSERT_EQ(end.server_failures.size(), 1U);
  EXPECT_EQ(end.server_failures[0].reason, turn::errc::turn_bad_stream);
  EXPECT_TRUE(end.client.allocated());
}

TEST_F(TurnClient, ARequestOverAStreamIsSentOnce) {
  ClientEnd& end = make(config(turn::Transport::tcp));
  server.silent = true;
  end.client.start(now);
  run(39s);
  EXPECT_EQ(end.sent.size(), 1U);
  run(1s);
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_timeout);
}

TEST_F(TurnClient, ALostConnectionFails) {
  ClientEnd& end = start(config(turn::Transport::tls));
  end.client.disconnected(now);
  run({});
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_connection_lost);
}

// Mobility.

TEST_F(TurnClient, MovesWithATicket) {
  turn::Config mobile = config();
  mobile.mobility = true;
  ClientEnd& end = permitted(std::move(mobile));
  const Address moved = Address::v4({10, 9, 9, 9}, 5000);
  end.client.move(now, moved);
  EXPECT_FALSE(end.send(now, kPeer, "not yet"));
  run({});
  ASSERT_EQ(end.moved.size(), 1U);
  EXPECT_EQ(end.moved[0], (Path{moved, kServer}));
  EXPECT_TRUE(end.send(now, kPeer, "here"));
  EXPECT_EQ(server.relayed.size(), 1U);
  end.peer_sends(now, kPeer, "there");
  run({});
  EXPECT_EQ(end.received.size(), 1U);
  // The ticket that the move brought serves for the next one.
  end.client.move(now, Address::v4({10, 9, 9, 10}, 5000));
  run({});
  EXPECT_EQ(end.moved.size(), 2U);
  EXPECT_EQ(server.allocations.size(), 1U);
}

TEST_F(TurnClient, CannotMoveWithoutATicket) {
  ClientEnd& end = permitted();
  end.client.move(now, Address::v4({10, 9, 9, 9}, 5000));
  run({});
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->step, Step::move);
}

TEST_F(TurnClient, ARefusedMoveFails) {
  turn::Config mobile = config();
  mobile.mobility = true;
  ClientEnd& end = permitted(std::move(mobile));
  server.refusals[Method::refresh] = {405, "Mobility Forbidden"};
  end.client.move(now, Address::v4({10, 9, 9, 9}, 5000));
  run({});
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_forbidden);
}

TEST_F(TurnClient, NoSecretIsInAFailure) {
  turn::Config wrong = config();
  wrong.credentials = credentials("user", "wrong-secret");
  ClientEnd& end = start(std::move(wrong));
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->text().find("wrong-secret"), std::string::npos);
}

}  // namespace
}  // namespace redan::test
