#include "rtc/sctp/control/stream_reset.hpp"

#include "tests/rtc/sctp/chunks.hpp"

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kOurs = 500, kTheirs = 1000;  // the first TSNs

class StreamResetTest : public ::testing::Test {
 protected:
  StreamResetTest() {
    sender.begin(Tsn(kOurs), {100'000, true});
    receiver.begin(Tsn(kTheirs));
    reset.begin(Tsn(kOurs), Tsn(kTheirs), true);
  }
  /// A stream of ours that is to be reset and has nothing queued.
  OutgoingStream drained(std::uint16_t id = 1) {
    const OutgoingStream stream = sender.streams().open();
    sender.streams().assign(stream, StreamId(id));
    sender.streams().watch_drain(stream);
    return stream;
  }
  Chunks written(bool may_begin = true) {
    return Chunks([&](Writer& w) { reset.write(now, may_begin, w); });
  }
  /// The last response in what is written now.
  std::optional<ResetResponse> response() {
    std::optional<ResetResponse> result;
    const Chunks chunks = written();
    for (const Chunk& chunk : chunks.all()) {
      for_each_parameter(chunk.value, [&](const Parameter& parameter) {
        if (parameter.type == ParameterType::re_config_response) result = ResetResponse::parse(parameter.value);
        return true;
      });
    }
    return result;
  }
  static std::optional<OutgoingResetRequest> request_in(const Chunks& chunks) {
    std::optional<OutgoingResetRequest> result;
    for (const Chunk& chunk : chunks.all()) {
      for_each_parameter(chunk.value, [&](const Parameter& parameter) {
        if (parameter.type == ParameterType::outgoing_reset_request)
          result = OutgoingResetRequest::parse(parameter.value);
        return true;
      });
    }
    return result;
  }
  template <class Write>
  void feed(Write&& write) {
    const Chunks chunks([&](Writer& w) { write_chunk(w, ChunkType::re_config, 0, write); });
    reset.on_re_config(now, chunks.front());
  }
  void answer(std::uint32_t sequence, ResetResult result) {
    feed([&](Writer& w) { ResetResponse{ResetSequence(sequence), result}.write(w); });
  }
  void request(std::uint32_t sequence, const std::vector<std::uint8_t>& streams = {0, 1},
               std::uint32_t last_tsn = kTheirs - 1) {
    feed([&](Writer& w) { OutgoingResetRequest{ResetSequence(sequence), {}, Tsn(last_tsn), streams}.write(w); });
  }
  void data(std::uint32_t tsn, std::uint16_t ssn = 0) {
    const std::vector<std::uint8_t> payload(4);
    const Chunks chunks([&](Writer& w) {
      Data{Data::kBeginning | Data::kEnd, Tsn(tsn), StreamId(1), Ssn(ssn), Ppid(53), payload}.write(w);
    });
    EXPECT_FALSE(receiver.on_data(chunks.front()));
    reset.resume();
  }
  std::vector<StreamReset::Event> events() {
    std::vector<StreamReset::Event> result;
    while (const auto event = reset.next_event()) result.push_back(*event);
    return result;
  }

  TimePoint now{std::chrono::seconds(1)};
  Counters<Drop> drops;
  ErrorCounter errors{3};
  Sender sender{{1200, 100'000}, drops, errors};
  Receiver receiver{{100'000, 10'000}, drops};
  StreamReset reset{sender, receiver, drops, errors};
};

TEST_F(StreamResetTest, AsksForAllDrainedStreamsInOneRequest) {
  drained(7);
  drained(9);
  const Chunks sent = written();
  ASSERT_EQ(sent.types(), ChunkTypes{ChunkType::re_config});
  const auto request = request_in(sent);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->request_sequence, ResetSequence(kOurs));
  EXPECT_EQ(request->response_sequence, ResetSequence(kTheirs - 1));
  EXPECT_EQ(request->last_assigned_tsn, Tsn(kOurs - 1));
  EXPECT_TRUE(std::ranges::equal(request->streams, std::vector<std::uint8_t>{0, 7, 0, 9}));
  EXPECT_TRUE(written().empty());
}

TEST_F(StreamResetTest, BeginsNoRequestWhileTheAssociationShutsDown) {
  drained();
  EXPECT_TRUE(written(false).empty());
}

TEST_F(StreamResetTest, HasOneRequestUnderWayAtATime) {
  drained(7);
  written();
  drained(8);
  EXPECT_TRUE(written().empty());
  answer(kOurs, ResetResult::performed);
  const auto next = request_in(written());
  ASSERT_TRUE(next);
  EXPECT_EQ(next->request_sequence, ResetSequence(kOurs + 1));
}

TEST_F(StreamResetTest, PutsNoMoreStreamsIntoARequestThanItHolds) {
  for (std::uint16_t id = 0; id < StreamReset::kMaxStreamsPerRequest + 5; ++id) drained(id);
  EXPECT_EQ(request_in(written())->streams.size(), 2 * StreamReset::kMaxStreamsPerRequest);
  answer(kOurs, ResetResult::performed);
  EXPECT_EQ(request_in(written())->streams.size(), 10U);
}

TEST_F(StreamResetTest, RepeatsARequestWithABackOffOfItsOwn) {
  drained();
  const Duration rto = sender.rto().base();
  for (const int factor : {1, 2, 4}) {
    EXPECT_TRUE(request_in(written()));
    now += factor * rto - milliseconds(1);
    reset.run_timers(now);
    EXPECT_TRUE(written().empty());
    now += milliseconds(1);
    reset.run_timers(now);
  }
  EXPECT_TRUE(request_in(written()));
  EXPECT_EQ(sender.rto().value(), rto);
}

TEST_F(StreamResetTest, BeginsWithTheTimeoutAsMeasuredWhateverDataWaitsFor) {
  const OutgoingStream stream = sender.streams().open();
  sender.streams().assign(stream, StreamId(2));
  sender.streams().push(stream, {}, std::vector<std::uint8_t>(4));
  std::array<std::uint8_t, 1200> buffer{};
  PacketWriter packet(buffer, {});
  sender.write_data(now, true, packet);
  now = sender.deadline();
  sender.run_timers(now);
  ASSERT_GT(sender.rto().value(), sender.rto().base());
  drained();
  written();
  EXPECT_EQ(reset.deadline(), now + sender.rto().base());
}

TEST_F(StreamResetTest, CountsATimeoutForEachRepetition) {
  drained();
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(errors.exceeded());
    written();
    now += Rto::kMax;
    reset.run_timers(now);
  }
  EXPECT_TRUE(errors.exceeded());
}

TEST_F(StreamResetTest, AsksAgainWithoutBackOffWhileThePeerIsNotReady) {
  drained();
  written();
  for (int i = 0; i < 10; ++i) {
    answer(kOurs, ResetResult::in_progress);
    EXPECT_TRUE(written().empty());
    EXPECT_LE(reset.deadline(), now + Rto::kMax);
    now = reset.deadline();
    reset.run_timers(now);
    EXPECT_TRUE(request_in(written()));
  }
  EXPECT_TRUE(events().empty());
  EXPECT_FALSE(errors.exceeded());
}

TEST_F(StreamResetTest, ReportsWhetherThePeerPerformedIt) {
  std::uint32_t sequence = kOurs;
  for (const auto& [result, performed] : {std::pair(ResetResult::nothing_to_do, true),
                                          {ResetResult::performed, true},
                                          {ResetResult::denied, false},
                                          {ResetResult::wrong_ssn, false},
                                          {ResetResult::already_in_progress, false},
                                          {ResetResult::bad_sequence_number, false}}) {
    const OutgoingStream stream = drained();
    written();
    answer(sequence++, result);
    const auto reported = events();
    ASSERT_EQ(reported.size(), 1U);
    EXPECT_EQ(std::get<OutgoingReset>(reported[0]).stream, stream);
    EXPECT_EQ(std::get<OutgoingReset>(reported[0]).performed, performed);
  }
  EXPECT_EQ(drops[Drop::reset_refused], 4U);
  EXPECT_EQ(reset.deadline(), kNever);
}

TEST_F(StreamResetTest, DropsAnAnswerToNothing) {
  answer(kOurs, ResetResult::performed);
  drained();
  written();
  answer(kOurs + 1, ResetResult::performed);
  EXPECT_EQ(drops[Drop::bad_reset], 2U);
  EXPECT_TRUE(events().empty());
}

TEST_F(StreamResetTest, ReportsARefusalForEachStreamIfThePeerCannotReset) {
  reset.begin(Tsn(kOurs), Tsn(kTheirs), false);
  drained();
  drained(2);
  EXPECT_TRUE(written().empty());
  const auto reported = events();
  ASSERT_EQ(reported.size(), 2U);
  EXPECT_FALSE(std::get<OutgoingReset>(reported[0]).performed);
}

TEST_F(StreamResetTest, NumbersAStreamFromZeroAfterItsResetWasPerformed) {
  const OutgoingStream stream = drained();
  const auto first_ssn = [&] {
    sender.streams().push(stream, {}, std::vector<std::uint8_t>(4));
    Fragment fragment;
    EXPECT_TRUE(sender.streams().peek(now, 1000, 1000, fragment));
    sender.streams().take(fragment);
    return fragment.ssn;
  };
  EXPECT_EQ(first_ssn(), Ssn(0));
  EXPECT_EQ(first_ssn(), Ssn(1));
  written();
  answer(kOurs, ResetResult::denied);
  EXPECT_EQ(first_ssn(), Ssn(2));
  sender.streams().watch_drain(stream);
  written();
  answer(kOurs + 1, ResetResult::performed);
  EXPECT_EQ(first_ssn(), Ssn(0));
}

TEST_F(StreamResetTest, PerformsARequestOfThePeerOnce) {
  for (int i = 0; i < 100; ++i) request(kTheirs);
  const auto answered = response();
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->result, ResetResult::performed);
  EXPECT_FALSE(response());
  const auto reported = events();
  ASSERT_EQ(reported.size(), 1U);
  EXPECT_EQ(std::get<IncomingReset>(reported[0]).stream, StreamId(1));
}

TEST_F(StreamResetTest, AnswersARepeatedRequestFromMemory) {
  request(kTheirs);
  response();
  request(kTheirs);
  EXPECT_EQ(response()->result, ResetResult::performed);
  EXPECT_EQ(events().size(), 1U);
}

TEST_F(StreamResetTest, AnswersARequestOutOfSequenceWithAnError) {
  for (const std::uint32_t sequence : {kTheirs + 7, kTheirs + 1, 5U}) {
    request(sequence);
    const auto answered = response();
    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->response_sequence, ResetSequence(sequence));
    EXPECT_EQ(answered->result, ResetResult::bad_sequence_number);
  }
  EXPECT_TRUE(events().empty());
  request(kTheirs);  // the right one is still the right one
  EXPECT_EQ(response()->result, ResetResult::performed);
  request(kTheirs - 1);
  EXPECT_EQ(response()->result, ResetResult::bad_sequence_number);
  EXPECT_EQ(drops[Drop::bad_reset], 4U);
}

