#include "wamp/key_ring.hpp"

#include <algorithm>

#include "wamp/errors.hpp"

namespace redan::wamp {
namespace {

constexpr std::string_view kAlgorithm = "cryptobox";
constexpr std::string_view kPlaintextSerializer = "json";
constexpr std::string_view kPptScheme = "wamp";
constexpr std::string_view kPptSerializer = "cbor";

bool is_cryptobox(const Dict& attributes) {
  const Value* const algorithm = attributes.find("enc_algo");
  const Value* const serializer = attributes.find("enc_serializer");
  return algorithm != nullptr && algorithm->text() == kAlgorithm && serializer != nullptr &&
         serializer->text() == kPlaintextSerializer;
}

bool begins_with_one_of(std::string_view uri, const std::set<std::string, std::less<>>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& prefix) { return uri.starts_with(prefix); });
}

std::optional<std::string_view> text_of(const Dict& attributes, std::string_view name) {
  const Value* const value = attributes.find(name);
  return value == nullptr ? std::nullopt : value->text();
}

void write_attributes(Dict& attributes, const std::string& key_id) {
  attributes["enc_algo"] = Value(kAlgorithm);
  attributes["enc_serializer"] = Value(kPlaintextSerializer);
  if (!key_id.empty()) attributes["enc_key"] = key_id;
}

void write_ppt_attributes(Dict& attributes, PptCipher cipher, const std::string& key_id) {
  attributes["ppt_scheme"] = Value(kPptScheme);
  attributes["ppt_serializer"] = Value(kPptSerializer);
  attributes["ppt_cipher"] = Value(name(cipher));
  if (!key_id.empty()) attributes["ppt_keyid"] = key_id;
}

redan::Result<Payload> opened_box(const Key& key, Party party, std::string_view uri, const Payload& payload) {
  REDAN_TRY(auto plaintext, open_box(key, party, uri, *payload.sealed));
  Payload clear;
  if (plaintext.args) clear.args = std::move(*plaintext.args);
  if (plaintext.kwargs) clear.kwargs = std::move(*plaintext.kwargs);
  return clear;
}

/// Whether the attributes say what the key does.
bool fits(const SecretKey& key, const Dict& attributes) {
  return text_of(attributes, "ppt_serializer") == kPptSerializer &&
         text_of(attributes, "ppt_cipher") == name(key.cipher());
}

}  // namespace

// Keys.

Protection KeyRing::Entry::protection() const {
  const bool box = std::holds_alternative<Key>(key);
  return {box ? Protection::Kind::cryptobox : Protection::Kind::ppt, use.id};
}

bool KeyRing::Entry::serves(Party party) const {
  const Key* const box = std::get_if<Key>(&key);
  return box == nullptr || box->serves(party);
}

void KeyRing::set(std::string prefix, std::variant<Key, SecretKey> key, KeyUse use) {
  Entries& all = keys_[std::move(prefix)];
  const auto same = std::find_if(all.begin(), all.end(), [&](const Entry& entry) { return entry.use.id == use.id; });
  Entry entry{std::move(key), std::move(use)};
  if (same != all.end()) {
    *same = std::move(entry);
  } else if (all.size() < kMaxKeys) {
    all.push_back(std::move(entry));
  }
}

void KeyRing::erase_key(std::string_view prefix) {
  if (const auto at = keys_.find(prefix); at != keys_.end()) keys_.erase(at);
}

std::size_t KeyRing::count(std::string_view prefix) const {
  const auto at = keys_.find(prefix);
  return at == keys_.end() ? 0 : at->second.size();
}

bool KeyRing::has_key(std::string_view prefix, std::string_view id) const {
  const auto at = keys_.find(prefix);
  return at != keys_.end() &&
         std::any_of(at->second.begin(), at->second.end(), [&](const Entry& entry) { return entry.use.id == id; });
}

