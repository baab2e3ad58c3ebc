// Which retransmissions of a recovery were not needed.
#pragma once

#include <algorithm>
#include <vector>

#include "rtc/sctp/types.hpp"

namespace redan::sctp {

/// The TSNs sent again in one recovery. A SACK that names one as a duplicate, or that acknowledges one sooner than a
/// round trip after it went again, proves that the first transmission had arrived. Once all are proven the recovery was
/// a mistake, and what it did to the window is undone (as RFC 3708 does with D-SACK).
class RetransmissionLog {
 public:
  /// A recovery with more is not undone.
  static constexpr std::size_t kMaxEntries = 256;

  void begin() {
    tsns_.clear();
    open_ = true;
    proven_ = false;
  }
  void add(Tsn tsn) {
    if (!open_) return;
    if (tsns_.size() == kMaxEntries) return close();
    tsns_.push_back(tsn);
  }
  /// True if this TSN was sent again, and not needed.
  bool prove(Tsn tsn) {
    const auto at = std::find(tsns_.begin(), tsns_.end(), tsn);
    if (at == tsns_.end()) return false;
    *at = tsns_.back();
    tsns_.pop_back();
    proven_ = true;
    return true;
  }
  /// A chunk that counted as lost arrived before it went again.
  void prove_unsent() { proven_ = proven_ || open_; }
  [[nodiscard]] bool all_proven() const { return open_ && proven_ && tsns_.empty(); }
  void close() {
    open_ = proven_ = false;
    tsns_.clear();
  }
  /// Gives idle memory back.
  void trim() {
    if (tsns_.empty()) std::vector<Tsn>().swap(tsns_);
  }

 private:
  std::vector<Tsn> tsns_;
  bool open_ = false;
  bool proven_ = false;
};

}  // namespace redan::sctp
