#include "wamp/credential.hpp"

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "wamp/errors.hpp"

namespace redan::wamp {
namespace {

constexpr std::size_t kDigestSize = 32;
constexpr std::size_t kChallengeSize = 32;

const Value* find(const Dict& dict, std::string_view key) {
  const Value* const value = dict.find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

void identify(const std::string& authid, Dict& details) {
  if (!authid.empty()) details["authid"] = Value(authid);
}

/// RFC 8018 section 5.2, limited to one block of HMAC-SHA256.
Secret<kDigestSize> pbkdf2(Provider& provider, Bytes password, Bytes salt, std::int64_t iterations, std::size_t size) {
  const auto hmac = provider.hmac(HashAlgorithm::sha256, password);
  constexpr std::array<std::uint8_t, 4> kFirstBlock = {0, 0, 0, 1};
  Digest u = hmac->compute(std::array<Bytes, 2>{salt, kFirstBlock});
  Digest sum = u;
  for (std::int64_t i = 1; i < iterations; ++i) {
    u = hmac->compute(std::array{u.bytes()});
    for (std::size_t k = 0; k < kDigestSize; ++k) sum.storage[k] ^= u.storage[k];
  }
  Secret<kDigestSize> key(sum.bytes().first(size));
  wipe(u.storage);
  wipe(sum.storage);
  return key;
}

/// The key of the HMAC: the secret, or the base64 text of its PBKDF2 output (WAMP, "Salted Passwords").
std::optional<Secret<256>> wampcra_key(const WampCra& credential, const Dict& extra, Provider& provider) {
  const Value* const salt = find(extra, "salt");
  if (salt == nullptr) return Secret<256>(credential.secret.expose());
  const Value* const iterations = find(extra, "iterations");
  const Value* const keylen = find(extra, "keylen");
  const std::uint64_t rounds = iterations == nullptr ? 1'000 : iterations->id().value_or(0);
  const std::uint64_t size = keylen == nullptr ? kDigestSize : keylen->id().value_or(0);
  const bool good =
      salt->text() && rounds > 0 && rounds <= std::uint64_t{kMaxIterations} && size > 0 && size <= kDigestSize;
  if (!good) return std::nullopt;
  const auto derived = pbkdf2(provider, credential.secret.expose(), as_bytes(*salt->text()),
                              static_cast<std::int64_t>(rounds), static_cast<std::size_t>(size));
  std::string text = to_base64(derived.expose());
  Secret<256> key(as_bytes(text));
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return key;
}

using Answer = std::optional<std::string>;

Answer prove(const Anonymous&, const Dict&, Provider&) { return std::nullopt; }

Answer prove(const Ticket& credential, const Dict&, Provider&) {
  return std::string(as_text(credential.ticket.expose()));
}

Answer prove(const WampCra& credential, const Dict& extra, Provider& provider) {
  const Value* const challenge = find(extra, "challenge");
  if (challenge == nullptr || !challenge->text()) return std::nullopt;
  const auto key = wampcra_key(credential, extra, provider);
  if (!key) return std::nullopt;
  const Digest digest = provider.hmac_once(HashAlgorithm::sha256, key->expose(), as_bytes(*challenge->text()));
  return to_base64(digest.bytes());
}

Answer prove(const Cryptosign& credential, const Dict& extra, Provider&) {
  const Value* const challenge = find(extra, "challenge");
  if (challenge == nullptr || !challenge->text()) return std::nullopt;
  const auto bytes = from_hex(*challenge->text());
  // Exactly 32 bytes: a signature made for a router must not be usable elsewhere.
  if (!bytes || bytes->size() != kChallengeSize || find(extra, "channel_binding") != nullptr) return std::nullopt;
  return to_hex(credential.key.sign(*bytes)) + to_hex(*bytes);
}

}  // namespace

std::string_view method(const Credential& credential) {
  constexpr std::array<std::string_view, 4> kMethods = {"anonymous", "ticket", "wampcra", "cryptosign"};
  return kMethods[credential.index()];
}

void introduce(const Credential& credential, Dict& details) {
  details["authmethods"] = List{Value(method(credential))};
  if (const auto* ticket = std::get_if<Ticket>(&credential)) identify(ticket->authid, details);
  if (const auto* secret = std::get_if<WampCra>(&credential)) identify(secret->authid, details);
  if (const auto* signer = std::get_if<Cryptosign>(&credential)) {
    identify(signer->authid, details);
    details["authextra"] = Dict{{"pubkey", to_hex(signer->key.public_key())}, {"channel_binding", nullptr}};
  }
}

redan::Result<Authenticate> answer(const Credential& credential, const Challenge& challenge, Provider& provider) {
  if (challenge.method != method(credential)) return refuse(errc::wamp_authentication);
  auto proof = std::visit([&](const auto& c) { return prove(c, challenge.extra, provider); }, credential);
  if (!proof) return refuse(errc::wamp_authentication);
  return Authenticate{std::move(*proof), {}};
}

}  // namespace redan::wamp