TEST_F(StreamResetTest, DeniesTheRequestsThatItDoesNotSupport) {
  std::uint32_t sequence = kTheirs;
  for (const ParameterType type : {ParameterType::incoming_reset_request, ParameterType::ssn_tsn_reset_request,
                                   ParameterType::add_outgoing_streams, ParameterType::add_incoming_streams}) {
    feed([&](Writer& w) { write_parameter(w, type, [&](Writer& p) { p.u32(sequence); }); });
    const auto answered = response();
    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->response_sequence, ResetSequence(sequence++));
    EXPECT_EQ(answered->result, ResetResult::denied);
  }
}

TEST_F(StreamResetTest, WaitsForTheDataSentBeforeARequest) {
  request(kTheirs, {0, 1}, kTheirs + 1);
  EXPECT_EQ(response()->result, ResetResult::in_progress);
  data(kTheirs);
  EXPECT_TRUE(events().empty());
  EXPECT_FALSE(response());
  data(kTheirs + 1, 1);
  EXPECT_EQ(events().size(), 1U);
  const auto answered = response();
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->response_sequence, ResetSequence(kTheirs));
  EXPECT_EQ(answered->result, ResetResult::performed);
}

TEST_F(StreamResetTest, KeepsTheAnswerOfALaterRequestWhenAnEarlierOneIsPerformed) {
  request(kTheirs, {0, 1}, kTheirs);
  feed([&](Writer& w) {
    write_parameter(w, ParameterType::incoming_reset_request, [&](Writer& p) { p.u32(kTheirs + 1); });
  });
  EXPECT_EQ(response()->result, ResetResult::denied);
  data(kTheirs);
  EXPECT_EQ(events().size(), 1U);
  EXPECT_FALSE(response());
}

