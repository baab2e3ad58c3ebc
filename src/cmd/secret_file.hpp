// Secrets in files: never in arguments, never readable by others. Each function throws std::runtime_error in a
// person's words.
#pragma once

#include <filesystem>
#include <redan/crypto.hpp>

namespace redan::cmd {

/// One line of 64 characters, with or without its line feed: what a TURN server's configuration holds.
Secret<64> read_secret_line(const std::filesystem::path& path);

/// A 64-byte key: one line of 128 hexadecimal digits, in a file of mode 0600.
Secret<64> read_key(const std::filesystem::path& path);
/// The same; the file is made if it is missing.
Secret<64> load_or_create_key(const std::filesystem::path& path, RandomSource& random);

}  // namespace redan::cmd
