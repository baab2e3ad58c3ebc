#include "cloud/token/macaroon_format.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "cloud/errors.hpp"
#include "macaroon_answers.hpp"

namespace redan::cloud::test {
namespace {

using Buffer = std::vector<std::uint8_t>;

token::Macaroon gateway() {
  const auto macaroon = token::Macaroon::parse(kGatewayToken);
  EXPECT_TRUE(macaroon);
  return *macaroon;
}

token::Macaroon with_third_party() {
  token::Macaroon macaroon = gateway();
  macaroon.caveats.push_back({"their id", "https://bank.example", std::string("\x00\xff sealed", 9)});
  macaroon.caveats.push_back({"op=join"});
  return macaroon;
}

Buffer concat(std::initializer_list<std::string_view> parts) {
  Buffer bytes;
  for (const std::string_view part : parts) bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

std::string standard(std::string_view text) {
  std::string changed(text);
  std::replace(changed.begin(), changed.end(), '-', '+');
  std::replace(changed.begin(), changed.end(), '_', '/');
  return changed;
}

std::string padded(std::string text) {
  while (text.size() % 4 != 0) text += '=';
  return text;
}

// Text.

TEST(MacaroonText, ThePublicSampleRoundTrips) {
  const auto macaroon = token::Macaroon::parse(kPublicSample);
  ASSERT_TRUE(macaroon);
  EXPECT_EQ(macaroon->location, "anbox-stream-gateway");
  EXPECT_EQ(macaroon->identifier, "asdf");
  ASSERT_EQ(macaroon->caveats.size(), 1U);
  EXPECT_EQ(macaroon->caveats[0].identifier, "2020-06-23T09:32:19+02:00");
  EXPECT_EQ(macaroon->text(), kPublicSample);
  EXPECT_EQ(token::write_macaroon_v2(*macaroon).size(), 93U);
}

TEST(MacaroonText, EveryKindOfBase64Parses) {
  for (const std::string_view text : {kGatewayToken, kAgentToken, kPublicSample, kGatewayTokenV1}) {
    const auto macaroon = token::Macaroon::parse(text);
    ASSERT_TRUE(macaroon);
    EXPECT_EQ(token::Macaroon::parse(standard(text)), macaroon);
    EXPECT_EQ(token::Macaroon::parse(padded(std::string(text))), macaroon);
    EXPECT_EQ(token::Macaroon::parse(padded(standard(text))), macaroon);
    EXPECT_EQ(token::Macaroon::parse("\"" + std::string(text) + "\""), macaroon);
  }
}

// The forms that libraries which write JSON put into the Authorization header.
TEST(MacaroonText, JsonInEveryKindOfBase64Parses) {
  const std::string v1 =
      R"({"location":"l","identifier":"id","caveats":[{"cid":"op=join"}],"signature":")" + std::string(64, 'a') + "\"}";
  for (const std::string& json : {std::string(kGatewayJson), v1}) {
    const auto macaroon = token::Macaroon::parse(json);
    ASSERT_TRUE(macaroon);
    const std::string url = to_base64(as_bytes(json), Base64::url);
    for (const std::string& text : {url, padded(url), standard(url), padded(standard(url)), "\"" + url + "\""}) {
      EXPECT_EQ(token::Macaroon::parse(text), macaroon) << text;
    }
  }
  for (const std::string_view json : {"{", "{}", "[{}]", R"({"i":"id"})"}) {
    EXPECT_EQ(reason(token::Macaroon::parse(to_base64(as_bytes(json), Base64::url))), errc::token_syntax) << json;
  }
  const std::string large = R"({"i":")" + std::string(token::kMaxMacaroonSize, 'x') + "\"}";
  EXPECT_EQ(reason(token::Macaroon::parse(to_base64(as_bytes(large), Base64::url))), errc::token_too_large);
}

TEST(MacaroonText, OtherBase64IsRefused) {
  EXPECT_TRUE(token::from_any_base64("-_-_"));
  EXPECT_TRUE(token::from_any_base64("+/+/"));
  EXPECT_TRUE(token::from_any_base64("AA=="));
  for (const std::string_view text :
       {"-/-/", "+_+_", "A", "A===", "AA=", "AAA==", "AA==AAAA", "AB", "A A", "AAAA\n", "====", "="}) {
    EXPECT_FALSE(token::from_any_base64(text)) << text;
  }
}

TEST(MacaroonText, OtherTextIsRefused) {
  for (const std::string_view text : {"", " ", "\"", "\"\"", "{", "[]", "AAAA", "AQEU", "\"AgEU", "null"}) {
    EXPECT_EQ(reason(token::Macaroon::parse(text)), errc::token_syntax) << text;
  }
  EXPECT_EQ(reason(token::Macaroon::parse(std::string(kGatewayToken) + " ")), errc::token_syntax);
  EXPECT_EQ(reason(token::Macaroon::parse(" " + std::string(kGatewayToken))), errc::token_syntax);
}

// A macaroon followed by discharges is such a concatenation.
TEST(MacaroonText, ConcatenatedMacaroonsAreRefused) {
  const Buffer one = token::write_macaroon_v2(gateway());
  const Buffer two = concat({as_text(one), as_text(one)});
  EXPECT_EQ(reason(token::parse_macaroon_v2(two)), errc::token_syntax);
}

// Version 2.

TEST(MacaroonV2, EveryFieldRoundTrips) {
  for (const token::Macaroon& macaroon :
       {gateway(), with_third_party(), token::Macaroon{"", "", {}, {}}, token::Macaroon{"", "i", {{""}}, {}}}) {
    const auto parsed = token::parse_macaroon_v2(token::write_macaroon_v2(macaroon));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, macaroon);
  }
}

