#include "wamp/router/event_frames.hpp"

#include <gtest/gtest.h>

namespace redan::wamp {
namespace {

Deliver deliver(Payload payload) {
  Deliver deliver{77, std::move(payload), {}};
  deliver.copies.push_back({5, {}, {}});
  deliver.copies.push_back({6, {{"topic", "com.t"}, {"enc_algo", "x"}}, {}});
  return deliver;
}

/// Every frame equals the whole message written at once.
void expect_whole(const Payload& payload) {
  EventFrames frames(deliver(payload));
  ASSERT_EQ(frames.copies().size(), 2U);
  for (const Serializer serializer : kSerializers) {
    for (std::size_t i = 0; i < 2; ++i) {
      const auto& copy = frames.copies()[i];
      const auto whole = write_message(serializer, Event{copy.subscription, 77, copy.details, payload});
      EXPECT_EQ(frames.frame(i, serializer), as_text(whole)) << subprotocol(serializer);
      EXPECT_EQ(&frames.frame(i, serializer), &frames.frame(i, serializer));
    }
  }
}

TEST(EventFrames, EncodeAnEmptyPayload) { expect_whole({}); }
TEST(EventFrames, EncodeArguments) { expect_whole({{1, "two", List{3}}, {}, {}}); }
TEST(EventFrames, EncodeNamedArguments) { expect_whole({{}, {{"a", 1.5}}, {}}); }
TEST(EventFrames, EncodeBothKindsOfArguments) { expect_whole({{Binary{1, 2}}, {{"a", nullptr}}, {}}); }
TEST(EventFrames, EncodeASealedPayload) { expect_whole({{}, {}, Binary(300, 7)}); }
TEST(EventFrames, EncodeALargePayload) { expect_whole({List(100, Value("x")), {}, {}}); }

}  // namespace
}  // namespace redan::wamp
