// The archive of an application, an addon or an image, in memory for an upload.
#pragma once

#include <string>

namespace redan::cmd {

/// Reads a file of at most 64 MiB, or packs a directory that has a manifest.yaml. Throws AmcFailure.
std::string load_archive(const std::string& path);
/// Whether a word names an archive or such a directory, not an object of AMS.
bool is_archive(const std::string& word);

}  // namespace redan::cmd
