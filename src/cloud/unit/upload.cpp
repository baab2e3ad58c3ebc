#include "cloud/unit/upload.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstdlib>

#include "base/hex.hpp"

namespace redan::cloud::unit {

std::shared_ptr<FileUpload> FileUpload::make(const std::filesystem::path& directory, std::size_t limit,
                                             Provider& provider) {
  std::string path = (directory / "upload-XXXXXX").string();
  const int file = ::mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) return nullptr;
  return std::shared_ptr<FileUpload>(new FileUpload(path, file, limit, provider));
}

FileUpload::FileUpload(std::filesystem::path path, int file, std::size_t limit, Provider& provider)
    : path_(std::move(path)), file_(file), limit_(limit), hash_(provider.start_hash(HashAlgorithm::sha256)) {}

FileUpload::~FileUpload() {
  if (!kept_) ::unlink(path_.c_str());
}

api::Outcome<void> FileUpload::keep(const std::filesystem::path& path) {
  std::error_code error;
  if (::fsync(file_.get()) != 0) error = std::error_code(errno, std::generic_category());
  if (!error) std::filesystem::rename(path_, path, error);
  const net::Descriptor directory(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!error && (!directory.ok() || ::fsync(directory.get()) != 0)) {
    error = std::error_code(errno, std::generic_category());
  }
  if (error) return api::refuse({500, "upload_failed", "cannot keep the upload: " + error.message(), {}, 0});
  path_ = path;
  kept_ = true;
  return {};
}

bool FileUpload::write(std::string_view piece) {
  size_ += piece.size();
  hash_->update(as_bytes(piece));
  while (!piece.empty()) {
    const ssize_t written = ::write(file_.get(), piece.data(), piece.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    piece.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string FileUpload::sha256() const { return to_hex(hash_->digest().bytes()); }

}  // namespace redan::cloud::unit
