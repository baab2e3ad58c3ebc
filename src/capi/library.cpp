// Errors, memory and the version.
#include <cstddef>
#include <memory>
#include <redan/secret.hpp>
#include <redan/version.hpp>

#include "capi/boundary.hpp"
#include "rtc/turn/errors.hpp"

namespace redan::capi {
namespace {

/// Before each piece of memory that the caller frees: how much to wipe.
struct alignas(std::max_align_t) Header {
  std::size_t size = 0;
};
using Allocator = std::allocator<Header>;

constexpr std::size_t blocks(std::size_t size) { return 1 + (size + sizeof(Header) - 1) / sizeof(Header); }

/// With a zero behind it.
void* duplicate_bytes(const void* data, std::size_t size) {
  Header* header = Allocator().allocate(blocks(size + 1));
  std::construct_at(header, Header{size + 1});
  auto* memory = reinterpret_cast<std::uint8_t*>(header + 1);
  if (size != 0) std::memcpy(memory, data, size);
  memory[size] = 0;
  return memory;
}

void release(void* memory) {
  Header* header = static_cast<Header*>(memory) - 1;
  const std::size_t size = header->size;
  wipe(MutableBytes(static_cast<std::uint8_t*>(memory), size));
  Allocator().deallocate(header, blocks(size));
}

constexpr ErrorRow kUnknown{0, "unknown", "an error of a later version", "see the documentation of that version"};

const ErrorRow& row_of(int error) {
  static constexpr ErrorRow kRows[] = {error_rows::none,
#define X(number, id, text, hint) error_rows::id,
                                       REDAN_ERRORS(X)
#undef X
#define X(number, id, text, hint) turn::errc::rows::id,
                                           REDAN_TURN_ERRORS(X)
#undef X
  };
  for (const ErrorRow& row : kRows) {
    if (row.number == error) return row;
  }
  return kUnknown;
}

}  // namespace

std::uint8_t* duplicate(Bytes bytes) { return static_cast<std::uint8_t*>(duplicate_bytes(bytes.data(), bytes.size())); }
char* duplicate(std::string_view text) { return static_cast<char*>(duplicate_bytes(text.data(), text.size())); }

}  // namespace redan::capi

using namespace redan::capi;

// The views of the table are of literals, and so zero-terminated.
const char* redan_error_name(int error) { return row_of(error).name.data(); }
const char* redan_error_text(int error) { return row_of(error).text.data(); }
const char* redan_error_hint(int error) { return row_of(error).hint.data(); }

const char* redan_version(void) { return redan::version().data(); }

void redan_free(void* memory) {
  if (memory != nullptr) release(memory);
}
