#include "wamp/key_ring.hpp"

#include <algorithm>

#include "wamp/errors.hpp"

namespace redan::wamp {
namespace {

constexpr std::string_view kAlgorithm = "cryptobox";
constexpr std::string_view kPlaintextSerializer = "json";

bool is_cryptobox(const Dict& attributes) {
  const Value* const algorithm = attributes.find("enc_algo");
  const Value* const serializer = attributes.find("enc_serializer");
  return algorithm != nullptr && algorithm->text() == kAlgorithm && serializer != nullptr &&
         serializer->text() == kPlaintextSerializer;
}

bool begins_with_one_of(std::string_view uri, const std::set<std::string, std::less<>>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& prefix) { return uri.starts_with(prefix); });
}

void write_attributes(Dict& attributes) {
  attributes["enc_algo"] = Value(kAlgorithm);
  attributes["enc_serializer"] = Value(kPlaintextSerializer);
}

Payload sealed(const Key& key, Party party, std::string_view uri, Payload&& payload, Dict& attributes,
               RandomSource& random) {
  BoxPlaintext plaintext{std::string(uri), std::move(payload.args), std::move(payload.kwargs)};
  Payload box;
  box.sealed = seal_box(key, party, plaintext, random);
  write_attributes(attributes);
  return box;
}

redan::Result<Payload> opened(const Key& key, Party party, std::string_view uri, const Payload& payload) {
  REDAN_TRY(auto plaintext, open_box(key, party, uri, *payload.sealed));
  Payload clear;
  if (plaintext.args) clear.args = std::move(*plaintext.args);
  if (plaintext.kwargs) clear.kwargs = std::move(*plaintext.kwargs);
  return clear;
}

}  // namespace

void KeyRing::erase_key(std::string_view prefix) {
  if (const auto at = keys_.find(prefix); at != keys_.end()) keys_.erase(at);
}

const Key* KeyRing::find(std::string_view uri, Party party) const {
  // Of all prefixes of `uri` the longest sorts last; keys that sort between it and `uri` share ever less with `uri`.
  for (auto at = keys_.upper_bound(uri); at != keys_.begin();) {
    --at;
    if (uri.starts_with(at->first)) return at->second.serves(party) ? &at->second : nullptr;
    const auto differs = std::mismatch(uri.begin(), uri.end(), at->first.begin(), at->first.end()).first;
    uri = uri.substr(0, static_cast<std::size_t>(differs - uri.begin()));
    at = keys_.upper_bound(uri);
  }
  return nullptr;
}

bool KeyRing::is_required(std::string_view uri) const { return begins_with_one_of(uri, required_); }

bool KeyRing::is_carried(std::string_view uri) const { return begins_with_one_of(uri, carried_); }

redan::Result<Payload> KeyRing::seal(Party party, std::string_view uri, Payload payload, Dict& attributes,
                                     RandomSource& random) const {
  if (is_carried(uri)) {
    if (!payload.sealed) return refuse(errc::wamp_no_key);
    write_attributes(attributes);
    return payload;
  }
  if (payload.sealed) return refuse(Errc::invalid_argument);
  const Key* const key = find(uri, party);
  if (key != nullptr) return sealed(*key, party, uri, std::move(payload), attributes, random);
  if (is_required(uri)) return refuse(errc::wamp_no_key);
  return payload;
}

redan::Result<Payload> KeyRing::open(Party party, std::string_view uri, Payload payload, const Dict& attributes) const {
  const bool carried = is_carried(uri);
  if (!payload.sealed) {
    if (carried || is_required(uri)) return refuse(errc::wamp_clear_payload);
    return payload;
  }
  if (!is_cryptobox(attributes)) return refuse(errc::wamp_decrypt_error);
  if (carried) return payload;
  const Key* const key = find(uri, party);
  if (key == nullptr) return refuse(errc::wamp_no_key);
  return opened(*key, party, uri, payload);
}

redan::Result<Payload> KeyRing::seal_error(Party party, std::string_view procedure, std::string_view error,
                                           Payload payload, Dict& attributes, RandomSource& random) const {
  if (is_carried(procedure)) {
    if (payload != Payload{}) return refuse(errc::wamp_no_key);
    return payload;
  }
  if (payload.sealed) return refuse(Errc::invalid_argument);
  const Key* key = find(error, party);
  if (key == nullptr) key = find(procedure, party);
  if (key != nullptr) return sealed(*key, party, error, std::move(payload), attributes, random);
  if (is_required(error) || is_required(procedure)) return refuse(errc::wamp_no_key);
  return payload;
}

redan::Result<Payload> KeyRing::open_error(Party party, std::string_view procedure, std::string_view error,
                                           Payload payload, const Dict& attributes) const {
  if (!payload.sealed || is_carried(procedure)) {
    const bool refused = is_carried(procedure) || is_required(error) || is_required(procedure);
    if (refused) return refuse(errc::wamp_clear_payload);
    return payload;
  }
  if (!is_cryptobox(attributes)) return refuse(errc::wamp_decrypt_error);
  const Key* const of_error = find(error, party);
  const Key* const of_procedure = find(procedure, party);
  if (of_error == nullptr && of_procedure == nullptr) return refuse(errc::wamp_no_key);
  if (of_error != nullptr) {
    auto clear = opened(*of_error, party, error, payload);
    if (clear || of_procedure == nullptr || of_procedure == of_error) return clear;
  }
  return opened(*of_procedure, party, error, payload);
}

std::string_view encryption_error_uri(Errc code) {
  switch (code.number()) {
    case errc::wamp_uri_mismatch.number():
      return "wamp.error.encryption.trusted_uri_mismatch";
    case errc::wamp_decrypt_error.number():
    case errc::wamp_clear_payload.number():
    case errc::wamp_replayed.number():
      return "wamp.error.encryption.decrypt_error";
    case errc::wamp_no_key.number():
      return "wamp.error.no_payload_codec";
    default:
      return {};
  }
}

}  // namespace redan::wamp
