// The transport attributes of a description: credentials, certificates, candidates, options.
#include <gtest/gtest.h>

#include <limits>

#include "tests/rtc/sdp/texts.hpp"

namespace redan::sdp {
namespace {

using test::Answered;
using test::audio;
using test::data;
using test::joined;
using test::kFingerprint;
using test::kOtherFingerprint;
using test::local;
using test::read;
using test::session;
using test::Texts;

const std::string kBundle = "a=group:BUNDLE 0 1";

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

TEST(Fingerprints, OtherNotationsOfTheSameFingerprintsAreEqual) {
  const std::string longer = "sha-384 " + test::hex('E', 48);
  const auto expected = read(session({"a=fingerprint:" + longer}) + data("0"));
  ASSERT_TRUE(expected);
  EXPECT_EQ(expected->fingerprints, (std::vector<std::string>{kFingerprint, longer}));
  const std::string upper_name = "SHA-256" + kFingerprint.substr(7);
  const std::string wide = "sha-256   " + kFingerprint.substr(8) + " ";
  const std::string in_section = joined({"a=fingerprint:" + longer, "a=fingerprint:" + kFingerprint});
  for (const std::string& text : {
           session({"a=fingerprint:" + lower(longer), "a=fingerprint:" + kFingerprint}, lower(kFingerprint)) +
               data("0"),
           session({"a=fingerprint:" + kFingerprint}, longer) + data("0"),
           session({"a=fingerprint:sha-1 AB:CD", "a=fingerprint:" + longer}, upper_name) + data("0"),
           session({"a=fingerprint:" + longer, "a=fingerprint:sha-256 AB:CD"}, wide) + data("0"),
           session({}, kOtherFingerprint) + data("0", {"a=fingerprint:" + longer, "a=fingerprint:" + kFingerprint}),
       }) {
    const auto remote = read(text);
    ASSERT_TRUE(remote) << text;
    EXPECT_EQ(remote->fingerprints, expected->fingerprints) << text;
  }
  EXPECT_NE(read(session({}, kOtherFingerprint) + data("0"))->fingerprints, expected->fingerprints);
}

// RFC 8844: one association must not carry media that was promised from another certificate.
TEST(Fingerprints, EverySectionOfTheBundleMustPromiseTheSame) {
  const Texts same{"a=rtcp-mux", "a=fingerprint:" + lower(kFingerprint)};
  const Texts other{"a=rtcp-mux", "a=fingerprint:" + kOtherFingerprint};
  const Texts both{"a=rtcp-mux", "a=fingerprint:" + kFingerprint, "a=fingerprint:" + kOtherFingerprint};
  const Texts unusable{"a=rtcp-mux", "a=fingerprint:sha-1 AB:CD"};
  EXPECT_TRUE(read(session({kBundle}) + data("0") + audio("1", same)));
  for (const Texts& wrong : {other, both, unusable}) {
    const auto remote = read(session({kBundle}) + data("0") + audio("1", wrong));
    ASSERT_FALSE(remote);
    EXPECT_EQ(remote.error(), Errc::sdp_no_fingerprint);
    EXPECT_EQ(test::line_of(remote.error()), 13U);
  }
  // The section's fingerprints replace the session's, and are not added to them.
  EXPECT_EQ(read(session() + audio("0", other))->fingerprints, std::vector<std::string>{kOtherFingerprint});
  EXPECT_EQ(read(session() + audio("0", unusable)).error(), Errc::sdp_no_fingerprint);
  EXPECT_TRUE(read(session() + audio("0", same) + audio("1", other))) << "a declined section promises nothing";
}

TEST(Fingerprints, AtMost16DifferentOnesAreRead) {
  const auto with = [](std::size_t count, const char* name) {
    Texts lines;
    for (std::size_t i = 0; i < count; ++i) {
      std::string value = test::hex('0', 32);
      value[0] = static_cast<char>('A' + i % 6);
      value[3] = static_cast<char>('A' + i / 6);
      lines.push_back(std::string("a=fingerprint:") + name + " " + value);
    }
    return session(lines) + data("0");
  };
  EXPECT_EQ(read(with(Remote::kMaxFingerprints - 1, "sha-256"))->fingerprints.size(), Remote::kMaxFingerprints);
  EXPECT_EQ(read(with(Remote::kMaxFingerprints, "sha-256")).error(), Errc::sdp_too_large);
  EXPECT_TRUE(read(with(30, "sha-1"))) << "those that nobody looks at do not count";
}

TEST(Candidates, OnlyUsableCandidatesCountTowardsTheLimit) {
  Texts lines{"a=sctp-port:5000"};
  for (int i = 0; i < 20; ++i) {
    lines.insert(
        lines.end(),
        {"a=candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active", "a=candidate:1 2 udp 1 192.0.2.1 9 typ host",
         "a=candidate:1 1 udp 1 192.0.2.1 0 typ host", "a=candidate:1 1 udp 1 nowhere.example 9 typ host",
         "a=candidate:", "a=candidate:1 1 udp", "a=candidate:1 1 udp 1 .local 9 typ host",
         "a=candidate:1 1 udp 1 192.0.2.1 9 typ host x " + std::string(1100, 'x')});
  }
  const Texts usable{"1 1 udp 1 192.0.2.1 9 typ host", "1 1 UDP 1 2001:db8::1 9 typ srflx",
                     "1  1 udp 1 f00.LOCAL 9 typ host"};
  for (const std::string& candidate : usable) lines.push_back("a=candidate:" + candidate);
  EXPECT_EQ(read(session() + data("0", lines))->candidates, usable);
  for (int i = 0; i < 30; ++i) lines.push_back("a=candidate:" + usable[0]);
  EXPECT_EQ(read(session() + data("0", lines))->candidates.size(), Remote::kMaxCandidates);
}

TEST(IceOptions, TheOffersAreParsedAndOursContainIce2) {
  for (const auto& [lines, trickle] :
       std::initializer_list<std::pair<Texts, bool>>{{{}, false},
                                                     {{"a=ice-options:trickle"}, true},
                                                     {{"a=ice-options:ice2  trickle "}, true},
                                                     {{"a=ice-options:trickles"}, false}}) {
    EXPECT_EQ(read(session(lines) + data("0"))->trickle, trickle);
    EXPECT_EQ(read(session() + data("0", lines))->trickle, trickle);
  }
  const Answered it(session() + data("0"));
  EXPECT_EQ(it.answer.session.attribute("ice-options"), "ice2");
  EXPECT_NE(make_offer(local(), {}).find("a=ice-options:ice2\r\n"), std::string::npos);
  EXPECT_FALSE(read(make_offer(local(), {}))->trickle);
}

TEST(IceLite, IsAcceptedAtEitherLevel) {
  EXPECT_FALSE(read(session() + data("0"))->ice_lite);
  EXPECT_TRUE(read(session({"a=ice-lite"}) + data("0"))->ice_lite);
  EXPECT_TRUE(read(session() + data("0", {"a=ice-lite"}))->ice_lite);
}

TEST(MaxMessageSize, IsClampedForAnyNumberOfDigits) {
  const std::size_t most = std::numeric_limits<std::size_t>::max();
  const auto size_of = [](const std::string& value) {
    return read(session() + data("0", {"a=max-message-size:" + value}));
  };
  EXPECT_EQ(size_of("99999999999999999999")->data->max_message_size, most);
  EXPECT_EQ(size_of(std::string(400, '9'))->data->max_message_size, most);
  EXPECT_EQ(size_of("0")->data->max_message_size, most);
  EXPECT_EQ(size_of("1")->data->max_message_size, 1U);
  for (const std::string value : {"-1", "1.5", "1 2", "0x10"}) EXPECT_EQ(size_of(value).error(), Errc::sdp_syntax);
}

// Attributes that browsers and others write and that we do not use.
TEST(Description, LongAndUnusualLinesAreAccepted) {
  const std::string text =
      session({"a=identity:" + std::string(20'000, 'i'), "a=ice-options:trickle ", "a=msid-semantic: WMS *"}) +
      audio("0", {"a=rtcp-mux ", "a=fmtp:111 sprop=" + std::string(5000, 's')}) + " \r\n\r\n";
  const Answered it(text);
  ASSERT_TRUE(it.accepted);
  EXPECT_EQ(it.at(0).attribute("fmtp")->size(), 5010U);
}

}  // namespace
}  // namespace redan::sdp
