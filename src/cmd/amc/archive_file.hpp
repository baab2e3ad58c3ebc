// The archive of an application, an addon or an image, for an upload.
#pragma once

#include <memory>
#include <string>

#include "net/descriptor.hpp"

namespace redan::cmd {

struct ArchiveFile {
  std::shared_ptr<const net::Descriptor> descriptor;
  std::uint64_t size = 0;
  std::string sha256;  ///< 64 hexadecimal digits
};

/// Opens a file, or packs a directory that has a manifest.yaml. Throws AmcFailure.
ArchiveFile open_archive(const std::string& path);
/// Whether a word names an archive or such a directory, not an object of AMS.
bool is_archive(const std::string& word);

}  // namespace redan::cmd
