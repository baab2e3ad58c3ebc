// RawSocket's handshake and frame headers: a header that parses is written to the same bytes.
#include "base/assert.hpp"
#include "wamp/rawsocket.hpp"

namespace {

using namespace redan;
using namespace redan::wamp;

void handshake(std::span<const std::uint8_t, 4> bytes) {
  const auto answer = read_handshake(bytes);
  if (!answer) {
    REDAN_ASSERT(bytes[0] != kRawSocketMagic);
  } else if (const auto* agreed = std::get_if<RawSocketHandshake>(&*answer)) {
    const auto written = agreed->write();
    REDAN_ASSERT(std::equal(written.begin(), written.end(), bytes.begin()));
    REDAN_ASSERT(rawsocket_length(agreed->max_message) == agreed->max_message);
  } else {
    const auto written = write(std::get<RawSocketRefusal>(*answer));
    REDAN_ASSERT(written[0] == kRawSocketMagic && (written[1] & 0x0FU) == 0);
  }
}

void header(std::span<const std::uint8_t, 4> bytes) {
  const auto parsed = RawSocketHeader::parse(bytes);
  if (!parsed) return;
  const auto written = parsed->write();
  REDAN_ASSERT(std::equal(written.begin(), written.end(), bytes.begin()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  handshake(std::span<const std::uint8_t, 4>(data, 4));
  header(std::span<const std::uint8_t, 4>(data, 4));
  return 0;
}
