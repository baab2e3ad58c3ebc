#include "rtc/stun/message.hpp"

#include <gtest/gtest.h>

#include "base/crc32.hpp"
#include "base/hex.hpp"
#include "base/reader.hpp"

namespace redan::stun {
namespace {

constexpr std::string_view kPassword = "VOkJxbRl1RmTxUk/WvJxBt";
constexpr TransactionId kTransaction{0xB7, 0xE7, 0xA7, 0x01, 0xBC, 0x34, 0xD6, 0x86, 0xFA, 0x87, 0xDF, 0xAE};

std::vector<std::uint8_t> bytes(std::string_view hex) { return *from_hex(hex); }

// RFC 5769 sections 2.1 to 2.3, with spaces as padding.
const std::vector<std::uint8_t> kSampleRequest = bytes(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf");
const std::vector<std::uint8_t> kSampleIpv4Response = bytes(
    "0101003c2112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96");
const std::vector<std::uint8_t> kSampleIpv6Response = bytes(
    "010100482112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004c8fb0b4c");

class StunMessage : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();
  std::unique_ptr<Hmac> key = provider->hmac(HashAlgorithm::sha1, as_bytes(kPassword));
  std::unique_ptr<Hmac> other_key = provider->hmac(HashAlgorithm::sha1, as_bytes("another password of 24 c"));
  std::array<std::uint8_t, 512> buffer{};

  /// A header, followed by `attributes` unchanged.
  static std::vector<std::uint8_t> raw(Bytes attributes, std::uint16_t type = 1) {
    std::vector<std::uint8_t> message(kHeaderSize + attributes.size());
    Writer writer(message);
    writer.u16(type);
    writer.u16(static_cast<std::uint16_t>(attributes.size()));
    writer.u32(kMagicCookie);
    writer.bytes(kTransaction);
    writer.bytes(attributes);
    return message;
  }
  static std::optional<Message> parse_attribute(std::uint16_t type, std::size_t size) {
    std::vector<std::uint8_t> attributes(4 + (size + 3) / 4 * 4);
    Writer writer(attributes);
    writer.u16(type);
    writer.u16(static_cast<std::uint16_t>(size));
    static std::vector<std::uint8_t> message;
    message = raw(attributes);
    return Message::parse(message);
  }
  std::vector<std::uint8_t> request(Hmac& hmac) {
    MessageBuilder builder(buffer, Class::request, kTransaction);
    builder.username("evtj:h6vY");
    builder.priority(1);
    builder.use_candidate();
    builder.ice_controlling(7);
    const Bytes built = builder.finish(hmac);
    return {built.begin(), built.end()};
  }
};

TEST_F(StunMessage, ParsesTheSampleRequest) {
  const auto message = Message::parse(kSampleRequest);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->message_class, Class::request);
  EXPECT_EQ(message->method, kBinding);
  EXPECT_EQ(message->transaction, kTransaction);
  EXPECT_EQ(message->username, "evtj:h6vY");
  EXPECT_EQ(message->priority, 0x6E0001FFU);
  EXPECT_EQ(message->ice_controlled, 0x932FF9B151263B36U);
  EXPECT_FALSE(message->ice_controlling);
  EXPECT_FALSE(message->use_candidate);
  EXPECT_TRUE(message->has_fingerprint);
  EXPECT_EQ(message->unknown_count, 0U);
  EXPECT_TRUE(message->verify_integrity(*key));
  EXPECT_FALSE(message->verify_integrity(*other_key));
  EXPECT_EQ(local_ufrag(kSampleRequest), "evtj");
}

TEST_F(StunMessage, ParsesTheSampleResponses) {
  const auto ipv4 = Message::parse(kSampleIpv4Response);
  ASSERT_TRUE(ipv4);
  EXPECT_EQ(ipv4->message_class, Class::success);
  EXPECT_EQ(ipv4->mapped_address, Address::parse("192.0.2.1", 32853));
  EXPECT_TRUE(ipv4->verify_integrity(*key));

  const auto ipv6 = Message::parse(kSampleIpv6Response);
  ASSERT_TRUE(ipv6);
  EXPECT_EQ(ipv6->mapped_address, Address::parse("2001:db8:1234:5678:11:2233:4455:6677", 32853));
  EXPECT_TRUE(ipv6->verify_integrity(*key));
}

TEST_F(StunMessage, RefusesEveryTruncationAndEveryTrailingByte) {
  for (const auto* sample : {&kSampleRequest, &kSampleIpv4Response, &kSampleIpv6Response}) {
    for (std::size_t size = 0; size < sample->size(); ++size) {
      EXPECT_FALSE(Message::parse(Bytes(*sample).first(size))) << size;
    }
    auto longer = *sample;
    longer.resize(longer.size() + 4);
    EXPECT_FALSE(Message::parse(longer));
  }
}

TEST_F(StunMessage, EveryChangedBitOfASampleIsDetected) {
  for (std::size_t bit = 0; bit < kSampleRequest.size() * 8; ++bit) {
    auto changed = kSampleRequest;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << (bit % 8)));
    const auto message = Message::parse(changed);
    // FINGERPRINT covers everything; a change that hides FINGERPRINT itself is detected by MESSAGE-INTEGRITY.
    EXPECT_FALSE(message && message->has_fingerprint) << bit;
    const bool covered = bit / 8 < kSampleRequest.size() - 8;
    EXPECT_FALSE(covered && message && message->verify_integrity(*key)) << bit;
  }
}

