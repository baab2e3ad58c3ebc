#include "wamp/message.hpp"

#include "tests/wamp/vectors.hpp"

namespace redan::wamp {
namespace {

namespace json = boost::json;

std::optional<Message> from_json(std::string_view text) { return read_message(Serializer::json, as_bytes(text)); }
std::string to_json(Message message) {
  return std::string(as_text(write_message(Serializer::json, std::move(message))));
}

TEST(WampMessage, EveryMessageRoundTrips) {
  for (const std::string_view text : {
           R"([1,"realm1",{"roles":{}}])",
           R"([2,9007199254740992,{}])",
           R"([3,{"message":"no"},"wamp.error.no_such_realm"])",
           R"([4,"ticket",{}])",
           R"([5,"T1CKET",{}])",
           R"([6,{},"wamp.close.normal"])",
           R"([8,48,7,{},"com.error"])",
           R"([8,68,7,{},"com.error",["text"],{"a":1}])",
           R"([16,1,{},"com.topic"])",
           R"([16,1,{"acknowledge":true},"com.topic",["a"]])",
           R"([16,1,{},"com.topic",[],{"a":1}])",
           R"([17,1,2])",
           R"([32,1,{"match":"prefix"},"com"])",
           R"([33,1,2])",
           R"([34,1,2])",
           R"([35,1])",
           R"([35,0,{"subscription":2}])",
           R"([36,1,2,{}])",
           R"([36,1,2,{},[1],{"a":1}])",
           R"([48,1,{},"com.procedure"])",
           R"([49,1,{"mode":"kill"}])",
           R"([50,1,{"progress":true},[1]])",
           R"([64,1,{},"com.procedure"])",
           R"([65,1,2])",
           R"([66,1,2])",
           R"([67,1])",
           R"([67,0,{"registration":2}])",
           R"([68,1,2,{},[1]])",
           R"([69,1,{}])",
           R"([70,1,{},[1]])",
       }) {
    const auto message = from_json(text);
    ASSERT_TRUE(message) << text;
    EXPECT_EQ(to_json(*message), text);
  }
}

TEST(WampMessage, EmptyPayloadsAreOmitted) {
  EXPECT_EQ(to_json(Publish{1, {}, "com.topic", {{}, {}, {}}}), R"([16,1,{},"com.topic"])");
  const auto with_nulls = from_json(R"([16,1,{},"com.topic",null,null])");
  ASSERT_TRUE(with_nulls) << "some peers write null for nothing";
  EXPECT_EQ(to_json(*with_nulls), R"([16,1,{},"com.topic"])");
  EXPECT_EQ(to_json(*from_json(R"([3,{},"wamp.error.x",["more"]])")), R"([3,{},"wamp.error.x"])");
}

TEST(WampMessage, SealedPayloadsAreOneBinaryElement) {
  const auto message = from_json(R"([16,1,{},"com.topic","\u0000AQI="])");
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Publish>(*message).payload.sealed, (Binary{1, 2}));
  EXPECT_EQ(to_json(*message), R"([16,1,{},"com.topic","\u0000AQI="])");
  EXPECT_FALSE(from_json(R"([16,1,{},"com.topic","\u0000AQI=",{}])"));
  const auto listed = from_json(R"([16,1,{"enc_algo":"cryptobox"},"com.topic",["\u0000AQI="]])");
  ASSERT_TRUE(listed);
  EXPECT_EQ(std::get<Publish>(*listed).payload.sealed, std::nullopt);
}

TEST(WampMessage, OtherValuesAreNotMessages) {
  for (const std::string_view text : {
           "1",
           "{}",
           "[]",
           "[\"1\"]",
           "[0]",
           "[7,1]",
           "[255,1,2]",
           "[272,1,{},\"com.topic\"]",
           "[1]",
           "[1,2,{}]",
           "[1,\"realm1\"]",
           "[1,\"realm1\",[]]",
           "[1,\"realm1\",{},1]",
           "[2,0,{}]",
           "[2,9007199254740993,{}]",
           "[2,-1,{}]",
           "[2,1.5,{}]",
           "[2,\"1\",{}]",
           "[16,1,{},\"com.topic\",{}]",
           "[16,1,{},\"com.topic\",[],[]]",
           "[16,1,{},\"com.topic\",[],{},1]",
           "[16,1,{},7]",
           "[16,1,null,\"com.topic\"]",
           "[33,1]",
           "[33,1,2,3]",
           "[33,0,2]",
           "[35]",
           "[35,0,1]",
           "[8,1000,1,{},\"e\"]",
           "[50,1,{},\"text\"]",
           "[70,1]",
       }) {
    EXPECT_FALSE(from_json(text)) << text;
  }
}

TEST(WampMessage, IdsMayBeIntegralFloats) {
  const auto message = from_json("[70.0,1.0,{}]");
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Yield>(*message).request, 1U);
}

TEST(WampMessage, AttributesOfPayloadsAreCopied) {
  const Dict from{{"enc_algo", "cryptobox"}, {"enc_key", nullptr}, {"ppt_keyid", "k"}, {"progress", true}};
  Dict to{{"topic", "com.topic"}};
  copy_payload_attributes(from, to);
  EXPECT_EQ(to, (Dict{{"topic", "com.topic"}, {"enc_algo", "cryptobox"}, {"enc_key", nullptr}, {"ppt_keyid", "k"}}));
}

Serializer serializer_of(const json::object& transcript) {
  return *parse_subprotocol("wamp.2." + text_of(transcript.at("serializer")));
}

TEST(WampMessage, MessagesOfAutobahnAndCrossbarRoundTripBitForBit) {
  std::size_t frames = 0;
  const json::object vectors = read_vectors("cryptobox.json");
  for (const auto& [name, transcript] : vectors.at("transcripts").as_object()) {
    const Serializer serializer = serializer_of(transcript.as_object());
    for (const json::value& frame : transcript.at("frames").as_array()) {
      const auto wire = hex_of(frame.at("hex"));
      const auto message = read_message(serializer, wire);
      ASSERT_TRUE(message) << name << " " << to_hex(wire);
      EXPECT_EQ(write_message(serializer, *message), wire) << name << " " << as_text(wire);
      ++frames;
    }
  }
  EXPECT_GT(frames, 400U);
}

TEST(WampMessage, MessagesOfTheVectorsParseInAllSerializations) {
  const json::object vectors = read_vectors("cryptobox.json");
  for (const json::value& vector : vectors.at("deterministic_vectors").as_array()) {
    std::vector<std::string> same;
    for (const auto& [name, wire] : vector.at("wamp_message_hex").as_object()) {
      const Serializer serializer = *parse_subprotocol("wamp.2." + std::string(name));
      const auto message = read_message(serializer, hex_of(wire));
      ASSERT_TRUE(message);
      EXPECT_EQ(write_message(serializer, *message), hex_of(wire));
      same.push_back(to_json(*message));
    }
    ASSERT_EQ(same.size(), 3U);
    EXPECT_EQ(same[0], same[1]);
    EXPECT_EQ(same[0], same[2]);
  }
}

TEST(WampMessage, MessagesOfWampyParse) {
  std::size_t frames = 0;
  const json::object vectors = read_vectors("cryptobox.json");
  for (const json::value& frame : vectors.at("wampy_ppt").at("frames").as_array()) {
    EXPECT_TRUE(read_message(Serializer::cbor, hex_of(frame.at("hex")))) << text_of(frame.at("hex"));
    ++frames;
  }
  EXPECT_EQ(frames, 15U);
}

}  // namespace
}  // namespace redan::wamp
