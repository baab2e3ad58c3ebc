// A message in one of the three serializations, selected by the first byte. A message that parses is written and parses
// to the same value in all three.
#include "base/assert.hpp"
#include "wamp/message.hpp"

using namespace redan;
using namespace redan::wamp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  DecodeLimits limits;
  limits.max_size = 16 * 1024;
  auto message = read_message(kSerializers[data[0] % kSerializers.size()], Bytes(data + 1, size - 1), limits);
  if (!message) return 0;
  const Value value = to_value(std::move(*message));
  limits.max_size *= 32;
  for (const Serializer serializer : kSerializers) {
    auto again = read_message(serializer, encode(serializer, value), limits);
    REDAN_ASSERT(again && to_value(std::move(*again)) == value);
  }
  return 0;
}
