// Which peer may use which path, and where a peer is answered: copies of checks, peers that move, two peers between the
// same addresses, and early datagrams.
#include <gtest/gtest.h>

#include "tests/rtc/ice/agents.hpp"
#include "tests/support/endpoint_pair.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using test::EndpointPair;
using test::EndpointPairOptions;

const Address kElsewhere = Address::v4({203, 0, 113, 66}, 6);

class PathTest : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();

  static EndpointPairOptions full_answerer() {
    EndpointPairOptions options;
    options.answerer.announce_lite = false;
    return options;
  }
  void open_chat(EndpointPair& pair) {
    pair.offerer.keep_sent = pair.answerer.keep_sent = true;
    pair.signal();
    ASSERT_TRUE(pair.offerer.endpoint.open_channel(pair.offerer_peer, "chat"));
    ASSERT_TRUE(pair.run(30s, [&] { return pair.offerer.channel("chat") && pair.answerer.channel("chat"); }));
  }
  // Whether a message from each side arrives at the other.
  static bool talks(EndpointPair& pair, Duration time) {
    const std::size_t before = pair.offerer.messages.size();
    pair.answerer.echo = true;
    const auto chat = pair.offerer.channel("chat");
    return chat && pair.offerer.endpoint.send(pair.offerer_peer, *chat, MessageKind::text, as_bytes("still there?")) &&
           pair.run(time, [&] { return pair.offerer.messages.size() > before; });
  }
  static bool is_check(Bytes datagram) { return datagram.size() > 20 && datagram[0] == 0 && datagram[1] == 1; }
};

TEST_F(PathTest, ACopiedCheckFromElsewhereDivertsNoTraffic) {
  for (const bool lite : {true, false}) {
    EndpointPair pair(*provider, lite ? EndpointPairOptions{} : full_answerer());
    open_chat(pair);
    for (const auto& datagram : pair.offerer.sent) {
      if (!is_check(datagram)) continue;
      auto copy = datagram;
      pair.answerer.endpoint.handle_input(pair.now, {{pair.answerer.address, kElsewhere}, copy});
    }
    EXPECT_TRUE(talks(pair, 5s)) << lite;
    EXPECT_FALSE(pair.run(3min, [&] { return pair.offerer.closed || pair.answerer.closed; })) << lite;
    EXPECT_EQ(pair.answerer.path, (Path{pair.answerer.address, pair.offerer.address})) << lite;
  }
}

TEST_F(PathTest, CopiesOfACheckFromManyAddressesCreateNoState) {
  EndpointPair pair(*provider);
  open_chat(pair);
  std::vector<std::uint8_t> check;
  for (const auto& datagram : pair.offerer.sent) {
    if (is_check(datagram)) check = datagram;
  }
  ASSERT_FALSE(check.empty());
  const Address stranger = Address::v4({203, 0, 113, 66}, 6);
  for (std::uint16_t port = 1; port <= 5'000; ++port) {
    auto copy = check;
    const Address from = Address::v4({203, 0, 113, 66}, port);
    pair.answerer.endpoint.handle_input(pair.now, {{pair.answerer.address, from}, copy});
    pair.answerer.drain(pair.now, nullptr);
  }
  // Datagrams from an address that is not a path are not accepted.
  const std::uint64_t before = pair.answerer.endpoint.statistics().dropped.unknown_source;
  std::array<std::uint8_t, 50> dtls{22, 0xFE, 0xFD};
  pair.answerer.endpoint.handle_input(pair.now, {{pair.answerer.address, stranger}, dtls});
  EXPECT_EQ(pair.answerer.endpoint.statistics().dropped.unknown_source, before + 1);
}

TEST_F(PathTest, CandidatesOfAnotherPeersDescriptionDivertNoTraffic) {
  EndpointPair pair(*provider, full_answerer());
  open_chat(pair);
  // Another lite peer offers the address of the connected peer.
  test::EndpointEnd stranger(pair.offerer.address, {}, test::test_identity(*provider), *provider);
  const auto offered = stranger.endpoint.offer({});
  ASSERT_TRUE(offered);
  ASSERT_TRUE(pair.answerer.endpoint.accept(offered->offer));
  EXPECT_TRUE(talks(pair, 1s));
}

