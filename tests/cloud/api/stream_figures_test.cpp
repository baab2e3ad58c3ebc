#include "cloud/api/stream_figures.hpp"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <limits>

namespace redan::cloud::api::test {
namespace {

TEST(StreamFigures, AreWrittenWithTheirNamesAndLabels) {
  std::string out;
  write_stream_figures(out, {{"session=\"a\"", {{"packets_sent", 7}, {"target_bitrate", 1.5}}},
                             {"session=\"b\"", {{"packets_sent", 8}}}});
  EXPECT_EQ(out,
            "# TYPE webrtc_packets_sent counter\nwebrtc_packets_sent{session=\"a\"} 7\n"
            "webrtc_packets_sent{session=\"b\"} 8\n# TYPE webrtc_target_bitrate gauge\n"
            "webrtc_target_bitrate{session=\"a\"} 1.5\n");
}

// A runtime is another party's program: it must not be able to invent names or values.
TEST(StreamFigures, UnknownNamesAndInvalidValuesAreSkipped) {
  std::string out;
  write_stream_figures(out, {{"",
                              {{"made_up", 7},
                               {"nack_count", "7"},
                               {"pli_count", -1},
                               {"fir_count", std::numeric_limits<double>::infinity()}}}});
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace redan::cloud::api::test
