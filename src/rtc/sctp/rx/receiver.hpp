// The receiving half of an association: which TSNs have come, the messages they make up, and when to acknowledge them.
#pragma once

#include "base/counters.hpp"
#include "rtc/sctp/packet/control.hpp"
#include "rtc/sctp/rx/reassembly.hpp"
#include "rtc/sctp/rx/sack_schedule.hpp"
#include "rtc/sctp/rx/tsn_tracker.hpp"

namespace redan::sctp {

class Receiver {
 public:
  static constexpr Duration kMemoryGrace = std::chrono::seconds(5);

  struct Config {
    std::size_t window = 5U << 20U;
    std::size_t max_message = 1U << 20U;
  };
  Receiver(const Config& config, Counters<Drop>& drops)
      : window_(config.window), drops_(drops), reassembly_(config.window, config.max_message) {}

  /// A new association, whose first TSN is `first`. What came before is forgotten.
  void begin(Tsn first);

  /// Chunks, in the order of their packet. A cause: the association has to be aborted.
  [[nodiscard]] std::optional<CauseCode> on_data(const Chunk& chunk);
  [[nodiscard]] std::optional<CauseCode> on_forward_tsn(const Chunk& chunk);
  /// The end of each packet, of `size` bytes; `at_once`: if it had DATA, it is acknowledged without delay.
  void on_packet_end(TimePoint now, std::size_t size, bool at_once, Duration rto);

  void run_timers(TimePoint now);
  /// With each poll: true once the peer has stayed at its memory limit for kMemoryGrace.
  [[nodiscard]] bool is_memory_overdue(TimePoint now);
  [[nodiscard]] TimePoint deadline() const { return std::min(sacks_.deadline(), memory_deadline_); }

  [[nodiscard]] bool sack_due() const { return sacks_.due(); }
  [[nodiscard]] bool sack_owed() const { return sacks_.owed(); }
  void write_sack(Writer& chunks);

  /// See Reassembly.
  std::optional<ReceivedMessage> next_message() { return reassembly_.next(); }
  [[nodiscard]] bool has_message() const { return reassembly_.has_message(); }
  [[nodiscard]] std::uint32_t a_rwnd() const { return reassembly_.a_rwnd(); }
  [[nodiscard]] std::size_t memory() const { return reassembly_.held(); }
  void set_memory_limit(std::size_t bytes) { reassembly_.set_limit(bytes); }

  /// Everything up to here has come.
  [[nodiscard]] Tsn cumulative() const { return tsns_.cumulative(); }
  void reset_stream(StreamId stream) { reassembly_.reset_stream(stream); }
  void reset_all_streams() { reassembly_.reset_all_streams(); }

  /// Gives idle memory back.
  void trim();
  /// Forgets what came, and gives all memory back.
  void clear() { reassembly_.clear(); }

 private:
  [[nodiscard]] std::optional<CauseCode> accept(const Data& data);
  [[nodiscard]] std::optional<CauseCode> judge(Reassembly::Verdict verdict);
  [[nodiscard]] bool is_at_memory_limit() const;

  std::size_t window_;
  Counters<Drop>& drops_;
  TsnTracker tsns_;
  Reassembly reassembly_;
  SackSchedule sacks_;
  bool data_in_packet_ = false;
  std::uint32_t announced_ = 0xFFFFFFFFU;  // the window, in the last SACK
  bool refused_next_ = false;              // the next TSN, for want of memory
  TimePoint memory_deadline_ = kNever;
};

}  // namespace redan::sctp