TEST_F(StunMessage, RefusesWrongHeaders) {
  auto bad_cookie = kSampleRequest;
  bad_cookie[4] ^= 1U;
  EXPECT_FALSE(Message::parse(bad_cookie));
  EXPECT_TRUE(Message::parse(raw({})));
  EXPECT_FALSE(Message::parse(raw({}, 0x4001)));  // the two zero bits
  EXPECT_FALSE(Message::parse(raw({}, 0x8001)));
  std::vector<std::uint8_t> odd = raw({});
  odd[3] = 2;
  odd.resize(odd.size() + 2);
  EXPECT_FALSE(Message::parse(odd));  // lengths are multiples of 4
}

TEST_F(StunMessage, ParsesTheFourClassesAndTheMethod) {
  EXPECT_EQ(Message::parse(raw({}, 0x0001))->message_class, Class::request);
  EXPECT_EQ(Message::parse(raw({}, 0x0011))->message_class, Class::indication);
  EXPECT_EQ(Message::parse(raw({}, 0x0101))->message_class, Class::success);
  EXPECT_EQ(Message::parse(raw({}, 0x0111))->message_class, Class::error);
  EXPECT_EQ(Message::parse(raw({}, 0x0003))->method, 3);      // Allocate
  EXPECT_EQ(Message::parse(raw({}, 0x3EEF))->method, 0xFFF);  // all method bits
}

TEST_F(StunMessage, RefusesAttributesOfTheWrongSize) {
  for (const auto& [type, size] : {std::pair{AttributeType::priority, 4U},
                                   {AttributeType::use_candidate, 0U},
                                   {AttributeType::ice_controlled, 8U},
                                   {AttributeType::ice_controlling, 8U}}) {
    const auto code = static_cast<std::uint16_t>(type);
    for (std::size_t s = 0; s <= 12; ++s)
      EXPECT_EQ(parse_attribute(code, s).has_value(), s == size) << code << ' ' << s;
  }
  for (const AttributeType type : {AttributeType::message_integrity, AttributeType::fingerprint,
                                   AttributeType::xor_mapped_address, AttributeType::error_code}) {
    for (std::size_t s = 0; s <= 3; ++s) EXPECT_FALSE(parse_attribute(static_cast<std::uint16_t>(type), s)) << s;
  }
  EXPECT_FALSE(parse_attribute(static_cast<std::uint16_t>(AttributeType::message_integrity), 32));
  EXPECT_TRUE(parse_attribute(static_cast<std::uint16_t>(AttributeType::username), 508));
  EXPECT_FALSE(parse_attribute(static_cast<std::uint16_t>(AttributeType::username), 509));
}