TEST_F(PathTest, AnUnknownSourceIsIgnoredEvenIfItsDatagramParses) {
  EndpointPair pair(*provider);
  open_chat(pair);
  const std::uint64_t before = pair.answerer.endpoint.statistics().dropped.unknown_source;
  std::uint64_t sent = 0;
  for (const auto& datagram : pair.offerer.sent) {
    if (is_check(datagram)) continue;
    auto copy = datagram;
    pair.answerer.endpoint.handle_input(pair.now, {{pair.answerer.address, kElsewhere}, copy});
    ++sent;
  }
  ASSERT_GT(sent, 0U);
  EXPECT_EQ(pair.answerer.endpoint.statistics().dropped.unknown_source, before + sent);
}

TEST_F(PathTest, ACheckWithAnotherPasswordAddsNothingToTheRouter) {
  EndpointPair pair(*provider);
  open_chat(pair);
  auto check = test::check(*provider, {.username = test::sdp_value(pair.answer, "ice-ufrag") + ":" +
                                                   test::sdp_value(pair.offer, "ice-ufrag"),
                                       .password = "somebody else's password"});
  pair.answerer.endpoint.handle_input(pair.now, {{pair.answerer.address, kElsewhere}, check});
  const std::uint64_t before = pair.answerer.endpoint.statistics().dropped.unknown_source;
  std::array<std::uint8_t, 50> dtls{22, 0xFE, 0xFD};
  pair.answerer.endpoint.handle_input(pair.now, {{pair.answerer.address, kElsewhere}, dtls});
  EXPECT_EQ(pair.answerer.endpoint.statistics().dropped.unknown_source, before + 1);
}

// A peer that moves.

TEST_F(PathTest, APeerIsFollowedWhenItsNatMappingChanges) {
  for (const bool lite : {true, false}) {
    EndpointPair pair(*provider, lite ? EndpointPairOptions{} : full_answerer());
    open_chat(pair);
    pair.run(10s);
    pair.offerer_seen_at = kElsewhere;  // and what is sent to its old address is lost
    EXPECT_TRUE(talks(pair, 20s)) << lite;
    EXPECT_EQ(pair.answerer.path, (Path{pair.answerer.address, kElsewhere})) << lite;
    EXPECT_FALSE(pair.run(3min, [&] { return pair.offerer.closed || pair.answerer.closed; })) << lite;
  }
}

TEST_F(PathTest, AnOfferMayBeAnsweredAfterAMinute) {
  for (const bool lite : {true, false}) {
    EndpointPairOptions options;
    options.offerer.announce_lite = lite;
    options.answerer.announce_lite = !lite;
    EndpointPair pair(*provider, options);
    const auto offered = pair.offerer.endpoint.offer({});
    ASSERT_TRUE(offered);
    pair.run(60s);
    ASSERT_FALSE(pair.offerer.closed) << lite;
    const auto accepted = pair.answerer.endpoint.accept(offered->offer);
    ASSERT_TRUE(accepted);
    ASSERT_TRUE(pair.offerer.endpoint.complete(offered->peer, accepted->answer));
    EXPECT_TRUE(pair.run(5s, [&] { return pair.both_connected(); })) << lite;
  }
}

// Trickled candidates that never arrive, or mDNS names that do not resolve: the checks reveal the address.
TEST_F(PathTest, AnAnswerWithoutCandidatesConnectsThroughItsChecks) {
  EndpointPair pair(*provider, full_answerer());
  pair.signal([](std::string& answer) {
    for (std::size_t at; (at = answer.find("a=candidate:")) != std::string::npos;)
      answer.erase(at, answer.find("\r\n", at) + 2 - at);
  });
  EXPECT_TRUE(pair.run(5s, [&] { return pair.both_connected() && pair.offerer.path; }));
  EXPECT_EQ(pair.offerer.path, (Path{pair.offerer.address, pair.answerer.address}));
}

// Two peers between the same addresses.

TEST_F(PathTest, ASecondPeerBetweenTheSameAddressesFailsWithAReason) {
  for (const bool lite : {true, false}) {
    EndpointPair pair(*provider, lite ? EndpointPairOptions{} : full_answerer());
    open_chat(pair);
    const PeerId first = pair.answerer_peer;
    pair.signal();
    ASSERT_NE(first, pair.answerer_peer);
    pair.run(40s, [&] { return pair.offerer.closed && pair.answerer.closed; });
    ASSERT_TRUE(pair.offerer.closed && pair.answerer.closed) << lite;
    EXPECT_EQ(pair.answerer.closed->peer, pair.answerer_peer);
    EXPECT_EQ(pair.answerer.closed->reason, Errc::ice_path_in_use) << lite;
    EXPECT_EQ(pair.offerer.closed->reason, Errc::ice_path_in_use) << lite;
    EXPECT_GT(pair.answerer.endpoint.statistics().dropped.path_in_use, 0U);
    EXPECT_EQ(pair.answerer.endpoint.peer_count(), 1U);
  }
}

