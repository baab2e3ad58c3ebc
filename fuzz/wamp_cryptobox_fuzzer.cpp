// The content of a box from a sender that has the key; and the same bytes as a forged box. Content that parses is
// written and parses to the same value, and passes through a box unchanged.
#include "base/assert.hpp"
#include "tests/support/seeded_random.hpp"
#include "wamp/cryptobox.hpp"
#include "wamp/errors.hpp"

using namespace redan;
using namespace redan::wamp;

namespace {

Key make_key() {
  test::SeededRandom random(1);
  const BoxKeyPair one = BoxKeyPair::generate(random);
  const BoxKeyPair two = BoxKeyPair::generate(random);
  return std::move(*Key::make({one.private_key.expose(), {}, two.private_key.expose(), {}}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Key kKey = make_key();
  const Bytes bytes(data, size);
  REDAN_ASSERT(!open_box(kKey, Party::responder, "", bytes));
  const auto plaintext = BoxPlaintext::parse(bytes);
  if (!plaintext) return 0;
  const auto text = plaintext->write();
  REDAN_ASSERT(BoxPlaintext::parse(text) == plaintext);
  test::SeededRandom random(size);
  const Binary box = seal_box(kKey, Party::originator, *plaintext, random);
  REDAN_ASSERT(box.size() == text.size() + kBoxOverhead);
  const auto opened = open_box(kKey, Party::responder, plaintext->uri, box);
  REDAN_ASSERT(opened && *opened == *plaintext);
  REDAN_ASSERT(open_box(kKey, Party::responder, plaintext->uri + "x", box).error() == wamp::errc::wamp_uri_mismatch);
  return 0;
}