const KeyRing::Entries* KeyRing::entries(std::string_view uri) const {
  // Of all prefixes of `uri` the longest sorts last; keys that sort between it and `uri` share ever less with `uri`.
  for (auto at = keys_.upper_bound(uri); at != keys_.begin();) {
    --at;
    if (uri.starts_with(at->first)) return &at->second;
    const auto differs = std::mismatch(uri.begin(), uri.end(), at->first.begin(), at->first.end()).first;
    uri = uri.substr(0, static_cast<std::size_t>(differs - uri.begin()));
    at = keys_.upper_bound(uri);
  }
  return nullptr;
}

const Key* KeyRing::find(std::string_view uri, Party party) const {
  const Entries* const all = entries(uri);
  if (all == nullptr) return nullptr;
  for (const Entry& entry : *all) {
    const Key* const box = std::get_if<Key>(&entry.key);
    if (box != nullptr && box->serves(party)) return box;
  }
  return nullptr;
}

bool KeyRing::has_secret(std::string_view uri) const {
  const Entries* const all = entries(uri);
  return all != nullptr && std::any_of(all->begin(), all->end(),
                                       [](const Entry& entry) { return std::holds_alternative<SecretKey>(entry.key); });
}

bool KeyRing::is_required(std::string_view uri) const { return begins_with_one_of(uri, required_); }

bool KeyRing::is_carried(std::string_view uri) const { return begins_with_one_of(uri, carried_); }

std::vector<Protection> KeyRing::audience(std::string_view topic) const {
  std::vector<Protection> audience;
  const Entries* const all = is_carried(topic) ? nullptr : entries(topic);
  if (all != nullptr) {
    for (const Entry& entry : *all) {
      if (!entry.use.opens_only && entry.serves(Party::originator)) audience.push_back(entry.protection());
    }
  }
  if (audience.empty()) audience.emplace_back();
  return audience;
}

// Sealing.

const KeyRing::Entry* KeyRing::sealing(std::string_view uri, Party party, const Protection* like) const {
  const Entries* const all = entries(uri);
  if (all == nullptr) return nullptr;
  const auto fits = [&](const Entry& entry) {
    if (!entry.serves(party)) return false;
    if (like == nullptr || !like->encrypted()) return !entry.use.opens_only;
    return entry.protection().kind == like->kind && entry.use.id == like->key_id;
  };
  const auto at = std::find_if(all->begin(), all->end(), fits);
  return at == all->end() ? nullptr : &*at;
}

Payload KeyRing::sealed(const Entry& entry, Party party, std::string_view uri, Payload&& payload, Dict& attributes,
                        RandomSource& random) {
  Payload protected_payload;
  if (const Key* const box = std::get_if<Key>(&entry.key)) {
    const BoxPlaintext plaintext{std::string(uri), std::move(payload.args), std::move(payload.kwargs)};
    protected_payload.sealed = seal_box(*box, party, plaintext, random);
    write_attributes(attributes, entry.use.id);
  } else {
    const auto& secret = std::get<SecretKey>(entry.key);
    protected_payload.args.emplace_back(secret.seal(payload, random));
    write_ppt_attributes(attributes, secret.cipher(), entry.use.id);
  }
  return protected_payload;
}

redan::Result<Payload> KeyRing::seal(Party party, std::string_view uri, Payload payload, Dict& attributes,
                                     RandomSource& random, const Protection* like) const {
  if (is_carried(uri)) {
    if (!payload.sealed) return refuse(errc::wamp_no_key);
    write_attributes(attributes, {});
    return payload;
  }
  if (payload.sealed) return refuse(Errc::invalid_argument);
  const Entry* const entry = sealing(uri, party, like);
  if (entry != nullptr && attributes.find("ppt_scheme") != nullptr) return refuse(Errc::invalid_argument);
  if (entry != nullptr) return sealed(*entry, party, uri, std::move(payload), attributes, random);
  const bool answers_encrypted = like != nullptr && like->encrypted();
  if (answers_encrypted || is_required(uri)) return refuse(errc::wamp_no_key);
  return payload;
}