// A client on a fixed port that crashed and returned: its old peer is silent.
TEST_F(PathTest, ANewPeerTakesThePathOfASilentPeer) {
  EndpointPair pair(*provider);
  open_chat(pair);
  pair.offerer.restart({.local_addresses = {}, .announce_lite = false}, test::test_identity(*provider), *provider);
  pair.offerer.connected = 0;
  pair.answerer.connected = 0;
  pair.run(10s);
  pair.signal();
  EXPECT_TRUE(pair.run(10s, [&] { return pair.both_connected(); }));
}

// An authenticated client forges checks from the address of a quiet peer, and takes its path for a moment.
TEST_F(PathTest, APeerWhosePathWasTakenGetsItBackWithItsNextCheck) {
  EndpointPair pair(*provider);
  open_chat(pair);
  test::EndpointEnd insider(kElsewhere, {.local_addresses = {}, .announce_lite = false}, test::test_identity(*provider),
                            *provider);
  const auto offered = insider.endpoint.offer({});
  const auto accepted = pair.answerer.endpoint.accept(offered->offer);
  ASSERT_TRUE(offered && accepted);
  // The peer is silent for 16 s: what it sends is lost.
  pair.to_answerer = test::Link(1, {.loss = 1});
  pair.run(16s);
  for (int i = 0; i < 20; ++i) {
    auto forged = test::check(*provider, {.username = test::sdp_value(accepted->answer, "ice-ufrag") + ":" +
                                                      test::sdp_value(offered->offer, "ice-ufrag"),
                                          .password = test::sdp_value(accepted->answer, "ice-pwd"),
                                          .use_candidate = true});
    pair.answerer.endpoint.handle_input(pair.now, {{pair.answerer.address, pair.offerer.address}, forged});
    pair.run(100ms);
  }
  pair.to_answerer = test::Link(2, {});
  EXPECT_TRUE(talks(pair, 8s)) << "one check of the peer, at most 6 s later";
  EXPECT_FALSE(pair.run(40s, [&] { return pair.offerer.closed.has_value(); }));
}

// Early datagrams.

TEST_F(PathTest, AClientHelloBeforeTheAnswerIsNotLost) {
  EndpointPairOptions options;
  options.offerer.announce_lite = true;  // the answerer checks, and is DTLS client: its hello may overtake the answer
  options.answerer.announce_lite = false;
  options.accept.dtls_role = DtlsRole::client;
  for (const auto late : {100ms, 900ms, 3500ms}) {
    EndpointPair pair(*provider, options);
    const auto offered = pair.offerer.endpoint.offer({});
    ASSERT_TRUE(offered);
    const auto accepted = pair.answerer.endpoint.accept(offered->offer, options.accept);
    ASSERT_TRUE(accepted);
    pair.run(late);
    ASSERT_TRUE(pair.offerer.endpoint.complete(offered->peer, accepted->answer));
    const TimePoint answered = pair.now;
    EXPECT_TRUE(pair.run(10s, [&] { return pair.both_connected(); }));
    EXPECT_LE(pair.now - answered, 100ms) << late.count() << " ms late: two round trips of 20 ms";
  }
}

/// The datagrams of a ClientHello: all plaintext records of a client of DTLS 1.3.
std::vector<std::vector<std::uint8_t>> hello_of(std::vector<std::vector<std::uint8_t>> sent) {
  std::erase_if(sent, [](const auto& datagram) { return datagram[0] != 22; });
  return sent;
}

