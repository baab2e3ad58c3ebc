#include "rtc/ice/gatherer.hpp"

#include <gtest/gtest.h>

#include "tests/rtc/turn/model_server.hpp"
#include "tests/support/fixed_provider.hpp"

namespace redan::ice {
namespace {

using namespace std::chrono_literals;

const Address kLocal = Address::v4({10, 0, 0, 1}, 5000);
const Address kStun = Address::v4({192, 0, 2, 1}, 3478);
const Address kTurn = Address::v4({192, 0, 2, 2}, 3478);
const Address kMapped = Address::v4({5, 5, 5, 5}, 1234);
const Address kRemote = Address::v4({203, 0, 113, 5}, 6000);

class GathererTest : public testing::Test {
 protected:
  void make(bool with_stun, bool with_turn, bool relay_only = false, const std::string& password = "secret") {
    std::vector<IceServer> servers;
    if (with_stun) servers.push_back(*IceServer::parse("stun:192.0.2.1"));
    if (with_turn) {
      servers.push_back(*IceServer::parse("turn:192.0.2.2"));
      servers.back().username = "user";
      servers.back().password = Secret<512>(as_bytes(password));
    }
    gatherer.emplace(std::move(servers), std::vector{kLocal}, relay_only, provider);
  }
  void run(Duration time) {
    const TimePoint end = now + time;
    while (true) {
      const TimePoint next = drain();
      if (next > end) break;
      ASSERT_GT(next, now);
      now = next;
    }
    now = end;
  }
  TimePoint drain() {
    std::array<std::uint8_t, 1500> buffer{};
    for (int steps = 0; steps < 1000; ++steps) {
      Gatherer::Output output = gatherer->poll_output(now, buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) return wait->until;
      if (const auto* transmit = std::get_if<Gatherer::Transmit>(&output)) serve(*transmit);
      if (const auto* open = std::get_if<OpenSocket>(&output)) on_open(*open);
      if (const auto* data = std::get_if<SocketData>(&output)) serve(*data);
      if (const auto* close = std::get_if<CloseSocket>(&output)) closed.push_back(close->socket);
      if (const auto* each = std::get_if<Gatherer::Retiring>(&output)) retiring.push_back(each->relayed);
      if (const auto* each = std::get_if<Gatherer::CredentialsEnd>(&output)) ending.push_back(each->server);
      if (const auto* each = std::get_if<Gatherer::Found>(&output)) found.push_back(each->gathered);
      if (const auto* each = std::get_if<Gatherer::Lost>(&output)) lost.push_back(each->candidate.address);
      if (const auto* each = std::get_if<Gatherer::Permitted>(&output)) permitted.push_back(each->ip);
      if (const auto* each = std::get_if<Gatherer::ServerFailed>(&output)) {
        failures.push_back(each->reason);
        details.push_back(each->detail);
      }
      if (const auto* each = std::get_if<Gatherer::Received>(&output))
        received.emplace_back(each->path, as_text(each->payload));
      done += std::holds_alternative<Gatherer::Done>(output) ? 1 : 0;
    }
    ADD_FAILURE() << "the gatherer never waits";
    return kNever;
  }
  void serve(const Gatherer::Transmit& transmit) {
    sent.push_back(now);
    if (transmit.path.remote == kTurn) {
      for (auto& each : turn.handle_input(now, seen_by_turn, transmit.bytes))
        gatherer->handle_input(now, {kLocal, kTurn}, each);
      return;
    }
    const auto request = stun::Message::parse(transmit.bytes);
    if (stun_silent || !request) return;
    answer(request->transaction, kStun, kMapped);
  }
  // Each socket has another port.
  void on_open(const OpenSocket& open) {
    EXPECT_EQ(open.local, kLocal);
    opened.push_back(open.socket);
    transports.push_back(open.server->transport);
    if (open_sockets) gatherer->socket_opened(now, open.socket, local_of(open.socket));
  }
  static Address local_of(SocketId socket) {
    return Address::v4({10, 0, 0, 1}, static_cast<std::uint16_t>(40'000 + socket.value));
  }
  // What a stream carries arrives in pieces.
  void serve(const SocketData& data) {
    for (const auto& each : turn.handle_input(now, local_of(data.socket), data.bytes)) {
      const std::size_t cut = transports.back() == IceServer::Transport::udp ? each.size() : each.size() / 2;
      gatherer->handle_socket_input(now, data.socket, Bytes(each).first(cut));
      if (cut < each.size()) gatherer->handle_socket_input(now, data.socket, Bytes(each).subspan(cut));
    }
  }
  void make_over(const std::string& url) {
    std::vector<IceServer> servers;
    servers.push_back(*IceServer::parse(url));
    servers.back().username = "user";
    servers.back().password = Secret<512>(as_bytes(std::string_view("secret")));
    gatherer.emplace(std::move(servers), std::vector{kLocal}, false, provider);
  }
  void answer(const stun::TransactionId& transaction, const Address& from, const Address& address) {
    std::array<std::uint8_t, 200> buffer{};
    stun::MessageBuilder builder(buffer, stun::Class::success, transaction);
    builder.xor_mapped_address(mapped.value_or(address));
    gatherer->handle_input(now, {kLocal, from}, builder.finish());
  }
  [[nodiscard]] std::vector<CandidateType> types() const {
    std::vector<CandidateType> types;
    for (const Gathered& each : found) types.push_back(each.candidate.type);
    return types;
  }
  std::optional<Gatherer::Sent> send(const Address& remote, std::string_view text) {
    std::copy(text.begin(), text.end(), buffer_.begin());
    return gatherer->wrap(now, {turn.options.relayed4, remote}, buffer_, text.size());
  }

  std::unique_ptr<Provider> real = default_provider();
  test::FixedProvider provider{*real, 1};
  test::ModelServer turn{kTurn, provider};
  std::optional<Gatherer> gatherer;
  std::optional<Address> mapped;
  Address seen_by_turn = kLocal;
  bool stun_silent = false;
  std::vector<Gathered> found;
  std::vector<Address> lost, permitted;
  std::vector<Errc> failures;
  std::vector<std::string> details, ending;
  std::vector<SocketId> opened, closed;
  std::vector<IceServer::Transport> transports;
  std::vector<Address> retiring;
  bool open_sockets = true;
  std::vector<std::pair<Path, std::string>> received;
  std::vector<TimePoint> sent;
  int done = 0;
  TimePoint now{};
  std::array<std::uint8_t, 1500> buffer_{};
};

TEST_F(GathererTest, FindsTheMappedAndTheRelayedAddress) {
  make(true, true);
  run(1s);
  EXPECT_EQ(types(), (std::vector{CandidateType::server_reflexive, CandidateType::relayed}));
  EXPECT_EQ(found[0].candidate.address, kMapped);
  EXPECT_EQ(found[0].base, kLocal);
  EXPECT_EQ(found[0].server, "stun:192.0.2.1:3478");
  EXPECT_EQ(done, 1);
  EXPECT_GT(found[0].candidate.priority, found[1].candidate.priority);
}

TEST_F(GathererTest, RelayOnlyFindsNothingThatTellsOurAddress) {
  seen_by_turn = kMapped;
  make(true, true, true);
  run(1s);
  EXPECT_EQ(types(), std::vector{CandidateType::relayed});
}

TEST_F(GathererTest, ATurnServerTellsTheMappedAddressToo) {
  seen_by_turn = kMapped;
  make(false, true);
  run(1s);
  EXPECT_EQ(types(), (std::vector{CandidateType::server_reflexive, CandidateType::relayed}));
}

TEST_F(GathererTest, AMappedAddressThatIsOursIsNoCandidate) {
  mapped = kLocal;
  make(true, false);
  run(1s);
  EXPECT_TRUE(found.empty());
  EXPECT_EQ(done, 1);
}

TEST_F(GathererTest, AServerThatDoesNotAnswerEndsGatheringWithinSixSecondsAndIsAskedAgain) {
  stun_silent = true;
  make(true, false);
  run(6s);
  EXPECT_EQ(failures, std::vector{Errc::io_failed});
  EXPECT_EQ(done, 1);
  stun_silent = false;
  run(10s);
  EXPECT_EQ(found.size(), 1U);
  EXPECT_EQ(done, 1);
}

TEST_F(GathererTest, ANewMappingReplacesTheOldOne) {
  make(true, false);
  run(1s);
  mapped = Address::v4({5, 5, 5, 5}, 4321);
  run(25s);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].candidate.address, *mapped);
  EXPECT_EQ(lost, std::vector{kMapped});
  EXPECT_EQ(gatherer->candidates().size(), 1U);
}

TEST_F(GathererTest, AForgedAnswerIsNoAnswer) {
  stun_silent = true;
  make(true, false);
  drain();
  answer({1, 2, 3}, kStun, kMapped);
  answer({1, 2, 3}, kRemote, kMapped);
  drain();
  EXPECT_TRUE(found.empty());
}

TEST_F(GathererTest, WrongCredentialsAreReportedAndOtherServersServe) {
  make(true, true, false, "wrong");
  run(8s);
  EXPECT_EQ(types(), std::vector{CandidateType::server_reflexive});
  ASSERT_GE(failures.size(), 1U);
  EXPECT_EQ(name(failures[0]), "turn_credentials");
  EXPECT_EQ(done, 1);
}

TEST_F(GathererTest, DataPassesOnlyWithPermission) {
  make(false, true);
  run(1s);
  const Path path{turn.options.relayed4, kRemote};
  EXPECT_FALSE(send(kRemote, "early"));
  ASSERT_TRUE(gatherer->permit(now, path));
  run(1s);
  EXPECT_EQ(permitted.size(), 1U);
  const auto sent_message = send(kRemote, "hello");
  ASSERT_TRUE(sent_message);
  const auto* message = std::get_if<Gatherer::Transmit>(&*sent_message);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->bytes.data(), buffer_.data());
  EXPECT_EQ(message->path, (Path{kLocal, kTurn}));
  turn.handle_input(now, kLocal, message->bytes);
  ASSERT_EQ(turn.relayed.size(), 1U);
  EXPECT_EQ(as_text(turn.relayed[0].payload), "hello");
  for (auto& each : turn.peer_sends(now, kLocal, kRemote, "answer")) gatherer->handle_input(now, {kLocal, kTurn}, each);
  drain();
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0], std::pair(path, std::string("answer")));
}

