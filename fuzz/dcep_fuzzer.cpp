// DATA_CHANNEL_OPEN: a message that parses is written to the same bytes.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "rtc/datachannel/dcep.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redan;
  const Bytes message(data, size);
  const auto open = datachannel::DataChannelOpen::parse(message);
  if (!open) return 0;
  if (open->size() != size) std::abort();
  std::vector<std::uint8_t> written(open->size());
  open->write(written);
  // A reliable channel does not use the reliability parameter, so it is written as zero.
  const bool reliable = !open->max_retransmits && !open->max_lifetime_ms;
  for (std::size_t i = 0; i < size; ++i) {
    if (reliable && i >= 4 && i < 8) continue;
    // Lengths in characters are written as lengths in bytes.
    if (i >= 8 && i < 12) continue;
    if (written[i] != message[i]) std::abort();
  }
  return 0;
}
