#include "rtc/dtls/record/record_layer.hpp"

#include <gtest/gtest.h>

namespace redan::dtls {
namespace {

std::vector<std::uint8_t> plain_record(std::uint8_t type, std::uint16_t version, std::uint64_t sequence,
                                       std::size_t size) {
  std::vector<std::uint8_t> bytes(RecordHeader::kSize + size, 0xAA);
  Writer writer(bytes);
  RecordHeader{static_cast<ContentType>(type), version, Epoch::plaintext, sequence, static_cast<std::uint16_t>(size)}
      .write(writer);
  return bytes;
}

TEST(RecordLayer, TakesSeveralRecordsFromOneDatagram) {
  RecordLayer layer;
  std::vector<std::uint8_t> datagram = plain_record(22, kDtls10, 0, 5);
  const std::vector<std::uint8_t> second = plain_record(22, kDtls12, 1, 7);
  datagram.insert(datagram.end(), second.begin(), second.end());
  MutableBytes rest = datagram;
  EXPECT_EQ(layer.next(rest)->fragment().size(), 5U);
  EXPECT_EQ(layer.next(rest)->fragment().size(), 7U);
  EXPECT_FALSE(layer.next(rest));
  EXPECT_EQ(layer.drops().total(), 0U);
}

TEST(RecordLayer, RefusesUnknownTypesVersionsAndLengthsBeyondTheDatagram) {
  const std::vector<std::vector<std::uint8_t>> bad{plain_record(19, kDtls12, 0, 4), plain_record(24, kDtls12, 0, 4),
                                                   plain_record(22, 0x0303, 0, 4), plain_record(22, 0xFEFC, 0, 4),
                                                   plain_record(22, 0xFEFE, 0, 4)};
  for (std::vector<std::uint8_t> datagram : bad) {
    RecordLayer layer;
    MutableBytes rest = datagram;
    EXPECT_FALSE(layer.next(rest));
    EXPECT_EQ(layer.drops()[Drop::malformed_record], 1U);
  }
  for (std::size_t n = 1; n < RecordHeader::kSize + 4; ++n) {
    RecordLayer layer;
    std::vector<std::uint8_t> datagram = plain_record(22, kDtls12, 0, 4);
    datagram.resize(n);
    MutableBytes rest = datagram;
    EXPECT_FALSE(layer.next(rest)) << n;
    EXPECT_EQ(layer.drops()[Drop::malformed_record], 1U);
  }
}

// A forger could otherwise shut out the genuine handshake with one record of a high sequence number.
TEST(RecordLayer, PlaintextSequenceNumbersCloseNoWindow) {
  RecordLayer layer;
  std::vector<std::uint8_t> poison = plain_record(22, kDtls12, 1ULL << 47U, 4);
  std::vector<std::uint8_t> genuine = plain_record(22, kDtls12, 0, 4);
  MutableBytes rest = poison;
  EXPECT_TRUE(layer.next(rest));
  rest = genuine;
  EXPECT_TRUE(layer.next(rest));
}

// RFC 9147 section 4 has more types with this header, and there may be more versions.
TEST(RecordLayer, SkipsAnUnknownRecordAndTakesTheNextOne) {
  for (const auto& [type, version] : {std::pair<std::uint8_t, std::uint16_t>{27, kDtls12}, {22, 0xFEFC}}) {
    RecordLayer layer;
    std::vector<std::uint8_t> datagram = plain_record(type, version, 0, 5);
    const std::vector<std::uint8_t> second = plain_record(22, kDtls12, 1, 7);
    datagram.insert(datagram.end(), second.begin(), second.end());
    MutableBytes rest = datagram;
    const auto record = layer.next(rest);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->fragment().size(), 7U);
    EXPECT_EQ(layer.drops()[Drop::malformed_record], 1U);
  }
}

TEST(RecordLayer, TrustsNoLengthInAHeaderOfAnotherForm) {
  // With a connection id, which is not negotiated, and of no form at all.
  for (const std::uint8_t first : std::array<std::uint8_t, 2>{0x3E, 0x4E}) {
    RecordLayer layer;
    std::vector<std::uint8_t> datagram = plain_record(first, kDtls12, 0, 5);
    const std::vector<std::uint8_t> second = plain_record(22, kDtls12, 1, 7);
    datagram.insert(datagram.end(), second.begin(), second.end());
    MutableBytes rest = datagram;
    EXPECT_FALSE(layer.next(rest));
  }
}

// RFC 5246 section 6.2.
TEST(RecordLayer, RefusesRecordsAboveTheLimitOfTheirEpoch) {
  for (const std::uint8_t epoch : std::array<std::uint8_t, 2>{0, 1}) {
    const std::size_t limit = epoch == 0 ? 16'384 : 16'384 + 2'048;
    for (const std::size_t size : {limit, limit + 1}) {
      RecordLayer layer;
      std::vector<std::uint8_t> datagram = plain_record(22, kDtls12, 0, size);
      datagram[4] = epoch;
      MutableBytes rest = datagram;
      EXPECT_EQ(layer.next(rest).has_value(), size == limit) << size;
    }
  }
}

TEST(RecordLayer, WritesNoRecordAboveTheLimit) {
  RecordLayer layer;
  std::vector<std::uint8_t> record(20'000);
  EXPECT_TRUE(layer.write_plain(ContentType::handshake, record, 16'385).empty());
  EXPECT_FALSE(layer.write_plain(ContentType::handshake, record, 16'384).empty());
}

/// Two keys of a peer: what the first seals, only the first opens.
class RecordLayerKeys : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();
  std::vector<std::uint8_t> secrets = std::vector<std::uint8_t>(32, 7);
  SealProtection seal{*provider, AeadAlgorithm::aes_128_gcm, Bytes(secrets).first(16), Bytes(secrets).first(4),
                      Epoch{1}};
  OpenProtection right{*provider, AeadAlgorithm::aes_128_gcm, Bytes(secrets).first(16), Bytes(secrets).first(4)};
  std::vector<std::uint8_t> others = std::vector<std::uint8_t>(32, 8);
  OpenProtection wrong{*provider, AeadAlgorithm::aes_128_gcm, Bytes(others).first(16), Bytes(others).first(4)};
  RecordLayer layer;

  std::vector<std::uint8_t> sealed() {
    std::vector<std::uint8_t> record(4 + seal.overhead(), 'x');
    EXPECT_FALSE(seal.seal(ContentType::application_data, record, 4).empty());
    return record;
  }
  std::optional<OpenedRecord> opened(std::vector<std::uint8_t> datagram, std::vector<OpenProtection*> keys) {
    MutableBytes rest = datagram;
    const auto record = layer.next(rest);
    EXPECT_TRUE(record);
    const auto opened = layer.open(*record, keys);
    if (opened) {
      EXPECT_EQ(as_text(opened->text), "xxxx");
    }
    return opened;
  }
};

TEST_F(RecordLayerKeys, OpenARecordWhicheverOfThemSealedIt) {
  EXPECT_EQ(opened(sealed(), {&right})->key, 0U);
  EXPECT_EQ(opened(sealed(), {&wrong, nullptr, &right})->key, 2U);
  EXPECT_EQ(layer.drops().total(), 0U);
}

TEST_F(RecordLayerKeys, DropARecordThatNoneOfThemSealed) {
  EXPECT_FALSE(opened(sealed(), {&wrong, nullptr}));
  EXPECT_EQ(layer.drops()[Drop::bad_tag], 1U);
}

TEST_F(RecordLayerKeys, DropAReplayedRecord) {
  const auto record = sealed();
  EXPECT_TRUE(opened(record, {&right}));
  EXPECT_FALSE(opened(record, {&right}));
  EXPECT_EQ(layer.drops()[Drop::replayed], 1U);
}

TEST_F(RecordLayerKeys, AreExhaustedAfterTheirLimitOfForgeries) {
  wrong.limit_forgeries(2);
  EXPECT_FALSE(opened(sealed(), {&wrong}));
  EXPECT_FALSE(wrong.exhausted());
  EXPECT_FALSE(opened(sealed(), {&wrong}));
  EXPECT_TRUE(wrong.exhausted());
}

}  // namespace
}  // namespace redan::dtls
