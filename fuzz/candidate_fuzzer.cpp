// Candidates: a candidate that parses is written, and the text parses to the same value.
#include "base/assert.hpp"
#include "rtc/ice/candidate.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using redan::ice::Candidate;
  const auto candidate = Candidate::parse(redan::as_text({data, size}));
  if (!candidate || candidate->address.family() == redan::Address::Family::unspecified) return 0;
  const std::string text = candidate->text();
  const auto again = Candidate::parse(text);
  REDAN_ASSERT(again && again->text() == text);
  REDAN_ASSERT(again->foundation == candidate->foundation && again->component == candidate->component);
  REDAN_ASSERT(again->priority == candidate->priority && again->address == candidate->address);
  REDAN_ASSERT(again->transport == candidate->transport && again->type == candidate->type);
  REDAN_ASSERT(again->usable() == candidate->usable());
  return 0;
}
