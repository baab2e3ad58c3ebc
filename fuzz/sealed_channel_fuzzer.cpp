// A channel whose peer has the keys and sends anything: envelopes in an encryption that accepts everything. A message
// that opens has the right number, side and session, and the first error is final.
#include "base/assert.hpp"
#include "sealed/channel.hpp"

namespace {

using namespace redan;
using namespace redan::sealed;

class Open : public Wrapping {
 public:
  std::vector<std::uint8_t> seal(Side, std::uint32_t, std::string_view, std::string_view envelope) override {
    return {envelope.begin(), envelope.end()};
  }
  std::optional<Header> header(Bytes) const override { return std::nullopt; }
  Result<std::string> open(Side, Bytes wire) override { return std::string(as_text(wire)); }
};

class Zeros : public RandomSource {
 public:
  void random(MutableBytes out) override { std::fill(out.begin(), out.end(), std::uint8_t{0}); }
};

}  // namespace

// Each line is a message; the first byte selects which end receives them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Zeros zeros;
  const Side side = (data[0] & 1U) != 0 ? Side::client : Side::runtime;
  Channel channel(side, "s", std::make_unique<Open>(), TranscriptHash{}, zeros);
  if (side == Side::client) REDAN_ASSERT(channel.seal("a", "?", Channel::Kind::question));
  std::string_view text = as_text({data + 1, size - 1});
  std::uint32_t opened = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto message = channel.open(as_bytes(line));
    REDAN_ASSERT(message.has_value() == !channel.failure().has_value());
    if (message) {
      REDAN_ASSERT(channel.opened() == ++opened);
      REDAN_ASSERT(line.find(side == Side::client ? "\"r\"" : "\"c\"") != std::string_view::npos);
    } else {
      REDAN_ASSERT(!channel.seal("a", "b") && channel.opened() == opened);
    }
  }
  return 0;
}
