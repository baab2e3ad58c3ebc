#include "cloud/store/sqlite_reader.hpp"

namespace redan::cloud::store {

namespace {

Entry entry_of(const SqliteStatement& row) {
  return {row.blob(0), row.blob(1), Revision{row.integer(2)}, Revision{row.integer(3)}};
}

WatchEvent event_of(const SqliteStatement& row) {
  const Revision revision{row.integer(0)};
  if (row.null(2)) return EraseSeen{row.blob(1), revision};
  return PutSeen{Entry{row.blob(1), row.blob(2), Revision{row.integer(3)}, revision}};
}

}  // namespace

SqliteReader::SqliteReader(SqliteDatabase database)
    : database_(std::move(database)),
      begin_(database_, "BEGIN"),
      commit_(database_, "COMMIT"),
      get_(database_, "SELECT key, value, created, modified FROM entry WHERE key = ?"),
      list_(database_,
            "SELECT key, value, created, modified FROM entry WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"),
      list_to_end_(database_, "SELECT key, value, created, modified FROM entry WHERE key >= ? ORDER BY key LIMIT ?"),
      store_(database_, "SELECT revision, forgotten FROM store"),
      changes_(database_,
               "SELECT revision, key, value, created FROM change WHERE revision > ? "
               "ORDER BY revision, position"),
      lease_over_(database_, "SELECT 1 FROM lease WHERE expires <= (julianday('now') - 2440587.5) * 86400000 LIMIT 1") {
  database_.run("PRAGMA query_only = ON");
}

template <class Read>
auto SqliteReader::in_transaction(Read read) {
  begin_.run();
  try {
    auto result = read();
    commit_.run();
    return result;
  } catch (const SqliteError&) {
    commit_.reset();
    for (SqliteStatement* statement : {&list_, &list_to_end_, &store_, &changes_}) statement->reset();
    commit_.run();
    throw;
  }
}

std::optional<Entry> SqliteReader::get(const std::string& key) {
  get_.bind(key);
  if (!get_.step()) return std::nullopt;
  Entry entry = entry_of(get_);
  get_.reset();
  return entry;
}

Listing SqliteReader::list(const KeyRange& keys, std::size_t limit) {
  return in_transaction([&] {
    Listing listing;
    listing.revision = revision();
    if (keys.empty()) return listing;
    // Reads one more row than requested, to find out whether there are more.
    SqliteStatement& rows =
        keys.end ? list_.bind(keys.begin, *keys.end, limit + 1) : list_to_end_.bind(keys.begin, limit + 1);
    while (rows.step()) {
      listing.more = listing.entries.size() == limit;
      if (listing.more) break;
      listing.entries.push_back(entry_of(rows));
    }
    rows.reset();
    return listing;
  });
}

Revision SqliteReader::revision() {
  store_.step();
  const Revision revision{store_.integer(0)};
  store_.reset();
  return revision;
}

bool SqliteReader::lease_is_over() {
  const bool over = lease_over_.step();
  lease_over_.reset();
  return over;
}

std::optional<SqliteReader::News> SqliteReader::news(Revision since, const KeyRange& keys) {
  return in_transaction([&]() -> std::optional<News> {
    store_.step();
    News news{{}, Revision{store_.integer(0)}};
    const Revision forgotten{store_.integer(1)};
    store_.reset();
    if (since < forgotten) return std::nullopt;
    changes_.bind(since.value);
    while (changes_.step()) {
      if (keys.contains(changes_.blob(1))) news.events.push_back(event_of(changes_));
    }
    return news;
  });
}

}  // namespace redan::cloud::store
