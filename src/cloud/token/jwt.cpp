#include "cloud/token/jwt.hpp"

#include <algorithm>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>

#include "base/base64.hpp"
#include "base/words.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/json_object.hpp"

namespace redan::cloud::token {
namespace {

namespace json = boost::json;

constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::size_t kSecretSize = 64;
/// Most claims fit; larger ones use the heap in addition.
constexpr std::size_t kStackStorage = 2048;

/// Extensions that must be understood (RFC 7515 section 4.1.11), and parameters that name or carry a key (sections
/// 4.1.2 to 4.1.8): this service has one key and supports no extension. Other unknown parameters are ignored (section
/// 4).
constexpr std::string_view kRefusedParameters[] = {"crit", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256"};

std::string_view text_of(const json::string& text) { return {text.data(), text.size()}; }

std::string encode(std::string_view text) { return to_base64(as_bytes(text), Base64::url); }

Result<void> check_header(std::string_view encoded) {
  const auto bytes = from_base64(encoded, Base64::url);
  if (!bytes) return refuse(errc::token_syntax);
  std::array<unsigned char, kStackStorage> space;
  json::monotonic_resource storage(space.data(), space.size());
  const auto header = parse_json_object(as_text(*bytes), &storage);
  if (!header) return refuse(errc::token_syntax);
  if (find_string(*header, "alg") != "HS256") return refuse(errc::token_algorithm);
  // RFC 7519 section 5.1: upper case is recommended, but a media type is case-insensitive.
  const auto type = find_string(*header, "typ");
  if (header->contains("typ") && !(type && equals_ignoring_case(*type, "JWT"))) return refuse(errc::token_header);
  for (const std::string_view name : kRefusedParameters) {
    if (header->contains(name)) return refuse(errc::token_header);
  }
  return {};
}

// Claims. Each function reads one member, if present, and returns whether it has the right type.

bool read(const json::object& object, std::string_view name, std::string& out) {
  if (!object.contains(name)) return true;
  const auto text = find_string(object, name);
  if (text) out = *text;
  return text.has_value();
}

/// NumericDate (RFC 7519 section 2): a number, which may have a fraction. A token expires at the second that it names,
/// and is valid from the next whole second on.
enum class Rounding : std::uint8_t { down, up };
bool read(const json::object& object, std::string_view name, Rounding rounding, std::optional<WallTime>& out) {
  constexpr double kLatest = 1e15;
  const json::value* const value = object.if_contains(name);
  if (value == nullptr) return true;
  if (value->is_int64()) {
    out = WallTime{value->get_int64()};
    return true;
  }
  if (!value->is_double() || !(std::abs(value->get_double()) <= kLatest)) return false;
  const double whole = rounding == Rounding::down ? std::floor(value->get_double()) : std::ceil(value->get_double());
  out = WallTime{static_cast<std::int64_t>(whole)};
  return true;
}

bool read(const json::object& object, std::string_view name, std::vector<std::string>& out) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr) return true;
  if (!value->is_array()) return false;
  for (const json::value& element : value->get_array()) {
    if (!element.is_string()) return false;
    out.emplace_back(text_of(element.get_string()));
  }
  return true;
}

/// One text or a list of texts (RFC 7519 section 4.1.3).
bool read_audience(const json::object& object, std::vector<std::string>& out) {
  if (const auto one = find_string(object, "aud")) {
    out.emplace_back(*one);
    return true;
  }
  return read(object, "aud", out);
}

/// A list of texts, or one text separated by blanks (RFC 8693 section 4.2).
bool read_scope(const json::object& object, std::vector<std::string>& out) {
  const auto text = find_string(object, "scope");
  if (!text) return read(object, "scope", out);
  std::string_view rest = *text;
  for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest)) out.emplace_back(word);
  return true;
}

