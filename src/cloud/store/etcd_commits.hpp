// Commits that are made once, though they may be asked for several times because an answer got lost.
//
// Each commit writes a slot, a key of this process that no commit under way shares, and is made only if the slot is as
// its last user left it. So a second attempt does nothing if the first was carried out, finds that in the slot, and if
// it was not, makes sure that it never will be. The slots have a lease and disappear with the process.
#pragma once

#include "cloud/store/etcd_cluster.hpp"
#include "cloud/store/etcd_json.hpp"
#include "cloud/store/etcd_keys.hpp"

namespace redan::cloud::store {

class EtcdCommits {
 public:
  EtcdCommits(boost::asio::io_context& io, EtcdCluster& cluster, const EtcdKeys& keys)
      : io_(io), cluster_(cluster), keys_(keys) {}

  /// `transaction` has no failure branch. Ends within the cluster's deadline.
  net::Task<Result<Revision>> commit(EtcdTransaction transaction);

 private:
  struct Slot {
    std::string key;
    LeaseId session{};
    Revision modified{};  ///< by us
  };
  /// What became of an attempt; nothing: the slot was not as it should be, so nothing was done.
  using Outcome = std::optional<Result<Revision>>;

  net::Task<Result<void>> find_majority(TimePoint until);
  net::Task<Result<void>> renew_session(TimePoint until);
  net::Task<Result<void>> renew_alone(TimePoint until);
  net::Task<Outcome> commit_with_slot(EtcdTransaction transaction, TimePoint until);
  Outcome judge(Slot slot, const EtcdTransactionAnswer& answer, bool again);
  Slot take_slot();

  boost::asio::io_context& io_;
  EtcdCluster& cluster_;
  const EtcdKeys& keys_;
  LeaseId session_{};
  std::optional<TimePoint> renewed_;  ///< nothing: it may have ended
  bool renewing_ = false;
  std::uint64_t last_number_ = 0;
  std::vector<Slot> free_;
};

}  // namespace redan::cloud::store
