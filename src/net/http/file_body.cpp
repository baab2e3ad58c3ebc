#include "net/http/file_body.hpp"

#include <algorithm>

namespace redan::net {
namespace {

constexpr std::uint64_t kPart = 256 * 1024;

}  // namespace

Task<bool> send_file(Stream& stream, const Descriptor& file, std::uint64_t size, std::chrono::milliseconds timeout) {
  std::string part(static_cast<std::size_t>(std::min(size, kPart)), '\0');
  for (std::uint64_t at = 0; at < size;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size - at, part.size()));
    const ssize_t length = ::pread(file.get(), part.data(), wanted, static_cast<off_t>(at));
    if (length <= 0) co_return false;
    stream.set_deadline(timeout);
    if (const Stream::Error cut =
            co_await stream.write(std::string_view(part.data(), static_cast<std::size_t>(length))))
      co_return false;
    at += static_cast<std::uint64_t>(length);
  }
  co_return true;
}

}  // namespace redan::net