TEST_F(PathTest, AClientHelloInTheSameBatchAsItsCheckIsNotLost) {
  EndpointPairOptions options;
  options.accept.dtls_role = DtlsRole::server;
  EndpointPair pair(*provider, options);
  pair.offerer.keep_sent = true;
  pair.signal();
  ASSERT_TRUE(pair.run(5s, [&] { return pair.both_connected(); }));
  auto hello = hello_of(pair.offerer.sent);
  // A check and a hello arrive before anything is polled.
  EndpointPair fresh(*provider, options);
  fresh.offerer.keep_sent = true;
  fresh.signal();
  fresh.offerer.drain(fresh.now, nullptr);
  ASSERT_FALSE(fresh.offerer.sent.empty());
  auto check = fresh.offerer.sent.front();
  const Path path{fresh.answerer.address, fresh.offerer.address};
  fresh.answerer.endpoint.handle_input(fresh.now, {path, check});
  for (auto& datagram : hello) fresh.answerer.endpoint.handle_input(fresh.now, {path, datagram});
  fresh.answerer.keep_sent = true;
  fresh.answerer.drain(fresh.now, nullptr);
  const bool answered = std::any_of(fresh.answerer.sent.begin(), fresh.answerer.sent.end(),
                                    [](const auto& datagram) { return datagram[0] == 22; });
  EXPECT_TRUE(answered) << "the server's flight follows at once";
}

TEST_F(PathTest, TheHelloIsAnsweredOnItsPath) {
  EndpointPair other(*provider);
  other.offerer.keep_sent = true;
  ASSERT_TRUE(other.connect());
  auto hello = hello_of(other.offerer.sent);

  EndpointPair pair(*provider);
  pair.signal();
  const Path first{pair.answerer.address, pair.offerer.address}, second{pair.answerer.address, kElsewhere};
  for (const Path& path : {first, second}) {
    auto check = test::check(*provider, {.username = test::sdp_value(pair.answer, "ice-ufrag") + ":" +
                                                     test::sdp_value(pair.offer, "ice-ufrag"),
                                         .password = test::sdp_value(pair.answer, "ice-pwd")});
    pair.answerer.endpoint.handle_input(pair.now, {path, check});
  }
  for (auto& datagram : hello) pair.answerer.endpoint.handle_input(pair.now, {second, datagram});
  std::vector<Path> flight;
  std::array<std::uint8_t, 1500> buffer{};
  while (true) {
    const Output output = pair.answerer.endpoint.poll_output(pair.now, buffer);
    if (std::holds_alternative<Wait>(output)) break;
    const auto* transmit = std::get_if<Transmit>(&output);
    if (transmit != nullptr && transmit->bytes[0] == 22) flight.push_back(transmit->path);
  }
  ASSERT_FALSE(flight.empty());
  EXPECT_EQ(std::count(flight.begin(), flight.end(), second), static_cast<std::ptrdiff_t>(flight.size()));
}

// Closing.

TEST_F(PathTest, AClosedPeerAcceptsNoAnswer) {
  EndpointPair pair(*provider);
  const auto offered = pair.offerer.endpoint.offer({});
  const auto accepted = pair.answerer.endpoint.accept(offered->offer);
  ASSERT_TRUE(offered && accepted);
  pair.offerer.endpoint.close(offered->peer);
  EXPECT_EQ(pair.offerer.endpoint.complete(offered->peer, accepted->answer).error(), Errc::sdp_wrong_state);
  pair.offerer.drain(pair.now, nullptr);
  ASSERT_TRUE(pair.offerer.closed);
  EXPECT_EQ(pair.offerer.closed->reason, Errc::closed_locally);
  EXPECT_EQ(pair.offerer.endpoint.peer_count(), 0U);
}

TEST_F(PathTest, ClosingBetweenTheAnswerAndTheFirstPathReportsClosed) {
  EndpointPair pair(*provider);
  pair.signal();
  pair.answerer.endpoint.close(pair.answerer_peer);
  pair.answerer.drain(pair.now, nullptr);
  ASSERT_TRUE(pair.answerer.closed);
  EXPECT_EQ(pair.answerer.closed->reason, Errc::closed_locally);
}

TEST_F(PathTest, TheOffererFailsAtOnceWhenBothSidesAreLite) {
  EndpointPairOptions options;
  options.offerer.announce_lite = true;
  EndpointPair pair(*provider, options);
  const auto offered = pair.offerer.endpoint.offer({});
  auto accepted = pair.answerer.endpoint.accept(offered->offer);
  ASSERT_TRUE(accepted);
  accepted->answer.insert(accepted->answer.find("t=0 0\r\n") + 7, "a=ice-lite\r\n");
  const auto completed = pair.offerer.endpoint.complete(offered->peer, accepted->answer);
  ASSERT_FALSE(completed);
  EXPECT_EQ(completed.error(), Errc::ice_both_lite);
  EXPECT_NE(completed.error().detail.find("a=ice-lite"), std::string::npos);
}

}  // namespace
}  // namespace redan
