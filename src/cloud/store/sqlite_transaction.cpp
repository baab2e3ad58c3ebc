#include "cloud/store/sqlite_transaction.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::store {

namespace {

// Leases outlive the process and a reboot, so they expire by the wall clock, in milliseconds since 1970.
#define REDAN_SQL_NOW "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"

}  // namespace

SqliteTransaction::SqliteTransaction(SqliteDatabase database)
    : database_(std::move(database)),
      // IMMEDIATE: what is read here does not change before the write.
      begin_(database_, "BEGIN IMMEDIATE"),
      commit_(database_, "COMMIT"),
      load_(database_, "SELECT revision, forgotten, last_lease, changes, change_bytes FROM store"),
      save_(database_, "UPDATE store SET revision = ?, forgotten = ?, last_lease = ?, changes = ?, change_bytes = ?"),
      find_(database_, "SELECT created, modified FROM entry WHERE key = ?"),
      put_(
          database_,
          "INSERT INTO entry (key, value, created, modified, lease) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE "
          "SET value = excluded.value, modified = excluded.modified, lease = excluded.lease"),
      erase_(database_, "DELETE FROM entry WHERE key = ?"),
      remember_(database_, "INSERT INTO change (revision, position, key, value, created) VALUES (?, ?, ?, ?, ?)"),
      oldest_(database_,
              "SELECT revision, position, length(key) + ifnull(length(value), 0) FROM change "
              "ORDER BY revision, position LIMIT 1"),
      forget_(database_, "DELETE FROM change WHERE revision = ? AND position = ?"),
      grant_(database_, "INSERT INTO lease (id, ttl, expires) VALUES (?1, ?2, " REDAN_SQL_NOW " + ?2)"),
      lease_(database_, "SELECT 1 FROM lease WHERE id = ?"),
      keep_alive_(database_, "UPDATE lease SET expires = " REDAN_SQL_NOW " + ttl WHERE id = ?"),
      end_lease_(database_, "DELETE FROM lease WHERE id = ?"),
      keys_of_lease_(database_, "SELECT key FROM entry WHERE lease = ? AND lease <> 0"),
      leases_over_(database_, "SELECT id FROM lease WHERE expires <= " REDAN_SQL_NOW) {}

void SqliteTransaction::begin() {
  begin_.run();
  load_.step();
  begun_ = {load_.integer(0), load_.integer(1), load_.integer(2), load_.integer(3), load_.integer(4)};
  load_.reset();
  state_ = begun_;
}

void SqliteTransaction::commit() {
  if (state_ != begun_) {
    save_.bind(state_.revision, state_.forgotten, state_.last_lease, state_.changes, state_.change_bytes).run();
  }
  commit_.run();
}

void SqliteTransaction::rollback() noexcept {
  try {
    database_.run("ROLLBACK");
  } catch (const SqliteError&) {
    // After some errors SQLite has already rolled back by itself.
  }
}

Result<Revision> SqliteTransaction::apply(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    if (!may(change)) return refuse(errc::store_conflict);
  }
  write(changes);
  return Revision{state_.revision};
}

LeaseId SqliteTransaction::grant(std::chrono::milliseconds ttl) {
  const LeaseId lease{++state_.last_lease};
  grant_.bind(lease.value, static_cast<std::uint64_t>(ttl.count())).run();
  return lease;
}

Result<void> SqliteTransaction::keep_alive(LeaseId lease) {
  if (!lease_exists(lease)) return refuse(errc::store_conflict);
  keep_alive_.bind(lease.value).run();
  return {};
}

Result<void> SqliteTransaction::revoke(LeaseId lease) {
  if (!lease_exists(lease)) return refuse(errc::store_conflict);
  end_lease(lease);
  return {};
}

void SqliteTransaction::end_leases_that_are_over() {
  std::vector<LeaseId> over;
  while (leases_over_.step()) over.emplace_back(leases_over_.integer(0));
  for (const LeaseId lease : over) end_lease(lease);
}

std::optional<SqliteTransaction::Revisions> SqliteTransaction::find(const std::string& key) {
  find_.bind(key);
  if (!find_.step()) return std::nullopt;
  const Revisions found{find_.integer(0), Revision{find_.integer(1)}};
  find_.reset();
  return found;
}

bool SqliteTransaction::lease_exists(LeaseId lease) {
  lease_.bind(lease.value);
  const bool exists = lease_.step();
  lease_.reset();
  return exists;
}

bool SqliteTransaction::may(const Change& change) {
  const auto* put = std::get_if<Put>(&change);
  if (put != nullptr && put->lease != LeaseId{} && !lease_exists(put->lease)) return false;
  if (std::holds_alternative<Anything>(expect_of(change))) return true;
  const auto found = find(key_of(change));
  return holds(expect_of(change), found ? std::optional(found->modified) : std::nullopt);
}

void SqliteTransaction::write(const std::vector<Change>& changes) {
  ++state_.revision;
  std::uint64_t written = 0;
  for (const Change& change : changes) {
    if (std::visit([&](const auto& c) { return write(c, written); }, change)) ++written;
  }
  if (written == 0) --state_.revision;
  state_.changes += written;
  forget_old_changes();
}

bool SqliteTransaction::write(const Put& put, std::uint64_t position) {
  const auto found = find(put.key);
  const std::uint64_t created = found ? found->created : state_.revision;
  put_.bind(put.key, put.value, created, state_.revision, put.lease.value).run();
  remember_.bind(state_.revision, position, put.key, put.value, created).run();
  state_.change_bytes += put.key.size() + put.value.size();
  return true;
}

bool SqliteTransaction::write(const Erase& erase, std::uint64_t position) {
  const auto found = find(erase.key);
  if (!found) return false;
  erase_.bind(erase.key).run();
  remember_.bind(state_.revision, position, erase.key, nullptr, found->created).run();
  state_.change_bytes += erase.key.size();
  return true;
}

void SqliteTransaction::end_lease(LeaseId lease) {
  std::vector<Change> erasures;
  keys_of_lease_.bind(lease.value);
  while (keys_of_lease_.step()) erasures.emplace_back(Erase{keys_of_lease_.blob(0)});
  write(erasures);
  end_lease_.bind(lease.value).run();
}

void SqliteTransaction::forget_old_changes() {
  while (state_.changes > kMaxSqliteChanges || state_.change_bytes > kMaxSqliteChangeBytes) {
    if (!oldest_.step()) break;
    state_.forgotten = oldest_.integer(0);
    const std::uint64_t position = oldest_.integer(1);
    state_.change_bytes -= oldest_.integer(2);
    --state_.changes;
    oldest_.reset();
    forget_.bind(state_.forgotten, position).run();
  }
}

}  // namespace redan::cloud::store