TEST(MacaroonV2, LongFieldsRoundTrip) {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 129U, 16'000U}) {
    const token::Macaroon macaroon{"", std::string(size, 'i'), {}, {}};
    EXPECT_EQ(token::parse_macaroon_v2(token::write_macaroon_v2(macaroon)), macaroon) << size;
  }
}

TEST(MacaroonV2, EveryTruncationAndExtensionIsRefused) {
  Buffer bytes = token::write_macaroon_v2(with_third_party());
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_EQ(reason(token::parse_macaroon_v2(Bytes(bytes).first(n))), errc::token_syntax) << n;
  }
  bytes.push_back(0);
  EXPECT_EQ(reason(token::parse_macaroon_v2(bytes)), errc::token_syntax);
}

TEST(MacaroonV2, FieldsMustBeInOrder) {
  const std::string signature = "0620" + std::string(64, 'a');
  const auto parse = [&](const std::string& start) {
    const auto bytes = from_hex(start + signature);
    EXPECT_TRUE(bytes) << start;
    return reason(token::parse_macaroon_v2(*bytes));
  };
  EXPECT_EQ(parse("02"
                  "0101"
                  "6c"
                  "0201"
                  "69"
                  "00"
                  "0201"
                  "63"
                  "00"
                  "00"),
            Errc::closed_locally);
  EXPECT_EQ(parse("02"
                  "0201"
                  "69"
                  "00"
                  "00"),
            Errc::closed_locally);
  for (const std::string bad : {
           "01"
           "0201"
           "69"
           "00"
           "00",  // version 1
           "02"
           "0101"
           "6c"
           "00"
           "00",  // no identifier
           "02"
           "0201"
           "69"
           "0101"
           "6c"
           "00"
           "00",  // the location last
           "02"
           "0201"
           "69"
           "0201"
           "69"
           "00"
           "00",  // two identifiers
           "02"
           "0101"
           "6c"
           "0101"
           "6c"
           "0201"
           "69"
           "00"
           "00",  // two locations
           "02"
           "0100"
           "0201"
           "69"
           "00"
           "00",  // an empty location
           "02"
           "0201"
           "69"
           "0401"
           "76"
           "00"
           "00",  // a verification id in the header
           "02"
           "0201"
           "69"
           "00"
           "0201"
           "63"
           "0400"
           "00"
           "00",  // an empty verification id
           "02"
           "0201"
           "69"
           "00"
           "0401"
           "76"
           "0201"
           "63"
           "00"
           "00",  // the verification id before the identifier
           "02"
           "0201"
           "69"
           "00"
           "0101"
           "6c"
           "0201"
           "63"
           "00"
           "00",  // a location without a third party
           "02"
           "0201"
           "69"
           "00"
           "0101"
           "6c"
           "00"
           "00",  // a caveat without an identifier
           "02"
           "0201"
           "69"
           "00"
           "0301"
           "6c"
           "0201"
           "63"
           "00"
           "00",  // an unknown field
           "02"
           "0201"
           "69"
           "00"
           "0201"
           "63"
           "00",  // one end marker too few
           "02"
           "0201"
           "69"
           "00"
           "00"
           "00",  // one end marker too many
           "02"
           "0201"
           "69"
           "00",  // no end of caveats
       }) {
    EXPECT_EQ(parse(bad), errc::token_syntax) << bad;
  }
}

TEST(MacaroonV2, TheSignatureHas32Bytes) {
  for (const std::size_t size : {0U, 31U, 33U, 64U}) {
    Buffer bytes{2, 2, 1, 'i', 0, 0, 6, static_cast<std::uint8_t>(size)};
    bytes.resize(bytes.size() + size);
    EXPECT_EQ(reason(token::parse_macaroon_v2(bytes)), errc::token_syntax) << size;
  }
}

