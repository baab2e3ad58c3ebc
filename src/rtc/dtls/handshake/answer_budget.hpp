// How much an unfinished handshake sends at once in answer to plaintext messages: an attacker can forge them with the
// peer's address, so that the answers hit the peer. Retransmissions are bounded by the timer instead.
#pragma once

#include <cstddef>
#include <cstdint>

namespace redan::dtls {

class AnswerBudget {
 public:
  void received(std::size_t bytes) { received_ += bytes; }
  void answered(std::size_t bytes) { answered_ += bytes; }
  /// Keeps the sum of all answers below three times the bytes received, plus one flight.
  [[nodiscard]] bool allows() const { return answered_ <= kFactor * received_; }

 private:
  static constexpr std::uint64_t kFactor = 3;

  std::uint64_t received_ = 0;
  std::uint64_t answered_ = 0;
};

}  // namespace redan::dtls
