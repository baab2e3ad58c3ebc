#include "cloud/api/metrics.hpp"

#include <charconv>

namespace redan::cloud::api {
namespace {

std::string number(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

template <class T>
T& entry_for(std::map<std::string, T>& entries, const std::string& label, std::size_t limit) {
  const bool fits = entries.size() < limit || entries.contains(label);
  return entries[fits ? label : "other"];
}

}  // namespace

// RFC 9110 section 9.1, and PATCH.
std::string_view method_label(std::string_view method) {
  for (const std::string_view known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    if (method == known) return known;
  }
  return "other";
}

void write_type(std::string& out, std::string_view name, std::string_view kind) {
  out.append("# TYPE ").append(name).append(" ").append(kind).append("\n");
}

void write_sample(std::string& out, std::string_view name, std::string_view labels, double value) {
  out.append(name);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(number(value)).append("\n");
}

void Histogram::observe(double value) {
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    if (value <= bounds_[i]) ++counts_[i];
  }
  ++count_;
  sum_ += value;
}

void Histogram::write(std::string& out, std::string_view name, std::string_view labels) const {
  const std::string base(name);
  const auto bucket = [&](const std::string& bound, std::uint64_t count) {
    write_sample(out, base + "_bucket", std::string(labels) + ",le=\"" + bound + "\"", static_cast<double>(count));
  };
  for (std::size_t i = 0; i < bounds_.size(); ++i) bucket(number(bounds_[i]), counts_[i]);
  bucket("+Inf", count_);
  write_sample(out, base + "_sum", labels, sum_);
  write_sample(out, base + "_count", labels, static_cast<double>(count_));
}

void HttpMetrics::record(const std::string& handler, unsigned status, Duration took, std::size_t request_size,
                         std::size_t response_size) {
  Handler& entry = entry_for(handlers_, handler, kMaxLabels);
  ++entry.by_status[status];
  entry.duration.observe(std::chrono::duration<double>(took).count());
  entry.request.observe(static_cast<double>(request_size));
  entry.response.observe(static_cast<double>(response_size));
}

void HttpMetrics::refuse(std::string_view code) { ++entry_for(refusals_, std::string(code), kMaxLabels); }

void HttpMetrics::write(std::string& out) const {
  write_type(out, prefix_ + "in_flight_requests", "gauge");
  write_sample(out, prefix_ + "in_flight_requests", "", static_cast<double>(in_flight_));
  write_type(out, prefix_ + "requests_total", "counter");
  for (const auto& [name, handler] : handlers_) {
    for (const auto& [status, count] : handler.by_status) {
      write_sample(out, prefix_ + "requests_total", "handler=\"" + name + "\",code=\"" + std::to_string(status) + "\"",
                   static_cast<double>(count));
    }
  }
  const auto histograms = [&](std::string_view name, Histogram Handler::*member) {
    write_type(out, name, "histogram");
    for (const auto& [label, handler] : handlers_) (handler.*member).write(out, name, "handler=\"" + label + "\"");
  };
  histograms(prefix_ + "request_duration_seconds", &Handler::duration);
  histograms(prefix_ + "request_size_bytes", &Handler::request);
  histograms(prefix_ + "response_size_bytes", &Handler::response);
  write_type(out, prefix_ + "refusals_total", "counter");
  for (const auto& [code, count] : refusals_) {
    write_sample(out, prefix_ + "refusals_total", "code=\"" + code + "\"", static_cast<double>(count));
  }
}

}  // namespace redan::cloud::api