TEST(MacaroonV2, LengthsMustBeMinimalAndWithinTheText) {
  const std::string rest =
      "69"
      "0000"
      "0620" +
      std::string(64, 'a');
  const auto parse = [&](const std::string& length) {
    const auto bytes = from_hex("0202" + length + rest);
    EXPECT_TRUE(bytes);
    return reason(token::parse_macaroon_v2(*bytes));
  };
  EXPECT_EQ(parse("01"), Errc::closed_locally);
  for (const char* length : {"8100", "818000", "81808000", "8180808000", "ffffff7f", "ffffffff07",
                             "ffffffffffffffffff01", "7f", "8001", "ff7f", "ffff7f", "80", "808080"}) {
    EXPECT_EQ(parse(length), errc::token_syntax) << length;
  }
}

// Version 1.

TEST(MacaroonV1, TheKnownAnswerRoundTrips) {
  const auto bytes = from_base64(kGatewayTokenV1, Base64::url);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(token::parse_macaroon_v1(*bytes), gateway());
  EXPECT_EQ(token::write_macaroon_v1(gateway()), *bytes);
}

TEST(MacaroonV1, EveryFieldRoundTrips) {
  for (const token::Macaroon& macaroon :
       {with_third_party(), token::Macaroon{"", "", {}, {}}, token::Macaroon{"l", "a b\nc", {{""}, {" "}}, {}}}) {
    const auto parsed = token::parse_macaroon_v1(token::write_macaroon_v1(macaroon));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, macaroon);
  }
}

TEST(MacaroonV1, EveryTruncationAndExtensionIsRefused) {
  Buffer bytes = token::write_macaroon_v1(with_third_party());
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_EQ(reason(token::parse_macaroon_v1(Bytes(bytes).first(n))), errc::token_syntax) << n;
  }
  bytes.push_back('\n');
  EXPECT_EQ(reason(token::parse_macaroon_v1(bytes)), errc::token_syntax);
}

TEST(MacaroonV1, PacketsMustBeInOrder) {
  const std::string signature = "002fsignature " + std::string(32, 's') + "\n";
  const std::string_view location = "000flocation l\n";
  const std::string_view id = "0011identifier i\n";
  EXPECT_TRUE(token::parse_macaroon_v1(concat({location, id, signature})));
  EXPECT_TRUE(token::parse_macaroon_v1(concat({location, id, "000acid c\n", "000avid v\n", "0009cl l\n", signature})));
  for (const Buffer& bad : {
           concat({id, location, signature}),
           concat({id, signature}),
           concat({location, signature}),
           concat({location, id}),
           concat({location, id, id, signature}),
           concat({location, id, signature, signature}),
           concat({location, id, signature, "000acid c\n"}),
           concat({location, id, "000avid v\n", signature}),
           concat({location, id, "000acid c\n", "0009cl l\n", signature}),
           concat({location, id, "000acid c\n", "000avid v\n", signature}),
           concat({location, id, "000acid c\n", "0009vid \n", "0009cl l\n", signature}),
           concat({location, id, "000bother x\n", signature}),
       }) {
    EXPECT_EQ(reason(token::parse_macaroon_v1(bad)), errc::token_syntax) << as_text(bad);
  }
}

TEST(MacaroonV1, APacketsLengthIsLowerCaseHex) {
  const std::string rest = "0011identifier i\n002fsignature " + std::string(32, 's') + "\n";
  for (const std::string_view start : {"000Flocation l\n", "0x0flocation l\n", "  0flocation l\n", "000elocation l\n",
                                       "0010location l\n", "fffflocation l\n", "0000location l\n", "0003location l\n",
                                       "000flocation_l\n", "000flocation l ", "+00flocation l\n"}) {
    EXPECT_EQ(reason(token::parse_macaroon_v1(concat({start, rest}))), errc::token_syntax) << start;
  }
}

// JSON.

TEST(MacaroonJson, TheKnownAnswerRoundTrips) {
  EXPECT_EQ(token::parse_macaroon_json(kGatewayJson), gateway());
  EXPECT_EQ(token::write_macaroon_json(gateway()), kGatewayJson);
}

TEST(MacaroonJson, EveryFieldRoundTrips) {
  for (const token::Macaroon& macaroon :
       {with_third_party(), token::Macaroon{"", "", {}, {}}, token::Macaroon{"l", "\xff\n\"", {{""}}, {}}}) {
    const auto parsed = token::parse_macaroon_json(token::write_macaroon_json(macaroon));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, macaroon);
  }
}