TEST_F(StunMessage, RefusesAnAttributeThatReachesBeyondTheMessage) {
  for (std::uint16_t claimed = 5; claimed != 0; claimed = static_cast<std::uint16_t>(claimed * 3)) {
    std::vector<std::uint8_t> attributes(8);
    Writer writer(attributes);
    writer.u16(0x8022);
    writer.u16(claimed);
    EXPECT_FALSE(Message::parse(raw(attributes))) << claimed;
    if (claimed > 20'000) break;
  }
}

TEST_F(StunMessage, AcceptsErrorCodesFrom300To699) {
  for (unsigned hundreds = 0; hundreds < 8; ++hundreds) {
    for (unsigned number = 0; number < 256; ++number) {
      const std::array<std::uint8_t, 8> attribute{
          0, 9, 0, 4, 0, 0, static_cast<std::uint8_t>(hundreds), static_cast<std::uint8_t>(number)};
      const auto message = raw(attribute, 0x0111);
      const auto parsed = Message::parse(message);
      const bool valid = hundreds >= 3 && hundreds <= 6 && number <= 99;
      ASSERT_EQ(parsed.has_value(), valid) << hundreds << ' ' << number;
      if (parsed) {
        EXPECT_EQ(parsed->error_code, hundreds * 100 + number);
      }
    }
  }
}

TEST_F(StunMessage, CollectsUnknownComprehensionRequiredAttributes) {
  std::vector<std::uint8_t> attributes;
  for (std::uint16_t type = 0x7000; type < 0x7020; ++type) {
    attributes.insert(attributes.end(), {0x70, static_cast<std::uint8_t>(type), 0, 0});
  }
  attributes.insert(attributes.end(), {0xC0, 0x57, 0, 0});  // comprehension-optional: skipped
  const auto message = raw(attributes);
  const auto parsed = Message::parse(message);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->unknown_count, Message::kMaxUnknown);
  EXPECT_EQ(parsed->unknown[0], 0x7000);
}

TEST_F(StunMessage, OfRepeatedAttributesTheFirstCounts) {
  MessageBuilder builder(buffer, Class::success, kTransaction);
  builder.username("first:x");
  builder.username("second:x");
  builder.priority(1);
  builder.priority(2);
  builder.xor_mapped_address(Address::v4({192, 0, 2, 1}, 1));
  builder.xor_mapped_address(Address::v4({192, 0, 2, 2}, 2));
  const auto message = Message::parse(builder.finish(*key));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->username, "first:x");
  EXPECT_EQ(message->priority, 1U);
  EXPECT_EQ(message->mapped_address, Address::v4({192, 0, 2, 1}, 1));
}

// Forgeries.

TEST_F(StunMessage, MessageIntegrityNeedsTheKey) {
  const auto forged = request(*other_key);
  ASSERT_TRUE(Message::parse(forged));
  EXPECT_FALSE(Message::parse(forged)->verify_integrity(*key));
  const auto without = raw({});
  EXPECT_FALSE(Message::parse(without)->has_integrity());
  EXPECT_FALSE(Message::parse(without)->verify_integrity(*key));
}

TEST_F(StunMessage, MessageIntegrityOverAWrongLengthIsRefused) {
  // Computed over the header as sent, with FINGERPRINT's bytes in the length: a common mistake that differs from RFC
  // 8489.
  auto message = kSampleRequest;
  const std::size_t start = message.size() - 32;
  const std::array<Bytes, 1> parts{Bytes(message).first(start)};
  const Digest digest = key->compute(parts);
  std::copy_n(digest.storage.begin(), kIntegritySize, message.begin() + static_cast<std::ptrdiff_t>(start + 4));
  Writer(MutableBytes(message).last(4)).u32(crc32(Bytes(message).first(message.size() - 8)) ^ 0x5354554EU);
  const auto parsed = Message::parse(message);
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->verify_integrity(*key));
}

