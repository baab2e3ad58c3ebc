// The text formats of `base`: IP addresses, hexadecimal, base64. A text that parses is written to the same value.
#include "base/assert.hpp"
#include "base/base64.hpp"
#include "base/hex.hpp"

namespace {

using namespace redan;

void address(std::string_view text) {
  const auto parsed = Address::parse(text, 1);
  if (!parsed) return;
  const auto again = Address::parse(parsed->ip_text(), 1);
  REDAN_ASSERT(again && *again == *parsed && again->text() == parsed->text());
}

/// Strict encodings: exactly one text represents these bytes.
void base64(std::string_view text) {
  for (const Base64 form : {Base64::standard, Base64::url}) {
    const auto bytes = from_base64(text, form);
    if (bytes) REDAN_ASSERT(to_base64(*bytes, form) == text);
  }
}

void hex(std::string_view text) {
  const auto plain = from_hex(text);
  if (plain) REDAN_ASSERT(from_hex(to_hex(*plain)) == plain && to_hex(*plain).size() == text.size());
  const auto colons = from_hex(text, HexForm::colons);
  if (colons) REDAN_ASSERT(from_hex(to_colon_hex(*colons), HexForm::colons) == colons);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  address(as_text(bytes));
  base64(as_text(bytes));
  hex(as_text(bytes));
  // The other direction: any bytes have a text.
  const std::vector<std::uint8_t> copy(data, data + size);
  REDAN_ASSERT(from_base64(to_base64(bytes)) == copy);
  REDAN_ASSERT(from_base64(to_base64(bytes, Base64::url), Base64::url) == copy);
  REDAN_ASSERT(from_hex(to_hex(bytes)) == copy);
  return 0;
}
