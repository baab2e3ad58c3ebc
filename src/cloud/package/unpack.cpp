#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "cloud/package/archive.hpp"
#include "cloud/package/entry_name.hpp"
#include "cloud/package/reader.hpp"
#include "cloud/package/tree.hpp"
#include "cloud/package/utf8_locale.hpp"

namespace redan::cloud::package {
namespace {

/// The total size up to which the ratio does not matter.
constexpr std::uint64_t kFreeBytes = 1U << 20U;

bool write_all(int file, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

/// Methods other than these can need hundreds of megabytes of memory.
bool is_permitted_method(std::string_view format_name) {
  return !format_name.starts_with("ZIP") || format_name.ends_with("(uncompressed)") ||
         format_name.ends_with("(deflation)");
}

class Extraction {
 public:
  Extraction(Reader& reader, Tree& tree, const Limits& limits, std::uint64_t archive_size)
      : reader_(reader), tree_(tree), limits_(limits), allowed_total_(total(limits, archive_size)) {}

  Outcome<std::vector<File>> run() {
    while (true) {
      REDAN_TRY(archive_entry* const entry, reader_.next());
      if (entry == nullptr) break;
      REDAN_CHECK(extract(entry));
    }
    std::ranges::sort(files_, {}, &File::path);
    return std::move(files_);
  }

 private:
  static std::uint64_t total(const Limits& limits, std::uint64_t archive_size) {
    std::uint64_t by_ratio = 0;
    if (__builtin_mul_overflow(limits.max_ratio, archive_size, &by_ratio)) by_ratio = limits.max_total_bytes;
    return std::min(limits.max_total_bytes, std::max(kFreeBytes, by_ratio));
  }

  Outcome<void> extract(archive_entry* entry) {
    const char* raw = archive_entry_pathname(entry);
    const std::string_view name = raw == nullptr ? "" : raw;
    REDAN_TRY(const std::string path, entry_path(name, limits_.max_depth));
    REDAN_CHECK(permitted(entry, name));
    if (archive_entry_filetype(entry) == AE_IFDIR) return extract_directory(path);
    if (path.empty()) return api::refuse(refused_name(name, "empty"));
    return extract_file(entry, path);
  }

  Outcome<void> permitted(archive_entry* entry, std::string_view name) const {
    const auto refused = [name](std::string_view reason) { return api::refuse(refused_name(name, reason)); };
    if (archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr) return refused("a link");
    const auto type = archive_entry_filetype(entry);
    if (type != AE_IFREG && type != AE_IFDIR) return refused("neither a file nor a directory");
    if (archive_entry_is_encrypted(entry) != 0) return refused("encrypted");
    if (archive_entry_sparse_count(entry) > 0) return refused("a sparse file");
    if (!is_permitted_method(reader_.format_name())) return refused("compressed by another method than deflate");
    if (archive_entry_size_is_set(entry) != 0 && size_of(entry) > limits_.max_file_bytes) {
      return api::refuse(file_too_large());
    }
    return {};
  }

  Outcome<void> extract_directory(const std::string& path) {
    REDAN_CHECK(tree_.add_directory(path));
    REDAN_TRY(const Bytes data, reader_.data());
    if (!data.empty()) return api::refuse(refused_name(path, "a directory with content"));
    return {};
  }

  Outcome<void> extract_file(archive_entry* entry, const std::string& path) {
    const bool executable = (archive_entry_perm(entry) & S_IXUSR) != 0;
    REDAN_TRY(const int descriptor, tree_.add_file(path, executable));
    const net::Descriptor file(descriptor);
    REDAN_TRY(const std::uint64_t size, copy_to(file.get()));
    if (archive_entry_size_is_set(entry) != 0 && size_of(entry) != size) {
      return api::refuse(refused_name(path, "not of the size that the archive promises"));
    }
    files_.push_back({path, size, executable});
    return {};
  }

  Outcome<std::uint64_t> copy_to(int file) {
    std::uint64_t size = 0;
    while (true) {
      REDAN_TRY(const Bytes data, reader_.data());
      if (data.empty()) return size;
      size += data.size();
      total_ += data.size();
      if (size > limits_.max_file_bytes) return api::refuse(file_too_large());
      if (total_ > allowed_total_) return api::refuse(total_too_large());
      if (!write_all(file, data)) return api::refuse(io_failed("cannot write a file"));
    }
  }

  static std::uint64_t size_of(archive_entry* entry) {
    const la_int64_t size = archive_entry_size(entry);
    return size < 0 ? UINT64_MAX : static_cast<std::uint64_t>(size);
  }

  [[nodiscard]] api::Refusal file_too_large() const {
    return too_large("a file is larger than " + std::to_string(limits_.max_file_bytes) + " bytes");
  }

  [[nodiscard]] api::Refusal total_too_large() const {
    if (allowed_total_ == limits_.max_total_bytes) {
      return too_large("the files have more than " + std::to_string(limits_.max_total_bytes) + " bytes");
    }
    return too_large("the files have more than " + std::to_string(limits_.max_ratio) +
                     " times the size of the archive");
  }

  Reader& reader_;
  Tree& tree_;
  const Limits& limits_;
  const std::uint64_t allowed_total_;
  std::uint64_t total_ = 0;
  std::vector<File> files_;
};

}  // namespace

Outcome<std::vector<File>> unpack(const std::filesystem::path& archive, const std::filesystem::path& into,
                                  const Limits& limits) {
  const Utf8Locale locale;
  const net::Descriptor file(::open(archive.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file.ok() || ::fstat(file.get(), &status) != 0) return api::refuse(io_failed("cannot read the archive"));
  if (!S_ISREG(status.st_mode)) return api::refuse(api::bad_request("the archive is not a file"));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  REDAN_TRY(const auto reader, Reader::open(file.get(), size, limits));
  Tree tree(into, limits);
  if (!tree.open()) return api::refuse(io_failed("cannot create the directory of the package"));
  auto files = Extraction(*reader, tree, limits, size).run();
  if (files) tree.keep();
  return files;
}

}  // namespace redan::cloud::package
