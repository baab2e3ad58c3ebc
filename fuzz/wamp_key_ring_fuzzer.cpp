// A key ring file; and the same bytes as the plaintext of a ppt payload and as a forged one. What parses is written and
// parses to the same value, and passes through both ciphers unchanged.
#include "base/assert.hpp"
#include "tests/support/seeded_random.hpp"
#include "wamp/key_ring_file.hpp"

using namespace redan;
using namespace redan::wamp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  const auto ring = read_key_ring(as_text(bytes));
  REDAN_ASSERT(ring || !ring.error().empty());
  const auto payload = parse_ppt(bytes);
  if (payload) REDAN_ASSERT(parse_ppt(write_ppt(*payload)) == payload);
  for (const PptCipher cipher : {PptCipher::xsalsa20poly1305, PptCipher::aes256gcm}) {
    const auto key = SecretKey::make(cipher, std::array<std::uint8_t, SecretKey::kSize>{1});
    if (!key) continue;
    REDAN_ASSERT(!key->open(bytes));
    if (!payload) continue;
    test::SeededRandom random(size);
    REDAN_ASSERT(key->open(key->seal(*payload, random)) == *payload);
  }
  return 0;
}
