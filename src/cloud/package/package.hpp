// Packages: what `amc application create` and `amc addon add` send, packed as a zip or tar.bz2.
//
//   manifest.yaml                               required
//   app.apk                                     of an application, optional
//   hooks/pre-start, post-start, post-stop      programs, optional
//   extra-data/                                 what the manifest's extra-data names
//
// Other files are kept for the hooks.
#pragma once

#include "cloud/api/addon_manifest.hpp"
#include "cloud/api/manifest.hpp"
#include "cloud/package/archive.hpp"

namespace redan::cloud::package {

inline constexpr std::string_view kManifestFile = "manifest.yaml";
inline constexpr std::string_view kApkFile = "app.apk";

struct Package {
  api::Manifest manifest;
  std::vector<File> files;  ///< with manifest.yaml, sorted by path

  /// The file of that path; nullptr: there is none.
  [[nodiscard]] const File* file(std::string_view path) const;
};

struct Addon {
  api::AddonManifest manifest;
  std::vector<File> files;
};

/// Extracts the archive into `directory`, which must not exist, and reads the package there. A refused archive leaves
/// nothing behind. 400: the archive, the manifest, a hook that is not executable, extra data that is not there.
Outcome<Package> open_package(const std::filesystem::path& archive, const std::filesystem::path& directory,
                              const Limits& limits = {});
Outcome<Addon> open_addon(const std::filesystem::path& archive, const std::filesystem::path& directory,
                          const Limits& limits = {});

/// The package in a directory.
Outcome<Package> read_package(const std::filesystem::path& directory, const Limits& limits = {});
Outcome<Addon> read_addon(const std::filesystem::path& directory, const Limits& limits = {});

}  // namespace redan::cloud::package
