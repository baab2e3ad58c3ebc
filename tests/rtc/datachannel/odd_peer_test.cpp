// Peers with unusual data channel behaviour: an SCTP association whose messages the test writes.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/crc32.hpp"
#include "rtc/datachannel/channels.hpp"
#include "tests/support/seeded_random.hpp"

namespace redan::datachannel {
namespace {

class OddPeer : public ::testing::Test {
 protected:
  using Packet = std::vector<std::uint8_t>;

  OddPeer() {
    us.start(now, StreamParity::even);
    pump();
  }
  /// Runs both sides until neither has more output.
  void pump() {
    for (bool moved = true; moved;) {
      moved = false;
      std::array<std::uint8_t, 1200> buffer;
      for (Output output = us.poll_output(now, buffer); !std::holds_alternative<Wait>(output);
           output = us.poll_output(now, buffer)) {
        moved = true;
        note(output);
        if (const auto* transmit = std::get_if<Transmit>(&output)) peer.handle_input(now, transmit->packet);
      }
      for (auto output = peer.poll_output(now, buffer); !std::holds_alternative<Wait>(output);
           output = peer.poll_output(now, buffer)) {
        moved = true;
        if (const auto* reset = std::get_if<sctp::IncomingReset>(&output))
          resets.push_back(reset->stream.value().value);
        if (const auto* transmit = std::get_if<sctp::Transmit>(&output)) {
          Packet packet(transmit->packet.begin(), transmit->packet.end());
          if (on_its_way) on_its_way(packet);
          us.handle_input(now, packet);
        }
      }
    }
  }
  void note(const Output& output) {
    if (const auto* opened = std::get_if<Opened>(&output)) events.push_back("opened " + std::string(opened->label));
    if (const auto* received = std::get_if<Received>(&output))
      events.push_back("received " + std::string(as_text(received->payload)));
    if (std::holds_alternative<ChannelClosing>(output)) events.emplace_back("closing");
    if (const auto* closed = std::get_if<ChannelClosed>(&output)) {
      events.push_back("closed " + std::string(name(closed->reason)));
    }
  }
  sctp::OutgoingStream stream(std::uint16_t id) {
    const auto stream = peer.open_stream();
    peer.assign_stream(stream, sctp::StreamId(id));
    return stream;
  }
  void say(sctp::OutgoingStream stream, sctp::Ppid ppid, Bytes message) {
    sctp::Delivery delivery;
    delivery.ppid = ppid;
    ASSERT_TRUE(peer.send(stream, delivery, message));
    pump();
  }
  /// Changes each answer "performed" to a reset of ours into "denied".
  static void deny(Packet& packet) {
    for (std::size_t at = 12; at + 4 <= packet.size();) {
      const std::size_t length = std::size_t{packet[at + 2]} << 8U | packet[at + 3];
      // RE-CONFIG with a response first: chunk header, parameter header, sequence number, result.
      if (packet[at] == 130 && packet[at + 5] == 16) packet[at + 15] = 2;
      at += sctp::padded(length);
    }
    std::memset(packet.data() + 8, 0, 4);
    const std::uint32_t crc = crc32c(packet);
    std::memcpy(packet.data() + 8, &crc, 4);
  }

  /// Makes a request to reset one stream name none, so that it applies to all.
  static void name_no_stream(Packet& packet) {
    for (std::size_t at = 12; at + 4 <= packet.size();) {
      const std::size_t length = std::size_t{packet[at + 2]} << 8U | packet[at + 3];
      // RE-CONFIG with an outgoing reset request of one stream, at the end of the packet.
      if (packet[at] == 130 && packet[at + 5] == 13 && packet[at + 7] == 18) {
        packet[at + 3] = 20;
        packet[at + 7] = 16;
        packet.resize(at + 20);
      }
      at += sctp::padded(length);
    }
    std::memset(packet.data() + 8, 0, 4);
    const std::uint32_t crc = crc32c(packet);
    std::memcpy(packet.data() + 8, &crc, 4);
  }

