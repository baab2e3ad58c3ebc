#include "rtc/ice/check_list.hpp"

#include <algorithm>
#include <tuple>

#include "rtc/ice/reach.hpp"

namespace redan::ice {

const Candidate* CheckList::local(const Address& address) const {
  const auto found =
      std::find_if(locals_.begin(), locals_.end(), [&](const Candidate& each) { return each.address == address; });
  return found == locals_.end() ? nullptr : &*found;
}

bool CheckList::may_check(const Path& path) const { return ice::may_check(path, reach_); }

std::uint64_t CheckList::priority(const Pair& pair) const {
  const std::uint64_t g = controlling_ ? pair.local_priority : pair.remote_priority;
  const std::uint64_t d = controlling_ ? pair.remote_priority : pair.local_priority;
  return (std::min(g, d) << 32U) + 2 * std::max(g, d) + (g > d ? 1 : 0);
}

void CheckList::add_local(const Candidate& candidate, TimePoint due) {
  if (local(candidate.address) != nullptr) return;
  locals_.push_back(candidate);
  for (const Candidate& remote : remotes_) pair_up(candidate, remote, false, due);
}

void CheckList::retire_local(const Address& address) {
  for (Pair& pair : pairs_) pair.retiring = pair.retiring || pair.path.local == address;
}

void CheckList::remove_local(const Address& address) {
  std::erase_if(locals_, [&](const Candidate& each) { return each.address == address; });
  std::erase_if(pairs_, [&](const Pair& pair) { return pair.path.local == address; });
  ++removals_;
}

bool CheckList::add_remote(const Candidate& candidate, TimePoint due) {
  const auto same = [&](const Candidate& each) { return each.address == candidate.address; };
  if (!candidate.usable()) return false;
  if (std::any_of(remotes_.begin(), remotes_.end(), same)) return true;
  if (remotes_.size() == kMaxCandidates) return false;
  // With no address of ours to send from, a later one may be allowed to.
  const auto refused = [&](const Candidate& ours) { return !may_check({ours.address, candidate.address}); };
  if (!locals_.empty() && std::all_of(locals_.begin(), locals_.end(), refused)) return false;
  remotes_.push_back(candidate);
  for (const Candidate& ours : locals_) pair_up(ours, candidate, false, due);
  return true;
}

Pair* CheckList::learn(const Path& path, std::uint32_t priority, TimePoint due) {
  if (Pair* known = find(path)) return known;
  const Candidate* ours = local(path.local);
  if (ours == nullptr) return nullptr;
  Candidate theirs;
  theirs.address = path.remote;
  theirs.type = CandidateType::peer_reflexive;
  theirs.priority = priority;
  return pair_up(*ours, theirs, true, due);
}

Pair* CheckList::pair_up(const Candidate& local, const Candidate& remote, bool reflexive, TimePoint due) {
  const Path path{local.address, remote.address};
  if (!may_check(path)) return nullptr;
  Pair pair;
  pair.path = path;
  pair.local_type = local.type;
  pair.local_priority = local.priority;
  pair.remote_type = remote.type;
  pair.remote_priority = remote.priority;
  pair.reflexive = reflexive;
  pair.schedule(due);
  if (Pair* known = find(path)) {  // a check came before the candidate
    known->remote_type = remote.type;
    known->remote_priority = remote.priority;
    known->reflexive = false;
    return known;
  }
  const auto needed = reflexive ? std::nullopt : std::optional(priority(pair));
  if (pairs_.size() == kMaxPairs && !make_room(needed)) return nullptr;
  return &pairs_.emplace_back(pair);
}

// Of the unproven pairs, drops the one that was not heard for the longest time, of those the least important.
bool CheckList::make_room(std::optional<std::uint64_t> wanted) {
  const auto rank = [&](const Pair& pair) { return std::tuple(pair.valid, pair.heard, priority(pair)); };
  const auto last =
      std::min_element(pairs_.begin(), pairs_.end(), [&](const Pair& a, const Pair& b) { return rank(a) < rank(b); });
  if (last->valid || (wanted && (last->authenticated || priority(*last) >= *wanted))) return false;
  pairs_.erase(last);
  ++removals_;
  return true;
}

void CheckList::restart(const std::optional<Path>& keep) {
  remotes_.clear();
  std::erase_if(pairs_, [&](const Pair& pair) { return pair.path != keep; });
  ++removals_;
}

void CheckList::remove(const Path& path) {
  std::erase_if(pairs_, [&](const Pair& pair) { return pair.path == path; });
  ++removals_;
}

const Pair* CheckList::find(const Path& path) const {
  const auto found = std::find_if(pairs_.begin(), pairs_.end(), [&](const Pair& pair) { return pair.path == path; });
  return found == pairs_.end() ? nullptr : &*found;
}

Pair* CheckList::running(const stun::TransactionId& transaction) {
  const auto found = std::find_if(pairs_.begin(), pairs_.end(),
                                  [&](const Pair& pair) { return pair.running && pair.transaction == transaction; });
  return found == pairs_.end() ? nullptr : &*found;
}

Pair* CheckList::next_due(TimePoint now) {
  const auto before = [&](const Pair& a, const Pair& b) {
    if (a.due > now || b.due > now) return a.due < b.due;
    return std::tuple(!a.triggered, a.due, ~priority(a)) < std::tuple(!b.triggered, b.due, ~priority(b));
  };
  const auto first = std::min_element(pairs_.begin(), pairs_.end(), before);
  return first == pairs_.end() || first->due > now ? nullptr : &*first;
}

Pair* CheckList::best_valid() {
  const auto rank = [&](const Pair& pair) { return std::pair(!pair.retiring, priority(pair)); };
  Pair* best = nullptr;
  for (Pair& pair : pairs_) {
    if (pair.valid && (best == nullptr || rank(pair) > rank(*best))) best = &pair;
  }
  return best;
}

bool CheckList::better_awaited(const Pair& pair) const {
  return std::any_of(pairs_.begin(), pairs_.end(), [&](const Pair& other) {
    return !other.valid && other.due != kNever && priority(other) > priority(pair);
  });
}

}  // namespace redan::ice
