#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <redan/types.hpp>
#include <set>

#include "cloud/package/archive.hpp"
#include "cloud/package/entry_name.hpp"
#include "cloud/package/package.hpp"
#include "cloud/package/utf8_locale.hpp"
#include "net/descriptor.hpp"

namespace redan::cloud::package {
namespace {

namespace fs = std::filesystem;

/// Collects the files below a directory, within the limits.
class Listing {
 public:
  explicit Listing(const Limits& limits) : limits_(limits) {}

  Outcome<void> add(const fs::path& file, std::string_view name) {
    struct stat status {};
    if (::lstat(file.c_str(), &status) != 0) return api::refuse(io_failed("cannot read " + std::string(name)));
    REDAN_TRY(const std::string path, entry_path(name, limits_.max_depth));
    if (!names_.insert(folded(path)).second)
      return api::refuse(refused_name(path, "different from another in case only"));
    if (names_.size() > limits_.max_files) return api::refuse(too_large("there are too many files"));
    if (S_ISDIR(status.st_mode)) return {};
    if (!S_ISREG(status.st_mode)) return api::refuse(refused_name(path, "neither a file nor a directory"));
    const auto size = static_cast<std::uint64_t>(status.st_size);
    total_ += size;
    if (size > limits_.max_file_bytes || total_ > limits_.max_total_bytes)
      return api::refuse(too_large("the files are too large"));
    files_.push_back({path, size, (status.st_mode & S_IXUSR) != 0});
    return {};
  }

  std::vector<File> files() && {
    std::ranges::sort(files_, {}, &File::path);
    return std::move(files_);
  }

 private:
  const Limits& limits_;
  std::set<std::string> names_;
  std::uint64_t total_ = 0;
  std::vector<File> files_;
};

struct FreeWriter {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
using WriteArchive = std::unique_ptr<archive, FreeWriter>;
struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
using Entry = std::unique_ptr<archive_entry, FreeEntry>;

class Packing {
 public:
  explicit Packing(int output) : archive_(archive_write_new()) {
    usable_ = archive_write_add_filter_bzip2(archive_.get()) == ARCHIVE_OK &&
              archive_write_set_format_pax_restricted(archive_.get()) == ARCHIVE_OK &&
              archive_write_set_bytes_in_last_block(archive_.get(), 1) == ARCHIVE_OK &&
              archive_write_open_fd(archive_.get(), output) == ARCHIVE_OK;
  }

  Outcome<void> add(const fs::path& directory, const File& file) {
    const net::Descriptor input(::open((directory / file.path).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!input.ok()) return api::refuse(io_failed("cannot read " + file.path));
    if (!usable_ || archive_write_header(archive_.get(), header(file).get()) != ARCHIVE_OK)
      return api::refuse(problem());
    return copy(input.get(), file);
  }

  Outcome<void> finish() {
    if (archive_write_close(archive_.get()) != ARCHIVE_OK) return api::refuse(problem());
    return {};
  }

 private:
  /// Without anything that depends on when, where and by whom the archive is written.
  static Entry header(const File& file) {
    Entry entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), file.path.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), file.executable ? 0755 : 0644);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.size));
    archive_entry_set_mtime(entry.get(), 0, 0);
    return entry;
  }

  Outcome<void> copy(int input, const File& file) {
    std::array<std::uint8_t, 64 * 1024> block{};
    std::uint64_t left = file.size;
    while (left > 0) {
      const ssize_t count = ::read(input, block.data(), std::min<std::uint64_t>(block.size(), left));
      if (count < 0) return api::refuse(io_failed("cannot read " + file.path));
      if (count == 0) return api::refuse(refused_name(file.path, "shorter than it was"));
      if (archive_write_data(archive_.get(), block.data(), static_cast<std::size_t>(count)) != count)
        return api::refuse(problem());
      left -= static_cast<std::uint64_t>(count);
    }
    return {};
  }

  [[nodiscard]] api::Refusal problem() const {
    const char* reason = archive_error_string(archive_.get());
    return {500, "io_failed", std::string("cannot write the archive: ") + (reason == nullptr ? "" : reason), {}, 0};
  }

  WriteArchive archive_;
  bool usable_ = false;
};

Outcome<void> write_archive(int output, const fs::path& directory, const std::vector<File>& files) {
  const Utf8Locale locale;
  Packing packing(output);
  for (const File& file : files) REDAN_CHECK(packing.add(directory, file));
  return packing.finish();
}

}  // namespace

Outcome<std::vector<File>> list_files(const fs::path& directory, const Limits& limits) {
  Listing listing(limits);
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    REDAN_CHECK(listing.add(entry->path(), entry->path().lexically_relative(directory).native()));
  }
  if (error) return api::refuse({500, "io_failed", "cannot read the directory: " + error.message(), {}, 0});
  return std::move(listing).files();
}

Outcome<void> pack(const fs::path& directory, const fs::path& archive, const Limits& limits) {
  REDAN_TRY(const std::vector<File> files, list_files(directory, limits));
  if (std::ranges::find(files, kManifestFile, &File::path) == files.end()) {
    return api::refuse(api::bad_request("there is no manifest.yaml in the directory"));
  }
  const net::Descriptor output(
      ::open(archive.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!output.ok()) return api::refuse(io_failed("cannot create the archive"));
  auto written = write_archive(output.get(), directory, files);
  if (!written) ::unlink(archive.c_str());
  return written;
}

}  // namespace redan::cloud::package
