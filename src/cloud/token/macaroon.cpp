#include "cloud/token/macaroon.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/macaroon_format.hpp"

namespace redan::cloud::token {
namespace {

constexpr std::size_t kRootKeySize = 64;
constexpr std::string_view kKeyGenerator = "macaroons-key-generator";
constexpr std::size_t kMaxText = (kMaxMacaroonSize + 2) / 3 * 4;  // base64 of the largest

/// One link of the chain: each signature is the key of the next one.
Digest next_signature(Provider& provider, Bytes signature, std::string_view caveat) {
  return provider.hmac_once(HashAlgorithm::sha256, signature, as_bytes(caveat));
}

/// The decoded base64: a binary form, or JSON.
Result<Macaroon> parse_bytes(Bytes bytes) {
  if (bytes.empty()) return refuse(errc::token_syntax);
  if (bytes.front() == '{') return parse_macaroon_json(as_text(bytes));
  return bytes.front() == 2 ? parse_macaroon_v2(bytes) : parse_macaroon_v1(bytes);
}

bool too_large(const Macaroon& macaroon) {
  return macaroon.caveats.size() > kMaxCaveats || write_macaroon_v2(macaroon).size() > kMaxMacaroonSize;
}

}  // namespace

Result<MacaroonKey> MacaroonKey::prepare(Provider& provider, const Secret<64>& root) {
  if (root.size() != kRootKeySize) return refuse(Errc::invalid_argument);
  Digest derived = provider.hmac_once(HashAlgorithm::sha256, as_bytes(kKeyGenerator), root.expose());
  MacaroonKey key(provider, provider.hmac(HashAlgorithm::sha256, derived.bytes()));
  wipe(derived.storage);
  return key;
}

Result<Macaroon> Macaroon::parse(std::string_view text) {
  if (text.starts_with('{')) return parse_macaroon_json(text);
  if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) text = text.substr(1, text.size() - 2);
  if (text.size() > kMaxText) return refuse(errc::token_too_large);
  const auto bytes = from_any_base64(text);
  if (!bytes) return refuse(errc::token_syntax);
  return parse_bytes(*bytes);
}

std::string Macaroon::text() const { return to_base64(write_macaroon_v2(*this), Base64::url); }

Result<Macaroon> Macaroon::mint(MacaroonKey& key, std::string_view location, std::string_view identifier) {
  Macaroon macaroon{std::string(location), std::string(identifier), {}, {}};
  if (too_large(macaroon)) return refuse(errc::token_too_large);
  const Digest signature = key.derived_->compute(std::array{as_bytes(identifier)});
  std::copy_n(signature.storage.begin(), macaroon.signature.size(), macaroon.signature.begin());
  return macaroon;
}

Result<void> Macaroon::add_first_party(Provider& provider, std::string_view caveat) {
  caveats.push_back({std::string(caveat)});
  if (too_large(*this)) {
    caveats.pop_back();
    return refuse(errc::token_too_large);
  }
  const Digest next = next_signature(provider, signature, caveat);
  std::copy_n(next.storage.begin(), signature.size(), signature.begin());
  return {};
}

Result<MacaroonClaims> Macaroon::verify(MacaroonKey& key, std::string_view expected_location,
                                        const MacaroonRequest& request) const {
  if (std::any_of(caveats.begin(), caveats.end(), [](const Caveat& caveat) { return caveat.third_party(); })) {
    return refuse(errc::token_third_party);
  }
  Digest expected = key.derived_->compute(std::array{as_bytes(identifier)});
  for (const Caveat& caveat : caveats) {
    expected = next_signature(*key.provider_, expected.bytes(), caveat.identifier);
  }
  const bool authentic = equal_in_constant_time(expected.bytes(), signature);
  wipe(expected.storage);
  if (!authentic) return refuse(errc::token_bad_signature);
  if (location != expected_location) return refuse(errc::token_claims);
  REDAN_TRY(const auto expires, check_caveats(caveats, request));
  return MacaroonClaims{identifier, expires};
}

std::optional<std::vector<std::uint8_t>> from_any_base64(std::string_view text) {
  if (text.ends_with('=')) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  }
  const bool standard = text.find('+') != std::string_view::npos || text.find('/') != std::string_view::npos;
  if (!standard) return from_base64(text, Base64::url);
  std::string padded(text);
  padded.append((4 - text.size() % 4) % 4, '=');
  return from_base64(padded, Base64::standard);
}

}  // namespace redan::cloud::token
