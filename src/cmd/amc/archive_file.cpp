#include "cmd/amc/archive_file.hpp"

#include <filesystem>

#include "cloud/package/package.hpp"
#include "cmd/amc/session.hpp"
#include "cmd/arguments.hpp"
#include "cmd/commands.hpp"

namespace redan::cmd {
namespace {

namespace fs = std::filesystem;

// The HTTP client sends bodies from memory.
constexpr std::uintmax_t kMaxArchive = std::uintmax_t{64} << 20U;

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

std::string read_archive(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) throw AmcFailure(kFailure, "cannot read " + path.string() + ": " + error.message());
  if (size > kMaxArchive) throw AmcFailure(kFailure, path.string() + " is larger than 64 MiB, which amc cannot send");
  return read_file(path.string());
}

}  // namespace

std::string load_archive(const std::string& path) {
  if (!fs::is_directory(path)) return read_archive(path);
  const TemporaryDirectory temporary;
  const fs::path archive = temporary.path() / "package.tar.bz2";
  const auto packed = cloud::package::pack(path, archive);
  if (!packed) throw AmcFailure(kFailure, path + ": " + packed.error().message);
  return read_archive(archive);
}

bool is_archive(const std::string& word) {
  if (word.find('/') != std::string::npos || fs::is_regular_file(word)) return true;
  return fs::exists(fs::path(word) / cloud::package::kManifestFile);
}

}  // namespace redan::cmd
