#include "rtc/sctp/packet/re_config.hpp"

#include "tests/rtc/sctp/chunks.hpp"

namespace redan::sctp {
namespace {

/// The value of the one parameter that `write` writes.
template <class Write>
std::vector<std::uint8_t> value_of(Write&& write) {
  std::array<std::uint8_t, 200> buffer{};
  Writer writer(buffer);
  write(writer);
  std::vector<std::uint8_t> value;
  for_each_parameter(writer.written(), [&](const Parameter& parameter) {
    value.assign(parameter.value.begin(), parameter.value.end());
    return false;
  });
  return value;
}

TEST(OutgoingResetRequest, IsReadAsItWasWritten) {
  const std::vector<std::uint8_t> streams{0, 1, 0, 7};
  const auto value = value_of([&](Writer& w) {
    OutgoingResetRequest{ResetSequence(1), ResetSequence(2), Tsn(3), streams}.write(w);
  });
  const auto request = OutgoingResetRequest::parse(value);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->request_sequence, ResetSequence(1));
  EXPECT_EQ(request->response_sequence, ResetSequence(2));
  EXPECT_EQ(request->last_assigned_tsn, Tsn(3));
  EXPECT_TRUE(std::ranges::equal(request->streams, streams));
}

TEST(OutgoingResetRequest, IsRefusedWithHalfAStream) {
  EXPECT_FALSE(OutgoingResetRequest::parse(std::vector<std::uint8_t>(13)));
  EXPECT_FALSE(OutgoingResetRequest::parse(std::vector<std::uint8_t>(11)));
}

TEST(ResetResponse, IsReadAsItWasWritten) {
  const auto value = value_of([](Writer& w) { ResetResponse{ResetSequence(9), ResetResult::in_progress}.write(w); });
  const auto response = ResetResponse::parse(value);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->response_sequence, ResetSequence(9));
  EXPECT_EQ(response->result, ResetResult::in_progress);
  EXPECT_FALSE(ResetResponse::parse(std::vector<std::uint8_t>(7)));
}

TEST(OtherResetRequest, BeginsWithItsSequenceNumber) {
  EXPECT_EQ(parse_other_request(std::vector<std::uint8_t>{0, 0, 0, 5, 1}), ResetSequence(5));
  EXPECT_FALSE(parse_other_request(std::vector<std::uint8_t>(3)));
}

}  // namespace
}  // namespace redan::sctp
