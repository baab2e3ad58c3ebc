#include "cloud/api/rate_limit.hpp"

#include <algorithm>

namespace redan::cloud::api {

double RateLimit::filled(const Bucket& bucket, TimePoint now) const {
  const double seconds = std::chrono::duration<double>(now - bucket.refilled).count();
  return std::min(bucket.tokens + seconds * per_second_, 2 * per_second_);
}

// A full bucket is equivalent to an absent one.
void RateLimit::forget_full(TimePoint now) {
  std::erase_if(buckets_, [&](const auto& entry) { return filled(entry.second, now) >= 2 * per_second_; });
}

bool RateLimit::take(const std::string& caller, TimePoint now) {
  auto found = buckets_.find(caller);
  if (found == buckets_.end()) {
    if (buckets_.size() >= kMaxCallers) forget_full(now);
    // Too many callers at once to remember: in a flood, new callers wait.
    if (buckets_.size() >= kMaxCallers) return false;
    found = buckets_.emplace(caller, Bucket{2 * per_second_, now}).first;
  }
  Bucket& bucket = found->second;
  bucket.tokens = filled(bucket, now);
  bucket.refilled = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace redan::cloud::api
