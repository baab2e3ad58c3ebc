#include "cloud/bus/link.hpp"

#include <gtest/gtest.h>

#include "cloud/errors.hpp"

namespace redan::cloud::bus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TimePoint at(std::int64_t ms) { return TimePoint{milliseconds(ms)}; }

/// All outputs until the link waits.
struct Drained {
  std::vector<LinkFrame> frames;
  std::vector<std::string> bodies;
  std::optional<Errc> ended;
  TimePoint until{};
};

Drained drain(Link& link, TimePoint now) {
  Drained out;
  for (int i = 0; i < 10'000; ++i) {
    Link::Output output = link.poll_output(now);
    if (const auto* wait = std::get_if<Wait>(&output)) {
      out.until = wait->until;
      return out;
    }
    if (auto* transmit = std::get_if<Link::Transmit>(&output)) out.frames.push_back(transmit->frame);
    if (auto* deliver = std::get_if<Link::Deliver>(&output)) out.bodies.push_back(deliver->body);
    if (auto* ended = std::get_if<Link::Ended>(&output)) out.ended = ended->why;
  }
  ADD_FAILURE() << "it never waits";
  return out;
}

TEST(Link, DeliversInOrderAndAcknowledges) {
  Link a("c1"), b("c1");
  ASSERT_TRUE(a.send(at(0), "one"));
  ASSERT_TRUE(a.send(at(0), "two"));
  const Drained sent = drain(a, at(0));
  ASSERT_EQ(sent.frames.size(), 2U);
  b.handle_input(at(1), sent.frames[0]);
  b.handle_input(at(1), sent.frames[1]);
  const Drained got = drain(b, at(1));
  EXPECT_EQ(got.bodies, (std::vector<std::string>{"one", "two"}));
  ASSERT_EQ(got.frames.size(), 1U);
  EXPECT_EQ(got.frames[0].ack, 2U);
  EXPECT_FALSE(a.idle());
  a.handle_input(at(2), got.frames[0]);
  EXPECT_TRUE(a.idle());
  EXPECT_EQ(drain(a, at(2)).until, kNever);
}

TEST(Link, ReordersFramesThatOvertookOthers) {
  Link a("c1"), b("c1");
  for (const char* text : {"1", "2", "3"}) ASSERT_TRUE(a.send(at(0), text));
  const Drained sent = drain(a, at(0));
  b.handle_input(at(0), sent.frames[2]);
  EXPECT_TRUE(drain(b, at(0)).bodies.empty());
  b.handle_input(at(0), sent.frames[0]);
  EXPECT_EQ(drain(b, at(0)).bodies, (std::vector<std::string>{"1"}));
  b.handle_input(at(0), sent.frames[1]);
  EXPECT_EQ(drain(b, at(0)).bodies, (std::vector<std::string>{"2", "3"}));
}

TEST(Link, DeliversADuplicateOnceAndAcknowledgesItAgain) {
  Link a("c1"), b("c1");
  ASSERT_TRUE(a.send(at(0), "x"));
  const LinkFrame frame = drain(a, at(0)).frames.at(0);
  b.handle_input(at(0), frame);
  EXPECT_EQ(drain(b, at(0)).bodies.size(), 1U);
  b.handle_input(at(5), frame);
  const Drained again = drain(b, at(5));
  EXPECT_TRUE(again.bodies.empty());
  ASSERT_EQ(again.frames.size(), 1U);
  EXPECT_EQ(again.frames[0].ack, 1U);
}

