// The ACK message, and the records that it is due for: RFC 9147 section 7.
#pragma once

#include <vector>

#include "rtc/dtls/record/unified_header.hpp"

namespace redan::dtls::v13 {

//    struct {
//        RecordNumber record_numbers<0..2^16-1>;
//    } ACK;
/// Calls `handle(RecordNumber)` for each number. False if the message does not parse.
template <class Handler>
bool for_each_acknowledged(Bytes body, Handler&& handle) {
  Reader reader(body);
  Reader list = reader.prefixed16();
  if (!reader.done() || list.remaining() % 16 != 0) return false;
  while (!list.empty()) {
    const std::uint64_t epoch = list.u64();
    handle(RecordNumber{epoch, list.u64()});
  }
  return true;
}

/// The records to acknowledge next.
class Acknowledgements {
 public:
  /// Of more records only the latest are acknowledged.
  static constexpr std::size_t kMax = 32;
  static constexpr std::size_t kRecordSize = 16;

  void add(RecordNumber number) {
    if (std::find(numbers_.begin(), numbers_.end(), number) != numbers_.end()) return;
    if (numbers_.size() == kMax) numbers_.erase(numbers_.begin());
    numbers_.push_back(number);
  }
  void clear() { numbers_.clear(); }
  [[nodiscard]] bool empty() const { return numbers_.empty(); }
  /// Writes as many of the latest numbers as there is room for.
  void write(Writer& writer) const {
    const std::size_t room = writer.space() < 2 ? 0 : (writer.space() - 2) / kRecordSize;
    const std::size_t count = std::min(room, numbers_.size());
    writer.prefixed16([&](Writer& list) {
      for (const RecordNumber& number : std::span(numbers_).last(count)) {
        list.u64(number.epoch);
        list.u64(number.sequence);
      }
    });
  }

 private:
  std::vector<RecordNumber> numbers_;
};

}  // namespace redan::dtls::v13
