// The last few protected records that came before their keys.
#pragma once

#include <redan/types.hpp>
#include <utility>
#include <vector>

namespace redan::dtls {

class EarlyRecords {
 public:
  static constexpr std::size_t kMaxRecords = 4;
  static constexpr std::size_t kMaxBytes = 4096;

  /// Returns how many records were dropped for it, the record itself included.
  std::size_t keep(Bytes record);
  std::vector<std::vector<std::uint8_t>> take() { return std::exchange(records_, {}); }
  [[nodiscard]] bool empty() const { return records_.empty(); }

 private:
  [[nodiscard]] std::size_t bytes() const;

  std::vector<std::vector<std::uint8_t>> records_;
};

}  // namespace redan::dtls
