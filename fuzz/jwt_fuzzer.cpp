// JWTs: any text; and any header and payload, before and after a line feed, with a valid signature. A token that
// verifies is issued again, and verifies to the same claims.
#include <redan/crypto.hpp>

#include "base/assert.hpp"
#include "base/base64.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/jwt.hpp"

namespace {

using namespace redan;
using namespace redan::cloud;

constexpr cloud::token::JwtExpectations kExpected{"ams", "ams-internal"};
constexpr WallTime kNow{1877688000};

Secret<64> secret() {
  Secret<64> bytes;
  bytes.fill(64);
  return bytes;
}

Provider& provider() {
  static const std::unique_ptr<Provider> kProvider = default_provider();
  return *kProvider;
}

std::string encode(std::string_view text) { return to_base64(as_bytes(text), Base64::url); }

std::string sign(std::string_view header, std::string_view payload) {
  const std::string input = encode(header) + "." + encode(payload);
  const Secret<64> key = secret();
  return input + "." +
         to_base64(provider().hmac_once(HashAlgorithm::sha256, key.expose(), as_bytes(input)).bytes(), Base64::url);
}

void verify(cloud::token::JwtKey& key, std::string_view text, bool authentic) {
  const auto token = cloud::token::UnverifiedJwt::parse(text);
  if (!token) return;
  const auto claims = token->verify(key, kExpected, kNow);
  REDAN_ASSERT(!authentic || claims || claims.error() != cloud::errc::token_bad_signature);
  if (!claims) return;
  REDAN_ASSERT(claims->issuer == "ams" && claims->expires > kNow);
  const auto again = key.mint(*claims);
  if (!again) return;  // escapes made it longer
  const auto minted = cloud::token::UnverifiedJwt::parse(*again);
  REDAN_ASSERT(minted && minted->verify(key, kExpected, kNow) == claims);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static cloud::token::JwtKey key = std::move(*cloud::token::JwtKey::prepare(provider(), secret()));
  const std::string_view text = as_text(Bytes(data, size));
  verify(key, text, false);
  const std::size_t line = std::min(text.find('\n'), text.size());
  verify(key, sign(text.substr(0, line), text.substr(std::min(line + 1, text.size()))), true);
  return 0;
}
