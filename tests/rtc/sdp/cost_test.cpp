// Work and memory are linear in a description's size, whatever its content: twice the size costs twice as much, not
// four times.
#include <gtest/gtest.h>

#include <functional>

#include "tests/rtc/sdp/texts.hpp"
#include "tests/support/heap_meter.hpp"

namespace redan::sdp {
namespace {

using test::audio;
using test::data;
using test::section;
using test::session;

/// As many copies of `line` as fit into `size` bytes.
std::string repeated(const std::string& line, std::size_t size) {
  std::string text;
  while (text.size() + line.size() <= size) text += line;
  return text;
}

struct Cost {
  const char* name;
  std::function<std::string(std::size_t size)> make;
};
void PrintTo(const Cost& cost, std::ostream* out) { *out << cost.name; }

/// One section per KiB, so that a scan of all lines for each section is detected.
std::size_t section_count(std::size_t size) { return size / 1024; }

std::string many_sections(std::size_t size, const std::string& head, const std::string& line) {
  std::string text = head;
  const std::size_t count = section_count(size);
  for (std::size_t i = 0; i < count; ++i) {
    text += audio(std::to_string(i)) + repeated(line, (size - text.size()) / (count - i) - 100);
  }
  return text;
}

const Cost kCosts[] = {
    {"Formats",
     [](std::size_t size) {
       return session() + section("m=audio 9 RTP/AVP" + repeated(" 1", size / 2), "0", {"a=rtcp-mux"}) +
              repeated("a=rtpmap:1\r\n", size / 2 - 600) + "a=rtpmap:1 x/1\r\n";
     }},
    {"Sections", [](std::size_t size) { return many_sections(size, session(), "a=rtpmap:1\r\n"); }},
    {"LinesOfTheSession",
     [](std::size_t size) { return many_sections(size, session({repeated("a=m\r\n", size / 2) + "a=x"}), "a=m\r\n"); }},
    {"NamesInTheBundle",
     [](std::size_t size) {
       return many_sections(size, session({"a=group:BUNDLE" + repeated(" 7", size / 2)}), "a=m\r\n");
     }},
    {"Groups",
     [](std::size_t size) {
       return many_sections(size, session({repeated("a=group:BUNDLE\r\n", size / 2) + "a=x"}), "a=m\r\n");
     }},
    {"LongMids",
     [](std::size_t size) {
       std::string text = session();
       const std::size_t count = section_count(size);
       const std::string prefix(size / count - 110, 'm');
       for (std::size_t i = 0; i < count; ++i) text += audio(prefix + std::to_string(i));
       return text;
     }},
    {"Fingerprints",
     [](std::size_t size) {
       return session() + data("0") + repeated("a=fingerprint:" + test::kFingerprint + "\r\n", size - 1000);
     }},
    {"WeakFingerprints",
     [](std::size_t size) {
       return session() + data("0", {"a=fingerprint:" + test::kFingerprint}) +
              repeated("a=fingerprint:sha-1 A\r\n", size - 1000);
     }},
    {"Candidates",
     [](std::size_t size) {
       return session() + data("0") + repeated("a=candidate:1 1 tcp 1 192.0.2.1 9 typ host\r\n", size - 1000);
     }},
    {"Feedback",
     [](std::size_t size) { return session() + audio("0") + repeated("a=rtcp-fb:* nack\r\n", size - 1000); }},
    {"PortMaps",
     [](std::size_t size) {
       return session() + section("m=application 9 DTLS/SCTP 5000", "0") + repeated("a=sctpmap:1 x\r\n", size - 1000) +
              "a=sctpmap:5000 webrtc-datachannel\r\n";
     }},
    {"Options", [](std::size_t size) { return session({"a=ice-options:" + repeated("x ", size - 1000)}) + data("0"); }},
    {"Blanks",
     [](std::size_t size) {
       return session() + data("0") + repeated("a=mid" + std::string(500, ' ') + "x\r\n", size - 1000);
     }},
    {"FormatsAlone",
     [](std::size_t size) {
       return session() + audio("0") + section("m=text 9 X" + repeated(" 1", size - 1000), "1");
     }},
    {"Lines", [](std::size_t size) { return session() + data("0") + repeated("a=\n", size - 1000); }},
};

class SdpCost : public testing::TestWithParam<Cost> {};
INSTANTIATE_TEST_SUITE_P(Descriptions, SdpCost, testing::ValuesIn(kCosts),
                         [](const auto& param) { return std::string(param.param.name); });

/// Parses and answers; returns the processor time of the fastest of five runs.
double seconds_for(const std::string& text) {
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const double start = redan::test::thread_seconds();
    const auto offer = SessionDescription::parse(text);
    EXPECT_TRUE(offer);
    if (!offer) return 0;
    const auto remote = read_offer(*offer, true);
    EXPECT_TRUE(remote) << remote.error().detail;
    EXPECT_FALSE(make_answer(*offer, test::local()).empty());
    best = std::min(best, redan::test::thread_seconds() - start);
  }
  return best;
}

TEST_P(SdpCost, OfTimeDoublesWithTheSize) {
  const std::string half = GetParam().make(SessionDescription::kMaxSize / 2);
  const std::string whole = GetParam().make(SessionDescription::kMaxSize);
  ASSERT_LE(whole.size(), SessionDescription::kMaxSize);
  ASSERT_GT(whole.size(), SessionDescription::kMaxSize * 9 / 10);
  const double half_seconds = seconds_for(half);
  const double whole_seconds = seconds_for(whole);
  EXPECT_LT(whole_seconds, 3 * half_seconds + 0.002);
  RecordProperty("milliseconds", std::to_string(1000 * whole_seconds));
}

TEST_P(SdpCost, OfMemoryIsAtMost48TimesTheSize) {
  const std::string text = GetParam().make(SessionDescription::kMaxSize);
  const redan::test::HeapMeter meter;
  const auto offer = SessionDescription::parse(text);
  ASSERT_TRUE(offer && read_offer(*offer, true));
  make_answer(*offer, test::local());
  EXPECT_LE(meter.peak_bytes(), 48 * text.size());
  RecordProperty("bytes", std::to_string(meter.peak_bytes()));
}

}  // namespace
}  // namespace redan::sdp
