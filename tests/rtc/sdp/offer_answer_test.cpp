#include "rtc/sdp/offer_answer.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "tests/rtc/sdp/texts.hpp"
#include "tests/support/files.hpp"

namespace redan::sdp {
namespace {

#define HEX_8 "01:23:45:67:89:AB:CD:EF:"
#define SHA_256 "sha-256 " HEX_8 HEX_8 HEX_8 "01:23:45:67:89:AB:CD:EF"
#define SHA_384 "sha-384 " HEX_8 HEX_8 HEX_8 HEX_8 HEX_8 "01:23:45:67:89:AB:CD:EF"

std::string captured(const std::string& name) {
  const auto bytes = redan::test::read_test_file("captures/sdp/" + name + ".sdp");
  EXPECT_FALSE(bytes.empty()) << name;
  return {bytes.begin(), bytes.end()};
}

Local local() {
  Local l;
  l.ufrag = "abcdefgh";
  l.pwd = "0123456789012345678901234";
  l.fingerprint = SHA_256;
  l.candidates = {"candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host"};
  l.session_id = 42;
  return l;
}

Result<Remote> offer_of(std::string_view text) {
  const auto description = SessionDescription::parse(text);
  if (!description) return refuse(description.error());
  return read_offer(*description, true);
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}
std::string without_line(const std::string& text, std::string_view prefix) {
  std::string result;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start) + 1;
    const std::string line = text.substr(start, end - start);
    if (!line.starts_with(prefix)) result += line;
    start = end;
  }
  return result;
}

// What an answer needs, for every offer of a browser.
TEST(MakeAnswer, ContainsWhatBothBrowsersNeedForEveryCapturedOffer) {
  int count = 0;
  for (const auto& file : std::filesystem::directory_iterator(std::string(REDAN_TESTS_DIR) + "/captures/sdp")) {
    const std::string name = file.path().stem().string();
    if (name.find("-offer-") == std::string::npos) continue;
    ++count;
    const auto offer = SessionDescription::parse(captured(name));
    ASSERT_TRUE(offer);
    const auto remote = read_offer(*offer, true);
    ASSERT_TRUE(remote) << name << ": " << remote.error().detail;
    EXPECT_EQ(remote->setup, Setup::actpass);
    const auto answer = SessionDescription::parse(make_answer(*offer, local()));
    ASSERT_TRUE(answer) << name;
    ASSERT_EQ(answer->media.size(), offer->media.size());
    EXPECT_TRUE(answer->session.has("ice-lite"));
    for (std::size_t i = 0; i < answer->media.size(); ++i) {
      const MediaSection& ours = answer->media[i];
      const MediaSection& theirs = offer->media[i];
      EXPECT_EQ(ours.media, theirs.media);
      EXPECT_EQ(ours.protocol, theirs.protocol);
      EXPECT_EQ(ours.mid(), theirs.mid());
      EXPECT_NE(std::find(ours.lines.begin(), ours.lines.end(), Line{'c', "IN IP4 0.0.0.0"}), ours.lines.end());
      EXPECT_NE(ours.port, 0);
      EXPECT_EQ(ours.attribute("setup"), "passive");
      EXPECT_EQ(ours.attribute("ice-ufrag"), "abcdefgh");
      EXPECT_EQ(ours.attributes("candidate").size(), i == 0 ? 1U : 0U);
      for (const std::string& format : ours.formats) {
        EXPECT_NE(std::find(theirs.formats.begin(), theirs.formats.end(), format), theirs.formats.end());
      }
      EXPECT_FALSE(ours.has("simulcast") || ours.has("rid"));
      if (ours.kind() == MediaKind::application) {
        EXPECT_EQ(ours.attribute("sctp-port"), "5000");
        EXPECT_EQ(ours.attribute("max-message-size"), "262144");
      } else {
        EXPECT_TRUE(ours.has("rtcp-mux"));
        EXPECT_TRUE(ours.has("rtpmap"));
      }
    }
  }
  EXPECT_GE(count, 20);
}

