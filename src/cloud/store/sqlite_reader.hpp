// The read operations of a SQLite store, used on the loop. They throw SqliteError.
#pragma once

#include "cloud/store/rules.hpp"
#include "cloud/store/sqlite_database.hpp"

namespace redan::cloud::store {

/// Every call is a separate transaction and sees everything that was committed before, by any process.
class SqliteReader {
 public:
  explicit SqliteReader(SqliteDatabase database);

  std::optional<Entry> get(const std::string& key);
  Listing list(const KeyRange& keys, std::size_t limit);
  Revision revision();
  /// Whether a lease has expired.
  bool lease_is_over();

  struct News {
    std::vector<WatchEvent> events;
    Revision revision{};
  };
  /// The changes of the commits after `since` and the store's revision; nullopt if some are no longer stored.
  std::optional<News> news(Revision since, const KeyRange& keys);

 private:
  template <class Read>
  auto in_transaction(Read read);

  SqliteDatabase database_;
  SqliteStatement begin_, commit_, get_, list_, list_to_end_, store_, changes_, lease_over_;
};

}  // namespace redan::cloud::store