  TimePoint now{};
  test::SeededRandom random{3};
  Channels us{{}, random};
  sctp::Association peer{{}, random};
  std::vector<std::string> events;
  std::vector<std::uint16_t> resets;  // of our streams
  std::function<void(Packet&)> on_its_way;
};

TEST_F(OddPeer, LongLabelsAreLimitedOverAllChannels) {
  DataChannelOpen open;
  const std::string label(60'000, 'x');
  open.label = label;
  Packet message(open.size());
  open.write(message);
  for (std::uint16_t i = 0; i < 20; ++i) say(stream(static_cast<std::uint16_t>(2 * i + 1)), ppid::kDcep, message);
  EXPECT_EQ(us.open_channels(), 512U * 1024 / label.size());
}

TEST_F(OddPeer, AnAckOfFourBytesIsAnAck) {
  ASSERT_TRUE(us.open("chat", {}));
  pump();
  EXPECT_TRUE(events.empty());
  say(stream(0), ppid::kDcep, std::array<std::uint8_t, 4>{2, 0, 0, 0});
  EXPECT_EQ(events, std::vector<std::string>{"opened chat"});
  EXPECT_EQ(us.drops().total(), 0U);
}

TEST_F(OddPeer, UserDataOpensAChannelThatAwaitsItsAck) {
  const ChannelId channel = us.open("chat", {.order = ChannelOrder::unordered}).value();
  pump();
  const auto out = stream(0);
  say(out, ppid::kString, as_bytes("hello"));
  EXPECT_EQ(events, (std::vector<std::string>{"opened chat", "received hello"}));
  say(out, ppid::kDcep, kDataChannelAck);
  say(out, ppid::kString, as_bytes("again"));
  EXPECT_EQ(events, (std::vector<std::string>{"opened chat", "received hello", "received again"}));
  EXPECT_EQ(us.drops().total(), 0U);
  EXPECT_TRUE(us.send(channel, MessageKind::text, as_bytes("x")));
}

TEST_F(OddPeer, TheMessageThatOpenedAChannelIsKeptDuringFurtherInput) {
  const ChannelId channel = us.open("chat", {}).value();
  pump();
  sctp::Delivery delivery;
  delivery.ppid = ppid::kString;
  const auto out = stream(0);
  ASSERT_TRUE(peer.send(out, delivery, as_bytes("one")));
  ASSERT_TRUE(peer.send(out, delivery, as_bytes("two")));
  std::array<std::uint8_t, 1200> buffer;
  const auto packet = peer.poll_output(now, buffer);
  us.handle_input(now, std::get<sctp::Transmit>(packet).packet);
  ASSERT_TRUE(std::holds_alternative<Opened>(us.poll_output(now, buffer)));
  us.handle_input(now, {});
  ASSERT_TRUE(us.send(channel, MessageKind::text, as_bytes("x")));
  pump();
  EXPECT_EQ(events, (std::vector<std::string>{"received one", "received two"}));
}

TEST_F(OddPeer, AnAckForThePeersOwnChannelIsDropped) {
  const auto out = stream(1);
  DataChannelOpen open;
  open.label = "theirs";
  std::vector<std::uint8_t> bytes(open.size());
  open.write(bytes);
  say(out, ppid::kDcep, bytes);
  say(out, ppid::kDcep, kDataChannelAck);
  EXPECT_EQ(events, std::vector<std::string>{"opened theirs"});
  EXPECT_EQ(us.drops()[ChannelDrop::bad_dcep], 1U);
}

TEST_F(OddPeer, ARepeatedOpenChangesNothing) {
  const auto out = stream(1);
  DataChannelOpen open;
  open.max_retransmits = 3;
  open.label = "theirs";
  open.protocol = "chat";
  std::vector<std::uint8_t> bytes(open.size());
  open.write(bytes);
  say(out, ppid::kDcep, bytes);
  say(out, ppid::kDcep, bytes);
  say(out, ppid::kString, as_bytes("hello"));
  EXPECT_EQ(events, (std::vector<std::string>{"opened theirs", "received hello"}));
  EXPECT_TRUE(resets.empty());
  // With different content it is another channel on a stream in use (RFC 8832 section 6).
  open.label = "others";
  open.write(bytes);
  say(out, ppid::kDcep, bytes);
  EXPECT_EQ(resets, std::vector<std::uint16_t>{1});
}

TEST_F(OddPeer, ARefusedResetClosesTheChannelAndSpoilsItsId) {
  const ChannelId channel = us.open("chat", {}).value();
  say(stream(0), ppid::kDcep, kDataChannelAck);
  on_its_way = [](Packet& packet) { deny(packet); };
  ASSERT_TRUE(us.close(channel));
  pump();
  EXPECT_EQ(events, (std::vector<std::string>{"opened chat", "closed closed_locally"}));
  EXPECT_EQ(us.open_channels(), 0U);
  events.clear();
  const ChannelId next = us.open("next", {}).value();
  pump();
  say(stream(2), ppid::kDcep, kDataChannelAck);
  EXPECT_EQ(events, std::vector<std::string>{"opened next"});  // on 2, not on 0
  EXPECT_EQ(us.open("by id", {.negotiated = 0}).error(), Errc::invalid_argument);
  EXPECT_TRUE(us.send(next, MessageKind::text, as_bytes("x")));
}

TEST_F(OddPeer, AResetOfAllStreamsClosesAllChannels) {
  std::vector<sctp::OutgoingStream> streams;
  for (const std::uint16_t id : std::array<std::uint16_t, 3>{1, 3, 5}) {
    DataChannelOpen open;
    open.label = "theirs";
    Packet message(open.size());
    open.write(message);
    streams.push_back(stream(id));
    say(streams.back(), ppid::kDcep, message);
  }
  events.clear();
  on_its_way = [](Packet& packet) { name_no_stream(packet); };
  peer.reset_stream(streams[1]);
  pump();
  EXPECT_EQ(us.open_channels(), 0U);
  EXPECT_EQ(resets, (std::vector<std::uint16_t>{1, 3, 5}));
  EXPECT_EQ(std::count(events.begin(), events.end(), "closing"), 3);
  EXPECT_EQ(std::count(events.begin(), events.end(), "closed channel_closed_by_peer"), 3);
}

TEST_F(OddPeer, LabelsOfClosedChannelsMakeRoom) {
  DataChannelOpen open;
  const std::string label(60'000, 'x');
  open.label = label;
  Packet message(open.size());
  open.write(message);
  for (int i = 0; i < 20; ++i) {
    const auto theirs = stream(1);
    say(theirs, ppid::kDcep, message);
    ASSERT_EQ(us.open_channels(), 1U) << i;
    peer.reset_stream(theirs);
    pump();
    ASSERT_EQ(us.open_channels(), 0U) << i;
    peer.forget_stream(theirs);
  }
}

TEST_F(OddPeer, APeerThatRefusesAllResetsIsEventuallyRefused) {
  on_its_way = [](Packet& packet) { deny(packet); };
  std::size_t rounds = 0;
  while (const auto channel = us.open("chat", {})) {
    ASSERT_TRUE(us.close(*channel));
    pump();
    ASSERT_LE(++rounds, 2000U);
  }
  EXPECT_GE(rounds, ChannelsConfig{}.max_channels);
}

}  // namespace
}  // namespace redan::datachannel