TEST(MakeAnswer, MirrorsDirectionsAndReversesExtensionDirections) {
  std::string offer = captured("firefox-offer-plain-avdata");
  offer = replaced(offer, "a=sendrecv", "a=sendonly");
  offer = replaced(offer, "3 urn:ietf:params:rtp-hdrext:sdes:mid", "3/sendonly urn:ietf:params:rtp-hdrext:sdes:mid");
  const auto description = SessionDescription::parse(offer);
  ASSERT_TRUE(description);
  const std::string answer = make_answer(*description, local());
  EXPECT_NE(answer.find("a=recvonly\r\n"), std::string::npos);
  EXPECT_NE(answer.find("a=extmap:3/recvonly urn:ietf:params:rtp-hdrext:sdes:mid\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("transport-cc"), std::string::npos);
  EXPECT_EQ(answer.find("a=msid"), std::string::npos);
}

TEST(MakeAnswer, SimulcastAndCongestionFeedbackAreDeclined) {
  for (const std::string browser : {"chromium", "firefox"}) {
    const auto offer = SessionDescription::parse(captured(browser + "-offer-plain-simulcast"));
    ASSERT_TRUE(offer);
    ASSERT_NE(offer->text().find("a=simulcast:"), std::string::npos);
    const std::string answer = make_answer(*offer, local());
    for (const char* declined : {"a=simulcast", "a=rid", "goog-remb", "transport-cc", "rtp-stream-id", "a=ssrc"}) {
      EXPECT_EQ(answer.find(declined), std::string::npos) << browser << ' ' << declined;
    }
    EXPECT_NE(answer.find(" nack pli\r\n"), std::string::npos) << browser;
    EXPECT_NE(answer.find(" ccm fir\r\n"), std::string::npos) << browser;
  }
}

TEST(MakeAnswer, ASingleSectionWithoutMidGetsNoMidAndNoGroup) {
  const std::string text = without_line(without_line(captured("chromium-offer-plain-data"), "a=mid"), "a=group");
  const auto offer = SessionDescription::parse(text);
  ASSERT_TRUE(offer && read_offer(*offer, true));
  const std::string answer = make_answer(*offer, local());
  EXPECT_EQ(answer.find("a=mid"), std::string::npos);
  EXPECT_EQ(answer.find("a=group"), std::string::npos);
  const auto read = SessionDescription::parse(answer);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read_answer(*offer, *read));
}

TEST(MakeAnswer, ManyFormatsAndLinesAreAnswered) {
  std::string text =
      "v=0\r\na=group:BUNDLE 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
      "a=fingerprint:" SHA_256 "\r\na=setup:actpass\r\nm=video 9 UDP/TLS/RTP/SAVPF";
  for (int i = 0; i < 480; ++i) text += " 7";
  text += "\r\na=mid:0\r\na=rtcp-mux\r\n";
  while (text.size() < SessionDescription::kMaxSize - 40) text += "a=rtpmap:8 x\n";
  text += "a=rtpmap:7 H264/90000\r\n";
  const auto offer = SessionDescription::parse(text);
  ASSERT_TRUE(offer);
  ASSERT_TRUE(read_offer(*offer, true));
  EXPECT_NE(make_answer(*offer, local()).find("a=rtpmap:7 H264/90000\r\n"), std::string::npos);
}

TEST(MakeAnswer, DeclinedMediaHasPortZeroAndIsNotBundled) {
  const auto offer = SessionDescription::parse(captured("chromium-offer-plain-avdata"));
  ASSERT_TRUE(offer);
  Local ours = local();
  ours.accept_media = false;
  const auto answer = SessionDescription::parse(make_answer(*offer, ours));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->media[0].port, 0);
  EXPECT_EQ(answer->media[1].port, 0);
  EXPECT_EQ(answer->media[2].port, 9);
  EXPECT_EQ(answer->session.attribute("group"), "BUNDLE 2");
  EXPECT_EQ(answer->media[2].attributes("candidate").size(), 1U);
}

