#include "cloud/api/signalling.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace redan::cloud::api::signalling::test {
namespace {

// Messages in the format of the streaming SDK's clients.
TEST(Signalling, ClientMessagesParse) {
  EXPECT_EQ(*parse(R"({"type":"discover"})"), Message(Discover{}));
  Settings settings;
  settings.data_channels = {"foo"};
  settings.enable_video = true;
  settings.device_type = "phone";
  settings.preferred_decoder_codecs = {"AV1", "VP8"};
  EXPECT_EQ(*parse(R"({"type":"settings","api_version":2,"data_channels":["foo"],"enable_speaker":false,)"
                   R"("enable_microphone":false,"enable_video":true,"enable_camera":false,"device_type":"phone",)"
                   R"("video":{"preferred_decoder_codecs":["AV1","VP8"]}})"),
            Message(settings));
  EXPECT_EQ(*parse(R"({"type":"answer","sdp":"dj0wDQo="})"), Message(Answer{"v=0\r\n"}));
  EXPECT_EQ(*parse(R"({"type":"offer","sdp":"dj0wDQo=","dataChannels":["foo"]})"), Message(Offer{"v=0\r\n", {"foo"}}));
  EXPECT_EQ(*parse(R"({"type":"candidate","candidate":"Y2FuZGlkYXRlOjE=","sdpMid":"0","sdpMLineIndex":0})"),
            Message(Candidate{"candidate:1", "0", 0}));
}

TEST(Signalling, WrittenMessagesParseToTheSame) {
  Settings settings;
  settings.api_version = 1;
  settings.foreground_activity = "org.example/.Main";
  settings.enable_speaker = settings.enable_microphone = settings.enable_camera = true;
  for (const Message& message :
       {Message(Discover{}), Message(Discovered{2, 60, {"vhal"}}), Message(settings),
        Message(Offer{"v=0\r\n", {"a", "b"}}), Message(Answer{"v=0\r\n"}),
        Message(Candidate{"candidate:1", "video", 1}), Message(Error{"the session ends"}), Message(Unknown{"news"})}) {
    EXPECT_EQ(*parse(text(message)), message) << text(message);
  }
}

TEST(Signalling, SdpIsPaddedBase64InTheStandardAlphabet) {
  EXPECT_EQ(json::parse(text(Offer{"v=0\r\n", {}})), json::parse(R"({"type":"offer","sdp":"dj0wDQo="})"));
  for (const char* wrong : {"dj0wDQo", "dj0wDQ==\\n", "dj0w DQo=", "_-0wDQo=", "=="}) {
    EXPECT_FALSE(parse(std::string(R"({"type":"answer","sdp":")") + wrong + "\"}")) << wrong;
  }
}

TEST(Signalling, NullMeansAbsent) {
  EXPECT_EQ(*parse(R"({"type":"settings","api_version":2,"device_type":null,"video":null,"data_channels":null})"),
            Message(Settings{}));
  EXPECT_EQ(*parse(R"({"type":"candidate","candidate":"","sdpMid":null,"sdpMLineIndex":null})"),
            Message(Candidate{""}));
}

TEST(Signalling, AnUnknownTypeIsNotAnError) {
  EXPECT_EQ(*parse(R"({"type":"renegotiate","x":[1,2]})"), Message(Unknown{"renegotiate"}));
}

TEST(Signalling, InvalidMembersAreRefusedByName) {
  for (const auto& [wrong, named] :
       {std::pair("", "JSON object"), std::pair("[]", "JSON object"), std::pair("{}", "\"type\""),
        std::pair(R"({"type":7})", "\"type\""), std::pair(R"({"type":"answer","sdp":7})", "\"sdp\""),
        std::pair(R"({"type":"settings","data_channels":[7]})", "\"data_channels\""),
        std::pair(R"({"type":"settings","enable_video":"yes"})", "\"enable_video\""),
        std::pair(R"({"type":"settings","video":{"preferred_decoder_codecs":7}})", "\"preferred_decoder_codecs\"")}) {
    const auto parsed = parse(wrong);
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_EQ(parsed.error().status, 400U);
    EXPECT_NE(parsed.error().message.find(named), std::string::npos) << parsed.error().message;
  }
}

TEST(Signalling, SizesAreBounded) {
  EXPECT_TRUE(parse(text(Answer{std::string(kMaxSdp, 'v')})));
  EXPECT_FALSE(parse(text(Answer{std::string(kMaxSdp + 1, 'v')})));
  EXPECT_FALSE(parse(text(Candidate{std::string(kMaxCandidate + 1, 'v')})));
  EXPECT_FALSE(parse("{\"type\":\"discover\",\"x\":\"" + std::string(kMaxMessage, 'x') + "\"}"));
  EXPECT_FALSE(parse("{\"type\":\"discover\",\"x\":" + std::string(100, '[') + std::string(100, ']') + "}"));
  EXPECT_FALSE(parse(text(Error{std::string(2000, 'x')})));
}

}  // namespace
}  // namespace redan::cloud::api::signalling::test
