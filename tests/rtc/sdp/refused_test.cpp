// Descriptions that are refused as a whole, and the error messages: each case represents a kind that occurs in
// practice. Every other description that parses is answered, section by section.
#include <gtest/gtest.h>

#include "tests/rtc/sdp/texts.hpp"

namespace redan::sdp {
namespace {

using test::audio;
using test::data;
using test::joined;
using test::kFingerprint;
using test::kOtherFingerprint;
using test::section;
using test::session;
using test::Texts;

struct Refused {
  const char* name;
  std::string offer;
  Errc error;
  std::size_t line;  // 0: the description as a whole
};
void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.name; }

/// A session without some of its lines.
std::string without(const Texts& names, const std::string& rest) {
  std::string text = session() + rest;
  for (const std::string& name : names) {
    const std::size_t at = text.find("a=" + name);
    text.erase(at, text.find('\n', at) + 1 - at);
  }
  return text;
}

const Texts kMux{"a=rtcp-mux"};

const Refused kRefused[] = {
    // Not a description.
    {"Empty", "", Errc::sdp_syntax, 0},
    {"JsonAroundIt", "{\"type\":\"offer\"}", Errc::sdp_syntax, 1},
    {"NoVersion", "o=- 1 1 IN IP4 127.0.0.1\r\n", Errc::sdp_syntax, 1},
    {"AnotherVersion", "v=1\r\ns=-\r\n", Errc::sdp_syntax, 1},
    {"ABlankLineInside", "v=0\r\n\r\ns=-\r\n", Errc::sdp_syntax, 2},
    {"IndentedLines", "v=0\r\n  s=-\r\n", Errc::sdp_syntax, 2},
    {"TwoPortsInOneSection", session() + "m=audio 9/2 RTP/AVP 0\r\n", Errc::sdp_syntax, 9},
    {"ASectionWithoutFormat", session() + "m=audio 9 RTP/AVP\r\n", Errc::sdp_syntax, 9},
    // Not WebRTC.
    {"NoSection", session(), Errc::sdp_nothing_usable, 0},
    {"Telephony",
     without({"ice-ufrag", "ice-pwd", "fingerprint", "setup"}, section("m=audio 4000 RTP/AVP 0 8", "0", kMux)),
     Errc::sdp_no_ice_credentials, 5},
    {"KeysInTheDescription",
     without({"fingerprint"},
             section("m=audio 9 RTP/SAVP 0", "0", {"a=rtcp-mux", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 x"})),
     Errc::sdp_no_fingerprint, 8},
    {"ACamera", session() + section("m=video 0 RTP/AVP 96", "0", {"a=rtpmap:96 H264/90000"}), Errc::sdp_nothing_usable,
     0},
    {"Conference", session() + section("m=application 9 UDP/BFCP *", "0") + section("m=image 9 udptl t38", "1"),
     Errc::sdp_nothing_usable, 0},
    {"Messages", session() + section("m=message 9 TCP/TLS/MSRP *", "0"), Errc::sdp_nothing_usable, 0},
    {"KeyTonesAlone",
     session() + section("m=audio 9 RTP/SAVPF 126", "0", {"a=rtcp-mux", "a=rtpmap:126 telephone-event/8000"}),
     Errc::sdp_nothing_usable, 0},
    {"PayloadTypesThatLookLikeRtcp",
     session() + section("m=video 9 RTP/SAVPF 72", "0", {"a=rtcp-mux", "a=rtpmap:72 VP8/90000"}),
     Errc::sdp_nothing_usable, 0},
    {"EverythingRejected", session() + section("m=audio 0 RTP/SAVPF 0", "0", kMux), Errc::sdp_nothing_usable, 0},
    {"AnSctpWithoutMap", session() + section("m=application 9 DTLS/SCTP 5000", "0"), Errc::sdp_nothing_usable, 0},
    {"AnSctpMapOfAnotherPort",
     session() + section("m=application 9 DTLS/SCTP 5000", "0", {"a=sctpmap:5001 webrtc-datachannel 65535"}),
     Errc::sdp_nothing_usable, 0},
    // Something mandatory is missing.
    {"NoRtcpMux", session() + audio("0", {}), Errc::sdp_no_rtcp_mux, 9},
    {"NoUfrag", without({"ice-ufrag"}, data("0")), Errc::sdp_no_ice_credentials, 8},
    {"NoPassword", without({"ice-pwd"}, data("0")), Errc::sdp_no_ice_credentials, 8},
    {"AShortPassword", without({"ice-pwd"}, data("0", {"a=ice-pwd:012345678901234567890"})),
     Errc::sdp_no_ice_credentials, 8},
    {"NoFingerprint", without({"fingerprint"}, data("0")), Errc::sdp_no_fingerprint, 8},
    {"AWeakFingerprint", session({}, "sha-1 " + test::hex('A', 20)) + data("0"), Errc::sdp_no_fingerprint, 9},
    {"AShortFingerprint", session({}, "sha-256 " + test::hex('A', 31)) + data("0"), Errc::sdp_no_fingerprint, 9},
    {"NoSetup", without({"setup"}, data("0")), Errc::sdp_bad_setup, 8},
    {"SetupHoldconn", without({"setup"}, data("0", {"a=setup:holdconn"})), Errc::sdp_bad_setup, 8},
    {"BundleOnlyWithoutABundle",
     session() + section("m=application 0 UDP/DTLS/SCTP webrtc-datachannel", "0", {"a=bundle-only"}),
     Errc::sdp_not_bundled, 9},
    // Contradictions.
    {"TwoSectionsOfOneName", session({"a=group:BUNDLE 0"}) + data("0") + audio("0"), Errc::sdp_syntax, 13},
    {"TwoIdentities",
     session({"a=group:BUNDLE 0 1"}) + data("0") + audio("1", {"a=rtcp-mux", "a=fingerprint:" + kOtherFingerprint}),
     Errc::sdp_no_fingerprint, 13},
    {"NoSctpPort", session() + data("0", {"a=sctp-port:many"}), Errc::sdp_syntax, 9},
    {"NoMessageSize", session() + data("0", {"a=max-message-size:many"}), Errc::sdp_syntax, 9},
};

class RefusedOffer : public testing::TestWithParam<Refused> {};
INSTANTIATE_TEST_SUITE_P(All, RefusedOffer, testing::ValuesIn(kRefused),
                         [](const auto& param) { return std::string(param.param.name); });

TEST_P(RefusedOffer, ReportsReasonAndLine) {
  const auto remote = test::read(GetParam().offer);
  ASSERT_FALSE(remote);
  EXPECT_EQ(remote.error(), GetParam().error) << remote.error().detail;
  EXPECT_EQ(test::line_of(remote.error()), GetParam().line) << remote.error().detail;
  EXPECT_FALSE(remote.error().detail.empty());
}

// An answer cannot be declined any more, so what would decline a section of an offer is an error.
TEST(RefusedAnswer, WhenASectionIsOutsideTheBundleOrLacksRtcpMux) {
  Local ours = test::local();
  ours.setup = Setup::actpass;
  const auto offer = SessionDescription::parse(make_offer(ours, {true, true, false}));
  ASSERT_TRUE(offer);
  const auto read = [&](const std::string& text) {
    const auto answer = SessionDescription::parse(text);
    return answer ? read_answer(*offer, *answer) : refuse(answer.error());
  };
  const auto head = [](const std::string& group) {
    std::string text = session({"a=group:BUNDLE " + group});
    return text.replace(text.find("actpass"), 7, "active");
  };
  EXPECT_TRUE(read(head("0 1") + audio("0") + data("1")));
  EXPECT_EQ(read(head("0") + audio("0") + data("1")).error(), Errc::sdp_not_bundled);
  EXPECT_EQ(read(head("0 1") + audio("0", {}) + data("1")).error(), Errc::sdp_no_rtcp_mux);
}

}  // namespace
}  // namespace redan::sdp
