// A value in one of the three serializations, selected by the first byte. A value that decodes is encoded and decodes
// to the same value in all three, and encodes to the same bytes again.
#include "base/assert.hpp"
#include "wamp/serializer.hpp"

using namespace redan;
using namespace redan::wamp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  DecodeLimits limits;
  limits.max_size = 16 * 1024;
  const auto value = decode(kSerializers[data[0] % kSerializers.size()], Bytes(data + 1, size - 1), limits);
  if (!value) return 0;
  limits.max_size *= 32;  // the longest encoding of one byte in another format
  for (const Serializer serializer : kSerializers) {
    const auto wire = encode(serializer, *value);
    const auto again = decode(serializer, wire, limits);
    REDAN_ASSERT(again && *again == *value && encode(serializer, *again) == wire);
  }
  return 0;
}