TEST_F(StreamResetTest, ExpectsTheFirstSequenceNumbersOfAResetStream) {
  data(kTheirs, 0);
  data(kTheirs + 1, 1);
  request(kTheirs, {0, 1}, kTheirs + 1);
  data(kTheirs + 3, 0);  // ahead of a hole: it comes out because its turn is now
  int messages = 0;
  while (receiver.next_message()) ++messages;
  EXPECT_EQ(messages, 3);
}

TEST_F(StreamResetTest, ResetsAllStreamsIfTheRequestNamesNone) {
  data(kTheirs, 0);
  request(kTheirs, {}, kTheirs);
  const auto reported = events();
  ASSERT_EQ(reported.size(), 1U);
  EXPECT_EQ(std::get<IncomingReset>(reported[0]).stream, std::nullopt);
  data(kTheirs + 2, 0);
  int messages = 0;
  while (receiver.next_message()) ++messages;
  EXPECT_EQ(messages, 2);
}

TEST_F(StreamResetTest, HoldsRequestsUpWhileTooManyEventsWait) {
  const std::vector<std::uint8_t> streams(2 * 2000);
  request(kTheirs, streams);
  request(kTheirs + 1, streams);
  EXPECT_EQ(response()->result, ResetResult::in_progress);
  EXPECT_EQ(events().size(), 2000U);
  reset.resume();
  EXPECT_EQ(response()->result, ResetResult::performed);
  EXPECT_EQ(events().size(), 2000U);
}

TEST_F(StreamResetTest, DropsAMalformedParameter) {
  feed([](Writer& w) { write_parameter(w, ParameterType::re_config_response, [](Writer& p) { p.u16(1); }); });
  feed([](Writer& w) { write_parameter(w, ParameterType::outgoing_reset_request, [](Writer& p) { p.u16(1); }); });
  feed([](Writer& w) { write_parameter(w, ParameterType::add_outgoing_streams, [](Writer& p) { p.u16(1); }); });
  feed([](Writer& w) { w.u32(0); });
  EXPECT_EQ(drops[Drop::malformed], 4U);
}

TEST_F(StreamResetTest, ForgetsEverythingInANewAssociation) {
  drained();
  written();
  request(kTheirs);
  reset.begin(Tsn(kOurs), Tsn(kTheirs), true);
  EXPECT_TRUE(events().empty());
  EXPECT_TRUE(written().empty());
  EXPECT_EQ(reset.deadline(), kNever);
  answer(kOurs, ResetResult::performed);
  EXPECT_EQ(drops[Drop::bad_reset], 1U);
}

}  // namespace
}  // namespace redan::sctp
