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
  for (const auto& [type, version] : {std::pair<std::uint8_t, std::uint16_t>{26, kDtls12}, {22, 0xFEFC}}) {
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
  RecordLayer layer;
  std::vector<std::uint8_t> datagram = plain_record(0x2E, kDtls12, 0, 5);
  const std::vector<std::uint8_t> second = plain_record(22, kDtls12, 1, 7);
  datagram.insert(datagram.end(), second.begin(), second.end());
  MutableBytes rest = datagram;
  EXPECT_FALSE(layer.next(rest));
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

}  // namespace
}  // namespace redan::dtls
