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
      if (const auto* each = std::get_if<Gatherer::Found>(&output)) found.push_back(each->gathered);
      if (const auto* each = std::get_if<Gatherer::Lost>(&output)) lost.push_back(each->candidate.address);
      if (const auto* each = std::get_if<Gatherer::Permitted>(&output)) permitted.push_back(each->ip);
      if (const auto* each = std::get_if<Gatherer::ServerFailed>(&output)) failures.push_back(each->reason);
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
  std::optional<Gatherer::Transmit> send(const Address& remote, std::string_view text) {
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
  const auto message = send(kRemote, "hello");
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