TEST(MacaroonJson, BothNotationsOfBytesAndTheVersionParse) {
  const std::string signature = std::string(32, 's');
  const token::Macaroon expected{"", "id", {{"op=join"}}, gateway().signature};
  const std::string s64 = R"("s64":"dVYIicqpUu0wviOLY5rXDSt5ecHzFAbWJqFsIaZZdwg")";
  EXPECT_EQ(token::parse_macaroon_json(R"({"v":2,"i":"id","c":[{"i":"op=join"}],)" + s64 + "}"), expected);
  EXPECT_EQ(token::parse_macaroon_json(R"({"i64":"aWQ","c":[{"i64":"b3A9am9pbg=="}],)" + s64 + "}"), expected);
  const auto plain = token::parse_macaroon_json(R"({"i":"id","s":")" + signature + "\"}");
  ASSERT_TRUE(plain);
  EXPECT_EQ(as_text(plain->signature), signature);
  EXPECT_TRUE(plain->caveats.empty());
}

TEST(MacaroonJson, VersionOneParses) {
  const std::string text =
      R"({"caveats":[{"cid":"2030-01-01T00:00:00Z"}],"location":"anbox-stream-gateway","identifier":"my-client","signature":)"
      R"("75560889caa952ed30be238b639ad70d2b7979c1f31406d626a16c21a6597708"})";
  EXPECT_EQ(token::parse_macaroon_json(text), gateway());
  const auto third = token::parse_macaroon_json(
      R"({"caveats":[{"cid":"c","vid":"c2VhbGVk","cl":"l"}],"identifier":"i","signature":")" + std::string(64, '0') +
      "\"}");
  ASSERT_TRUE(third);
  EXPECT_EQ(third->caveats.at(0), (token::Caveat{"c", "l", "sealed"}));
}

TEST(MacaroonJson, RefusesMissingDuplicateUnknownAndMistypedMembers) {
  const std::string s = R"("s64":"dVYIicqpUu0wviOLY5rXDSt5ecHzFAbWJqFsIaZZdwg")";
  const std::string hex = "\"signature\":\"" + std::string(64, '0') + "\"";
  ASSERT_TRUE(token::parse_macaroon_json(R"({"i":"a",)" + s + "}"));
  ASSERT_TRUE(token::parse_macaroon_json(R"({"identifier":"a",)" + hex + "}"));
  for (const std::string& text : {std::string("{}"),
                                  "{" + s + "}",
                                  std::string(R"({"i":"a"})"),
                                  R"({"i":"a","i64":"YQ",)" + s + "}",
                                  R"({"i":"a","i":"a",)" + s + "}",
                                  R"({"i":"a","s":"x",)" + s + "}",
                                  R"({"i":1,)" + s + "}",
                                  R"({"i64":"!",)" + s + "}",
                                  R"({"i":"a","x":1,)" + s + "}",
                                  R"({"i":"a","v":1,)" + s + "}",
                                  R"({"i":"a","v":"2",)" + s + "}",
                                  R"({"i":"a","l":null,)" + s + "}",
                                  R"({"i":"a","c":{},)" + s + "}",
                                  R"({"i":"a","c":["x"],)" + s + "}",
                                  R"({"i":"a","c":[{}],)" + s + "}",
                                  R"({"i":"a","c":[{"i":"x","l":"y"}],)" + s + "}",
                                  R"({"i":"a","c":[{"i":"x","z":1}],)" + s + "}",
                                  R"({"i":"a","c":[{"i":"x","i":"y"}],)" + s + "}",
                                  R"({"i":"a","c":[{"i":"x","v":"a","v64":"YQ"}],)" + s + "}",
                                  std::string(R"({"i":"a","s64":"dVYI"})"),
                                  R"({"identifier":"a","i":"a",)" + hex + "}",
                                  "{" + hex + "}",
                                  R"({"identifier":"a",)" + hex + "," + s + "}",
                                  std::string(R"({"identifier":"a","signature":"00"})"),
                                  std::string(R"({"identifier":"a","signature":1})"),
                                  R"({"identifier":"a","caveats":[{"i":"x"}],)" + hex + "}",
                                  R"({"identifier":"a","caveats":[{"cid":"x","cl":"y"}],)" + hex + "}",
                                  R"({"i":"a","c":[[[[[[[[[1]]]]]]]]],)" + s + "}"}) {
    EXPECT_EQ(reason(token::parse_macaroon_json(text)), errc::token_syntax) << text;
  }
}

TEST(MacaroonJson, EveryTruncationIsRefused) {
  for (std::size_t n = 0; n < kGatewayJson.size(); ++n) {
    EXPECT_EQ(reason(token::parse_macaroon_json(kGatewayJson.substr(0, n))), errc::token_syntax) << n;
  }
}

}  // namespace
}  // namespace redan::cloud::test
