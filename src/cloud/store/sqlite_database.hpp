// Owning wrappers for the few calls of SQLite (sqlite.org/c3ref) that the store needs. A database and its statements
// belong to one thread at a time. Errors of SQLite are thrown as SqliteError; the store converts them to a Result.
#pragma once

#include <redan/types.hpp>
#include <stdexcept>

struct sqlite3;
struct sqlite3_stmt;

namespace redan::cloud::store {

class SqliteError : public std::runtime_error {
 public:
  enum class Kind : std::uint8_t {
    busy,  ///< another connection held the lock for too long
    other,
  };
  explicit SqliteError(const std::string& message, Kind kind = Kind::other)
      : std::runtime_error(message), kind_(kind) {}
  [[nodiscard]] Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

class SqliteDatabase {
 public:
  /// The file must exist. `timeout`: how long a statement waits for another process's transaction.
  SqliteDatabase(const std::string& file, std::chrono::milliseconds timeout);
  SqliteDatabase(SqliteDatabase&& other) noexcept;
  SqliteDatabase& operator=(SqliteDatabase&&) = delete;
  ~SqliteDatabase();

  /// Statements without results and without parameters, separated by semicolons.
  void run(const char* sql);
  /// The first column of the first row.
  std::string text(const char* sql);
  std::int64_t integer(const char* sql);

 private:
  friend class SqliteStatement;
  sqlite3* database_ = nullptr;
};

/// One prepared statement, run many times: `bind` its parameters, `step` through its rows; after the last row or
/// `reset` it can be used again.
class SqliteStatement {
 public:
  SqliteStatement(SqliteDatabase& database, const char* sql);
  SqliteStatement(SqliteStatement&& other) noexcept;
  SqliteStatement& operator=(SqliteStatement&&) = delete;
  ~SqliteStatement();

  /// Parameters in order. Texts are bound as blobs and copied.
  template <class... Each>
  SqliteStatement& bind(const Each&... each) {
    int index = 0;
    (bind_one(++index, each), ...);
    return *this;
  }
  /// Returns whether there is a row; after the last one the statement is reset.
  bool step();
  /// All steps of a statement without rows.
  void run() {
    while (step()) {
    }
  }
  void reset();

  [[nodiscard]] std::uint64_t integer(int column) const;
  [[nodiscard]] std::string blob(int column) const;
  [[nodiscard]] bool null(int column) const;

 private:
  void bind_one(int index, std::uint64_t value);
  void bind_one(int index, const std::string& value);
  void bind_one(int index, std::nullptr_t value);

  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace redan::cloud::store