TEST(Link, RetransmitsWithIncreasingPausesThenGivesUp) {
  Link a("c1");
  ASSERT_TRUE(a.send(at(0), "x"));
  EXPECT_EQ(drain(a, at(0)).until, at(200));
  EXPECT_TRUE(drain(a, at(199)).frames.empty());
  EXPECT_EQ(drain(a, at(200)).frames.size(), 1U);
  EXPECT_TRUE(drain(a, at(599)).frames.empty());
  EXPECT_EQ(drain(a, at(600)).frames.size(), 1U);
  const Drained last = drain(a, at(20'000));
  EXPECT_EQ(last.ended, errc::link_timeout);
  ASSERT_EQ(last.frames.size(), 1U);
  EXPECT_EQ(last.frames[0].end, "timeout");
  EXPECT_FALSE(a.send(at(20'001), "y"));
}

TEST(Link, RetransmitsAtOnceOnRequest) {
  Link a("c1");
  ASSERT_TRUE(a.send(at(0), "x"));
  (void)drain(a, at(0));
  EXPECT_TRUE(drain(a, at(50)).frames.empty());
  a.retransmit_now(at(50));
  EXPECT_EQ(drain(a, at(50)).frames.size(), 1U);
}

TEST(Link, ClosingEndsBothEndsWithTheReason) {
  Link a("c1"), b("c1");
  b.close("displaced");
  const Drained out = drain(b, at(0));
  EXPECT_EQ(out.ended, Errc::closed_locally);
  ASSERT_EQ(out.frames.size(), 1U);
  a.handle_input(at(0), out.frames[0]);
  EXPECT_EQ(drain(a, at(0)).ended, errc::link_displaced);
  EXPECT_TRUE(drain(a, at(1)).frames.empty());
}

TEST(Link, DeliversMessagesThatPrecedeTheEnd) {
  Link a("c1"), b("c1");
  ASSERT_TRUE(a.send(at(0), "last words"));
  LinkFrame frame = drain(a, at(0)).frames.at(0);
  frame.end = "closed";
  b.handle_input(at(0), frame);
  const Drained got = drain(b, at(0));
  EXPECT_EQ(got.bodies, (std::vector<std::string>{"last words"}));
  EXPECT_EQ(got.ended, Errc::not_connected);
}

TEST(Link, SendsPendingMessagesBeforeTheEnd) {
  Link a("c1"), b("c1");
  ASSERT_TRUE(a.send(at(0), "the reason"));
  a.close("closed");
  const Drained sent = drain(a, at(0));
  ASSERT_EQ(sent.frames.size(), 2U);
  for (const LinkFrame& frame : sent.frames) b.handle_input(at(1), frame);
  const Drained got = drain(b, at(1));
  EXPECT_EQ(got.bodies, std::vector<std::string>{"the reason"});
  EXPECT_EQ(got.ended, Errc::not_connected);
}

TEST(Link, IgnoresAnAcknowledgementOfUnsentFrames) {
  Link a("c1");
  ASSERT_TRUE(a.send(at(0), "x"));
  (void)drain(a, at(0));
  a.handle_input(at(1), {"c1", 0, 7, {}, {}});
  EXPECT_FALSE(a.idle());
}

TEST(Link, IgnoresFramesOfAnotherLink) {
  Link a("c1");
  a.handle_input(at(0), {"c2", 1, 0, "x", {}});
  EXPECT_TRUE(drain(a, at(0)).bodies.empty());
}

TEST(Link, EnforcesItsLimits) {
  LinkLimits limits;
  limits.max_messages = 2;
  limits.max_message = 10;
  Link a("c1", limits), b("c1", limits);
  EXPECT_EQ(a.send(at(0), "longer than ten").error(), Errc::channel_message_too_large);
  ASSERT_TRUE(a.send(at(0), "1"));
  ASSERT_TRUE(a.send(at(0), "2"));
  EXPECT_EQ(a.send(at(0), "3").error(), Errc::would_block);
  // Far out of order: neither stored nor acknowledged.
  b.handle_input(at(0), {"c1", 9, 0, "early", {}});
  const Drained got = drain(b, at(0));
  EXPECT_TRUE(got.bodies.empty());
  EXPECT_EQ(got.frames.at(0).ack, 0U);
}

TEST(LinkFrame, RoundTrips) {
  for (const LinkFrame& frame : {LinkFrame{"c1", 7, 3, "{\"type\":\"discover\"}", {}}, LinkFrame{"c1", 0, 3, {}, {}},
                                 LinkFrame{"c1", 0, 0, {}, "lost"}, LinkFrame{"c1", 1, 0, "", {}}}) {
    EXPECT_EQ(LinkFrame::parse(frame.text()), frame) << frame.text();
  }
}

TEST(LinkFrame, RefusesInvalidText) {
  for (const char* text :
       {"", "{}", "[]", R"({"v":2,"link":"a"})", R"({"v":1,"link":"a.b"})", R"({"v":1,"link":""})",
        R"({"v":1,"link":"a","seq":-1,"body":""})", R"({"v":1,"link":"a","seq":1})", R"({"v":1,"link":"a","body":"x"})",
        R"({"v":1,"link":"a","seq":"1","body":""})", R"({"v":1,"link":"a","end":"not a token"})",
        R"({"v":1,"link":"a"} )"
        "x"}) {
    EXPECT_FALSE(LinkFrame::parse(text)) << text;
  }
}

TEST(LinkFrame, AnUnknownLinkIsAnsweredWithAResetUnlessItEnds) {
  EXPECT_EQ(reset_for({"c1", 4, 0, "x", {}})->end, "lost");
  EXPECT_FALSE(reset_for({"c1", 0, 0, {}, "lost"}));
}

}  // namespace
}  // namespace redan::cloud::bus
