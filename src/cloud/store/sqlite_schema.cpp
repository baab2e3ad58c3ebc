#include "cloud/store/sqlite_schema.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "net/descriptor.hpp"

namespace redan::cloud::store {

namespace {

// "Redn", so that file(1) and we recognise the file.
constexpr std::int64_t kApplicationId = 0x5265646e;

// Each step migrates from its index to the next `user_version`. Released steps are never changed.
constexpr std::array kMigrations = {
    // `modified` of an entry and `revision` of a change are Revisions, `lease` 0 is none, `ttl` and `expires` are in
    // milliseconds, the latter since 1970. A change without a value is a deletion. `store` has one row.
    R"(CREATE TABLE entry (key BLOB PRIMARY KEY, value BLOB NOT NULL, created INTEGER NOT NULL,
                           modified INTEGER NOT NULL, lease INTEGER NOT NULL) STRICT, WITHOUT ROWID;
       CREATE INDEX entry_lease ON entry (lease) WHERE lease <> 0;
       CREATE TABLE lease (id INTEGER PRIMARY KEY, ttl INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;
       CREATE INDEX lease_expires ON lease (expires);
       CREATE TABLE change (revision INTEGER, position INTEGER, key BLOB NOT NULL, value BLOB, created INTEGER NOT NULL,
                            PRIMARY KEY (revision, position)) STRICT, WITHOUT ROWID;
       CREATE TABLE store (one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL,
                           forgotten INTEGER NOT NULL, last_lease INTEGER NOT NULL, changes INTEGER NOT NULL,
                           change_bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
       INSERT INTO store VALUES (1, 0, 0, 0, 0, 0);)",
};

[[noreturn]] void refuse_file(const std::filesystem::path& file, const std::string& why) {
  throw SqliteError(file.string() + " " + why);
}

/// SQLite gives its other files (-wal, -shm) the mode of this one, regardless of the umask.
void make_private_file(const std::filesystem::path& file) {
  const net::Descriptor made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (made.get() >= 0) {
    if (::fchmod(made.get(), 0600) != 0)
      refuse_file(file, std::string("cannot be made private: ") + std::strerror(errno));
    return;
  }
  if (errno != EEXIST) refuse_file(file, std::string("cannot be made: ") + std::strerror(errno));
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) refuse_file(file, std::string("cannot be read: ") + std::strerror(errno));
  if (!S_ISREG(status.st_mode)) refuse_file(file, "is not a plain file");
  if (status.st_uid != ::geteuid()) refuse_file(file, "belongs to another user");
  if ((status.st_mode & 077U) != 0) refuse_file(file, "can be used by other users: chmod 600 it");
}

void migrate(SqliteDatabase& database, const std::filesystem::path& file) {
  const std::int64_t version = database.integer("PRAGMA user_version");
  const std::int64_t application = database.integer("PRAGMA application_id");
  const bool fresh = database.integer("SELECT count(*) FROM sqlite_schema") == 0;
  if (!fresh && application != kApplicationId) refuse_file(file, "is a database, but not one of Redan's stores");
  const auto known = static_cast<std::int64_t>(kMigrations.size());
  if (version > known) {
    refuse_file(file, "was made by a newer Redan (its tables are of version " + std::to_string(version) +
                          ", this program knows " + std::to_string(known) + "): use that one");
  }
  for (std::int64_t step = version; step < known; ++step) database.run(kMigrations[static_cast<std::size_t>(step)]);
  if (version == known) return;
  database.run(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
  database.run(("PRAGMA user_version = " + std::to_string(known)).c_str());
}

void migrate_in_transaction(const std::filesystem::path& file) {
  SqliteDatabase database = open_sqlite_file(file, std::chrono::milliseconds(250));
  // Another process may be preparing the same file: the first one does it, the second finds it done.
  database.run("BEGIN IMMEDIATE");
  migrate(database, file);
  database.run("COMMIT");
}

}  // namespace

void prepare_sqlite_file(const std::filesystem::path& file) {
  make_private_file(file);
  for (int attempts = 0;; ++attempts) {
    try {
      return migrate_in_transaction(file);
    } catch (const SqliteError& error) {
      // Two processes that switch a new file to WAL at once would deadlock, so SQLite refuses one of them immediately.
      if (error.kind() != SqliteError::Kind::busy || attempts == 20) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
}

SqliteDatabase open_sqlite_file(const std::filesystem::path& file, std::chrono::milliseconds timeout) {
  SqliteDatabase database(file.string(), timeout);
  // With WAL the loop can read while the writer waits for the disk. FULL syncs each commit.
  if (database.text("PRAGMA journal_mode = WAL") != "wal")
    refuse_file(file, "lies on a file system without shared memory");
  database.run(
      "PRAGMA synchronous = FULL;"
      "PRAGMA trusted_schema = OFF;"
      "PRAGMA cell_size_check = ON;"
      "PRAGMA journal_size_limit = 67108864;");
  return database;
}

}  // namespace redan::cloud::store
