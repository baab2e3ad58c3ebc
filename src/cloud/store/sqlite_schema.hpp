// The file of a SQLite store: its permissions, how it is opened, and its tables.
#pragma once

#include <filesystem>

#include "cloud/store/sqlite_database.hpp"

namespace redan::cloud::store {

/// Creates the file if it is missing, mode 0600, and migrates its tables. Throws SqliteError with a human-readable
/// message if it cannot: the file is accessible to others, is not a store, or was written by a newer program.
void prepare_sqlite_file(const std::filesystem::path& file);

/// A connection to a prepared file: WAL, every commit synced to disk before it is acknowledged.
SqliteDatabase open_sqlite_file(const std::filesystem::path& file, std::chrono::milliseconds timeout);

}  // namespace redan::cloud::store