TEST_F(StunMessage, TwoMessageIntegritiesAreRefused) {
  std::vector<std::uint8_t> attributes(2 * 24);
  for (const std::size_t at : {0U, 24U}) {
    attributes[at + 1] = 8;
    attributes[at + 3] = 20;
  }
  EXPECT_FALSE(Message::parse(raw(attributes)));
  EXPECT_TRUE(Message::parse(raw(Bytes(attributes).first(24))));
}

TEST_F(StunMessage, AttributesAfterMessageIntegrityAreIgnored) {
  auto genuine = request(*key);
  genuine.resize(genuine.size() - 8);  // FINGERPRINT
  const std::array<std::uint8_t, 16> added{0, 0x20, 0, 8, 0, 1, 0xA1, 0x47, 0xE1, 0x12, 0xA6, 0x43, 0x70, 0, 0, 0};
  genuine.insert(genuine.end(), added.begin(), added.end());
  Writer(MutableBytes(genuine).subspan(2, 2)).u16(static_cast<std::uint16_t>(genuine.size() - kHeaderSize));
  const auto message = Message::parse(genuine);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->verify_integrity(*key));
  EXPECT_FALSE(message->mapped_address);
  EXPECT_EQ(message->unknown_count, 0U);
}

TEST_F(StunMessage, MessageIntegritySha256FollowsTheOlderOneAndEndsTheMessage) {
  const std::vector<std::uint8_t> password(32, 7);
  const auto sha256 = provider->hmac(HashAlgorithm::sha256, password);
  MessageBuilder builder(buffer, Class::request, kTransaction);
  builder.priority(1);
  const Bytes built = builder.finish_sha256(*sha256);
  const auto message = Message::parse(built);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->verify_integrity_sha256(*sha256));
  EXPECT_FALSE(message->verify_integrity_sha256(*key));
  EXPECT_FALSE(message->has_integrity());
  EXPECT_FALSE(message->verify_integrity(*key));

  // MESSAGE-INTEGRITY after it is ignored, as is a USERNAME.
  std::vector<std::uint8_t> more(built.begin(), built.end() - 8);
  const std::array<std::uint8_t, 32> added{0, 8, 0, 20, 9, 9, 9, 9, 9, 9, 9, 9, 9,   9,   9,   9,
                                           9, 9, 9, 9,  9, 9, 9, 9, 0, 6, 0, 4, 'u', 's', 'e', 'r'};
  more.insert(more.end(), added.begin(), added.end());
  Writer(MutableBytes(more).subspan(2, 2)).u16(static_cast<std::uint16_t>(more.size() - kHeaderSize));
  const auto longer = Message::parse(more);
  ASSERT_TRUE(longer);
  EXPECT_FALSE(longer->has_integrity() || longer->username);
  EXPECT_TRUE(longer->verify_integrity_sha256(*sha256));
}

TEST_F(StunMessage, ATruncatedMessageIntegritySha256IsRefused) {
  for (std::size_t size = 0; size <= 36; size += 4) {
    EXPECT_EQ(parse_attribute(static_cast<std::uint16_t>(AttributeType::message_integrity_sha256), size).has_value(),
              size == 32)
        << size;
  }
}

TEST_F(StunMessage, FindsAttributesOfAnExtensionBeforeTheIntegrity) {
  constexpr auto kOwn = static_cast<AttributeType>(0x0012);
  MessageBuilder builder(buffer, Class::success, kTransaction);
  builder.xor_address(kOwn, *Address::parse("2001:db8::7", 9));
  const Bytes built = builder.finish(*key);
  EXPECT_EQ(Message::parse(built)->unknown_count, 1U);
  const auto parsed = Message::parse(built, std::array{kOwn});
  EXPECT_EQ(parsed->unknown_count, 0U);
  EXPECT_EQ(parsed->find_xor_address(kOwn), Address::parse("2001:db8::7", 9));
  EXPECT_FALSE(parsed->find(AttributeType::realm));
  EXPECT_FALSE(parsed->find(AttributeType::message_integrity));
  EXPECT_FALSE(parsed->find(AttributeType::fingerprint));
}

