#include "cloud/package/package.hpp"

#include <algorithm>
#include <fstream>

#include "cloud/package/yaml.hpp"

namespace redan::cloud::package {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHooks[] = {"hooks/pre-start", "hooks/post-start", "hooks/post-stop"};

const File* find(const std::vector<File>& files, std::string_view path) {
  const auto found = std::ranges::find(files, path, &File::path);
  return found == files.end() ? nullptr : &*found;
}

bool has_file_or_directory(const std::vector<File>& files, const std::string& path) {
  return std::ranges::any_of(
      files, [&path](const File& file) { return file.path == path || file.path.starts_with(path + "/"); });
}

Outcome<std::string> read_text(const fs::path& file) {
  std::ifstream input(file, std::ios::binary);
  std::string text(kMaxYamlSize + 1, '\0');  // more is refused by the parser
  input.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (input.bad() || (!input.eof() && input.fail())) {
    return api::refuse({500, "io_failed", "cannot read " + file.filename().string(), {}, 0});
  }
  text.resize(static_cast<std::size_t>(input.gcount()));
  return text;
}

api::Refusal in_manifest(api::Refusal refusal) {
  refusal.message = std::string(kManifestFile) + ": " + refusal.message;
  return refusal;
}

Outcome<api::json::object> read_manifest(const fs::path& directory, const std::vector<File>& files) {
  if (find(files, kManifestFile) == nullptr)
    return api::refuse(api::bad_request("there is no manifest.yaml at the top"));
  REDAN_TRY(const std::string text, read_text(directory / kManifestFile));
  return parse_yaml(text, api::kManifestTexts).map_error(in_manifest);
}

Outcome<void> check_hooks(const std::vector<File>& files) {
  for (const std::string_view path : kHooks) {
    const File* hook = find(files, path);
    if (hook != nullptr && !hook->executable)
      return api::refuse(api::bad_request(std::string(path) + " is not executable"));
  }
  return {};
}

Outcome<void> check_extra_data(const Package& package) {
  for (const auto& [name, entry] : package.manifest.extra_data) {
    if (!has_file_or_directory(package.files, "extra-data/" + name)) {
      return api::refuse(api::bad_request("extra-data/" + name + " is in the manifest but not in the package"));
    }
  }
  return {};
}

Outcome<Package> read_package(const fs::path& directory, std::vector<File> files) {
  REDAN_TRY(const auto text, read_manifest(directory, files));
  REDAN_TRY(auto manifest, api::parse_manifest(text).map_error(in_manifest));
  REDAN_CHECK(check_hooks(files));
  Package package{std::move(manifest), std::move(files)};
  REDAN_CHECK(check_extra_data(package));
  return package;
}

Outcome<Addon> read_addon(const fs::path& directory, std::vector<File> files) {
  REDAN_TRY(const auto text, read_manifest(directory, files));
  REDAN_TRY(auto manifest, api::parse_addon_manifest(text).map_error(in_manifest));
  REDAN_CHECK(check_hooks(files));
  return Addon{std::move(manifest), std::move(files)};
}

/// Unpacks, reads, and removes what was unpacked if it is refused.
template <class T>
Outcome<T> open(const fs::path& archive, const fs::path& directory, const Limits& limits,
                Outcome<T> (*read)(const fs::path&, std::vector<File>)) {
  REDAN_TRY(auto files, unpack(archive, directory, limits));
  auto package = read(directory, std::move(files));
  std::error_code ignored;
  if (!package) fs::remove_all(directory, ignored);
  return package;
}

}  // namespace

const File* Package::file(std::string_view path) const { return find(files, path); }

Outcome<Package> open_package(const fs::path& archive, const fs::path& directory, const Limits& limits) {
  return open<Package>(archive, directory, limits, read_package);
}
Outcome<Addon> open_addon(const fs::path& archive, const fs::path& directory, const Limits& limits) {
  return open<Addon>(archive, directory, limits, read_addon);
}

Outcome<Package> read_package(const fs::path& directory, const Limits& limits) {
  REDAN_TRY(auto files, list_files(directory, limits));
  return read_package(directory, std::move(files));
}
Outcome<Addon> read_addon(const fs::path& directory, const Limits& limits) {
  REDAN_TRY(auto files, list_files(directory, limits));
  return read_addon(directory, std::move(files));
}

}  // namespace redan::cloud::package
