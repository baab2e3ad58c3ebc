#include "rtc/peer/router.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace redan::peer {

Routes::~Routes() {
  for (const std::string& ufrag : ufrags_) router_.by_ufrag_.erase(ufrag);
  for (const Path& path : paths_) router_.by_path_.erase(path);
  remove_transactions();
}

void Routes::add_ufrag(std::string_view ufrag) {
  if (ufrags_.size() == kMaxUfrags) {
    router_.by_ufrag_.erase(ufrags_.front());
    ufrags_.erase(ufrags_.begin());
  }
  ufrags_.emplace_back(ufrag);
  router_.by_ufrag_.emplace(ufrag, &peer_);
}

void Routes::add_path(const Path& path) {
  const auto [at, added] = router_.by_path_.emplace(path, &peer_);
  REDAN_ASSERT(at->second == &peer_);
  if (added) paths_.push_back(path);
}

void Routes::remove_path(const Path& path) {
  if (std::erase(paths_, path) != 0) router_.by_path_.erase(path);
}

void Routes::add_transaction(const stun::TransactionId& id) {
  if (!router_.by_transaction_.emplace(id, &peer_).second) return;  // a retransmission
  if (transactions_.size() < kMaxTransactions) {
    transactions_.push_back(id);
    return;
  }
  router_.by_transaction_.erase(std::exchange(transactions_[oldest_transaction_], id));
  oldest_transaction_ = (oldest_transaction_ + 1) % kMaxTransactions;
}

void Routes::remove_transactions() {
  for (const stun::TransactionId& id : transactions_) router_.by_transaction_.erase(id);
  transactions_ = std::vector<stun::TransactionId>();
  oldest_transaction_ = 0;
}

}  // namespace redan::peer