TEST_F(StunMessage, RealmAndNonceAreBounded) {
  for (const AttributeType type : {AttributeType::realm, AttributeType::nonce}) {
    EXPECT_TRUE(parse_attribute(static_cast<std::uint16_t>(type), 763));
    EXPECT_FALSE(parse_attribute(static_cast<std::uint16_t>(type), 764));
  }
}

TEST_F(StunMessage, KeepsTheReasonOfAnError) {
  MessageBuilder builder(buffer, Class::error, kTransaction);
  builder.error_code(486, "Allocation Quota Reached");
  EXPECT_EQ(Message::parse(builder.finish())->error_reason, "Allocation Quota Reached");
}

TEST_F(StunMessage, FingerprintMustBeLastAndValid) {
  auto wrong = kSampleRequest;
  wrong.back() ^= 1U;
  EXPECT_FALSE(Message::parse(wrong));
  auto followed = kSampleRequest;
  followed.insert(followed.end(), {0x80, 0x22, 0, 0});
  Writer(MutableBytes(followed).subspan(2, 2)).u16(static_cast<std::uint16_t>(followed.size() - kHeaderSize));
  EXPECT_FALSE(Message::parse(followed));
}

// Writing.

TEST_F(StunMessage, WrittenMessagesParseToTheSame) {
  const auto built = request(*key);
  const auto message = Message::parse(built);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->has_fingerprint);
  EXPECT_TRUE(message->verify_integrity(*key));
  EXPECT_EQ(message->username, "evtj:h6vY");
  EXPECT_EQ(message->priority, 1U);
  EXPECT_TRUE(message->use_candidate);
  EXPECT_EQ(message->ice_controlling, 7U);
}

TEST_F(StunMessage, WritesTheSampleAddresses) {
  MessageBuilder builder(buffer, Class::success, kTransaction);
  builder.xor_mapped_address(*Address::parse("2001:db8:1234:5678:11:2233:4455:6677", 32853));
  const Bytes built = builder.finish(*key);
  EXPECT_EQ(to_hex(built.subspan(kHeaderSize, 24)), to_hex(Bytes(kSampleIpv6Response).subspan(36, 24)));
}

TEST_F(StunMessage, AnUnknownAttributeResponseNamesThem) {
  MessageBuilder builder(buffer, Class::error, kTransaction);
  builder.error_code(420, "Unknown Attribute");
  builder.unknown_attributes(std::array<std::uint16_t, 1>{0x7001});
  const Bytes built = builder.finish(*key);
  const auto message = Message::parse(built);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->error_code, 420);
  const std::string hex = to_hex(built);
  EXPECT_NE(hex.find("000a00027001"), std::string::npos);
}

TEST_F(StunMessage, ReturnsNothingWhenTheBufferIsTooSmall) {
  const std::size_t size = request(*key).size();
  for (std::size_t space = kHeaderSize; space < size; ++space) {
    MessageBuilder builder(MutableBytes(buffer).first(space), Class::request, kTransaction);
    builder.username("evtj:h6vY");
    builder.priority(1);
    builder.use_candidate();
    builder.ice_controlling(7);
    EXPECT_TRUE(builder.finish(*key).empty()) << space;
  }
}

TEST_F(StunMessage, RoutingNeedsAColon) {
  for (const auto& [name, expected] : {std::pair<const char*, std::optional<std::string_view>>{"ab:cd", "ab"},
                                       {"ab", std::nullopt},
                                       {":cd", ""},
                                       {"a:b:c", "a"}}) {
    MessageBuilder builder(buffer, Class::request, kTransaction);
    builder.username(name);
    EXPECT_EQ(local_ufrag(builder.finish(*key)), expected) << name;
  }
  EXPECT_FALSE(local_ufrag(kSampleIpv4Response));
  EXPECT_FALSE(local_ufrag({}));
}

}  // namespace
}  // namespace redan::stun
