// Untrusted signalling messages: a message that parses is within its limits, is written, and parses to the same value.
#include "base/assert.hpp"
#include "cloud/api/signalling.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace signalling = redan::cloud::api::signalling;
  const auto message = signalling::parse(redan::as_text({data, size}));
  if (!message) {
    REDAN_ASSERT(message.error().status == 400 && !message.error().message.empty());
    return 0;
  }
  if (const auto* offer = std::get_if<signalling::Offer>(&*message)) {
    REDAN_ASSERT(offer->sdp.size() <= signalling::kMaxSdp && offer->data_channels.size() <= 64);
  }
  if (const auto* settings = std::get_if<signalling::Settings>(&*message)) {
    REDAN_ASSERT(settings->data_channels.size() <= 64);
  }
  const auto again = signalling::parse(signalling::text(*message));
  REDAN_ASSERT(again && *again == *message);
  return 0;
}
