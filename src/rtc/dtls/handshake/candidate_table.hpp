// The candidates of a handshake, and what an unproven peer may cost: places in the table, public-key operations and new
// handshakes for each datagram.
#pragma once

#include "rtc/dtls/handshake/dropped_messages.hpp"
#include "rtc/dtls/handshake/work_budget.hpp"

namespace redan::dtls {

/// kPlaces of each kind: for messages that came once, and for messages that came again after they were dropped. Where
/// all places of a kind are taken, a new candidate replaces the oldest of its kind once that is kMinAge old. So
/// messages that come once, however many, neither push out a candidate whose peer is about to answer nor shut out the
/// peer that repeats its messages.
/// `Candidate` has created and repeated, and begins_with() tells whether these messages started it.
template <class Candidate>
class CandidateTable {
 public:
  static constexpr std::size_t kPlaces = 4;
  static constexpr Duration kMinAge = std::chrono::seconds(1);

  /// `work` is the budget of the whole connection. Both must outlive the table.
  CandidateTable(RandomSource& random, WorkBudget& work) : random_(random), work_(work) {}

  /// A datagram arrived, and may start one new handshake, however many hellos it holds.
  void datagram_arrived(TimePoint now) {
    now_ = now;
    starts_left_ = 1;
  }
  /// When the datagram arrived.
  [[nodiscard]] TimePoint now() const { return now_; }
  /// Whether the datagram may start a new handshake; counts it.
  bool may_start() { return starts_left_-- > 0; }
  /// Whether a peer of this priority may cost so many public-key operations; takes them from the budget.
  bool spend(Priority priority, std::size_t operations) { return work_.take(now_, priority, operations); }
  /// The messages are dropped for lack of room or budget.
  void drop(Bytes messages) { dropped_.add(messages, random_); }
  [[nodiscard]] bool was_dropped(Bytes messages) const { return dropped_.contains(messages); }

  [[nodiscard]] bool has_room(bool repeated) {
    const auto oldest = oldest_of(repeated);
    return count_of(repeated) < kPlaces || now_ - oldest->created >= kMinAge;
  }
  /// Where has_room().
  void add(Candidate candidate) {
    if (count_of(candidate.repeated) == kPlaces) list_.erase(oldest_of(candidate.repeated));
    candidate.created = now_;
    list_.push_back(std::move(candidate));
  }
  /// Moves the candidate whose transcript begins with these bytes to the back: it is the one heard last.
  bool move_to_back(Bytes transcript) {
    const auto found = std::find_if(list_.begin(), list_.end(),
                                    [&](const Candidate& candidate) { return candidate.begins_with(transcript); });
    if (found == list_.end()) return false;
    std::rotate(found, found + 1, list_.end());
    return true;
  }
  /// This one is proven: the others go.
  void keep_only(std::size_t index) {
    std::swap(list_.front(), list_[index]);
    list_.erase(list_.begin() + 1, list_.end());
  }

  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] std::size_t size() const { return list_.size(); }
  Candidate& operator[](std::size_t index) { return list_[index]; }
  /// The one heard last.
  Candidate& back() { return list_.back(); }
  [[nodiscard]] const Candidate& back() const { return list_.back(); }
  auto begin() { return list_.begin(); }
  auto end() { return list_.end(); }
  [[nodiscard]] auto begin() const { return list_.begin(); }
  [[nodiscard]] auto end() const { return list_.end(); }

 private:
  [[nodiscard]] std::size_t count_of(bool repeated) const {
    return static_cast<std::size_t>(
        std::count_if(list_.begin(), list_.end(), [=](const Candidate& each) { return each.repeated == repeated; }));
  }
  /// One of the other kind comes after all of this kind.
  typename std::vector<Candidate>::iterator oldest_of(bool repeated) {
    return std::min_element(list_.begin(), list_.end(), [=](const Candidate& a, const Candidate& b) {
      return std::pair(a.repeated != repeated, a.created) < std::pair(b.repeated != repeated, b.created);
    });
  }

  RandomSource& random_;
  TimePoint now_{};
  int starts_left_ = 1;
  WorkBudget& work_;
  DroppedMessages dropped_;
  std::vector<Candidate> list_;
};

}  // namespace redan::dtls
