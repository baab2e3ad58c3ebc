#include "wamp/serializer.hpp"

#include <cmath>

#include "tests/wamp/vectors.hpp"

namespace redan::wamp {
namespace {

using Wire = std::vector<std::uint8_t>;

std::optional<Value> from_json(std::string_view text) { return decode(Serializer::json, as_bytes(text)); }
std::optional<Value> from_msgpack(std::string_view hex) { return decode(Serializer::msgpack, *from_hex(hex)); }
std::optional<Value> from_cbor(std::string_view hex) { return decode(Serializer::cbor, *from_hex(hex)); }
std::string to_json(const Value& value) { return std::string(as_text(encode(Serializer::json, value))); }
std::string to_msgpack(const Value& value) { return to_hex(encode(Serializer::msgpack, value)); }
std::string to_cbor(const Value& value) { return to_hex(encode(Serializer::cbor, value)); }

std::string nested(std::string_view open, std::string_view core, std::string_view close, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += open;
  text += core;
  for (std::size_t i = 0; i < times; ++i) text += close;
  return text;
}

TEST(WampSerializer, SubprotocolsHaveTheirNames) {
  for (const Serializer serializer : kSerializers) EXPECT_EQ(parse_subprotocol(subprotocol(serializer)), serializer);
  EXPECT_EQ(subprotocol(Serializer::cbor), "wamp.2.cbor");
  EXPECT_EQ(parse_subprotocol("wamp.2.json.batched"), std::nullopt);
  EXPECT_EQ(parse_subprotocol(""), std::nullopt);
}

// Values that each serialization has to carry unchanged.
List all_kinds() {
  List list{nullptr,
            true,
            false,
            0,
            1,
            23,
            24,
            -1,
            -24,
            -25,
            -32,
            -33,
            127,
            128,
            255,
            256,
            65'535,
            65'536,
            -128,
            -129,
            -32'768,
            -32'769,
            std::int64_t{4'294'967'295},
            std::int64_t{4'294'967'296},
            std::int64_t{-2'147'483'648},
            std::int64_t{-2'147'483'649},
            std::numeric_limits<std::int64_t>::max(),
            std::numeric_limits<std::int64_t>::min(),
            std::numeric_limits<std::uint64_t>::max(),
            0.0,
            1.0,
            -1.5,
            0.1,
            1e16,
            1e-5,
            1e300,
            5e-324,
            1.7976931348623157e308,
            "",
            "ünïcode \"q\" \\ / \a € 😀",
            Binary{},
            Binary{0, 1, 0xff},
            List{},
            Dict{},
            Dict{{"", 1}, {"k", List{Dict{{"a", Binary{1}}}}}}};
  for (const std::size_t size : {31, 32, 255, 256, 65'535, 65'536}) {
    list.emplace_back(std::string(size, 'x'));
    list.emplace_back(Binary(size, 7));
  }
  for (const std::size_t size : {15, 16, 23, 24, 256}) {
    list.emplace_back(List(size, Value(1)));
    Dict dict;
    for (std::size_t i = 0; i < size; ++i) dict.append(std::to_string(i), static_cast<std::uint64_t>(i));
    list.emplace_back(std::move(dict));
  }
  return list;
}

TEST(WampSerializer, EveryKindOfValueRoundTrips) {
  for (const Serializer serializer : kSerializers) {
    for (const Value& value : all_kinds()) {
      const Wire wire = encode(serializer, value);
      const auto again = decode(serializer, wire);
      ASSERT_TRUE(again) << subprotocol(serializer) << " " << to_json(value).substr(0, 80);
      EXPECT_EQ(*again, value) << subprotocol(serializer) << " " << to_json(value).substr(0, 80);
      EXPECT_EQ(encode(serializer, *again), wire);
    }
    EXPECT_EQ(decode(serializer, encode(serializer, all_kinds())), Value(all_kinds()));
  }
}

TEST(WampSerializer, RefusesEveryTruncation) {
  const Value value(List{1, "text", Binary{1, 2, 3}, Dict{{"key", List{1.5, nullptr, 70'000}}}});
  for (const Serializer serializer : kSerializers) {
    const Wire wire = encode(serializer, value);
    for (std::size_t size = 0; size < wire.size(); ++size) {
      EXPECT_EQ(decode(serializer, Bytes(wire).first(size)), std::nullopt) << subprotocol(serializer) << " " << size;
    }
    Wire longer = wire;
    longer.push_back(wire.front());
    EXPECT_EQ(decode(serializer, longer), std::nullopt) << subprotocol(serializer);
  }
}

TEST(WampSerializer, LimitsAreEnforced) {
  DecodeLimits limits;
  limits.max_depth = 4;
  limits.max_values = 10;
  limits.max_size = 64;
  Value deep(1);
  for (int i = 0; i < 4; ++i) deep = Value(List{std::move(deep)});
  const Value deeper(Dict{{"k", deep}});
  const Value many(List(9, Value(1)));
  const Value more(List(10, Value(1)));
  const Value large(std::string(60, 'x'));
  const Value larger(std::string(64, 'x'));
  for (const Serializer serializer : kSerializers) {
    EXPECT_TRUE(decode(serializer, encode(serializer, deep), limits));
    EXPECT_FALSE(decode(serializer, encode(serializer, deeper), limits));
    EXPECT_TRUE(decode(serializer, encode(serializer, many), limits));
    EXPECT_FALSE(decode(serializer, encode(serializer, more), limits));
    EXPECT_TRUE(decode(serializer, encode(serializer, large), limits));
    EXPECT_FALSE(decode(serializer, encode(serializer, larger), limits));
  }
}

TEST(WampSerializer, ManyKeysAreComparedInTime) {
  Dict dict;
  for (std::size_t i = 0; i < 60'000; ++i) dict.append("key" + std::to_string(i), nullptr);
  Dict twice = dict;
  twice.append("key17", nullptr);
  for (const Serializer serializer : kSerializers) {
    EXPECT_TRUE(decode(serializer, encode(serializer, dict)));
    EXPECT_FALSE(decode(serializer, encode(serializer, twice)));
  }
}

TEST(WampSerializer, NanAndInfinityBecomeNull) {
  for (const Serializer serializer : kSerializers) {
    EXPECT_EQ(decode(serializer, encode(serializer, Value(std::nan("")))), Value());
    EXPECT_EQ(decode(serializer, encode(serializer, Value(HUGE_VAL))), Value());
  }
}

// JSON.

TEST(WampJson, WritesLikePython) {
  EXPECT_EQ(to_json(List{1.0, 0.1, 3.5, 1e300, 1e16, 1e15, 0.0001, 0.00001, -0.0, 5e-324, 123456789012345680.0}),
            "[1.0,0.1,3.5,1e+300,1e+16,1000000000000000.0,0.0001,1e-05,-0.0,5e-324,1.2345678901234568e+17]");
  EXPECT_EQ(to_json("\b\f\n\r\t\"\\/\x01\x1f\x7f é"), "\"\\b\\f\\n\\r\\t\\\"\\\\/\\u0001\\u001f\x7f é\"");
  EXPECT_EQ(to_json(Dict{{"a", Binary{0x01, 0xff}}, {"b", nullptr}}), "{\"a\":\"\\u0000Af8=\",\"b\":null}");
}

TEST(WampJson, ParsesNumbersExactly) {
  EXPECT_EQ(from_json("9223372036854775807"), Value(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(from_json("18446744073709551615"), Value(std::numeric_limits<std::uint64_t>::max()));
  EXPECT_EQ(from_json("-9223372036854775808"), Value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(from_json("18446744073709551616"), Value(18446744073709551616.0));
  EXPECT_EQ(from_json("9007199254740993.0"), Value(9007199254740992.0));
  EXPECT_EQ(from_json("0.1e1"), Value(1.0));
  EXPECT_EQ(from_json("1.7976931348623157e308"), Value(std::numeric_limits<double>::max()));
  EXPECT_EQ(from_json("1e-400"), Value(0.0));
  EXPECT_EQ(from_json(" [ 1 , 2 ] "), Value(List{1, 2}));
}

TEST(WampJson, RefusesNonStrictJson) {
  for (const std::string_view text : {"",
                                      " ",
                                      "[",
                                      "[1,]",
                                      "{\"a\":1,}",
                                      "[1]x",
                                      "[1][2]",
                                      "01",
                                      "+1",
                                      "1.",
                                      ".5",
                                      "NaN",
                                      "[NaN]",
                                      "Infinity",
                                      "-Infinity",
                                      "1e400",
                                      "-1e999",
                                      "nul",
                                      "'a'",
                                      "/**/1",
                                      "[1]//",
                                      "{a:1}",
                                      "{1:2}",
                                      "\"\\u0000!!!\"",
                                      "\"\\u0000AA\"",
                                      "\"\\ud800\"",
                                      "\"\\x41\"",
                                      "\"\n\"",
                                      "\"\xff\"",
                                      "\"\xc0\x80\"",
                                      "\"\xed\xa0\x80\"",
                                      "{\"a\":1,\"a\":1}",
                                      "{\"a\":1,\"\\u0061\":2}",
                                      "[{\"b\":{\"a\":1,\"c\":2,\"a\":3}}]",
                                      "\xef\xbb\xbf[]"}) {
    EXPECT_EQ(from_json(text), std::nullopt) << text;
  }
  EXPECT_EQ(from_json(nested("[", "", "]", 33)), std::nullopt);
  EXPECT_TRUE(from_json(nested("[", "", "]", 32)));
}

TEST(WampJson, JoinsStringsInPieces) {
  EXPECT_EQ(from_json("[\"a\\nb\\u00e9c\",{\"k\\ney\":\"\\ud83d\\ude00\"}]"),
            Value(List{"a\nbéc", Dict{{"k\ney", "😀"}}}));
}

// MessagePack.

TEST(WampMsgpack, WritesTheShortestForm) {
  EXPECT_EQ(to_msgpack(List{127, 128, -32, -33, 255, 256, 65'536}), "977fcc80e0d0dfccffcd0100ce00010000");
  EXPECT_EQ(to_msgpack(List{nullptr, true, 1.5, "a", Binary{1}, List{}, Dict{{"k", 1}}}),
            "97c0c3cb3ff8000000000000a161c401019081a16b01");
}

TEST(WampMsgpack, AcceptsLongerForms) {
  EXPECT_EQ(from_msgpack("dd00000001de0001d9016bd30000000000000001"), Value(List{Dict{{"k", 1}}}));
  EXPECT_EQ(from_msgpack("ca3fc00000"), Value(1.5));
  EXPECT_EQ(from_msgpack("c60000000101"), Value(Binary{1}));
  EXPECT_EQ(from_msgpack("db0000000161"), Value("a"));
}

TEST(WampMsgpack, RefusesOtherFormats) {
  for (const std::string_view hex : {"",
                                     "c1",
                                     "c70000",
                                     "c8000000",
                                     "d40000",
                                     "d8",
                                     "a1ff",
                                     "a100",
                                     "a2c080",
                                     "cb7ff8000000000000",
                                     "cb7ff0000000000000",
                                     "ca7f800000",
                                     "8101",
                                     "81c0c0",
                                     "8101c0",
                                     "82a16101a16102",
                                     "81a1ff01",
                                     "dd7fffffff",
                                     "dfffffffff",
                                     "dbffffffff61",
                                     "c6ffffffff",
                                     "92",
                                     "0101"}) {
    EXPECT_EQ(from_msgpack(hex), std::nullopt) << hex;
  }
}

// CBOR: samples of RFC 8949 appendix A.

TEST(WampCbor, WritesTheShortestForm) {
  EXPECT_EQ(to_cbor(List{0, 23, 24, 1000, 1'000'000, std::int64_t{1'000'000'000'000}, -1, -1000}),
            "88001718181903e81a000f42401b000000e8d4a51000203903e7");
  EXPECT_EQ(to_cbor(std::numeric_limits<std::uint64_t>::max()), "1bffffffffffffffff");
  EXPECT_EQ(to_cbor(List{nullptr, true, false, 1.1, "IETF", Binary{1, 2, 3, 4}, Dict{{"a", 1}}}),
            "87f6f5f4fb3ff199999999999a6449455446440102030"
            "4a1616101");
}

TEST(WampCbor, AcceptsFormsOfOtherWriters) {
  EXPECT_EQ(from_cbor("f7"), Value());
  EXPECT_EQ(from_cbor("f93c00"), Value(1.0));
  EXPECT_EQ(from_cbor("f97bff"), Value(65504.0));
  EXPECT_EQ(from_cbor("f90001"), Value(5.960464477539063e-8));
  EXPECT_EQ(from_cbor("f9c400"), Value(-4.0));
  EXPECT_EQ(from_cbor("fa47c35000"), Value(100000.0));
  EXPECT_EQ(from_cbor("3b7fffffffffffffff"), Value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(from_cbor("b90001616101"), Value(Dict{{"a", 1}}));
  EXPECT_EQ(from_cbor("5f42010243030405ff"), Value(Binary{1, 2, 3, 4, 5}));
  EXPECT_EQ(from_cbor("7f657374726561646d696e67ff"), Value("streaming"));
  EXPECT_EQ(from_cbor("9f018202039f0405ffff"), Value(List{1, List{2, 3}, List{4, 5}}));
  EXPECT_EQ(from_cbor("bf61610161629f0203ffff"), Value(Dict{{"a", 1}, {"b", List{2, 3}}}));
  EXPECT_EQ(from_cbor("1800"), Value(0));
}

TEST(WampCbor, RefusesOtherForms) {
  for (const std::string_view hex : {"",
                                     "1c",
                                     "1f",
                                     "3bffffffffffffffff",
                                     "c11a514b67b0",
                                     "c249010000000000000000",
                                     "d74401020304",
                                     "f0",
                                     "f820",
                                     "ff",
                                     "81ff",
                                     "9fff01",
                                     "9f01",
                                     "5f41016161ff",
                                     "7f6161",
                                     "7f7f6161ffff",
                                     "7f41",
                                     "61ff",
                                     "6100",
                                     "62c080",
                                     "7f61c361a9ff",
                                     "f97c00",
                                     "f97e00",
                                     "fa7f800000",
                                     "fb7ff8000000000000",
                                     "a10101",
                                     "a1f601",
                                     "a141610101",
                                     "a2616101616102",
                                     "bf6161ff",
                                     "bf616101616102ff",
                                     "9b7fffffffffffffff",
                                     "bbffffffffffffffff",
                                     "5bffffffffffffffff",
                                     "7b7fffffffffffffff61",
                                     "0000"}) {
    EXPECT_EQ(from_cbor(hex), std::nullopt) << hex;
  }
}

}  // namespace
}  // namespace redan::wamp
