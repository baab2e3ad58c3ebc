// How many timeouts in a row the peer has left unanswered (RFC 9260 section 8.1).
#pragma once

namespace redan::sctp {

class ErrorCounter {
 public:
  /// `max` is Association.Max.Retrans.
  explicit ErrorCounter(unsigned max) : max_(max) {}

  void on_timeout() { ++count_; }
  /// The peer acknowledged or answered something.
  void on_answer() { count_ = 0; }
  /// The peer counts as lost.
  [[nodiscard]] bool exceeded() const { return count_ > max_; }

 private:
  unsigned max_;
  unsigned count_ = 0;
};

}  // namespace redan::sctp
