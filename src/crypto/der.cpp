#include "crypto/der.hpp"

#include "base/assert.hpp"

namespace redan::der {
namespace {

std::size_t read_length(Reader& reader) {
  const std::uint8_t first = reader.u8();
  if (first < 0x80) return first;
  const std::size_t length = first == 0x81 ? reader.u8() : first == 0x82 ? reader.u16() : 0;
  const std::size_t smallest = first == 0x81 ? 0x80 : 0x100;
  if (first > 0x82 || length < smallest) reader.fail();
  return length;
}

}  // namespace

Element next(Reader& reader) {
  Reader whole = reader;
  Element element;
  element.tag = reader.u8();
  if ((element.tag & 0x1fU) == 0x1f) reader.fail();  // a tag of several bytes
  element.content = reader.bytes(read_length(reader));
  if (!reader.ok()) return {};
  element.whole = whole.bytes(whole.remaining() - reader.remaining());
  return element;
}

Bytes expect(Reader& reader, std::uint8_t tag) {
  const Element element = next(reader);
  if (element.tag != tag) reader.fail();
  return reader.ok() ? element.content : Bytes{};
}

Reader enter(Reader& reader, std::uint8_t tag) {
  Reader inner(expect(reader, tag));
  if (!reader.ok()) inner.fail();
  return inner;
}

bool next_is(Reader reader, std::uint8_t tag) { return !reader.empty() && reader.u8() == tag; }

Bytes positive_integer(Reader& reader) {
  const Bytes content = expect(reader, kInteger);
  const bool padded = content.size() > 1 && content[0] == 0;
  const bool negative = !content.empty() && content[0] >= 0x80;
  const bool zero = content.size() == 1 && content[0] == 0;
  if (content.empty() || negative || zero || (padded && content[1] < 0x80)) {
    reader.fail();
    return {};
  }
  return content.subspan(padded ? 1 : 0);
}

Der element(std::uint8_t tag, std::initializer_list<Bytes> parts) {
  std::size_t length = 0;
  for (const Bytes part : parts) length += part.size();
  REDAN_ASSERT(length < 0x10000);
  Der out{tag};
  out.reserve(4 + length);
  if (length >= 0x100) {
    out.push_back(0x82);
    out.push_back(static_cast<std::uint8_t>(length >> 8U));
  } else if (length >= 0x80) {
    out.push_back(0x81);
  }
  out.push_back(static_cast<std::uint8_t>(length));
  for (const Bytes part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Der unsigned_integer(Bytes magnitude) {
  while (magnitude.size() > 1 && magnitude[0] == 0) magnitude = magnitude.subspan(1);
  static constexpr std::uint8_t kZero[] = {0};
  const bool pad = magnitude.empty() || magnitude[0] >= 0x80;
  return element(kInteger, {pad ? Bytes(kZero) : Bytes{}, magnitude});
}

Der bit_string(Bytes bytes) {
  static constexpr std::uint8_t kNoUnusedBits[] = {0};
  return element(kBitString, {kNoUnusedBits, bytes});
}

}  // namespace redan::der
