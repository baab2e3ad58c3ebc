#include "cloud/token/turn_credential.hpp"

#include <algorithm>
#include <charconv>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::token {
namespace {

constexpr std::size_t kSecretSize = 64;
constexpr std::size_t kMaxId = 128;
constexpr char kSeparator = ':';  // the default of coturn's rest-api-separator

bool printable(std::uint8_t c) { return c > 0x20 && c < 0x7f; }

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxId && std::all_of(id.begin(), id.end(), [](char c) {
    return printable(static_cast<std::uint8_t>(c)) && c != kSeparator;
  });
}

/// The part before the separator, in canonical form: no sign, no leading zeros.
std::optional<WallTime> parse_expiry(std::string_view digits) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (error != std::errc() || std::to_string(seconds) != digits || seconds < 0) return std::nullopt;
  return WallTime{seconds};
}

}  // namespace

Result<TurnKey> TurnKey::prepare(Provider& provider, const Secret<64>& secret) {
  const Bytes text = secret.expose();
  if (text.size() != kSecretSize || !std::all_of(text.begin(), text.end(), printable)) {
    return refuse(Errc::invalid_argument);
  }
  return TurnKey(provider.hmac(HashAlgorithm::sha1, text));
}

Secret<64> TurnKey::generate_secret(RandomSource& random) {
  Secret<kSecretSize / 2> bytes;
  random.random(bytes.fill(kSecretSize / 2));
  std::string text = to_hex(bytes.expose());
  Secret<64> secret(as_bytes(text));
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return secret;
}

Result<TurnCredential> TurnKey::mint(std::string_view id, WallTime expires) {
  if (!is_id(id) || expires.seconds_since_1970 < 0) return refuse(Errc::invalid_argument);
  TurnCredential credential{std::to_string(expires.seconds_since_1970) + kSeparator, {}};
  credential.username += id;
  credential.password = password(credential.username);
  return credential;
}

Result<std::string> TurnKey::verify(const TurnCredential& credential, WallTime now) {
  const std::string_view username = credential.username;
  const std::size_t separator = std::min(username.find(kSeparator), username.size());
  const auto expires = parse_expiry(username.substr(0, separator));
  const std::string_view id = username.substr(std::min(separator + 1, username.size()));
  if (!expires || !is_id(id)) return refuse(errc::token_syntax);
  const std::string expected = password(username);
  if (!equal_in_constant_time(as_bytes(expected), as_bytes(credential.password))) {
    return refuse(errc::token_bad_signature);
  }
  if (*expires <= now) return refuse(errc::token_expired);
  return std::string(id);
}

std::string TurnKey::password(std::string_view username) {
  return to_base64(hmac_->compute(std::array{as_bytes(username)}).bytes());
}

}  // namespace redan::cloud::token
