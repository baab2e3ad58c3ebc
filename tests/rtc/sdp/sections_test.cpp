// Which sections of an offer are accepted, and what the answer contains for each.
#include "rtc/sdp/sections.hpp"

#include <gtest/gtest.h>

#include "tests/rtc/sdp/texts.hpp"

namespace redan::sdp {
namespace {

using test::Answered;
using test::audio;
using test::data;
using test::joined;
using test::local;
using test::section;
using test::session;
using test::Texts;

const std::string kBundle = "a=group:BUNDLE 0 1";

// RFC 8829 section 5.1.2
TEST(Sections, EveryProfileOfDtlsSrtpIsAcceptedAndRepeated) {
  for (const std::string profile : {"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVP",
                                    "RTP/SAVPF", "RTP/SAVP", "RTP/AVPF", "RTP/AVP"}) {
    const Answered it(session() + section("m=audio 9 " + profile + " 0", "0", {"a=rtcp-mux", "a=rtpmap:0 PCMU/8000"}));
    ASSERT_TRUE(it.accepted) << profile;
    EXPECT_EQ(it.at(0).protocol, profile);
    EXPECT_EQ(it.at(0).port, 9);
  }
  for (const std::string profile : {"UDP/DTLS/SCTP", "TCP/DTLS/SCTP", "DTLS/SCTP"}) {
    const Answered it(session() + section("m=application 9 " + profile + " webrtc-datachannel", "0"));
    ASSERT_TRUE(it.accepted) << profile;
    EXPECT_EQ(it.at(0).protocol, profile);
    EXPECT_EQ(it.remote.data->sctp_port, 5000);
  }
  for (const std::string line : {"m=audio 9 UDP/FEC 0", "m=application 9 TCP/BFCP webrtc-datachannel",
                                 "m=application 9 DTLS/SCTP 5000", "m=text 9 RTP/AVP 0"}) {
    EXPECT_FALSE(Answered(session() + section(line, "0", {"a=rtcp-mux"})).accepted) << line;
  }
}

TEST(Sections, AProfileWithoutDtlsStillNeedsAFingerprint) {
  const std::string text = joined({"v=0", "a=ice-ufrag:peer", "a=ice-pwd:0123456789012345678901", "a=setup:actpass"}) +
                           section("m=audio 9 RTP/AVP 0", "0", {"a=rtcp-mux"});
  EXPECT_EQ(test::read(text).error(), Errc::sdp_no_fingerprint);
}

TEST(Sections, TheOlderFormOfDataChannelsIsAnsweredInThatForm) {
  Local ours = local();
  ours.sctp_port = 6000;
  const Answered it(session() + section("m=application 9 DTLS/SCTP 5001", "0",
                                        {"a=sctpmap:4000 other 1", "a=sctpmap:5001 webrtc-datachannel 65535",
                                         "a=max-message-size:70000"}),
                    ours);
  ASSERT_TRUE(it.accepted);
  EXPECT_EQ(it.remote.data->sctp_port, 5001);
  EXPECT_EQ(it.remote.data->max_message_size, 70'000U);
  EXPECT_EQ(it.at(0).protocol, "DTLS/SCTP");
  EXPECT_EQ(it.at(0).formats, std::vector<std::string>{"6000"});
  EXPECT_EQ(it.at(0).attribute("sctpmap"), "6000 webrtc-datachannel 65535");
  EXPECT_EQ(it.at(0).attribute("max-message-size"), "262144");
  EXPECT_FALSE(it.at(0).has("sctp-port"));
}

TEST(Sections, TheSctpPortIsReadAndWrittenInOffersAndAnswers) {
  Local ours = local();
  ours.sctp_port = 6001;
  const Answered it(session() + data("0", {"a=sctp-port:7000"}), ours);
  ASSERT_TRUE(it.accepted);
  EXPECT_EQ(it.remote.data->sctp_port, 7000);
  EXPECT_EQ(it.at(0).attribute("sctp-port"), "6001");
  const auto accepted = read_answer(it.offer, it.answer);
  EXPECT_EQ(accepted->data->sctp_port, 6001);
  ours.setup = Setup::actpass;
  EXPECT_EQ(test::read(make_offer(ours, {}))->data->sctp_port, 6001);
  for (const std::string port : {"0", "65536", "x", "5000 6000"}) {
    EXPECT_EQ(test::read(session() + data("0", {"a=sctp-port:" + port})).error(), Errc::sdp_syntax) << port;
  }
}

TEST(Sections, OnlyTheSectionWithoutRtcpMuxIsDeclined) {
  const Answered it(session({kBundle}) + audio("0", {}) + data("1"));
  ASSERT_TRUE(it.accepted);
  EXPECT_EQ(it.at(0).port, 0);
  EXPECT_EQ(it.at(1).port, 9);
  EXPECT_EQ(it.answer.session.attribute("group"), "BUNDLE 1");
  EXPECT_EQ(test::read(session() + audio("0", {})).error(), Errc::sdp_no_rtcp_mux);
}

TEST(Sections, OnlyTheSectionOutsideTheBundleIsDeclined) {
  const struct {
    std::string group;
    std::vector<std::uint16_t> ports;
    std::string answered;
  } cases[] = {
      {"a=group:BUNDLE 0 1 2", {9, 9, 9}, "BUNDLE 0 1 2"},
      {"a=group:BUNDLE 2 0 1 0", {9, 9, 9}, "BUNDLE 2 0 1"},
      {"a=group:BUNDLE 0 2", {9, 0, 9}, "BUNDLE 0 2"},
      {"a=group:BUNDLE 1 2", {0, 9, 9}, "BUNDLE 1 2"},
      {"a=group:BUNDLE 0\r\na=group:BUNDLE 1 2", {9, 0, 0}, "BUNDLE 0"},
      {"a=group:LS 0 1\r\na=group:BUNDLE 7\r\na=group:BUNDLE 1 2", {0, 9, 9}, "BUNDLE 1 2"},
      {"a=group:BUNDLED 0 1 2", {9, 0, 0}, "BUNDLE 0"},
      {"a=group:BUNDLE", {9, 0, 0}, "BUNDLE 0"},
  };
  for (const auto& each : cases) {
    const Answered it(session({each.group}) + audio("0") + audio("1") + data("2"));
    ASSERT_TRUE(it.accepted) << each.group;
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(it.at(i).port, each.ports[i]) << each.group << ' ' << i;
    EXPECT_EQ(it.answer.session.attribute("group"), each.answered);
    EXPECT_EQ(it.remote.media.size() + it.remote.data.has_value(),
              static_cast<std::size_t>(std::count(each.ports.begin(), each.ports.end(), 9)));
  }
}

// RFC 8843 section 7.3.2: the first of the group that is not rejected.
TEST(Sections, TheTaggedSectionDescribesTheTransport) {
  const auto own = [](const std::string& ufrag) {
    return Texts{"a=rtcp-mux", "a=ice-ufrag:" + ufrag, "a=candidate:1 1 udp 1 192.0.2.9 1 typ host"};
  };
  const Answered it(session({"a=group:BUNDLE 1 0"}) + audio("0", own("zero")) + audio("1", own("one1")));
  ASSERT_TRUE(it.accepted);
  EXPECT_EQ(it.remote.ufrag, "one1");
  EXPECT_EQ(it.answer.session.attribute("group"), "BUNDLE 1 0");
  EXPECT_FALSE(it.at(0).has("candidate"));
  EXPECT_TRUE(it.at(1).has("candidate"));
}

TEST(Sections, OnlyTheFirstOfTwoDataSectionsIsAccepted) {
  const Answered it(session({kBundle}) + data("0") + data("1"));
  ASSERT_TRUE(it.accepted);
  EXPECT_EQ(it.at(0).port, 9);
  EXPECT_EQ(it.at(1).port, 0);
}

TEST(Sections, MediaIsDeclinedWhenItIsNotPossible) {
  Local ours = local();
  ours.accept_media = false;
  const Answered it(session({kBundle}) + audio("0") + data("1"), ours);
  ASSERT_TRUE(it.accepted);
  EXPECT_TRUE(it.remote.media.empty());
  EXPECT_EQ(it.at(0).port, 0);
  EXPECT_EQ(it.at(1).port, 9);
}

// RFC 8829 section 5.2.2: a rejected section is reused with another kind and mid.
TEST(Sections, ALaterOfferMayReuseARejectedSection) {
  const Answered before(session({kBundle}) + section("m=text 9 RTP/AVP 0", "0") + data("1"));
  ASSERT_TRUE(before.accepted);
  EXPECT_EQ(before.at(0).port, 0);
  const Answered after(session({"a=group:BUNDLE 1 2 3"}) + audio("2") + data("1", {"a=max-message-size:9"}) +
                       audio("3", {"a=rtcp-mux", "a=inactive"}));
  ASSERT_TRUE(after.accepted);
  EXPECT_EQ(after.answer.session.attribute("group"), "BUNDLE 1 2 3");
  EXPECT_EQ(after.at(0).mid(), "2");
  EXPECT_EQ(after.at(1).mid(), "1");
  EXPECT_EQ(after.at(2).mid(), "3");
  EXPECT_EQ(after.remote.data->max_message_size, 9U);
  EXPECT_EQ(after.remote.media[1].direction, MediaDirection::inactive);
  const Answered removed(session({"a=group:BUNDLE 1"}) + section("m=audio 0 UDP/TLS/RTP/SAVPF 0", "2") + data("1") +
                         section("m=audio 0 UDP/TLS/RTP/SAVPF 0", "3"));
  ASSERT_TRUE(removed.accepted);
  EXPECT_EQ(removed.at(0).port, 0);
  EXPECT_EQ(removed.at(1).port, 9);
}

TEST(Sections, MidsOfAnyLengthAreRepeatedButNotPutIntoHeaders) {
  const Texts more{"a=rtcp-mux", "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid"};
  for (const std::size_t size : {16U, 17U, 300U}) {
    const Answered it(session() + audio(std::string(size, 'm'), more));
    ASSERT_TRUE(it.accepted) << size;
    EXPECT_EQ(it.at(0).mid().size(), size);
    EXPECT_EQ(it.at(0).has("extmap"), size <= 16) << "RFC 8285 section 4.2";
  }
}

struct CodecCase {
  const char* name;
  std::string kind;
  std::string formats;
  Texts lines;
  std::string chosen;  // payload type and codec; "" if the section is declined
};

TEST(Sections, TheCodecIsChosenByNameCaseInsensitively) {
  const CodecCase cases[] = {
      {"upper case", "audio", "0 96", {"a=rtpmap:96 OPUS/48000/2"}, "96 opus"},
      {"lower case", "video", "98 97", {"a=rtpmap:98 h264/90000", "a=rtpmap:97 vp8/90000"}, "97 VP8"},
      {"unknown codecs keep their spelling", "video", "97", {"a=rtpmap:97 HeVc/90000"}, "97 HeVc"},
      {"static payload types need no rtpmap", "audio", "3 9 0 8", {}, "9 G722"},
      {"static PCMU", "audio", "0", {}, "0 PCMU"},
      {"static PCMA", "audio", "8", {}, "8 PCMA"},
      {"static numbers are audio's", "video", "0 8", {}, ""},
      {"an rtpmap goes before the static table", "audio", "0", {"a=rtpmap:0 x/8000"}, "0 x"},
      {"telephone events are no codec", "audio", "101", {"a=rtpmap:101 Telephone-Event/8000"}, ""},
      {"nor is comfort noise", "audio", "13 0", {"a=rtpmap:13 cn/8000"}, "0 PCMU"},
      {"nor repair", "video", "97", {"a=rtpmap:97 RTX/90000"}, ""},
      {"64 to 95 look like RTCP",
       "video",
       "64 72 95",
       {"a=rtpmap:64 VP8/90000", "a=rtpmap:72 VP8/90000", "a=rtpmap:95 VP8/90000"},
       ""},
      {"63 and 96 do not", "video", "63", {"a=rtpmap:63 VP8/90000"}, "63 VP8"},
      {"a payload type has seven bits",
       "video",
       "128 256 x 127",
       {"a=rtpmap:128 VP8/90000", "a=rtpmap:127 AV1/90000"},
       "127 AV1"},
      {"blanks", "audio", "96", {"a=rtpmap: 96   opus/48000/2 "}, "96 opus"},
      {"an rtpmap without a format", "audio", "1", {"a=rtpmap:96 opus/48000/2"}, ""},
      {"the first rtpmap counts", "audio", "96", {"a=rtpmap:96 opus/48000/2", "a=rtpmap:96 x/1"}, "96 opus"},
  };
  for (const CodecCase& each : cases) {
    Texts lines = each.lines;
    lines.emplace_back("a=rtcp-mux");
    const Answered it(session({kBundle}) + section("m=" + each.kind + " 9 RTP/AVP " + each.formats, "0", lines) +
                      data("1"));
    ASSERT_TRUE(it.accepted) << each.name;
    EXPECT_EQ(it.at(0).port == 0, each.chosen.empty()) << each.name;
    if (each.chosen.empty()) continue;
    const AgreedMedia& media = it.remote.media.at(0);
    EXPECT_EQ(std::to_string(media.payload_type) + " " + media.codec, each.chosen) << each.name;
    EXPECT_EQ(it.at(0).formats, std::vector<std::string>{std::to_string(media.payload_type)}) << each.name;
    EXPECT_TRUE(it.at(0).attribute("rtpmap")->starts_with(it.at(0).formats[0] + " ")) << each.name;
  }
}

TEST(Sections, FeedbackForAllPayloadTypesAndWithTrailingBlanksCounts) {
  const struct {
    Texts lines;
    std::vector<std::string_view> answered;
  } cases[] = {
      {{"a=rtcp-fb:* nack"}, {"96 nack"}},
      {{"a=rtcp-fb:96 nack ", "a=rtcp-fb:96  nack   pli", "a=rtcp-fb:* ccm fir"},
       {"96 nack", "96 nack pli", "96 ccm fir"}},
      {{"a=rtcp-fb:96 nack", "a=rtcp-fb:* nack"}, {"96 nack"}},
      {{"a=rtcp-fb:97 nack", "a=rtcp-fb:96 nack sli", "a=rtcp-fb:96 transport-cc", "a=rtcp-fb:96"}, {}},
      {{"a=rtcp-fb:* goog-remb"}, {"96 goog-remb"}},
  };
  for (const auto& each : cases) {
    Texts lines = each.lines;
    lines.insert(lines.end(), {"a=rtcp-mux", "a=rtpmap:96 VP8/90000"});
    Local ours = local();
    ours.sources.receiver_estimates = true;
    const Answered it(session() + section("m=video 9 RTP/SAVPF 96", "0", lines), ours);
    ASSERT_TRUE(it.accepted);
    EXPECT_EQ(it.at(0).attributes("rtcp-fb"), each.answered) << each.lines[0];
    const auto says = [&](std::string_view line) {
      return std::find(each.answered.begin(), each.answered.end(), line) != each.answered.end();
    };
    const AgreedMedia& media = it.remote.media.at(0);
    EXPECT_EQ(media.nack, says("96 nack"));
    EXPECT_EQ(media.nack_pli, says("96 nack pli"));
    EXPECT_EQ(media.ccm_fir, says("96 ccm fir"));
  }
}

// RFC 8866 section 6.7: the session's direction is the default for its sections.
TEST(Sections, TheSessionsDirectionIsTheDefault) {
  const Answered it(session({kBundle, "a=sendonly"}) + audio("0") + audio("1", {"a=rtcp-mux", "a=sendrecv"}));
  ASSERT_TRUE(it.accepted);
  EXPECT_EQ(it.remote.media[0].direction, MediaDirection::recvonly);
  EXPECT_EQ(it.remote.media[1].direction, MediaDirection::sendrecv);
  EXPECT_TRUE(it.at(0).has("recvonly"));
  EXPECT_TRUE(it.at(1).has("sendrecv"));
}

TEST(Sections, RepeatedLinesDoNotEnlargeTheAnswer) {
  Texts lines{"a=rtcp-mux", "a=rtpmap:96 VP8/90000"};
  for (int i = 0; i < 1000; ++i) {
    lines.insert(lines.end(), {"a=rtcp-fb:96 nack", "a=fmtp:96 x=" + std::to_string(i), "a=rtpmap:96 VP8/90000",
                               "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid"});
  }
  const Answered it(session() + section("m=video 9 RTP/SAVPF 96", "0", lines));
  ASSERT_TRUE(it.accepted);
  EXPECT_LT(it.answer.text().size(), 1000U);
  EXPECT_EQ(it.at(0).attribute("fmtp"), "96 x=0");
}

}  // namespace
}  // namespace redan::sdp
