// The value of an a=fingerprint line: a value that parses is written in one form, which parses to the same value.
#include <redan/crypto.hpp>

#include "base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto fingerprint = redan::Fingerprint::parse(redan::as_text({data, size}));
  if (!fingerprint) return 0;
  const std::string text = fingerprint->text();
  REDAN_ASSERT(text.size() == size);
  const auto again = redan::Fingerprint::parse(text);
  REDAN_ASSERT(again && again->equals(*fingerprint) && again->text() == text);
  return 0;
}
