#include "cmd/amc/archive_file.hpp"

#include <fcntl.h>

#include <cstring>
#include <filesystem>
#include <redan/crypto.hpp>

#include "base/hex.hpp"
#include "cloud/package/package.hpp"
#include "cmd/amc/session.hpp"
#include "cmd/commands.hpp"

namespace redan::cmd {
namespace {

namespace fs = std::filesystem;

class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_((fs::temp_directory_path() / "redan-amc-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw AmcFailure(kFailure, "cannot create " + path_);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] fs::path path() const { return path_; }

 private:
  std::string path_;
};

[[noreturn]] void fail_to_read(const fs::path& path) {
  throw AmcFailure(kFailure, "cannot read " + path.string() + ": " + std::strerror(errno));
}

ArchiveFile open_file(const fs::path& path) {
  ArchiveFile archive;
  archive.descriptor = std::make_shared<const net::Descriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!archive.descriptor->ok()) fail_to_read(path);
  const auto hash = default_provider()->start_hash(HashAlgorithm::sha256);
  std::vector<std::uint8_t> part(256 * 1024);
  while (const ssize_t size =
             ::pread(archive.descriptor->get(), part.data(), part.size(), static_cast<off_t>(archive.size))) {
    if (size < 0) fail_to_read(path);
    hash->update(Bytes(part).first(static_cast<std::size_t>(size)));
    archive.size += static_cast<std::uint64_t>(size);
  }
  archive.sha256 = to_hex(hash->digest().bytes());
  return archive;
}

}  // namespace

ArchiveFile open_archive(const std::string& path) {
  if (!fs::is_directory(path)) return open_file(path);
  const TemporaryDirectory temporary;
  const fs::path archive = temporary.path() / "package.tar.bz2";
  const auto packed = cloud::package::pack(path, archive);
  if (!packed) throw AmcFailure(kFailure, path + ": " + packed.error().message);
  return open_file(archive);
}

bool is_archive(const std::string& word) {
  if (word.find('/') != std::string::npos || fs::is_regular_file(word)) return true;
  return fs::exists(fs::path(word) / cloud::package::kManifestFile);
}

}  // namespace redan::cmd