TEST_F(GathererTest, APermissionEndsWithTheLastPeerThatWantsIt) {
  make(false, true);
  run(1s);
  const Path path{turn.options.relayed4, kRemote};
  ASSERT_TRUE(gatherer->permit(now, path) && gatherer->permit(now, path));
  run(1s);
  gatherer->release(path);
  EXPECT_TRUE(send(kRemote, "hello"));
  gatherer->release(path);
  EXPECT_FALSE(send(kRemote, "hello"));
}

TEST_F(GathererTest, ARelayedAddressThatIsOneOfOursIsRefused) {
  turn.options.relayed4 = kLocal;
  make(false, true);
  run(1s);
  EXPECT_FALSE(gatherer->is_relayed(kLocal));
  for (const Gathered& each : found) EXPECT_NE(each.candidate.address, kLocal);
}

TEST_F(GathererTest, ALostAllocationIsReportedAndMadeAgain) {
  make(false, true);
  run(1s);
  ASSERT_TRUE(gatherer->is_relayed(turn.options.relayed4));
  turn.restart(now);
  run(10min);
  EXPECT_FALSE(failures.empty());
  EXPECT_TRUE(std::find(lost.begin(), lost.end(), turn.options.relayed4) != lost.end());
  EXPECT_TRUE(gatherer->is_relayed(turn.options.relayed4));
}

