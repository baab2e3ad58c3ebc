// The file of a SQLite store: who may read it, how it is opened, and its tables.
#pragma once

#include <filesystem>

#include "cloud/store/sqlite_database.hpp"

namespace redan::cloud::store {

/// Makes the file if it is missing, mode 0600, and brings its tables up to date. Throws SqliteError in a person's words
/// if it cannot: the file is not ours alone, is no store, or was made by a newer program.
void prepare_sqlite_file(const std::filesystem::path& file);

/// A connection to a prepared file: WAL, every commit synced to the disk before it is acknowledged.
SqliteDatabase open_sqlite_file(const std::filesystem::path& file, std::chrono::milliseconds timeout);

}  // namespace redan::cloud::store
