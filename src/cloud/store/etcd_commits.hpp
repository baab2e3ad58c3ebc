// Commits that are applied once, although they may be sent several times because an answer was lost.
//
// Each commit writes a slot, a key of this process that no other pending commit uses, and is applied only if the slot
// is as its last user left it. So a second attempt does nothing if the first was carried out, and finds that in the
// slot; if it was not, the second attempt ensures that it never will be. The slots have a lease and disappear with the
// process.
#pragma once

#include "cloud/store/etcd_cluster.hpp"
#include "cloud/store/etcd_json.hpp"
#include "cloud/store/etcd_keys.hpp"

namespace redan::cloud::store {

class EtcdCommits {
 public:
  EtcdCommits(boost::asio::io_context& io, EtcdCluster& cluster, const EtcdKeys& keys)
      : io_(io), cluster_(cluster), keys_(keys) {}

  /// `transaction` must have no failure branch. Completes within the cluster's deadline.
  net::Task<Result<Revision>> commit(EtcdTransaction transaction);

 private:
  struct Slot {
    std::string key;
    LeaseId session{};
    Revision modified{};  ///< by us
  };
  /// The result of an attempt; nullopt: the slot was not as expected, so nothing was done.
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
  std::optional<TimePoint> renewed_;  ///< nullopt: it may have expired
  bool renewing_ = false;
  std::uint64_t last_number_ = 0;
  std::vector<Slot> free_;
};

}  // namespace redan::cloud::store
