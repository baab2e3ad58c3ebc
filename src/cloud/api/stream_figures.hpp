// The metrics of a stream, reported by a runtime and published by it and by its agent.
#pragma once

#include <array>
#include <vector>

#include "cloud/api/envelope.hpp"

namespace redan::cloud::api {

struct StreamFigure {
  std::string_view name;  ///< without the prefix webrtc_
  bool counter = true;    ///< or a gauge
};
inline constexpr std::array kStreamFigures{StreamFigure{"bytes_sent"},
                                           StreamFigure{"packets_sent"},
                                           StreamFigure{"retransmitted_bytes_sent"},
                                           StreamFigure{"retransmitted_packets_sent"},
                                           StreamFigure{"nack_count"},
                                           StreamFigure{"pli_count"},
                                           StreamFigure{"fir_count"},
                                           StreamFigure{"frames_encoded"},
                                           StreamFigure{"key_frames_encoded"},
                                           StreamFigure{"frames_dropped"},
                                           StreamFigure{"total_encode_time"},
                                           StreamFigure{"total_packet_send_delay"},
                                           StreamFigure{"target_bitrate", false},
                                           StreamFigure{"relay_in_use", false},
                                           StreamFigure{"control_messages"},
                                           StreamFigure{"control_ignored"},
                                           StreamFigure{"signalling_errors"}};

/// One stream: its labels ("session=\"...\"" or empty) and its metrics. Unknown metrics, and values that are not
/// numbers from 0 on, are skipped.
using LabelledFigures = std::pair<std::string, json::object>;

/// Selects the metrics in kStreamFigures from a runtime's report.
json::object known_figures(const json::object& figures);

/// Prometheus text, names with the prefix webrtc_.
void write_stream_figures(std::string& out, const std::vector<LabelledFigures>& streams);

}  // namespace redan::cloud::api
