#include "wamp/key_ring_file.hpp"

#include <algorithm>

#include "base/base64.hpp"

namespace redan::wamp {
namespace {

using Refusal = std::optional<std::string>;

/// The first name of `dict` that is not in `known`.
Refusal unknown_name(const Dict& dict, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : dict) {
    if (std::find(known.begin(), known.end(), name) == known.end()) return "unknown name \"" + name + "\"";
  }
  return std::nullopt;
}

/// "" if it is absent.
std::optional<std::string_view> text_of(const Dict& dict, std::string_view name) {
  const Value* const value = dict.find(name);
  return value == nullptr ? "" : value->text();
}

/// The text at `name`, which must be base64; empty if it is absent.
std::optional<std::vector<std::uint8_t>> bytes_of(const Dict& dict, std::string_view name) {
  const auto text = text_of(dict, name);
  return text ? from_base64(*text) : std::nullopt;
}

Refusal read_secret(const Dict& dict, const std::string& prefix, KeyUse use, KeyRing& ring) {
  const auto named = text_of(dict, "cipher");
  const auto cipher = named ? parse_ppt_cipher(*named) : std::nullopt;
  if (!cipher) return "the key for \"" + prefix + "\": \"cipher\" is xsalsa20poly1305 or aes256gcm";
  auto bytes = bytes_of(dict, "secret");
  auto key = bytes ? SecretKey::make(*cipher, *bytes) : redan::Result<SecretKey>(refuse(Errc::crypto_bad_key));
  if (bytes) wipe(*bytes);
  if (!key && key.error() == Errc::crypto_unsupported) {
    return "the key for \"" + prefix + "\": this processor has no AES";
  }
  if (!key) return "the key for \"" + prefix + "\": \"secret\" is not base64 of 32 bytes";
  ring.set_key(prefix, std::move(*key), std::move(use));
  return std::nullopt;
}

Refusal read_box(const Dict& dict, const std::string& prefix, KeyUse use, KeyRing& ring) {
  const auto originator_private = text_of(dict, "originator_private");
  const auto originator_public = text_of(dict, "originator_public");
  const auto responder_private = text_of(dict, "responder_private");
  const auto responder_public = text_of(dict, "responder_public");
  if (!originator_private || !originator_public || !responder_private || !responder_public) {
    return "the key for \"" + prefix + "\": a half is a text";
  }
  auto key = Key::from_base64({*originator_private, *originator_public, *responder_private, *responder_public});
  if (!key) return "the key for \"" + prefix + "\": its halves are not base64 of 32 bytes, or do not form a key";
  ring.set_key(prefix, std::move(*key), std::move(use));
  return std::nullopt;
}

Refusal read_key(const Value& value, KeyRing& ring) {
  const Dict* const dict = value.get_if<Dict>();
  if (dict == nullptr) return "a key is an object";
  const bool secret = dict->find("secret") != nullptr;
  auto unknown = secret ? unknown_name(*dict, {"uri", "id", "opens_only", "secret", "cipher"})
                        : unknown_name(*dict, {"uri", "id", "opens_only", "originator_private", "originator_public",
                                               "responder_private", "responder_public"});
  if (unknown) return unknown;
  const Value* const uri = dict->find("uri");
  if (uri == nullptr || !uri->text() || !is_uri_pattern(*uri->text())) return "a key needs \"uri\", the prefix of URIs";
  const std::string prefix(*uri->text());
  const auto id = text_of(*dict, "id");
  const Value* const opens_only = dict->find("opens_only");
  if (!id || (opens_only != nullptr && !opens_only->boolean())) {
    return "the key for \"" + prefix + "\": \"id\" is a text, \"opens_only\" true or false";
  }
  if (ring.has_key(prefix, *id)) return "two keys for \"" + prefix + "\" have the same id, or none";
  if (ring.count(prefix) == KeyRing::kMaxKeys) return "too many keys for \"" + prefix + "\"";
  KeyUse use{std::string(*id), opens_only != nullptr && *opens_only->boolean()};
  return secret ? read_secret(*dict, prefix, std::move(use), ring) : read_box(*dict, prefix, std::move(use), ring);
}

Refusal read_keys(const Value* value, KeyRing& ring) {
  const List* const list = value == nullptr ? nullptr : value->get_if<List>();
  if (value != nullptr && list == nullptr) return "\"keys\" is a list";
  for (const Value& each : list == nullptr ? List() : *list) {
    if (auto refused = read_key(each, ring)) return refused;
  }
  return std::nullopt;
}

Refusal read_required(const Value* value, KeyRing& ring) {
  const List* const list = value == nullptr ? nullptr : value->get_if<List>();
  if (value != nullptr && list == nullptr) return "\"required\" is a list";
  for (const Value& each : list == nullptr ? List() : *list) {
    if (!each.text() || !is_uri_pattern(*each.text())) return "\"required\" is a list of prefixes of URIs";
    ring.require(std::string(*each.text()));
  }
  return std::nullopt;
}

}  // namespace

tl::expected<KeyRing, std::string> read_key_ring(std::string_view json) {
  const auto value = decode(Serializer::json, as_bytes(json));
  const Dict* const dict = value ? value->get_if<Dict>() : nullptr;
  if (dict == nullptr) return tl::unexpected<std::string>("not a JSON object");
  KeyRing ring;
  Refusal refused = unknown_name(*dict, {"keys", "required"});
  if (!refused) refused = read_keys(dict->find("keys"), ring);
  if (!refused) refused = read_required(dict->find("required"), ring);
  if (refused) return tl::unexpected(std::move(*refused));
  return ring;
}

}  // namespace redan::wamp
