// The pairs of a full agent (RFC 8445 section 6.1.2), and which of them is checked next: triggered checks first, then
// those that are due longest, then by priority.
//
// All pairs are in one list of one component, so no pair is frozen. A server-reflexive candidate of ours has the socket
// of a host candidate, so it makes no pair of its own (section 6.1.2.4).
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "rtc/ice/candidate.hpp"
#include "rtc/stun/message.hpp"

namespace redan::ice {

/// One path and its current transaction.
struct Pair {
  Path path;
  CandidateType local_type = CandidateType::host;
  CandidateType remote_type = CandidateType::host;
  std::uint32_t local_priority = 0, remote_priority = 0;
  bool authenticated = false;  ///< a fresh check of the peer arrived on it
  bool valid = false;          ///< one of our checks was answered
  bool reflexive = false;      ///< learned from a check, not from the description
  bool nominate = false;       ///< the current or next check carries USE-CANDIDATE
  bool to_report = false;      ///< a Validated event is due
  bool triggered = false;      ///< its check goes before others that are due
  bool running = false;        ///< a transaction awaits its response
  bool controlling = false;    ///< the role in its request
  bool retiring = false;       ///< our address ends soon: another pair is to replace it
  int sent = 0;                ///< its number of transmissions
  std::uint32_t checks = 0;    ///< transmissions in all transactions
  TimePoint due = kNever;      ///< next transmission, or the transaction's end
  TimePoint first_sent{};
  TimePoint answered = TimePoint::min();
  TimePoint heard = TimePoint::min();  ///< a check or an answer
  std::size_t received_bytes = 0;      ///< of checks, until it is valid
  std::size_t sent_bytes = 0;
  stun::TransactionId transaction{};

  /// The server of one side passes everything on: slower than the direct path.
  [[nodiscard]] bool relayed() const {
    return local_type == CandidateType::relayed || remote_type == CandidateType::relayed;
  }
  /// Whether it is to be replaced by this pair as soon as that works.
  [[nodiscard]] bool gives_way_to(const Pair& other) const {
    if (retiring != other.retiring) return retiring;
    return relayed() && !other.relayed();
  }
  void schedule(TimePoint at) {
    running = false;
    sent = 0;
    due = at;
  }
};

class CheckList {
 public:
  /// Remote candidates of one description, with those that trickle in; further ones are refused.
  static constexpr std::size_t kMaxCandidates = 20;
  /// When the list is full, a pair that never answered makes room for one of higher priority, or for a check's.
  static constexpr std::size_t kMaxPairs = 64;

  /// Of the pairs' priority (RFC 8445 section 6.1.2.3).
  void set_controlling(bool controlling) { controlling_ = controlling; }
  void set_reach(RemoteAddresses reach) { reach_ = reach; }

  /// A host or relayed candidate of ours; pairs due at `due` with the peer's candidates.
  void add_local(const Candidate& candidate, TimePoint due);
  /// Its pairs give way to others that work.
  void retire_local(const Address& address);
  void remove_local(const Address& address);
  /// A candidate of the peer. False: it cannot be used, or there are too many.
  bool add_remote(const Candidate& candidate, TimePoint due);
  /// The pair of an authenticated check, due at `due` if it is new. nullptr: the path is not ours, or not allowed, or
  /// there is no room.
  Pair* learn(const Path& path, std::uint32_t priority, TimePoint due);
  [[nodiscard]] bool allows(const Path& path) const { return local(path.local) && may_check(path); }

  /// Forgets the peer's candidates, and all pairs but this one.
  void restart(const std::optional<Path>& keep);
  void remove(const Path& path);

  [[nodiscard]] const Pair* find(const Path& path) const;
  [[nodiscard]] Pair* find(const Path& path) { return const_cast<Pair*>(std::as_const(*this).find(path)); }
  [[nodiscard]] Pair* running(const stun::TransactionId& transaction);
  /// The pair that is checked now, if any.
  [[nodiscard]] Pair* next_due(TimePoint now);
  [[nodiscard]] std::uint64_t priority(const Pair& pair) const;
  /// The best pair that works, if any.
  [[nodiscard]] Pair* best_valid();
  /// Whether a pair of higher priority may still turn out to work.
  [[nodiscard]] bool better_awaited(const Pair& pair) const;

  [[nodiscard]] std::vector<Pair>& pairs() { return pairs_; }
  [[nodiscard]] const std::vector<Pair>& pairs() const { return pairs_; }
  /// Changes when a pair is removed.
  [[nodiscard]] std::uint32_t removals() const { return removals_; }

 private:
  [[nodiscard]] const Candidate* local(const Address& address) const;
  [[nodiscard]] bool may_check(const Path& path) const;
  Pair* pair_up(const Candidate& local, const Candidate& remote, bool reflexive, TimePoint due);
  bool make_room(std::optional<std::uint64_t> priority);

  bool controlling_ = true;
  RemoteAddresses reach_ = RemoteAddresses::any;
  std::vector<Candidate> locals_, remotes_;
  std::vector<Pair> pairs_;
  std::uint32_t removals_ = 0;
};

}  // namespace redan::ice
