// How much an unfinished handshake sends at once in answer to what came in the clear: anybody can forge that, with the
// peer's address on it. What the own timer repeats is bounded by time instead.
#pragma once

#include <cstddef>
#include <cstdint>

namespace redan::dtls {

class AnswerBudget {
 public:
  void received(std::size_t bytes) { received_ += bytes; }
  void answered(std::size_t bytes) { answered_ += bytes; }
  /// Holds the sum of all answers to three times what came, plus one flight.
  [[nodiscard]] bool allows() const { return answered_ <= kFactor * received_; }

 private:
  static constexpr std::uint64_t kFactor = 3;

  std::uint64_t received_ = 0;
  std::uint64_t answered_ = 0;
};

}  // namespace redan::dtls
