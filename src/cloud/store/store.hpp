// The storage of the control plane: a map from keys to values with revisions. Three implementations pass one contract
// test: memory, SQLite, etcd.
//
// A commit is atomic and, once acknowledged, survives the failures that the implementation documents. Reads are
// linearizable: they see every commit acknowledged before they began.
//
// All calls are made on one thread, the loop's; a store is also destroyed there, when none of its tasks is pending, and
// may keep the loop running until then. Errors: store_conflict (an expectation was not met, or the lease has expired;
// nothing changed), store_no_majority (nothing changed), store_unknown_outcome (the commit may have been made, or may
// still be: read again), store_too_large, store_failed, invalid_argument.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <redan/error.hpp>
#include <redan/types.hpp>
#include <string>
#include <variant>
#include <vector>

#include "base/strong.hpp"
#include "cloud/errors.hpp"
#include "net/task.hpp"

namespace redan::cloud::store {

/// Increases with every commit that changes the store; never 0 for an entry.
using Revision = Strong<struct RevisionTag, std::uint64_t>;
/// 0: no lease.
using LeaseId = Strong<struct LeaseTag, std::uint64_t>;

inline constexpr std::size_t kMaxKeySize = 1024;
inline constexpr std::size_t kMaxValueSize = 1024 * 1024;
inline constexpr std::size_t kMaxCommitSize = 100;                   ///< changes in one commit
inline constexpr std::size_t kMaxCommitBytes = 5 * 1024 * 1024 / 4;  ///< all keys and values of one commit
inline constexpr std::chrono::seconds kMinLeaseTtl{2};
inline constexpr std::chrono::seconds kMaxLeaseTtl{366 * 24 * 3600};

struct Entry {
  std::string key;
  std::string value;
  Revision created{};   ///< of the commit that created the key
  Revision modified{};  ///< of the commit that wrote this value: used in expectations
};

/// The required state of a key for the commit to be made.
struct Anything {};
struct Absent {};
struct Unchanged {
  Revision since{};  ///< Entry::modified as it was read
};
using Expect = std::variant<Anything, Absent, Unchanged>;

/// The key lives as long as the lease of its last Put; without a lease, until it is erased.
struct Put {
  std::string key;
  std::string value;
  Expect expect{};
  LeaseId lease{};
};
struct Erase {
  std::string key;
  Expect expect{};  ///< erasing an absent key succeeds unless this is Unchanged
};
/// Changes nothing; the commit is made only if it holds.
struct Check {
  std::string key;
  Expect expect{};
};
using Change = std::variant<Put, Erase, Check>;

struct Listing {
  std::vector<Entry> entries;  ///< ascending by key, as bytes
  bool more = false;           ///< the limit was reached: continue after the last key
  Revision revision{};         ///< of the store at the time of reading: where a watch continues
};

/// The events of a watch, in the order of the commits.
struct PutSeen {
  Entry entry;
};
struct EraseSeen {
  std::string key;
  Revision revision{};
};
/// Events were missed (the connection was down for long, or the history is gone): list again; the watch has ended.
struct WatchLost {
  Errc why = errc::store_failed;
};
/// Everything up to `revision` has been delivered; sent at least every second while the store is reachable. A cache is
/// as fresh as the latest one.
struct UpToDate {
  Revision revision{};
};
using WatchEvent = std::variant<PutSeen, EraseSeen, UpToDate, WatchLost>;

/// Why a store cannot be opened, or an error of a running one; `detail` is human-readable.
struct StoreFailure {
  Errc code = errc::store_failed;
  std::string detail{};
};

/// A running watch; destroying it ends it.
class Watch {
 public:
  virtual ~Watch() = default;
};

class Store {
 public:
  virtual ~Store() = default;

  [[nodiscard]] virtual net::Task<Result<std::optional<Entry>>> get(std::string key) = 0;
  /// Keys that start with `prefix` and come after `after` (empty: from the first). `limit` must be at least 1.
  [[nodiscard]] virtual net::Task<Result<Listing>> list(std::string prefix, std::string after, std::size_t limit) = 0;
  /// Returns the revision of all the changes, or of the store if there was nothing to change. No key may be named
  /// twice.
  [[nodiscard]] virtual net::Task<Result<Revision>> commit(std::vector<Change> changes) = 0;

  /// Reports every commit after `since` to keys that start with `prefix`, on the loop and never within this call, until
  /// the Watch is destroyed or WatchLost was reported. `tell` may destroy the Watch.
  [[nodiscard]] virtual std::unique_ptr<Watch> watch(std::string prefix, Revision since,
                                                     std::function<void(const WatchEvent&)> handler) = 0;

  /// `ttl` is from kMinLeaseTtl to kMaxLeaseTtl. A lease that is not kept alive expires within ttl plus one second; its
  /// keys are erased in one commit. A failure of the store may lengthen it, but never shortens it.
  [[nodiscard]] virtual net::Task<Result<LeaseId>> grant_lease(std::chrono::seconds ttl) = 0;
  /// Extends it by another ttl from now. store_conflict if it has expired.
  [[nodiscard]] virtual net::Task<Result<void>> keep_alive(LeaseId lease) = 0;
  /// Ends it now. store_conflict if it has expired.
  [[nodiscard]] virtual net::Task<Result<void>> revoke_lease(LeaseId lease) = 0;

  /// put-if-revision: one Put in its own commit.
  [[nodiscard]] net::Task<Result<Revision>> put(std::string key, std::string value, Expect expect = Anything{});
  [[nodiscard]] net::Task<Result<Revision>> erase(std::string key, Expect expect = Anything{});
};

/// Every entry whose key starts with `prefix`, ascending. Not a snapshot: entries may change between its pages.
[[nodiscard]] net::Task<Result<std::vector<Entry>>> list_all(Store& store, std::string prefix);

}  // namespace redan::cloud::store
