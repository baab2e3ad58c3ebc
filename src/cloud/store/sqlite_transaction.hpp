// The write operations of a SQLite store: several commits and lease operations in one transaction of the file.
#pragma once

#include "cloud/store/rules.hpp"
#include "cloud/store/sqlite_database.hpp"

namespace redan::cloud::store {

/// How many changes a watch can go back, if they are not too large.
inline constexpr std::uint64_t kMaxSqliteChanges = 10'000;
inline constexpr std::uint64_t kMaxSqliteChangeBytes = 64 * 1024 * 1024;

/// Throws SqliteError; then the whole transaction must be rolled back. A refusal is a Result: it happens before the
/// first write, so other operations in the same transaction are not affected.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteDatabase database);

  void begin();
  void commit();
  void rollback() noexcept;

  Result<Revision> apply(const std::vector<Change>& changes);
  LeaseId grant(std::chrono::milliseconds ttl);
  Result<void> keep_alive(LeaseId lease);
  Result<void> revoke(LeaseId lease);
  void end_leases_that_are_over();

 private:
  /// The only row of the table `store`, written back with the commit.
  struct State {
    std::uint64_t revision = 0;
    std::uint64_t forgotten = 0;
    std::uint64_t last_lease = 0;
    std::uint64_t changes = 0;
    std::uint64_t change_bytes = 0;
    friend bool operator==(const State&, const State&) = default;
  };
  struct Revisions {
    std::uint64_t created = 0;
    Revision modified{};
  };

  std::optional<Revisions> find(const std::string& key);
  bool lease_exists(LeaseId lease);
  bool may(const Change& change);
  void write(const std::vector<Change>& changes);
  bool write(const Put& put, std::uint64_t position);
  bool write(const Erase& erase, std::uint64_t position);
  bool write(const Check& /*check*/, std::uint64_t /*position*/) { return false; }
  void end_lease(LeaseId lease);
  void forget_old_changes();

  SqliteDatabase database_;
  State begun_;  ///< as stored in the file
  State state_;
  SqliteStatement begin_, commit_, load_, save_, find_, put_, erase_, remember_, oldest_, forget_, grant_, lease_,
      keep_alive_, end_lease_, keys_of_lease_, leases_over_;
};

}  // namespace redan::cloud::store
