// Reads the entries of an archive with libarchive, which decides how far it reads for one entry. Everything it reads
// is counted: it cannot be led to read, or to keep in memory, more than the limits justify.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <memory>
#include <redan/types.hpp>

#include "cloud/package/archive.hpp"

namespace redan::cloud::package {

struct FreeReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using ReadArchive = std::unique_ptr<archive, FreeReader>;

/// Where the bytes of an archive come from.
class Input {
 public:
  Input() = default;
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  virtual ~Input() = default;
  /// Some bytes, valid until the next call; none at the end; nullopt after an error.
  virtual std::optional<Bytes> read() = 0;
  /// Moves to a position; false: not possible.
  virtual bool seek(std::int64_t position) = 0;
  [[nodiscard]] virtual std::int64_t position() const = 0;
  [[nodiscard]] virtual std::int64_t size() const = 0;
};

class Reader {
 public:
  /// The archive that is open as `file`, which must stay open. 400 if it is neither zip nor tar.bz2.
  static Outcome<std::unique_ptr<Reader>> open(int file, std::uint64_t size, const Limits& limits);

  Reader(std::unique_ptr<Input> input, const Limits& limits);

  /// The next entry, valid until the next call; nullptr at the end.
  Outcome<archive_entry*> next();
  /// The next bytes of the entry, valid until the next call; none at its end. 400 for a hole in a file.
  Outcome<Bytes> data();
  /// "ZIP 2.0 (deflation)": of the current entry.
  [[nodiscard]] std::string_view format_name() const { return archive_format_name(archive_.get()); }

 private:
  friend struct Callbacks;

  [[nodiscard]] bool start(bool is_zip);
  /// Before each call to libarchive: what it may read for it.
  void allow();
  [[nodiscard]] api::Refusal problem() const;

  std::unique_ptr<Input> input_;
  const Limits& limits_;
  std::uint64_t call_budget_ = 0;   ///< bytes that the current call may still read
  std::uint64_t total_budget_ = 0;  ///< and all calls together
  bool exceeded_ = false;
  std::uint64_t offset_ = 0;  ///< in the data of the entry
  ReadArchive archive_;       ///< last: it uses the others until it is freed
};

}  // namespace redan::cloud::package
