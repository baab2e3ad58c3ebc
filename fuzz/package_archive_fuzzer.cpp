// Archives of clients: nothing is written outside the directory, what is extracted is within the limits and as it is
// listed, and a refused archive leaves nothing behind.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>

#include "base/assert.hpp"
#include "cloud/package/package.hpp"

namespace {

namespace fs = std::filesystem;
using namespace redan::cloud::package;

constexpr Limits kLimits{.max_files = 20, .max_depth = 4, .max_file_bytes = 64 << 10, .max_total_bytes = 256 << 10};

/// A temporary folder of this process, removed at its end. TMPDIR=/dev/shm keeps it in memory.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "redan-fuzz-XXXXXX").string();
    REDAN_ASSERT(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path path;
};

void write(const fs::path& file, const std::uint8_t* data, std::size_t size) {
  std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
}

void is_as_listed(const fs::path& directory, const std::vector<File>& files) {
  std::uint64_t total = 0;
  for (const File& file : files) {
    struct stat status {};
    REDAN_ASSERT(::lstat((directory / file.path).c_str(), &status) == 0 && S_ISREG(status.st_mode));
    REDAN_ASSERT(static_cast<std::uint64_t>(status.st_size) == file.size && file.size <= kLimits.max_file_bytes);
    REDAN_ASSERT((status.st_mode & 0777U) == (file.executable ? 0700U : 0600U));
    total += file.size;
  }
  REDAN_ASSERT(files.size() <= kLimits.max_files && total <= kLimits.max_total_bytes);
  const auto listed = list_files(directory, kLimits);
  REDAN_ASSERT(listed && *listed == files);
}

void only_the_archive_is_left(const fs::path& folder) {
  REDAN_ASSERT(std::distance(fs::directory_iterator(folder), fs::directory_iterator()) == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  const fs::path archive = folder.path / "archive", into = folder.path / "into";
  write(archive, data, size);
  if (const auto files = unpack(archive, into, kLimits)) {
    is_as_listed(into, *files);
    fs::remove_all(into);
  }
  only_the_archive_is_left(folder.path);
  if (open_package(archive, into, kLimits)) fs::remove_all(into);
  only_the_archive_is_left(folder.path);
  return 0;
}