// Sockets.

TEST_F(GathererTest, OverTcpAndTlsTheServerIsAskedThroughASocket) {
  for (const auto* url : {"turn:192.0.2.2?transport=tcp", "turns:192.0.2.2:3478"}) {
    found.clear();
    turn.restart(now);
    make_over(url);
    run(1s);
    EXPECT_TRUE(sent.empty());
    ASSERT_EQ(types(), std::vector{CandidateType::relayed}) << "what the server sees of the connection is no candidate";
    const Path path{turn.options.relayed4, kRemote};
    ASSERT_TRUE(gatherer->permit(now, path));
    run(1s);
    const auto message = send(kRemote, "hello");
    ASSERT_TRUE(message);
    const auto* data = std::get_if<SocketData>(&*message);
    ASSERT_TRUE(data);
    EXPECT_TRUE(data->droppable);
    serve(*data);
    EXPECT_EQ(as_text(turn.relayed.back().payload), "hello");
  }
  EXPECT_EQ(transports, (std::vector{IceServer::Transport::tcp, IceServer::Transport::tls}));
}

TEST_F(GathererTest, ARelayOverAStreamRanksBehindOneOverUdp) {
  make_over("turn:192.0.2.2?transport=tcp");
  run(1s);
  make(false, true);
  turn.restart(now);
  run(1s);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_LT(found[0].candidate.priority, found[1].candidate.priority);
}

TEST_F(GathererTest, ASocketThatDoesNotOpenEndsGatheringAndIsOpenedAgain) {
  open_sockets = false;
  make_over("turn:192.0.2.2?transport=tcp");
  run(9s);
  EXPECT_EQ(done, 0);
  run(1s);
  EXPECT_EQ(closed, opened);
  EXPECT_EQ(done, 1);
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(name(failures[0]), "turn_connect");
  open_sockets = true;
  run(11s);
  EXPECT_EQ(types(), std::vector{CandidateType::relayed});
  gatherer->socket_opened(now, opened[0], kLocal);  // late: it is unknown
  run(1s);
  EXPECT_EQ(failures.size(), 1U);
}

TEST_F(GathererTest, TheReasonOfAFailedSocketIsTold) {
  open_sockets = false;
  make_over("turns:192.0.2.2:3478");
  drain();
  gatherer->socket_closed(now, opened.at(0), Errc::io_failed, "another certificate");
  drain();
  EXPECT_EQ(failures, std::vector{Errc::io_failed});
  ASSERT_EQ(details.size(), 1U);
  EXPECT_NE(details[0].find("another certificate"), std::string::npos) << details[0];
  EXPECT_TRUE(closed.empty());
}

