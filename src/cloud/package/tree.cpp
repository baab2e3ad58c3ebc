#include "cloud/package/tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "cloud/package/entry_name.hpp"

namespace redan::cloud::package {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

std::string last_component(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

Tree::Tree(std::filesystem::path root, const Limits& limits)
    : path_(std::move(root)),
      limits_(limits),
      kept_(::mkdir(path_.c_str(), S_IRWXU) != 0),
      root_(kept_ ? -1 : ::open(path_.c_str(), kOpenDirectory)) {}

Tree::~Tree() {
  std::error_code ignored;
  if (!kept_) std::filesystem::remove_all(path_, ignored);
}

Outcome<bool> Tree::claim(const std::string& path, Kind kind) {
  const auto [node, is_new] = nodes_.try_emplace(folded(path), Node{path, kind});
  if (!is_new) {
    const bool same = node->second.path == path && node->second.kind == kind && kind == Kind::directory;
    if (!same) return api::refuse(refused_name(path, "there twice, or differs from another in case only"));
    return false;
  }
  if (nodes_.size() > limits_.max_files) {
    return api::refuse(too_large("there are more than " + std::to_string(limits_.max_files) + " files"));
  }
  return true;
}

Outcome<void> Tree::add_parents(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {};
  return add_directory(path.substr(0, slash));
}

Outcome<void> Tree::add_directory(const std::string& path) {
  if (path.empty()) return {};
  REDAN_TRY(const bool is_new, claim(path, Kind::directory));
  if (!is_new) return {};
  REDAN_CHECK(add_parents(path));
  const net::Descriptor parent(open_parent(path));
  if (!parent.ok() || ::mkdirat(parent.get(), last_component(path).c_str(), S_IRWXU) != 0) {
    return api::refuse(io_failed("cannot create a directory"));
  }
  return {};
}

Outcome<int> Tree::add_file(const std::string& path, bool executable) {
  REDAN_CHECK(claim(path, Kind::file));
  REDAN_CHECK(add_parents(path));
  const net::Descriptor parent(open_parent(path));
  if (!parent.ok()) return api::refuse(io_failed("cannot open a directory"));
  const int file =
      ::openat(parent.get(), last_component(path).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
               executable ? S_IRWXU : S_IRUSR | S_IWUSR);
  if (file < 0) return api::refuse(io_failed("cannot create a file"));
  return file;
}

int Tree::open_parent(const std::string& path) const {
  int directory = ::openat(root_.get(), ".", kOpenDirectory);
  std::size_t begin = 0;
  for (std::size_t slash = path.find('/'); slash != std::string::npos && directory >= 0;
       slash = path.find('/', begin)) {
    const net::Descriptor above(directory);
    directory = ::openat(above.get(), path.substr(begin, slash - begin).c_str(), kOpenDirectory);
    begin = slash + 1;
  }
  return directory;
}

}  // namespace redan::cloud::package
