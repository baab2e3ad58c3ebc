// Frames of signalling from any unit on the bus.
#include "base/assert.hpp"
#include "cloud/bus/bus.hpp"
#include "cloud/bus/link.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redan;
  using namespace redan::cloud;
  const auto frame = cloud::bus::LinkFrame::parse(as_text({data, size}));
  if (!frame) return 0;
  REDAN_ASSERT(cloud::bus::is_subject_token(frame->link) && frame->body.size() <= size);
  REDAN_ASSERT(frame->seq != 0 || frame->body.empty());
  REDAN_ASSERT(cloud::bus::LinkFrame::parse(frame->text()) == frame);
  if (const auto reset = cloud::bus::reset_for(*frame)) {
    REDAN_ASSERT(frame->end.empty() && cloud::bus::LinkFrame::parse(reset->text()) == reset &&
                 !cloud::bus::reset_for(*reset));
  }
  cloud::bus::Link link(frame->link);
  link.handle_input(TimePoint{}, *frame);
  for (int steps = 0;; ++steps) {
    REDAN_ASSERT(steps < 4);
    const cloud::bus::Link::Output output = link.poll_output(TimePoint{});
    if (std::holds_alternative<Wait>(output)) break;
    if (const auto* deliver = std::get_if<cloud::bus::Link::Deliver>(&output))
      REDAN_ASSERT(frame->seq == 1 && deliver->body == frame->body);
  }
  return 0;
}
