// Why a handshake will probably fail. Plaintext messages can be forged, so they never terminate a connection: the
// handshake goes on for a grace period and fails only if it makes no progress meanwhile.
#pragma once

#include <redan/types.hpp>

#include "rtc/dtls/handshake/failure.hpp"

namespace redan::dtls {

class PendingFailure {
 public:
  /// The grace period starts with the first cause. The first cause counts, unless a proven one follows.
  void add(TimePoint now, Duration grace, const Ending& ending, bool proven) {
    if (!ending_) deadline_ = now + grace;
    if (ending_ && (proven_ || !proven)) return;
    ending_ = ending;
    proven_ = proven;
  }
  /// The handshake made progress.
  void clear() { *this = PendingFailure(); }

  [[nodiscard]] const std::optional<Ending>& ending() const { return ending_; }
  /// The end of the grace period; kNever without a cause.
  [[nodiscard]] TimePoint deadline() const { return deadline_; }

 private:
  std::optional<Ending> ending_;
  bool proven_ = false;
  TimePoint deadline_ = kNever;
};

}  // namespace redan::dtls
