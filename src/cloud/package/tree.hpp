// A new directory that an archive is extracted into. Nothing that exists is opened for writing, and no link is
// followed: every component of a path is opened on its own.
#pragma once

#include <map>

#include "cloud/package/archive.hpp"
#include "net/descriptor.hpp"

namespace redan::cloud::package {

class Tree {
 public:
  /// Creates the directory `root`. If the directory is there already, open() is false and it is left alone.
  Tree(std::filesystem::path root, const Limits& limits);
  /// Removes the directory unless it was kept.
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  [[nodiscard]] bool open() const { return root_.ok(); }

  /// A directory may be named twice.
  Outcome<void> add_directory(const std::string& path);
  /// The descriptor of a new, empty file, which the caller owns.
  Outcome<int> add_file(const std::string& path, bool executable);

  void keep() { kept_ = true; }

 private:
  enum class Kind : std::uint8_t { directory, file };
  struct Node {
    std::string path;  ///< as it is written
    Kind kind;
  };

  /// Whether the path is new; false: a directory that is there already.
  Outcome<bool> claim(const std::string& path, Kind kind);
  Outcome<void> add_parents(const std::string& path);
  /// The directory that contains `path`; negative if it cannot be opened.
  [[nodiscard]] int open_parent(const std::string& path) const;

  std::filesystem::path path_;
  const Limits& limits_;
  bool kept_;  ///< also if it is not ours
  net::Descriptor root_;
  std::map<std::string, Node> nodes_;  ///< by the folded path
};

}  // namespace redan::cloud::package
