// When a SACK goes, and how large it may be (RFC 9260 section 6.2).
#pragma once

#include <algorithm>
#include <utility>

#include "rtc/sctp/types.hpp"

namespace redan::sctp {

class SackSchedule {
 public:
  /// RFC 9260 section 6.2 allows 200 ms.
  static constexpr Duration kMaxDelay = std::chrono::milliseconds(100);
  /// The packets with DATA that one SACK acknowledges without delay.
  static constexpr unsigned kPacketsPerSack = 2;
  /// What one SACK may take, as a multiple of what has come since the last one: many small chunks beyond many holes
  /// must not draw a long list of them each time.
  static constexpr std::size_t kMaxAmplification = 3;

  /// A packet of `size` bytes was read to its end. The delay stays well under the peer's timeout, of which `rto`, ours,
  /// is an estimate.
  void on_packet(TimePoint now, std::size_t size, bool has_data, Duration rto) {
    received_ += size;
    if (!has_data) return;
    if (++packets_ >= kPacketsPerSack) return send_now();
    if (need_ != Need::none) return;
    need_ = Need::delayed;
    deadline_ = now + std::min(kMaxDelay, rto / 2);
  }
  void send_now() {
    need_ = Need::now;
    deadline_ = kNever;
  }
  void run_timers(TimePoint now) {
    if (now >= deadline_) send_now();
  }
  /// A SACK has to go now; one has to go sooner or later.
  [[nodiscard]] bool due() const { return need_ == Need::now; }
  [[nodiscard]] bool owed() const { return need_ != Need::none; }
  /// A SACK goes. Gives the size that its chunk may have.
  std::size_t take() {
    need_ = Need::none;
    packets_ = 0;
    deadline_ = kNever;
    const std::size_t budget = kMaxAmplification * std::exchange(received_, 0);
    return budget - std::min(budget, kCommonHeaderSize);
  }
  [[nodiscard]] TimePoint deadline() const { return deadline_; }

 private:
  enum class Need : std::uint8_t { none, delayed, now };

  Need need_ = Need::none;
  unsigned packets_ = 0;      // with DATA, since the last SACK
  std::size_t received_ = 0;  // bytes, since then
  TimePoint deadline_ = kNever;
};

}  // namespace redan::sctp
