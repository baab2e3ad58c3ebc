// HEARTBEAT on a path that is silent (RFC 9260 section 8.3): it shows whether the peer is there, and how far away.
#pragma once

#include <redan/random.hpp>

#include <algorithm>
#include <array>
#include <optional>

#include "rtc/sctp/error_counter.hpp"
#include "rtc/sctp/packet/control.hpp"

namespace redan::sctp {

class PathHeartbeat {
 public:
  PathHeartbeat(Duration interval, ErrorCounter& errors) : interval_(interval), errors_(errors) {}

  /// A new association: nothing is sent before an interval has passed.
  void begin(TimePoint now) {
    sent_.reset();
    due_ = false;
    postpone(now);
  }
  /// The peer sent something: the interval begins again.
  void postpone(TimePoint now) { deadline_ = now + interval_; }
  void stop() { deadline_ = kNever; }

  void run_timers(TimePoint now) {
    if (now < deadline_) return;
    deadline_ = kNever;
    due_ = true;
    if (sent_) errors_.on_timeout();
  }
  void write(TimePoint now, RandomSource& random, Writer& chunks) {
    if (!due_) return;
    due_ = false;
    sent_ = Sent{now, {}};
    random.random(sent_->nonce);
    Heartbeat{sent_->nonce}.write(chunks, ChunkType::heartbeat);
    postpone(now);
  }
  /// The round-trip time; nothing if the chunk does not answer the last HEARTBEAT.
  std::optional<Duration> on_ack(TimePoint now, const Chunk& chunk) {
    const auto ack = Heartbeat::parse(chunk);
    if (!ack || !sent_ || !std::ranges::equal(ack->info, sent_->nonce)) return std::nullopt;
    errors_.on_answer();
    const Duration rtt = now - sent_->at;
    sent_.reset();
    return rtt;
  }
  [[nodiscard]] TimePoint deadline() const { return deadline_; }

 private:
  struct Sent {
    TimePoint at;
    std::array<std::uint8_t, 8> nonce;
  };

  Duration interval_;
  ErrorCounter& errors_;
  std::optional<Sent> sent_;  // and not answered yet
  bool due_ = false;
  TimePoint deadline_ = kNever;
};

}  // namespace redan::sctp