TEST(ReadOffer, ParsesOffersOfBrowsers) {
  const auto chromium = offer_of(captured("chromium-offer-plain-avdata"));
  ASSERT_TRUE(chromium);
  EXPECT_EQ(chromium->ufrag.size(), 4U);
  EXPECT_EQ(chromium->pwd.size(), 24U);
  EXPECT_EQ(chromium->media.size(), 2U);
  EXPECT_EQ(chromium->data->max_message_size, 262'144U);
  const auto firefox = offer_of(captured("firefox-offer-plain-data"));
  ASSERT_TRUE(firefox);
  EXPECT_TRUE(firefox->media.empty());
  EXPECT_EQ(firefox->fingerprints.size(), 1U);
  EXPECT_EQ(firefox->data->max_message_size, 1'073'741'823U);
}

TEST(ReadOffer, MaxMessageSizeIs65536WhenAbsentAndUnlimitedWhenZero) {
  const std::string text = captured("chromium-offer-plain-data");
  EXPECT_EQ(offer_of(without_line(text, "a=max-message-size"))->data->max_message_size, 65'536U);
  EXPECT_EQ(offer_of(replaced(text, "a=max-message-size:262144", "a=max-message-size:0"))->data->max_message_size,
            std::numeric_limits<std::size_t>::max());
}

TEST(ReadOffer, NamesMissingAttributesWithTheirLine) {
  const std::string text = captured("chromium-offer-plain-avdata");
  const struct {
    std::string offer;
    Errc error;
  } cases[] = {
      {without_line(text, "a=fingerprint"), Errc::sdp_no_fingerprint},
      {without_line(text, "a=ice-pwd"), Errc::sdp_no_ice_credentials},
      {without_line(text, "a=ice-ufrag"), Errc::sdp_no_ice_credentials},
      {without_line(text.substr(0, text.find("m=application")), "a=rtcp-mux"), Errc::sdp_no_rtcp_mux},
      {without_line(text, "a=setup"), Errc::sdp_bad_setup},
      {replaced(text, "a=setup:actpass", "a=setup:holdconn"), Errc::sdp_bad_setup},
      {replaced(text, "a=sctp-port:5000", "a=sctp-port:99999"), Errc::sdp_syntax},
      {replaced(text, "a=max-message-size:262144", "a=max-message-size:many"), Errc::sdp_syntax},
  };
  for (const auto& each : cases) {
    const auto remote = offer_of(each.offer);
    ASSERT_FALSE(remote);
    EXPECT_EQ(remote.error(), each.error);
    EXPECT_GT(test::line_of(remote.error()), 0U) << remote.error().detail;
  }
  EXPECT_EQ(offer_of("v=0\r\ns=-\r\n").error(), Errc::sdp_nothing_usable);
}

TEST(ReadOffer, MidsMustBeUniqueTokens) {
  const std::string text = captured("chromium-offer-plain-avdata");
  for (const char* mid : {"a=mid:0", "a=mid:", "a=mid:two words", "a=mid:\x80"}) {
    const auto remote = offer_of(replaced(text, "a=mid:1", mid));
    ASSERT_FALSE(remote) << mid;
    EXPECT_EQ(remote.error(), Errc::sdp_syntax);
    EXPECT_GT(test::line_of(remote.error()), 20U);
  }
}

// RFC 8843 section 7.1.3: bundle-only sections omit the transport; the tagged one describes it.
TEST(ReadOffer, TheTaggedSectionDescribesTheTransportEvenIfDeclined) {
  const std::string text =
      "v=0\r\na=group:BUNDLE 0 1\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
      "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:" SHA_256
      "\r\na=setup:actpass\r\n"
      "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\na=bundle-only\r\n";
  const auto offer = SessionDescription::parse(text);
  ASSERT_TRUE(offer);
  const auto remote = read_offer(*offer, false);
  ASSERT_TRUE(remote);
  EXPECT_EQ(remote->ufrag, "abcd");
  EXPECT_TRUE(remote->media.empty());
  EXPECT_TRUE(remote->data);
}

TEST(ReadAnswer, ParsesBrowsersAnswersToOurOffers) {
  for (const std::string browser : {"chromium", "firefox"}) {
    const auto offer = SessionDescription::parse(make_offer(local(), {true, true, true}));
    ASSERT_TRUE(offer);
    const auto answer = SessionDescription::parse(captured(browser + "-answer-peer-offers-avdata-sendrecv"));
    ASSERT_TRUE(answer);
    const auto remote = read_answer(*offer, *answer);
    ASSERT_TRUE(remote) << browser << ": " << remote.error().detail;
    EXPECT_EQ(remote->setup, Setup::active);
    EXPECT_TRUE(remote->media.size() == 2 && remote->data);
  }
}

TEST(ReadAnswer, AnAnswerThatDoesNotMatchTheOfferIsRefused) {
  const auto offer = SessionDescription::parse(make_offer(local(), {true, false, false}));
  const std::string text = captured("chromium-answer-peer-offers-data");
  const auto read = [&](const std::string& answer_text) {
    return read_answer(*offer, *SessionDescription::parse(answer_text));
  };
  ASSERT_TRUE(read(text));
  EXPECT_EQ(read(replaced(text, "a=setup:active", "a=setup:actpass")).error(), Errc::sdp_bad_setup);
  EXPECT_EQ(read(replaced(text, "a=mid:0", "a=mid:7")).error(), Errc::sdp_wrong_state);
  EXPECT_EQ(read(text + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n").error(), Errc::sdp_wrong_state);
  EXPECT_EQ(read(replaced(text, "m=application", "m=audio")).error(), Errc::sdp_wrong_state);
  const std::string rejected = replaced(text, "m=application 33586", "m=application 0");
  EXPECT_EQ(read(rejected).error(), Errc::sdp_nothing_usable);
  EXPECT_EQ(read(rejected + "a=bundle-only\r\n").error(), Errc::sdp_nothing_usable);
}

TEST(ReadAnswer, BothSidesActiveOrBothPassiveIsRefused) {
  const std::string text = captured("chromium-answer-peer-offers-data-setup-active");
  const auto answer = SessionDescription::parse(text);
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->media.front().attribute("setup"), "passive");
  Local ours = local();
  const auto read_with = [&](sdp::Setup setup) {
    ours.setup = setup;
    return read_answer(*SessionDescription::parse(make_offer(ours, {true, false, false})), *answer);
  };
  EXPECT_TRUE(read_with(sdp::Setup::active));
  EXPECT_TRUE(read_with(sdp::Setup::actpass));
  EXPECT_EQ(read_with(sdp::Setup::passive).error(), Errc::sdp_bad_setup);
}

TEST(MakeOffer, HasIceLiteAndActpassAndParses) {
  Local ours = local();
  ours.setup = Setup::actpass;
  const std::string text = make_offer(ours, {true, true, true});
  for (const char* line : {"a=ice-lite\r\n", "a=group:BUNDLE 0 1 2\r\n", "a=setup:actpass\r\n", "a=rtcp-mux\r\n",
                           "a=sctp-port:5000\r\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
  const auto remote = offer_of(text);
  ASSERT_TRUE(remote);
  EXPECT_TRUE(remote->ice_lite);
  EXPECT_EQ(remote->candidates.size(), 1U);
}

TEST(MakeOffer, SendOnlyMediaNamesItsStreamAndSources) {
  Local ours = local();
  ours.setup = Setup::actpass;
  ours.sources = {"screen", "name", 11, 22, true};
  const std::string text = make_offer(ours, {true, true, true, MediaDirection::sendonly});
  const auto offer = SessionDescription::parse(text);
  ASSERT_TRUE(offer);
  const MediaSection &audio = offer->media[0], &video = offer->media[1];
  for (const MediaSection* section : {&audio, &video}) {
    EXPECT_TRUE(section->has("sendonly"));
    EXPECT_TRUE(section->attribute("msid")->starts_with("screen screen-"));
  }
  EXPECT_EQ(audio.attribute("ssrc"), "11 cname:name");
  EXPECT_EQ(video.attribute("ssrc"), "22 cname:name");
  EXPECT_NE(text.find("a=rtcp-fb:96 goog-remb\r\n"), std::string::npos);
  ours.sources.receiver_estimates = false;
  EXPECT_EQ(make_offer(ours, {true, true, true}).find("goog-remb"), std::string::npos);
  EXPECT_EQ(make_offer(ours, {true, true, true, MediaDirection::recvonly}).find("a=msid"), std::string::npos);
}

TEST(MakeAnswer, AReceiverGetsTheRequestedMediaFromTheAnnouncedSources) {
  for (const std::string browser : {"chromium", "firefox"}) {
    const auto offer = SessionDescription::parse(captured(browser + "-offer-plain-recvonly"));
    ASSERT_TRUE(offer);
    Local ours = local();
    ours.sources = {"screen", "name", 11, 22, true};
    const std::string answer = make_answer(*offer, ours);
    EXPECT_NE(answer.find("a=sendonly\r\n"), std::string::npos) << browser;
    EXPECT_NE(answer.find("a=msid:screen screen-"), std::string::npos) << browser;
    EXPECT_NE(answer.find("a=ssrc:22 cname:name\r\n"), std::string::npos) << browser;
    EXPECT_NE(answer.find(" goog-remb\r\n"), std::string::npos) << browser;
    EXPECT_EQ(answer.find("transport-cc"), std::string::npos) << browser;
    const auto remote = read_offer(*offer, true);
    ASSERT_TRUE(remote);
    ASSERT_FALSE(remote->media.empty());
    for (const AgreedMedia& media : remote->media) {
      EXPECT_EQ(media.direction, MediaDirection::sendonly);
      EXPECT_NE(answer.find("m=" + std::string(media.type == MediaType::audio ? "audio 9 " : "video 9 ") +
                            "UDP/TLS/RTP/SAVPF " + std::to_string(media.payload_type) + "\r\n"),
                std::string::npos);
    }
  }
}

TEST(ReadAnswer, ContainsAgreedMediaWithoutRejectedSections) {
  const auto offer = SessionDescription::parse(make_offer(local(), {true, true, true, MediaDirection::sendonly}));
  const std::string text =
      replaced(captured("chromium-answer-peer-offers-avdata-recvonly"), "a=sendonly", "a=recvonly");
  const auto remote = read_answer(*offer, *SessionDescription::parse(text));
  ASSERT_TRUE(remote);
  ASSERT_EQ(remote->media.size(), 2U);
  EXPECT_EQ(remote->media[0].codec, "opus");
  EXPECT_EQ(remote->media[0].payload_type, 111);
  EXPECT_EQ(remote->media[1].codec, "VP8");
  EXPECT_EQ(remote->media[1].payload_type, 96);
  EXPECT_EQ(remote->media[1].mid, "1");
  EXPECT_TRUE(remote->media[1].sends() && remote->media[1].nack && remote->media[1].nack_pli);

  const std::size_t at = text.find("m=video ");
  const std::string rejected = text.substr(0, at) + "m=video 0" + text.substr(text.find(' ', at + 8));
  const auto audio = read_answer(*offer, *SessionDescription::parse(rejected));
  ASSERT_TRUE(audio);
  ASSERT_EQ(audio->media.size(), 1U);
  EXPECT_EQ(audio->media[0].type, MediaType::audio);
}

}  // namespace
}  // namespace redan::sdp
