// The names of files in archives.
#pragma once

#include <string>

#include "cloud/package/archive.hpp"

namespace redan::cloud::package {

/// The name as a relative path without "." and empty components; empty: the directory itself. Refused: absolute names,
/// "..", backslashes, control characters, bytes that are not UTF-8, components of more than 255 bytes, more than
/// `max_depth` of them.
Outcome<std::string> entry_path(std::string_view name, std::size_t max_depth);

/// Equal for names that a case-insensitive file system does not distinguish. Only ASCII letters are folded.
std::string folded(std::string_view path);

/// 400 with the name in quotes.
api::Refusal refused_name(std::string_view name, std::string_view reason);
/// 413 too_large.
api::Refusal too_large(std::string message);
/// 500 io_failed, with the system's reason in errno.
api::Refusal io_failed(std::string_view what);

}  // namespace redan::cloud::package
