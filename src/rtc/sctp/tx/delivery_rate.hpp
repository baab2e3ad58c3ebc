// How fast the path delivers (draft-ietf-ccwg-bbr section 4.1, delivery rate estimation).
#pragma once

#include <algorithm>
#include <utility>

#include "rtc/sctp/tx/rack.hpp"

namespace redan::sctp {

/// The state of the connection when a chunk left. Sizes are bytes of user data.
struct DeliveryStamp {
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  TimePoint delivered_at;       ///< when `delivered` was counted
  TimePoint first_sent;         ///< when the chunk left whose delivery that was
  std::uint32_t in_flight = 0;  ///< with the chunk
  bool app_limited = false;
};

/// What one SACK tells about the path. Of the newest chunk among those it acknowledged.
struct RateSample {
  std::uint64_t delivered_total = 0;  ///< all that was ever delivered
  std::uint64_t prior_delivered = 0;  ///< that when the chunk left
  std::uint64_t delivered = 0;        ///< since then
  std::uint64_t lost = 0;             ///< since then
  std::uint32_t in_flight = 0;        ///< when it left, with it
  Duration interval{};                ///< in which `delivered` was; 0: no sample
  Duration rtt{};
  bool app_limited = false;

  [[nodiscard]] bool valid() const { return interval > Duration{}; }
  /// Bytes per second.
  [[nodiscard]] double rate() const {
    return valid() ? static_cast<double>(delivered) / std::chrono::duration<double>(interval).count() : 0;
  }
};

class DeliveryRate {
 public:
  /// A chunk of `size` bytes leaves while `in_flight` bytes are.
  [[nodiscard]] DeliveryStamp on_sent(TimePoint now, std::size_t in_flight, std::size_t size) {
    if (in_flight == 0) first_sent_ = delivered_at_ = now;
    return {delivered_,
            lost_,
            delivered_at_,
            first_sent_,
            static_cast<std::uint32_t>(in_flight + size),
            app_limited_until_ != 0};
  }
  void on_lost(std::size_t size) { lost_ += size; }
  /// `order`: see Rack::Sent. `certain`: it is this transmission that arrived, and not an earlier one.
  void on_delivered(const DeliveryStamp& stamp, const Rack::Sent& sent, bool certain, std::size_t size, TimePoint now) {
    delivered_ += size;
    delivered_at_ = now;
    if (!certain || sent.order < newest_) return;
    newest_ = sent.order;
    has_newest_ = true;
    stamp_ = stamp;
    sent_ = first_sent_ = sent.at;
  }
  /// The end of a SACK.
  [[nodiscard]] RateSample take(TimePoint now) {
    if (app_limited_until_ != 0 && delivered_ > app_limited_until_) app_limited_until_ = 0;
    RateSample sample;
    sample.delivered_total = delivered_;
    if (!std::exchange(has_newest_, false)) return sample;
    sample.prior_delivered = stamp_.delivered;
    sample.delivered = delivered_ - stamp_.delivered;
    sample.lost = lost_ - stamp_.lost;
    sample.in_flight = stamp_.in_flight;
    // The slower of sending and acknowledging: neither bursts nor compressed SACKs make the path look faster.
    sample.interval = std::max(sent_ - stamp_.first_sent, now - stamp_.delivered_at);
    sample.rtt = now - sent_;
    sample.app_limited = stamp_.app_limited;
    return sample;
  }
  /// Bytes lost since a chunk with this stamp left.
  [[nodiscard]] std::uint64_t lost_since(const DeliveryStamp& stamp) const { return lost_ - stamp.lost; }
  /// The application has nothing to send: what is in flight now does not show what the path could do.
  void on_app_limited(std::size_t in_flight) {
    app_limited_until_ = std::max<std::uint64_t>(delivered_ + in_flight, 1);
  }

 private:
  std::uint64_t delivered_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t app_limited_until_ = 0;  // 0: not limited
  TimePoint delivered_at_{};
  TimePoint first_sent_{};
  std::uint64_t newest_ = 0;
  bool has_newest_ = false;
  DeliveryStamp stamp_;  // of the newest
  TimePoint sent_{};
};

}  // namespace redan::sctp
