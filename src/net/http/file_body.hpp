// A file as the body of an HTTP message, sent in parts.
#pragma once

#include "net/descriptor.hpp"
#include "net/stream.hpp"

namespace redan::net {

/// Sends the first `size` bytes of the file; each part has `timeout`. False: the connection ended, or the file is
/// shorter, and the receiver sees that the body is cut.
[[nodiscard]] Task<bool> send_file(Stream& stream, const Descriptor& file, std::uint64_t size,
                                   std::chrono::milliseconds timeout);

}  // namespace redan::net
