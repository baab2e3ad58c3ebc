#include "rtc/dtls/record/early_records.hpp"

namespace redan::dtls {

std::size_t EarlyRecords::bytes() const {
  std::size_t sum = 0;
  for (const auto& record : records_) sum += record.size();
  return sum;
}

std::size_t EarlyRecords::keep(Bytes record) {
  if (record.size() > kMaxBytes) return 1;
  std::size_t dropped = 0;
  for (; records_.size() == kMaxRecords || bytes() + record.size() > kMaxBytes; ++dropped) {
    records_.erase(records_.begin());
  }
  records_.emplace_back(record.begin(), record.end());
  return dropped;
}

}  // namespace redan::dtls
