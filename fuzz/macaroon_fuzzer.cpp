// Macaroons in every form, as bytes and as text. A macaroon that parses is written and parses to the same value; the
// binary versions have one encoding. None of them verifies, because the key is unknown.
#include <algorithm>

#include "base/assert.hpp"
#include "base/base64.hpp"
#include "cloud/token/macaroon_format.hpp"

namespace {

using namespace redan;
using namespace redan::cloud;

bool same(Bytes a, Bytes b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

void binary(Bytes bytes) {
  if (const auto macaroon = cloud::token::parse_macaroon_v1(bytes))
    REDAN_ASSERT(same(cloud::token::write_macaroon_v1(*macaroon), bytes));
  if (const auto macaroon = cloud::token::parse_macaroon_v2(bytes))
    REDAN_ASSERT(same(cloud::token::write_macaroon_v2(*macaroon), bytes));
}

bool ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// JSON cannot represent a location that is not text.
bool has_json(const cloud::token::Macaroon& macaroon) {
  return ascii(macaroon.location) &&
         std::all_of(macaroon.caveats.begin(), macaroon.caveats.end(),
                     [](const cloud::token::Caveat& caveat) { return ascii(caveat.location); });
}

/// JSON may grow when it is written again: escapes, and base64 for unprintable text.
void rewrite(const cloud::token::Macaroon& macaroon) {
  const std::string json = cloud::token::write_macaroon_json(macaroon);
  if (has_json(macaroon) && json.size() <= cloud::token::kMaxMacaroonSize)
    REDAN_ASSERT(cloud::token::Macaroon::parse(json) == macaroon);
  const auto v2 = cloud::token::write_macaroon_v2(macaroon);
  if (v2.size() <= cloud::token::kMaxMacaroonSize)
    REDAN_ASSERT(cloud::token::Macaroon::parse(macaroon.text()) == macaroon);
}

void narrow(cloud::token::Macaroon macaroon, Provider& provider, cloud::token::MacaroonKey& key) {
  const WallTime now{1877688000};
  REDAN_ASSERT(!macaroon.verify(key, macaroon.location, {now, "join", "s1", "eu-1", "i1"}));
  const std::size_t count = macaroon.caveats.size();
  const bool added = macaroon.add_first_party(provider, "op=join").has_value();
  REDAN_ASSERT(macaroon.caveats.size() == count + (added ? 1U : 0U) && count <= cloud::token::kMaxCaveats);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<Provider> kProvider = default_provider();
  static cloud::token::MacaroonKey key = [] {
    Secret<64> root;
    kProvider->random(root.fill(64));
    return std::move(*cloud::token::MacaroonKey::prepare(*kProvider, root));
  }();
  const Bytes bytes(data, size);
  binary(bytes);
  for (const std::string& text : {std::string(as_text(bytes)), to_base64(bytes, Base64::url)}) {
    const auto macaroon = cloud::token::Macaroon::parse(text);
    if (!macaroon) continue;
    rewrite(*macaroon);
    narrow(*macaroon, *kProvider, key);
  }
  return 0;
}
