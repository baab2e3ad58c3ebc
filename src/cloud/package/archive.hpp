// Archives of applications and addons, from clients: zip and tar.bz2, extracted with bounds on everything.
//
// Only plain files and directories are extracted. Links, devices, sparse and encrypted files, and methods of zip other
// than stored and deflated are refused. So is a name that is absolute, has "..", a backslash or a control character,
// is not UTF-8, or is equal to another one. Names that differ only in the case of ASCII letters count as equal, because
// the storage that an instance sees may not distinguish them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "cloud/api/envelope.hpp"

namespace redan::cloud::package {

using api::Outcome;

/// What an archive may contain. Counted while it is extracted, whatever its headers promise.
struct Limits {
  std::size_t max_files = 10'000;  ///< files and directories, also those that only a longer name implies
  std::size_t max_depth = 16;      ///< components of a name
  std::uint64_t max_file_bytes = std::uint64_t{2} << 30;
  std::uint64_t max_total_bytes = std::uint64_t{4} << 30;
  /// The total may be this many times the archive's size. The first MiB is free.
  std::uint64_t max_ratio = 200;
};

struct File {
  std::string path;  ///< relative, "hooks/pre-start"
  std::uint64_t size = 0;
  bool executable = false;
  friend bool operator==(const File&, const File&) = default;
};

/// Extracts into the directory `into`, which must not exist: it is created with mode 0700, and removed if the archive
/// is refused. Files have mode 0700 if their owner may execute them, otherwise 0600. The type of the archive is found
/// in its content. 400 bad_request: invalid or not permitted; 413 too_large: beyond a limit; 500 io_failed: the disk.
/// The files are sorted by path.
Outcome<std::vector<File>> unpack(const std::filesystem::path& archive, const std::filesystem::path& into,
                                  const Limits& limits = {});

/// Writes the directory as a tar.bz2 to `archive`, which must not exist. Equal content gives equal bytes: times,
/// owners and the order of the directory do not count. Refused: a directory without manifest.yaml, and everything that
/// unpack would refuse.
Outcome<void> pack(const std::filesystem::path& directory, const std::filesystem::path& archive,
                   const Limits& limits = {});

/// The plain files below a directory, sorted by path, with the same refusals.
Outcome<std::vector<File>> list_files(const std::filesystem::path& directory, const Limits& limits = {});

}  // namespace redan::cloud::package
