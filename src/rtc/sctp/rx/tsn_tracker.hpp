// Which TSNs have arrived: the cumulative TSN and the runs beyond it.
#pragma once

#include <vector>

#include "rtc/sctp/packet/sack.hpp"

namespace redan::sctp {

class TsnTracker {
 public:
  /// How far beyond the cumulative TSN a chunk may lie, and into how many runs the TSNs beyond may fall.
  static constexpr std::uint32_t kMaxAhead = 16384;
  static constexpr std::size_t kMaxRuns = 1024;
  static constexpr std::size_t kMaxDuplicates = 20;

  enum class Verdict : std::uint8_t { next, ahead, duplicate, out_of_window };

  void begin(Tsn initial) { cumulative_ = initial.prev(); }
  [[nodiscard]] Tsn cumulative() const { return cumulative_; }
  [[nodiscard]] bool has_gaps() const { return !runs_.empty(); }

  [[nodiscard]] Verdict judge(Tsn tsn) const;
  /// `tsn` was judged next or ahead, and is kept.
  void add(Tsn tsn);
  void add_duplicate(Tsn tsn) {
    if (duplicates_.size() < kMaxDuplicates) duplicates_.push_back(tsn);
  }
  /// FORWARD TSN: everything up to `tsn` counts as arrived.
  void forward(Tsn tsn);

  /// Writes as many gap blocks and duplicates as fit, and as make the chunk no larger than `limit`; the duplicates are
  /// then forgotten.
  void write_sack(Writer& writer, std::uint32_t a_rwnd, std::size_t limit);
  void trim() {
    if (runs_.empty()) std::vector<Run>().swap(runs_);
    if (duplicates_.empty()) std::vector<Tsn>().swap(duplicates_);
  }

 private:
  /// TSNs beyond the cumulative one that follow one another.
  struct Run {
    Tsn first, last;
  };
  // The first run that ends at or after tsn.
  [[nodiscard]] std::size_t find(Tsn tsn) const;
  void absorb();

  Tsn cumulative_;
  std::vector<Run> runs_;
  std::vector<Tsn> duplicates_;
};

}  // namespace redan::sctp
