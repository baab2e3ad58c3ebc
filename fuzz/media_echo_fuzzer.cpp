// A packet as RTP and as compound RTCP. The echo of an echo is the packet itself, and feedback relayed twice is
// unchanged; the output is never longer than the input.
#include <vector>

#include "base/assert.hpp"
#include "cmd/demo/media_echo.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> original(data, data + size);
  std::vector<std::uint8_t> packet = original;
  if (redan::cmd::echo_rtp(packet)) REDAN_ASSERT(redan::cmd::echo_rtp(packet));
  REDAN_ASSERT(packet == original);

  const auto feedback = redan::cmd::echo_feedback(original);
  REDAN_ASSERT(feedback.size() <= redan::cmd::kMaxFeedback);
  std::size_t total = 0;
  for (const std::vector<std::uint8_t>& each : feedback) {
    total += each.size();
    const auto once = redan::cmd::echo_feedback(each);
    REDAN_ASSERT(once.size() == 1);
    const auto twice = redan::cmd::echo_feedback(once[0]);
    REDAN_ASSERT(twice.size() == 1 && twice[0] == each);
  }
  REDAN_ASSERT(total <= size);
  return 0;
}
