#include "cloud/package/reader.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/utf8.hpp"
#include "cloud/package/entry_name.hpp"

namespace redan::cloud::package {
namespace {

constexpr std::size_t kBlock = 16 * 1024;

class FileInput : public Input {
 public:
  FileInput(int file, std::uint64_t size) : file_(file), size_(static_cast<std::int64_t>(size)) {}

  std::optional<Bytes> read() override {
    const ssize_t count = ::pread(file_, block_.data(), block_.size(), position_);
    if (count < 0) return std::nullopt;
    position_ += count;
    return Bytes(block_.data(), static_cast<std::size_t>(count));
  }
  bool seek(std::int64_t position) override {
    position_ = position;
    return true;
  }
  [[nodiscard]] std::int64_t position() const override { return position_; }
  [[nodiscard]] std::int64_t size() const override { return size_; }

 private:
  int file_;
  std::int64_t size_, position_ = 0;
  std::array<std::uint8_t, kBlock> block_{};
};

/// What is in a file that bzip2 has compressed.
class Bzip2Input : public Input {
 public:
  explicit Bzip2Input(int file) : raw_(archive_read_new()) {
    archive_entry* entry = nullptr;
    usable_ = archive_read_append_filter(raw_.get(), ARCHIVE_FILTER_BZIP2) == ARCHIVE_OK &&
              archive_read_support_format_raw(raw_.get()) == ARCHIVE_OK &&
              archive_read_open_fd(raw_.get(), file, kBlock) == ARCHIVE_OK &&
              archive_read_next_header(raw_.get(), &entry) == ARCHIVE_OK;
  }

  std::optional<Bytes> read() override {
    if (!usable_) return std::nullopt;
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int result = archive_read_data_block(raw_.get(), &block, &size, &offset);
    if (result == ARCHIVE_EOF) return Bytes();
    if (result != ARCHIVE_OK) return std::nullopt;
    position_ += static_cast<std::int64_t>(size);
    return Bytes(static_cast<const std::uint8_t*>(block), size);
  }
  bool seek(std::int64_t) override { return false; }
  [[nodiscard]] std::int64_t position() const override { return position_; }
  [[nodiscard]] std::int64_t size() const override { return -1; }

 private:
  ReadArchive raw_;
  bool usable_ = false;
  std::int64_t position_ = 0;
};

bool starts_with(Bytes bytes, std::string_view magic) { return as_text(bytes).starts_with(magic); }

}  // namespace

/// What libarchive calls. Nothing here may throw.
struct Callbacks {
  static la_ssize_t read(archive* a, void* data, const void** block) {
    auto& reader = *static_cast<Reader*>(data);
    const auto bytes = reader.input_->read();
    if (!bytes) return fail(a, "the compressed data is damaged");
    if (bytes->size() > reader.call_budget_ || bytes->size() > reader.total_budget_) {
      reader.exceeded_ = true;
      return fail(a, "too much to read");
    }
    reader.call_budget_ -= bytes->size();
    reader.total_budget_ -= bytes->size();
    *block = bytes->data();
    return static_cast<la_ssize_t>(bytes->size());
  }

  static la_int64_t seek(archive*, void* data, la_int64_t offset, int whence) {
    Input& input = *static_cast<Reader*>(data)->input_;
    const std::int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? input.position() : input.size();
    std::int64_t target = 0;
    if (__builtin_add_overflow(from, offset, &target) || target < 0 || target > input.size()) return ARCHIVE_FATAL;
    return input.seek(target) ? target : ARCHIVE_FATAL;
  }

 private:
  static la_ssize_t fail(archive* a, const char* reason) {
    archive_set_error(a, EIO, "%s", reason);
    return -1;
  }
};

Outcome<std::unique_ptr<Reader>> Reader::open(int file, std::uint64_t size, const Limits& limits) {
  std::array<std::uint8_t, 4> head{};
  const ssize_t count = ::pread(file, head.data(), head.size(), 0);
  const Bytes magic(head.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  const bool is_zip = starts_with(magic, "PK\3\4");
  if (!is_zip && !starts_with(magic, "BZh"))
    return api::refuse(api::bad_request("this is not a zip or tar.bz2 archive"));
  std::unique_ptr<Input> input;
  if (is_zip) {
    input = std::make_unique<FileInput>(file, size);
  } else {
    input = std::make_unique<Bzip2Input>(file);
  }
  auto reader = std::make_unique<Reader>(std::move(input), limits);
  if (!reader->start(is_zip)) return api::refuse(reader->problem());
  return reader;
}

// Reading continues in whole blocks after each entry, which may be empty.
Reader::Reader(std::unique_ptr<Input> input, const Limits& limits)
    : input_(std::move(input)),
      limits_(limits),
      total_budget_(limits.max_total_bytes + (limits.max_files + 64) * 4 * kBlock),
      archive_(archive_read_new()) {}

bool Reader::start(bool is_zip) {
  archive* a = archive_.get();
  allow();
  if (is_zip) {
    archive_read_support_format_zip_seekable(a);
    archive_read_set_seek_callback(a, Callbacks::seek);
  } else {
    archive_read_support_format_tar(a);
  }
  archive_read_set_read_callback(a, Callbacks::read);
  archive_read_set_callback_data(a, this);
  return archive_read_open1(a) == ARCHIVE_OK;
}

// The first call for a zip reads its whole directory: 46 bytes and a name for each file.
void Reader::allow() { call_budget_ = (1U << 20U) + 1024 * std::uint64_t{limits_.max_files}; }

api::Refusal Reader::problem() const {
  if (exceeded_) return too_large("the archive has too much to read for its files");
  const char* reason = archive_error_string(archive_.get());
  return api::bad_request("the archive is damaged: " + escape_controls(reason == nullptr ? "no reason" : reason));
}

Outcome<archive_entry*> Reader::next() {
  archive_entry* entry = nullptr;
  allow();
  offset_ = 0;
  const int result = archive_read_next_header(archive_.get(), &entry);
  if (result == ARCHIVE_EOF) return nullptr;
  // Also after a warning: the two headers of a file in a zip differ, for example.
  if (result != ARCHIVE_OK) return api::refuse(problem());
  return entry;
}

Outcome<Bytes> Reader::data() {
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  while (size == 0) {
    allow();
    const int result = archive_read_data_block(archive_.get(), &block, &size, &offset);
    if (result == ARCHIVE_EOF) return Bytes();
    if (result != ARCHIVE_OK) return api::refuse(problem());
  }
  if (static_cast<std::uint64_t>(offset) != offset_) {
    return api::refuse(api::bad_request("a file in the archive is sparse"));
  }
  offset_ += size;
  return Bytes(static_cast<const std::uint8_t*>(block), size);
}

}  // namespace redan::cloud::package