redan::Result<Payload> KeyRing::seal_error(Party party, std::string_view procedure, std::string_view error,
                                           Payload payload, Dict& attributes, RandomSource& random,
                                           const Protection* like) const {
  if (is_carried(procedure)) {
    if (payload != Payload{}) return refuse(errc::wamp_no_key);
    return payload;
  }
  if (payload.sealed) return refuse(Errc::invalid_argument);
  const Entry* entry = sealing(error, party, like);
  if (entry == nullptr) entry = sealing(procedure, party, like);
  if (entry != nullptr) return sealed(*entry, party, error, std::move(payload), attributes, random);
  const bool answers_encrypted = like != nullptr && like->encrypted();
  if (answers_encrypted || is_required(error) || is_required(procedure)) return refuse(errc::wamp_no_key);
  return payload;
}

// Opening.

redan::Result<Payload> KeyRing::opened(std::string_view keys_of, Protection::Kind kind, Party party,
                                       std::string_view uri, const Payload& payload, const Dict& attributes,
                                       Protection* how) const {
  const bool is_box = kind == Protection::Kind::cryptobox;
  if (is_box && !is_cryptobox(attributes)) return refuse(errc::wamp_decrypt_error);
  const auto named = text_of(attributes, is_box ? "enc_key" : "ppt_keyid");
  const Entries* const all = entries(keys_of);
  Errc failure = errc::wamp_no_key;
  if (all == nullptr) return refuse(failure);
  for (const Entry& entry : *all) {
    if (entry.protection().kind != kind || !entry.serves(party)) continue;
    const bool meant = !named || entry.use.id.empty() || entry.use.id == *named;
    if (!meant && failure == errc::wamp_no_key) failure = errc::wamp_unknown_key;
    if (!meant) continue;
    auto clear = is_box ? opened_box(std::get<Key>(entry.key), party, uri, payload)
                 : fits(std::get<SecretKey>(entry.key), attributes)
                     ? std::get<SecretKey>(entry.key).open(*payload.args[0].get_if<Binary>())
                     : redan::Result<Payload>(refuse(errc::wamp_decrypt_error));
    if (clear && how != nullptr) *how = entry.protection();
    if (clear) return clear;
    failure = clear.error();
    if (failure == errc::wamp_uri_mismatch) break;
  }
  return refuse(failure);
}

redan::Result<Payload> KeyRing::open(Party party, std::string_view uri, Payload payload, const Dict& attributes,
                                     Protection* how) const {
  const bool carried = is_carried(uri);
  if (!payload.sealed) {
    if (!carried && is_ppt(payload, attributes) && has_secret(uri)) {
      return opened(uri, Protection::Kind::ppt, party, uri, payload, attributes, how);
    }
    if (carried || is_required(uri)) return refuse(errc::wamp_clear_payload);
    return payload;
  }
  if (!carried) return opened(uri, Protection::Kind::cryptobox, party, uri, payload, attributes, how);
  if (!is_cryptobox(attributes)) return refuse(errc::wamp_decrypt_error);
  if (how != nullptr) how->kind = Protection::Kind::cryptobox;
  return payload;
}

redan::Result<Payload> KeyRing::open_error(Party party, std::string_view procedure, std::string_view error,
                                           Payload payload, const Dict& attributes) const {
  const bool carried = is_carried(procedure);
  const bool ppt = !carried && is_ppt(payload, attributes) && (has_secret(error) || has_secret(procedure));
  if (carried || (!payload.sealed && !ppt)) {
    if (carried || is_required(error) || is_required(procedure)) return refuse(errc::wamp_clear_payload);
    return payload;
  }
  const auto kind = ppt ? Protection::Kind::ppt : Protection::Kind::cryptobox;
  auto clear = opened(error, kind, party, error, payload, attributes, nullptr);
  if (clear || entries(procedure) == nullptr || entries(procedure) == entries(error)) return clear;
  return opened(procedure, kind, party, error, payload, attributes, nullptr);
}

bool is_ppt(const Payload& payload, const Dict& attributes) {
  return text_of(attributes, "ppt_scheme") == kPptScheme && !payload.sealed && payload.kwargs.empty() &&
         payload.args.size() == 1 && payload.args[0].get_if<Binary>() != nullptr;
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
    case errc::wamp_unknown_key.number():
      return "wamp.error.no_payload_codec";
    default:
      return {};
  }
}

}  // namespace redan::wamp
