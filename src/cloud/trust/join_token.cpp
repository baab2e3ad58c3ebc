#include "cloud/trust/join_token.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/json_object.hpp"

namespace redan::cloud::trust {
namespace {

namespace json = boost::json;

constexpr std::size_t kSecretSize = 32;

std::optional<std::vector<std::string>> find_texts(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const json::value& element : value->get_array()) {
    if (!element.is_string()) return std::nullopt;
    texts.emplace_back(element.get_string());
  }
  return texts;
}

}  // namespace

std::string to_text(const JoinToken& token) {
  return to_base64(
      as_bytes(json::serialize(json::object{{"name", token.name},
                                            {"addresses", json::array(token.addresses.begin(), token.addresses.end())},
                                            {"fingerprint", token.fingerprint},
                                            {"secret", to_base64(token.secret.expose(), Base64::url)},
                                            {"expires_at", token.expires_at.seconds_since_1970}})),
      Base64::url);
}

Result<JoinToken> parse_join_token(std::string_view text) {
  if (text.size() > kMaxJoinToken) return refuse(errc::trust_join_token);
  const auto bytes = from_base64(text, Base64::url);
  const auto object = bytes ? token::parse_json_object(as_text(*bytes)) : std::nullopt;
  if (!object) return refuse(errc::trust_join_token);
  const auto label = token::find_string(*object, "name");
  auto addresses = find_texts(*object, "addresses");
  const auto fingerprint = token::find_string(*object, "fingerprint");
  const auto secret = from_base64(token::find_string(*object, "secret").value_or(""), Base64::url);
  const json::value* const expires = object->if_contains("expires_at");
  if (!label || !addresses || !fingerprint || !secret || secret->size() != kSecretSize || expires == nullptr ||
      !expires->is_int64()) {
    return refuse(errc::trust_join_token);
  }
  return JoinToken{std::string(*label), std::move(*addresses), std::string(*fingerprint), JoinSecret(*secret),
                   WallTime{expires->get_int64()}};
}

Result<void> check_join(const std::optional<JoinRecord>& record, WallTime now) {
  if (!record || record->expires_at <= now) return refuse(errc::trust_join_token);
  return {};
}

std::string secret_id(Provider& provider, Bytes secret) {
  return to_hex(provider.hash(HashAlgorithm::sha256, secret).bytes());
}

JoinSecret new_join_secret(Provider& provider) {
  JoinSecret secret;
  provider.random(secret.fill(kSecretSize));
  return secret;
}

}  // namespace redan::cloud::trust