TEST_F(GathererTest, AConnectionThatEndsTakesItsCandidateAndIsMadeAgain) {
  make_over("turn:192.0.2.2?transport=tcp");
  run(1s);
  gatherer->socket_closed(now, opened.at(0), Errc::io_failed, "reset");
  EXPECT_FALSE(send(kRemote, "x"));
  run(1s);
  EXPECT_EQ(lost, std::vector{turn.options.relayed4});
  turn.restart(now);
  run(10s);
  EXPECT_EQ(opened.size(), 2U);
  EXPECT_TRUE(gatherer->is_relayed(turn.options.relayed4));
}

// An earlier life of this program had an allocation from the same port.
TEST_F(GathererTest, AServerThatKnowsOurPortIsAskedFromAnother) {
  turn.allocations[kLocal].expiry = now + 1h;
  make(false, true);
  run(1s);
  EXPECT_EQ(transports, std::vector{IceServer::Transport::udp});
  EXPECT_EQ(types(), std::vector{CandidateType::relayed});
}

// New credentials.

TEST_F(GathererTest, NewCredentialsMakeANewAllocationBeforeTheOldOneEnds) {
  make_over("turn:192.0.2.2");
  run(1s);
  const Address first = turn.options.relayed4;
  turn.options.relayed4 = Address::v4({198, 51, 100, 99}, 50'001);
  turn.options.username = "later";
  IceServer renewed = *IceServer::parse("turn:192.0.2.2");
  renewed.username = "later";
  renewed.password = Secret<512>(as_bytes(std::string_view("secret")));
  ASSERT_TRUE(gatherer->renew(std::move(renewed)));
  run(1s);
  EXPECT_EQ(opened.size(), 1U) << "from another port";
  EXPECT_EQ(retiring, std::vector{first});
  EXPECT_TRUE(lost.empty());
  EXPECT_TRUE(gatherer->is_relayed(first) && gatherer->is_relayed(turn.options.relayed4));
  turn.options.username = "user";  // the server knows both
  run(20s);
  EXPECT_EQ(lost, std::vector{first});
  EXPECT_TRUE(gatherer->is_relayed(turn.options.relayed4));
  EXPECT_TRUE(failures.empty());
}

TEST_F(GathererTest, WrongNewCredentialsLeaveTheOldAllocation) {
  make_over("turn:192.0.2.2");
  run(1s);
  IceServer renewed = *IceServer::parse("turn:192.0.2.2");
  renewed.username = "user";
  renewed.password = Secret<512>(as_bytes(std::string_view("wrong")));
  ASSERT_TRUE(gatherer->renew(std::move(renewed)));
  run(30s);
  ASSERT_FALSE(failures.empty());
  EXPECT_EQ(name(failures[0]), "turn_credentials");
  EXPECT_TRUE(lost.empty() && gatherer->is_relayed(turn.options.relayed4));
}

TEST_F(GathererTest, OnlyATurnServerThatWasSetCanBeRenewed) {
  make(true, true);
  EXPECT_FALSE(gatherer->renew(*IceServer::parse("stun:192.0.2.1")));
  EXPECT_FALSE(gatherer->renew(*IceServer::parse("turn:192.0.2.9")));
  EXPECT_FALSE(gatherer->renew(*IceServer::parse("turn:192.0.2.2?transport=tcp")));
}

TEST_F(GathererTest, TheEndOfCredentialsIsToldAMinuteBefore) {
  std::vector<IceServer> servers;
  servers.push_back(*IceServer::parse("turn:192.0.2.2"));
  servers.back().username = "user";
  servers.back().password = Secret<512>(as_bytes(std::string_view("secret")));
  servers.back().credentials_end = now + 90s;
  gatherer.emplace(std::move(servers), std::vector{kLocal}, false, provider);
  run(29s);
  EXPECT_TRUE(ending.empty());
  run(2s);
  EXPECT_EQ(ending, std::vector<std::string>{"turn:192.0.2.2:3478"});
}

TEST_F(GathererTest, ServersAreAskedOneAfterAnother) {
  std::vector<IceServer> servers;
  for (int i = 0; i < 5; ++i) servers.push_back(*IceServer::parse("stun:192.0.2." + std::to_string(10 + i)));
  gatherer.emplace(std::move(servers), std::vector{kLocal}, false, provider);
  stun_silent = true;
  run(240ms);
  ASSERT_EQ(sent.size(), 5U);
  for (std::size_t i = 1; i < sent.size(); ++i) EXPECT_EQ(sent[i] - sent[i - 1], 50ms);
}

}  // namespace
}  // namespace redan::ice
