// The retransmission timeout (RFC 9260 section 6.3.1).
#pragma once

#include <redan/types.hpp>

namespace redan::sctp {

class Rto {
 public:
  static constexpr Duration kInitial = std::chrono::milliseconds(500);
  /// A peer may delay its SACK by 200 ms (RFC 9260 section 6.2), so the variance term is never smaller than that.
  static constexpr Duration kMinVariance = std::chrono::milliseconds(220);
  /// RFC 9260 suggests 60 s. In WebRTC consent checks (RFC 7675) decide when a path is dead; until then it is probed.
  static constexpr Duration kMax = std::chrono::seconds(3);

  /// Only of chunks that were sent once (Karn's algorithm).
  void on_rtt(Duration rtt) {
    if (!measured_) {
      measured_ = true;
      srtt_ = rtt;
      rttvar_ = rtt / 2;
    } else {
      const Duration error = srtt_ > rtt ? srtt_ - rtt : rtt - srtt_;
      rttvar_ += (error - rttvar_) / 4;
      srtt_ += (rtt - srtt_) / 8;
    }
    base_ = rto_ = std::min(srtt_ + std::max(4 * rttvar_, kMinVariance), kMax);
  }
  void back_off() { rto_ = std::min(2 * rto_, kMax); }
  [[nodiscard]] Duration value() const { return rto_; }
  /// As measured, without back-off.
  [[nodiscard]] Duration base() const { return base_; }
  [[nodiscard]] bool measured() const { return measured_; }
  /// The smoothed round-trip time; zero before the first measurement.
  [[nodiscard]] Duration srtt() const { return srtt_; }

 private:
  bool measured_ = false;
  Duration srtt_{};
  Duration rttvar_{};
  Duration base_ = kInitial;
  Duration rto_ = kInitial;
};

}  // namespace redan::sctp
