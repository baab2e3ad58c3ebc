#include "cloud/api/stream_figures.hpp"

#include <boost/json/object.hpp>
#include <cmath>

#include "cloud/api/metrics.hpp"

namespace redan::cloud::api {

json::object known_figures(const json::object& figures) {
  json::object known;
  for (const StreamFigure& figure : kStreamFigures) {
    const json::value* value = figures.if_contains(figure.name);
    if (value != nullptr && value->is_number()) known[figure.name] = *value;
  }
  return known;
}

void write_stream_figures(std::string& out, const std::vector<LabelledFigures>& streams) {
  for (const StreamFigure& figure : kStreamFigures) {
    const std::string name = "webrtc_" + std::string(figure.name);
    bool begun = false;
    for (const auto& [labels, figures] : streams) {
      const json::value* value = figures.if_contains(figure.name);
      if (value == nullptr || !value->is_number()) continue;
      const auto number = value->to_number<double>();
      if (!std::isfinite(number) || number < 0) continue;
      if (!std::exchange(begun, true)) write_type(out, name, figure.counter ? "counter" : "gauge");
      write_sample(out, name, labels, number);
    }
  }
}

}  // namespace redan::cloud::api
