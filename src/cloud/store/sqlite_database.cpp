#include "cloud/store/sqlite_database.hpp"

#include <sqlite3.h>

#include <utility>

namespace redan::cloud::store {

namespace {

SqliteError error_of(sqlite3* database, int code) {
  const std::string message = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  // The low byte is the kind of error, the others its details.
  const auto kind = (code & 0xff) == SQLITE_BUSY ? SqliteError::Kind::busy : SqliteError::Kind::other;
  return SqliteError(message + " (SQLite " + std::to_string(code) + ")", kind);
}

void check(sqlite3* database, int code) {
  if (code != SQLITE_OK) throw error_of(database, code);
}

}  // namespace

SqliteDatabase::SqliteDatabase(const std::string& file, std::chrono::milliseconds timeout) {
  // No mutex: each connection is used on one thread.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int opened = sqlite3_open_v2(file.c_str(), &database_, flags, nullptr);
  if (opened != SQLITE_OK) {
    const SqliteError error = error_of(database_, opened);
    sqlite3_close_v2(database_);
    throw error;
  }
  sqlite3_busy_timeout(database_, static_cast<int>(timeout.count()));
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
}

SqliteDatabase::SqliteDatabase(SqliteDatabase&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

SqliteDatabase::~SqliteDatabase() { sqlite3_close_v2(database_); }

void SqliteDatabase::run(const char* sql) { check(database_, sqlite3_exec(database_, sql, nullptr, nullptr, nullptr)); }

std::string SqliteDatabase::text(const char* sql) {
  SqliteStatement statement(*this, sql);
  return statement.step() ? statement.blob(0) : std::string();
}

std::int64_t SqliteDatabase::integer(const char* sql) {
  SqliteStatement statement(*this, sql);
  return statement.step() ? static_cast<std::int64_t>(statement.integer(0)) : 0;
}

SqliteStatement::SqliteStatement(SqliteDatabase& database, const char* sql) {
  check(database.database_,
        sqlite3_prepare_v3(database.database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr));
}

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)) {}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

bool SqliteStatement::step() {
  const int stepped = sqlite3_step(statement_);
  if (stepped == SQLITE_ROW) return true;
  if (stepped != SQLITE_DONE) {
    const SqliteError error = error_of(sqlite3_db_handle(statement_), stepped);
    sqlite3_reset(statement_);
    throw error;
  }
  sqlite3_reset(statement_);
  return false;
}

void SqliteStatement::reset() { sqlite3_reset(statement_); }

std::uint64_t SqliteStatement::integer(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
}

std::string SqliteStatement::blob(int column) const {
  const void* const bytes = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

bool SqliteStatement::null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

void SqliteStatement::bind_one(int index, std::uint64_t value) {
  check(sqlite3_db_handle(statement_), sqlite3_bind_int64(statement_, index, static_cast<sqlite3_int64>(value)));
}

void SqliteStatement::bind_one(int index, const std::string& value) {
  // data() is never null, so an empty text becomes an empty blob, not NULL.
  check(sqlite3_db_handle(statement_),
        sqlite3_bind_blob64(statement_, index, value.data(), value.size(), SQLITE_TRANSIENT));
}

void SqliteStatement::bind_one(int index, std::nullptr_t /*value*/) {
  check(sqlite3_db_handle(statement_), sqlite3_bind_null(statement_, index));
}

}  // namespace redan::cloud::store
