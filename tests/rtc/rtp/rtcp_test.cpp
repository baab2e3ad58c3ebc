#include "rtc/rtp/rtcp.hpp"

#include <gtest/gtest.h>

namespace redan::rtp {
namespace {

using Packet = std::vector<std::uint8_t>;
using namespace std::chrono_literals;

TEST(SenderReport, IsACompoundOfReportAndCname) {
  std::array<std::uint8_t, 100> buffer{};
  Writer writer(buffer);
  SenderReport{0x11223344, 0x0102030405060708, 9, 10, 11}.write(writer, "abc");
  const Packet expected{0x80, 200, 0,    6,    0x11, 0x22, 0x33, 0x44, 1,   2,   3,   4, 5,  6,    7,
                        8,    0,   0,    0,    9,    0,    0,    0,    10,  0,   0,   0, 11, 0x81, 202,
                        0,    3,   0x11, 0x22, 0x33, 0x44, 1,    3,    'a', 'b', 'c', 0, 0,  0};
  EXPECT_EQ(Packet(writer.written().begin(), writer.written().end()), expected);
}

TEST(SenderReport, IsPaddedToAWordForEveryCname) {
  for (std::size_t length = 0; length < 20; ++length) {
    std::array<std::uint8_t, 100> buffer{};
    Writer writer(buffer);
    SenderReport{}.write(writer, std::string(length, 'x'));
    const Bytes sdes = Bytes(writer.written()).subspan(28);
    ASSERT_EQ(sdes.size() % 4, 0U);
    EXPECT_EQ(sdes.size(), std::size_t{4} * (sdes[3] + 1U));
    EXPECT_EQ(sdes.back(), 0);
    EXPECT_EQ(sdes[9], length);
  }
}

TEST(NtpTime, ConsistsOfSecondsAndTheirFraction) {
  EXPECT_EQ(ntp_time(TimePoint{} + 3s + 500ms), 3ULL << 32U | 0x80000000U);
  EXPECT_EQ(ntp_time(TimePoint{} + 999'999'999ns), 0xFFFFFFFBU);
}

TEST(Feedback, ReceiverReportsParse) {
  const Packet packet{0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 26, 0, 0, 9,
                      0,    1,   2, 3, 0, 0, 0, 4, 5, 6, 7, 8, 0,  1, 0, 0};
  const Feedback feedback = Feedback::parse(packet);
  ASSERT_EQ(feedback.reports.size(), 1U);
  EXPECT_EQ(feedback.reports[0], (ReportBlock{2, 26, 0x00010203, 4, 0x05060708, 0x00010000}));
}

TEST(Feedback, ACompoundOfEveryRequestParses) {
  const Packet packet{0x80, 201, 0, 1, 0, 0, 0, 1,                                      // RR, no block
                      0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0xFF, 0xFF, 0x80, 0x01,  // NACK
                      0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3,                          // PLI
                      0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0,    0,    0,    4,    7, 0,    0,    0,  // FIR
                      0x8F, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 'R',  'E',  'M',  'B',  1, 0x0B, 0xD0, 0x90, 0, 0, 0, 2};
  const Feedback feedback = Feedback::parse(packet);
  EXPECT_EQ(feedback.nacks, 1U);
  EXPECT_EQ(feedback.lost, (std::vector<Feedback::Lost>{{2, 65535}, {2, 0}, {2, 15}}));
  EXPECT_EQ(feedback.picture_loss, std::vector<std::uint32_t>{3});
  EXPECT_EQ(feedback.full_intra, (std::vector<Feedback::FullIntra>{{4, 7}}));
  EXPECT_EQ(feedback.bandwidth, std::uint64_t{0x3D090} << 2U);
}

TEST(Feedback, ATooLargeBandwidthIsNoLimit) {
  Packet packet{0x8F, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 0, 0xFF, 0xFF, 0xFF};
  EXPECT_EQ(Feedback::parse(packet).bandwidth, ~std::uint64_t{0});
  packet[12] = 'X';
  EXPECT_FALSE(Feedback::parse(packet).bandwidth);
}

TEST(Feedback, ATruncatedPacketIsSkippedAndEarlierOnesParse) {
  const Packet pli{0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3};
  Packet two = pli;
  two.insert(two.end(), pli.begin(), pli.end());
  for (std::size_t size = 0; size <= two.size(); ++size) {
    EXPECT_EQ(Feedback::parse(Bytes(two).first(size)).picture_loss.size(), size / pli.size());
  }
  two[12] = 0x41;  // another version
  EXPECT_EQ(Feedback::parse(two).picture_loss.size(), 1U);
}

TEST(Feedback, LimitsTheRequestsOfOnePacket) {
  Packet nack{0x81, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2};
  for (unsigned i = 0; i < 300; ++i) {
    for (const unsigned byte : {i >> 8U, i & 0xFFU, 0xFFU, 0xFFU}) nack.push_back(static_cast<std::uint8_t>(byte));
  }
  nack[2] = static_cast<std::uint8_t>((nack.size() / 4 - 1) >> 8U);
  nack[3] = static_cast<std::uint8_t>(nack.size() / 4 - 1);
  EXPECT_EQ(Feedback::parse(nack).lost.size(), Feedback::kMaxLost);
  Packet plis;
  for (int i = 0; i < 100; ++i) plis.insert(plis.end(), {0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3});
  EXPECT_EQ(Feedback::parse(plis).picture_loss.size(), Feedback::kMaxRequests);
}

}  // namespace
}  // namespace redan::rtp
