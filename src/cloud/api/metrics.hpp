// Counters of an HTTP API, and metrics in Prometheus's text format.
#pragma once

#include <array>
#include <map>
#include <redan/types.hpp>
#include <string>

namespace redan::cloud::api {

/// A cumulative histogram.
class Histogram {
 public:
  explicit Histogram(std::array<double, 8> bounds) : bounds_(bounds) {}
  void observe(double value);
  void write(std::string& out, std::string_view name, std::string_view labels) const;

 private:
  std::array<double, 8> bounds_;
  std::array<std::uint64_t, 8> counts_{};
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

class HttpMetrics {
 public:
  /// `prefix` begins every name: "ams_http_".
  explicit HttpMetrics(std::string prefix) : prefix_(std::move(prefix)) {}
  /// `handler` must come from a table of routes, never from a request: "https_instances_POST". Every new one is kept
  /// forever; from kMaxLabels on they count as "other".
  void record(const std::string& handler, unsigned status, Duration took, std::size_t request_size,
              std::size_t response_size);
  void begin() { ++in_flight_; }
  void end() { --in_flight_; }
  /// `code` as in the refusal.
  void refuse(std::string_view code);
  void write(std::string& out) const;

 private:
  static constexpr std::size_t kMaxLabels = 512;
  struct Handler {
    std::map<unsigned, std::uint64_t> by_status;
    Histogram duration{{0.001, 0.005, 0.02, 0.1, 0.5, 1, 5, 30}};
    Histogram request{{64, 256, 1024, 4096, 16384, 65536, 262144, 1048576}};
    Histogram response{{64, 256, 1024, 4096, 16384, 65536, 262144, 1048576}};
  };
  std::string prefix_;
  std::map<std::string, Handler> handlers_;
  std::map<std::string, std::uint64_t> refusals_;
  std::int64_t in_flight_ = 0;
};

/// The label of a method: a standard HTTP method, or "other".
std::string_view method_label(std::string_view method);

/// "# TYPE name kind".
void write_type(std::string& out, std::string_view name, std::string_view kind);
/// "name{labels} value".
void write_sample(std::string& out, std::string_view name, std::string_view labels, double value);

}  // namespace redan::cloud::api