Result<JwtClaims> parse_claims(std::string_view encoded) {
  const auto bytes = from_base64(encoded, Base64::url);
  if (!bytes) return refuse(errc::token_syntax);
  std::array<unsigned char, kStackStorage> space;
  json::monotonic_resource storage(space.data(), space.size());
  const auto object = parse_json_object(as_text(*bytes), &storage);
  if (!object) return refuse(errc::token_syntax);
  JwtClaims claims;
  std::optional<WallTime> expires;
  const bool right_types =
      read(*object, "iss", claims.issuer) && read_audience(*object, claims.audience) &&
      read(*object, "sub", claims.subject) && read(*object, "iat", Rounding::up, claims.issued_at) &&
      read(*object, "nbf", Rounding::up, claims.not_before) && read(*object, "exp", Rounding::down, expires) &&
      read(*object, "jti", claims.id) && read_scope(*object, claims.scope);
  if (!right_types || !expires) return refuse(errc::token_claims);
  claims.expires = *expires;
  return claims;
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool meant_for(const JwtClaims& claims, const JwtExpectations& expected) {
  return !expected.issuer.empty() && claims.issuer == expected.issuer && !expected.audience.empty() &&
         contains(claims.audience, expected.audience) && (!expected.subject || claims.subject == *expected.subject);
}

Result<void> check(const JwtClaims& claims, const JwtExpectations& expected, WallTime now) {
  if (!meant_for(claims, expected)) return refuse(errc::token_claims);
  if (claims.expires <= now) return refuse(errc::token_expired);
  const WallTime latest{now.seconds_since_1970 + kJwtLeewaySeconds};
  if (claims.not_before > latest || claims.issued_at > latest) return refuse(errc::token_not_yet_valid);
  return {};
}

json::array to_array(const std::vector<std::string>& texts) { return json::array(texts.begin(), texts.end()); }

json::object to_json(const JwtClaims& claims) {
  json::object object;
  if (!claims.issuer.empty()) object["iss"] = claims.issuer;
  if (claims.audience.size() == 1) object["aud"] = claims.audience.front();
  if (claims.audience.size() > 1) object["aud"] = to_array(claims.audience);
  if (!claims.subject.empty()) object["sub"] = claims.subject;
  if (claims.issued_at) object["iat"] = claims.issued_at->seconds_since_1970;
  if (claims.not_before) object["nbf"] = claims.not_before->seconds_since_1970;
  object["exp"] = claims.expires.seconds_since_1970;
  if (!claims.id.empty()) object["jti"] = claims.id;
  if (!claims.scope.empty()) object["scope"] = to_array(claims.scope);
  return object;
}

}  // namespace

bool JwtClaims::allows(std::string_view wanted) const { return contains(scope, wanted); }

Result<JwtKey> JwtKey::prepare(Provider& provider, const Secret<64>& secret) {
  if (secret.size() != kSecretSize) return refuse(Errc::invalid_argument);
  return JwtKey(provider.hmac(HashAlgorithm::sha256, secret.expose()));
}

Result<std::string> JwtKey::mint(const JwtClaims& claims) {
  std::string token = encode(kHeader) + "." + encode(json::serialize(to_json(claims)));
  token += "." + to_base64(sign(token).bytes(), Base64::url);
  if (token.size() > kMaxJwtSize) return refuse(errc::token_too_large);
  return token;
}

Result<UnverifiedJwt> UnverifiedJwt::parse(std::string_view text) {
  if (text.size() > kMaxJwtSize) return refuse(errc::token_too_large);
  const std::size_t first = text.find('.');
  const std::size_t second = text.rfind('.');
  if (first == std::string_view::npos || text.find('.', first + 1) != second) return refuse(errc::token_syntax);
  REDAN_CHECK(check_header(text.substr(0, first)));
  const auto signature = from_base64(text.substr(second + 1), Base64::url);
  if (!signature || signature->size() != kSignatureSize) return refuse(errc::token_syntax);
  UnverifiedJwt token;
  token.signing_input_ = text.substr(0, second);
  token.header_size_ = first;
  std::copy(signature->begin(), signature->end(), token.signature_.begin());
  return token;
}

Result<JwtClaims> UnverifiedJwt::verify(JwtKey& key, const JwtExpectations& expected, WallTime now) const {
  if (!equal_in_constant_time(key.sign(signing_input_).bytes(), signature_)) return refuse(errc::token_bad_signature);
  auto claims = parse_claims(std::string_view(signing_input_).substr(header_size_ + 1));
  if (!claims) return claims;
  REDAN_CHECK(check(*claims, expected, now));
  return claims;
}

}  // namespace redan::cloud::token
