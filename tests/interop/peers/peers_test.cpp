// Redan with other WebRTC stacks, over the machine's own address: both signalling roles, both DTLS roles, as a lite and
// as a full ICE agent.
#include "tests/interop/peers/session.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using test::Feature;
using test::OpenedChannel;
using test::OurAgent;
using test::Session;
using test::Stack;

class Peers : public testing::TestWithParam<Stack> {
 protected:
  /// False, with a line in the log, if the stack does not support it.
  static bool can(Feature feature) {
    const auto reason = GetParam().cannot.find(feature);
    if (reason == GetParam().cannot.end()) return true;
    std::cout << "[  NOTE    ] " << GetParam().name << ": " << reason->second << std::endl;
    return false;
  }
  static void expect_traffic(Session& session, const OpenedChannel& channel) {
    session.expect_echo(channel, MessageKind::text, 100);
    session.expect_echo(channel, MessageKind::binary, 1'200);
  }
};

#define REDAN_NEEDS(feature) \
  if (!can(Feature::feature)) GTEST_SKIP() << GetParam().cannot.at(Feature::feature)

// Roles.

TEST_P(Peers, ItsOfferConnectsInBothDtlsRoles) {
  for (const OurAgent agent : {OurAgent::lite, OurAgent::full}) {
    for (const DtlsRole role : {DtlsRole::server, DtlsRole::client}) {
      SCOPED_TRACE(std::string(agent == OurAgent::lite ? "lite" : "full") +
                   (role == DtlsRole::server ? " server" : " client"));
      Session session(GetParam(), agent);
      session.peer_opens("first");
      session.peer_offers({.dtls_role = role});
      EXPECT_EQ(session.endpoint().security(session.id)->dtls_role, role);
      expect_traffic(session, session.taken("first"));
      expect_traffic(session, session.we_open("ours"));
    }
  }
}

TEST_P(Peers, OurOfferConnectsInBothDtlsRoles) {
  for (const OurAgent agent : {OurAgent::lite, OurAgent::full}) {
    for (const std::optional<DtlsRole> role :
         {std::optional<DtlsRole>(), std::optional(DtlsRole::client), std::optional(DtlsRole::server)}) {
      const bool lite = agent == OurAgent::lite;
      if (role == DtlsRole::client && !can(lite ? Feature::answer_active_lite : Feature::answer_active)) continue;
      if (role == DtlsRole::server && !can(lite ? Feature::answer_passive_lite : Feature::answer_passive)) continue;
      SCOPED_TRACE(std::string(agent == OurAgent::lite ? "lite" : "full") + (!role                       ? " actpass"
                                                                             : *role == DtlsRole::server ? " server"
                                                                                                         : " client"));
      Session session(GetParam(), agent);
      session.we_offer({.dtls_role = role});
      if (role) {
        EXPECT_EQ(session.endpoint().security(session.id)->dtls_role, *role);
      }
      expect_traffic(session, session.we_open("ours"));
      session.peer_opens("its");
      expect_traffic(session, session.taken("its"));
    }
  }
}

// Its candidates arrive later or never: the full agent learns its address from its checks (RFC 8445 section 7.3.1.3).
TEST_P(Peers, ConnectsWithoutCandidatesThroughItsChecks) {
  for (const bool we_offer : {true, false}) {
    SCOPED_TRACE(we_offer ? "our offer" : "its offer");
    Session session(GetParam(), OurAgent::full);
    session.peer_opens("first");
    if (we_offer) session.we_offer({}, Session::Candidates::cut);
    if (!we_offer) session.peer_offers({}, Session::Candidates::cut);
    expect_traffic(session, session.taken("first"));
  }
}

// draft-ietf-mmusic-sctp-sdp-05, which older stacks still write.
TEST_P(Peers, ItsOlderFormOfTheDataSectionIsAnsweredInTheSameForm) {
  REDAN_NEEDS(older_data_section);
  Session session(GetParam(), OurAgent::lite);
  session.peer_opens("first");
  session.peer_offers();
  EXPECT_NE(session.last_description.find(" DTLS/SCTP 5000\r\n"), std::string::npos) << session.last_description;
  EXPECT_NE(session.our_answer.find(" DTLS/SCTP 5000\r\n"), std::string::npos) << session.our_answer;
  EXPECT_NE(session.our_answer.find("a=sctpmap:5000 webrtc-datachannel"), std::string::npos) << session.our_answer;
  expect_traffic(session, session.taken("first"));
}

TEST_P(Peers, UsesTheSctpPortsOfTheDescriptions) {
  REDAN_NEEDS(sctp_port);
  for (const bool we_offer : {true, false}) {
    Session session(GetParam(), OurAgent::full);
    session.peer_opens("first");
    session.peer.tell({{"do", "sctp_port"}, {"port", 6123}});
    if (we_offer) session.we_offer();
    if (!we_offer) session.peer_offers();
    EXPECT_NE(session.last_description.find("6123"), std::string::npos);
    expect_traffic(session, session.taken("first"));
    expect_traffic(session, session.we_open("ours"));
  }
}

// Channels.

struct ChannelKind {
  const char* label;
  ChannelOptions options;
};

std::vector<ChannelKind> channel_kinds() {
  return {{"reliable", {}},
          {"unordered", {.order = ChannelOrder::unordered}},
          {"retransmits", {.max_retransmits = 3}},
          {"once", {.order = ChannelOrder::unordered, .max_retransmits = 0}},
          {"lifetime", {.max_lifetime_ms = 2'000}},
          {"brief", {.order = ChannelOrder::unordered, .max_lifetime_ms = 500}},
          {"protocol", {.protocol = "chat.v2"}},
          {"gr\u00fc\u00dfe \u65e5\u672c", {.protocol = "\u00fcber"}}};
}

TEST_P(Peers, ItsChannelsOfEveryKindArriveWithTheirParameters) {
  for (const OurAgent agent : {OurAgent::lite, OurAgent::full}) {
    Session session(GetParam(), agent);
    session.peer_opens("first");
    session.peer_offers();
    for (const ChannelKind& kind : channel_kinds()) {
      SCOPED_TRACE(kind.label);
      boost::json::object command{{"do", "open"},
                                  {"label", kind.label},
                                  {"protocol", kind.options.protocol},
                                  {"ordered", kind.options.order == ChannelOrder::ordered}};
      if (kind.options.max_retransmits) command["maxRetransmits"] = *kind.options.max_retransmits;
      if (kind.options.max_lifetime_ms) command["maxPacketLifeTime"] = *kind.options.max_lifetime_ms;
      session.peer.tell(command);
      const OpenedChannel& channel = session.taken(kind.label);
      EXPECT_EQ(channel.protocol, kind.options.protocol);
      const bool limited = kind.options.max_retransmits || kind.options.max_lifetime_ms;
      if (!limited || can(Feature::unordered_limits)) {
        EXPECT_EQ(channel.parameters.order, kind.options.order);
      }
      EXPECT_EQ(channel.parameters.max_retransmits, kind.options.max_retransmits);
      EXPECT_EQ(channel.parameters.max_lifetime_ms, kind.options.max_lifetime_ms);
      EXPECT_TRUE(channel.parameters.by_peer);
      const auto opened = session.peer.expect("opened", kind.label);
      EXPECT_EQ(channel.parameters.stream, opened.at("id").to_number<int>());
      expect_traffic(session, channel);
    }
  }
}

TEST_P(Peers, OurChannelsOfEveryKindArriveWithTheirParameters) {
  for (const OurAgent agent : {OurAgent::lite, OurAgent::full}) {
    Session session(GetParam(), agent);
    session.we_offer();
    for (const ChannelKind& kind : channel_kinds()) {
      SCOPED_TRACE(kind.label);
      const OpenedChannel& channel = session.we_open(kind.label, kind.options);
      const auto opened = session.peer.expect("opened", kind.label);
      EXPECT_EQ(opened.at("id").to_number<int>(), channel.parameters.stream);
      EXPECT_EQ(test::text_of(opened, "protocol"), kind.options.protocol);
      expect_traffic(session, channel);
      if (!can(Feature::channel_parameters)) continue;
      EXPECT_EQ(opened.at("ordered").as_bool(), kind.options.order == ChannelOrder::ordered);
      if (kind.options.max_retransmits) {
        EXPECT_EQ(opened.at("maxRetransmits").to_number<std::uint32_t>(), *kind.options.max_retransmits);
      }
      if (kind.options.max_lifetime_ms) {
        EXPECT_EQ(opened.at("maxPacketLifeTime").to_number<std::uint32_t>(), *kind.options.max_lifetime_ms);
      }
    }
  }
}

TEST_P(Peers, MessagesOfEverySizeArriveInBothDirections) {
  Session session(GetParam(), OurAgent::lite);
  session.peer_opens("first");
  session.peer_offers();
  const OpenedChannel& channel = session.taken("first");
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1'200}, std::size_t{16'384},
                                 std::size_t{65'535}, std::size_t{65'536}, std::size_t{262'144}}) {
    if (size > GetParam().largest_message) {
      std::cout << "[  NOTE    ] " << GetParam().name << ": takes at most " << GetParam().largest_message << " bytes\n";
      break;
    }
    if (size == 0 && !can(Feature::empty_messages)) continue;
    session.expect_echo(channel, MessageKind::text, size);
    session.expect_echo(channel, MessageKind::binary, size);
  }
  session.expect_text_echo(channel, "na\u00efve \u2014 \u65e5\u672c\u8a9e \U0001F600");
}

TEST_P(Peers, AThousandMessagesArriveInOrderInBothDirections) {
  Session session(GetParam(), OurAgent::full);
  session.we_offer();
  const OpenedChannel& channel = session.we_open("many");
  session.peer.expect("opened", "many");
  for (int i = 0; i < 1'000; ++i) session.peer.tell({{"do", "send"}, {"label", "many"}, {"text", std::to_string(i)}});
  ASSERT_TRUE(session.until([&] { return session.messages.size() == 1'000; })) << session.messages.size();
  for (std::size_t i = 0; i < 1'000; ++i) {
    EXPECT_EQ(as_text(session.messages[i].payload), std::to_string(i));
    const std::vector<std::uint8_t> bytes(i);
    session.send(channel.id, MessageKind::binary, bytes);
  }
  for (int i = 0; i < 1'000; ++i) {
    const auto message = session.peer.expect("message", "many");
    if (i > 0 || can(Feature::empty_messages)) {
      ASSERT_EQ(message.at("size").to_number<int>(), i);
    }
  }
}

// Closing.

TEST_P(Peers, AChannelThatItClosesClosesHereAndCanBeReopened) {
  Session session(GetParam(), OurAgent::lite);
  session.peer_opens("first");
  session.peer_opens("second");
  session.peer_offers();
  session.taken("first");
  for (int round = 0; round < 3; ++round) {
    const OpenedChannel channel = session.taken("second");
    expect_traffic(session, channel);
    session.peer.tell({{"do", "close_channel"}, {"label", "second"}});
    ASSERT_TRUE(session.until([&] { return session.closed_channels.size() == static_cast<std::size_t>(round) + 1; }));
    EXPECT_EQ(session.closed_channels.back(), std::pair(channel.id.value, Errc::channel_closed_by_peer));
    session.peer.expect("channel_closed", "second");
    session.peer_opens("second");
  }
  expect_traffic(session, session.taken("second"));
  expect_traffic(session, session.taken("first"));
}

TEST_P(Peers, AChannelThatWeCloseClosesThereAndCanBeReopened) {
  Session session(GetParam(), OurAgent::full);
  session.we_offer();
  const OpenedChannel first = session.we_open("first");
  for (std::size_t round = 0; round < 3; ++round) {
    const OpenedChannel channel = session.we_open("second");
    session.peer.expect("opened", "second");
    expect_traffic(session, channel);
    ASSERT_TRUE(session.endpoint().close_channel(session.id, channel.id));
    session.wake();
    session.peer.expect("channel_closed", "second");
    ASSERT_TRUE(session.until([&] { return session.closed_channels.size() == round + 1; }));
  }
  expect_traffic(session, session.we_open("second"));
  expect_traffic(session, first);
}

TEST_P(Peers, ItsTerminationIsDetectedHere) {
  for (const OurAgent agent : {OurAgent::lite, OurAgent::full}) {
    SCOPED_TRACE(agent == OurAgent::lite ? "lite" : "full");
    Session session(GetParam(), agent);
    session.peer_opens("first");
    session.peer_offers();
    expect_traffic(session, session.taken("first"));
    session.peer.tell({{"do", "close"}});
    const auto bound = can(Feature::close_notice) ? 5s : 75s;
    ASSERT_TRUE(session.until([&] { return session.closed.has_value(); }, bound));
    std::cout << "[  NOTE    ] " << GetParam().name << " closes: " << name(session.closed->reason) << "\n";
  }
}

TEST_P(Peers, OurTerminationIsDetectedThere) {
  for (const OurAgent agent : {OurAgent::lite, OurAgent::full}) {
    SCOPED_TRACE(agent == OurAgent::lite ? "lite" : "full");
    Session session(GetParam(), agent);
    session.we_offer();
    expect_traffic(session, session.we_open("ours"));
    session.endpoint().close(session.id);
    session.wake();
    ASSERT_TRUE(session.until([&] { return session.closed.has_value(); }, 5s));
    if (can(Feature::sees_channels_close)) session.peer.expect("channel_closed", "ours");
    if (can(Feature::sees_close)) session.peer.expect("closed");
  }
}

// Later descriptions.

TEST_P(Peers, RestartsIceAndContinues) {
  for (const OurAgent agent : {OurAgent::lite, OurAgent::full}) {
    SCOPED_TRACE(agent == OurAgent::lite ? "lite" : "full");
    if (!can(agent == OurAgent::lite ? Feature::ice_restart_lite : Feature::ice_restart)) continue;
    Session session(GetParam(), agent);
    session.peer_opens("first");
    session.peer_offers();
    const OpenedChannel channel = session.taken("first");
    expect_traffic(session, channel);
    for (int round = 0; round < 2; ++round) {
      const std::string before = session.last_description;
      session.renegotiate(true);
      const auto ufrag = [](const std::string& sdp) {
        const std::size_t at = sdp.find("a=ice-ufrag:");
        return sdp.substr(at, sdp.find('\r', at) - at);
      };
      EXPECT_NE(ufrag(session.last_description), ufrag(before));
      for (int i = 0; i < 10; ++i) {
        session.run_for(100ms);
        expect_traffic(session, channel);
      }
    }
    EXPECT_FALSE(session.closed);
  }
}

// Media.

TEST_P(Peers, VideoFlowsInBothDirectionsWithoutLoss) {
  REDAN_NEEDS(media);
  for (const OurAgent agent : {OurAgent::lite, OurAgent::full}) {
    for (const DtlsRole role : {DtlsRole::server, DtlsRole::client}) {
      SCOPED_TRACE(std::string(agent == OurAgent::lite ? "lite" : "full") +
                   (role == DtlsRole::server ? " server" : " client"));
      Session session(GetParam(), agent);
      session.peer.tell({{"do", "media"}});
      session.peer_opens("first");
      session.peer_offers({.dtls_role = role, .sources = {.video_ssrc = test::kOurVideo}});
      const auto media = session.endpoint().media(session.id);
      ASSERT_TRUE(media);
      ASSERT_EQ(media->size(), 1U) << session.last_description;
      EXPECT_EQ(media->front().codec, "VP8");
      session.peer.tell({{"do", "stream"}, {"packets", 300}, {"size", 1'400}});
      const auto sent = session.peer.expect("streamed");
      const auto packets = sent.at("packets").to_number<std::size_t>();
      EXPECT_TRUE(session.until([&] { return session.rtp >= packets; }, 5s)) << session.rtp << " of " << packets;
      EXPECT_EQ(session.rtp_returned, session.rtp);
      std::cout << "[  NOTE    ] " << packets << " packets of at most " << session.rtp_largest << " bytes\n";
      std::size_t back = 0;
      const auto end = std::chrono::steady_clock::now() + 20s;
      while (back < session.rtp_returned && std::chrono::steady_clock::now() < end)
        back = session.peer.expect("rtp").at("packets").to_number<std::size_t>();
      EXPECT_EQ(back, session.rtp_returned);
      expect_traffic(session, session.taken("first"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Peers, testing::ValuesIn(test::stacks()), [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace redan
