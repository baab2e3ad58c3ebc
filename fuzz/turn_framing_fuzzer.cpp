// A stream that is cut anywhere gives the same frames as one that comes whole, and each frame of a stream is accepted
// as a datagram.
#include <vector>

#include "base/assert.hpp"
#include "base/reader.hpp"
#include "rtc/turn/framing.hpp"

namespace {

using namespace redan;
using Frame = std::vector<std::uint8_t>;

std::vector<Frame> take(turn::Inbox& inbox) {
  std::vector<Frame> frames;
  while (const auto frame = inbox.next()) frames.emplace_back(frame->begin(), frame->end());
  return frames;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader input({data, size});
  const std::size_t piece = 1 + input.u8();
  const Bytes stream = input.rest();

  if (stream.size() > turn::Inbox::kMax) return 0;

  turn::Inbox whole;
  REDAN_ASSERT(whole.push_stream(stream));
  std::vector<Frame> frames = take(whole);

  turn::Inbox cut;
  std::vector<Frame> pieces;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    REDAN_ASSERT(cut.push_stream(stream.subspan(at, std::min(piece, stream.size() - at))));
    for (Frame& frame : take(cut)) pieces.push_back(std::move(frame));
    if (cut.broken()) break;
  }
  REDAN_ASSERT(pieces == frames && cut.broken() == whole.broken());

  turn::Inbox datagrams;
  static_cast<void>(datagrams.push_datagram(stream));
  for (Frame& frame : frames) {
    static_cast<void>(turn::ChannelData::parse(frame));
    datagrams.clear();
    REDAN_ASSERT(datagrams.push_datagram(frame));
    REDAN_ASSERT(take(datagrams) == std::vector<Frame>{frame});
  }
  return 0;
}
