// The measurements of a session with a demo: round trips over the echo channel, then throughput up, then down. A
// machine without a clock. Messages out of turn are ignored.
#pragma once

#include <redan/endpoint.hpp>
#include <vector>

namespace redan::cmd {

class SessionFigures {
 public:
  static constexpr std::size_t kPings = 200;

  enum class Channel : std::uint8_t { echo, up, down };
  /// The next action.
  enum class Step : std::uint8_t { nothing, ping, send_up, ask_down, finish };

  /// The channels are open.
  Step begin(TimePoint now);
  Step on_message(Channel channel, MessageKind kind, Bytes payload, TimePoint now);

  /// A percentile of the round trips: 0.5 is the median. 0 before there is one.
  [[nodiscard]] double percentile_us(double share) const;
  // Bytes per second; 0 before it is known.
  [[nodiscard]] double up_rate() const { return up_rate_; }
  [[nodiscard]] double down_rate() const { return down_rate_; }

 private:
  enum class Stage : std::uint8_t { waiting, pinging, up, down, over };
  Step ping(TimePoint now);
  Step on_echo(TimePoint now);
  Step on_down(MessageKind kind, Bytes payload, TimePoint now);

  Stage stage_ = Stage::waiting;
  TimePoint pinged_{}, down_start_{};
  std::vector<Duration> round_trips_;  ///< sorted once all are there
  double up_rate_ = 0, down_rate_ = 0;
  std::uint64_t down_bytes_ = 0;
};

}  // namespace redan::cmd
