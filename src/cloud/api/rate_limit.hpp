// A token bucket for each caller, so that one caller cannot delay the others.
#pragma once

#include <map>
#include <redan/types.hpp>
#include <string>

namespace redan::cloud::api {

class RateLimit {
 public:
  /// `per_second` on average, twice that at once.
  explicit RateLimit(double per_second) : per_second_(per_second) {}
  void set(double per_second) { per_second_ = per_second; }

  /// Whether the caller may continue; if so, counts the request.
  bool take(const std::string& caller, TimePoint now);

 private:
  static constexpr std::size_t kMaxCallers = 4096;
  struct Bucket {
    double tokens = 0;
    TimePoint refilled{};
  };
  void forget_full(TimePoint now);
  [[nodiscard]] double filled(const Bucket& bucket, TimePoint now) const;

  double per_second_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace redan::cloud::api
