#include "wamp/router/authentication.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "cloud/token/rfc3339.hpp"
#include "wamp/router/authorization.hpp"
#include "wamp/router/uris.hpp"

namespace redan::wamp {
namespace {

constexpr std::array<std::string_view, 5> kMethods = {"anonymous", "tls", "cryptosign", "wampcra", "ticket"};
constexpr std::size_t kNonceSize = 32;
constexpr std::size_t kMaxAuthid = 128;
constexpr std::string_view kSidScope = "wamp:sid:";

template <std::size_t N>
std::vector<std::uint8_t> random_bytes(RandomSource& random) {
  std::vector<std::uint8_t> bytes(N);
  random.random(bytes);
  return bytes;
}

std::string_view text_of(const Dict& dict, std::string_view key) {
  const Value* value = dict.find(key);
  return value == nullptr ? std::string_view() : value->text().value_or(std::string_view());
}

Principal principal_of(const Account& account, Method method) {
  return {account.authid, account.role, std::string(name(method)), "static", account.sid};
}

/// The first method of the client's list that is enabled. A missing list means anonymous.
std::optional<Method> choose(const Dict& details, const std::array<bool, 5>& enabled) {
  static const List kDefault{"anonymous"};
  const Value* offered = details.find("authmethods");
  const List* list = offered == nullptr || offered->is_null() ? &kDefault : offered->get_if<List>();
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto text = (*list)[i].text();
    const auto method = text ? parse_method(*text) : std::nullopt;
    if (method && enabled[static_cast<std::size_t>(*method)]) return method;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Method> parse_method(std::string_view name) {
  const auto* const at = std::find(kMethods.begin(), kMethods.end(), name);
  if (at == kMethods.end()) return std::nullopt;
  return static_cast<Method>(at - kMethods.begin());
}

std::string_view name(Method method) { return kMethods[static_cast<std::size_t>(method)]; }

Authenticator::Authenticator(const AuthenticationConfig& config, Provider& provider)
    : config_(config), provider_(provider) {
  provider_.random(pretence_.fill(32));
  if (!config_.tokens) return;
  if (auto key = cloud::token::JwtKey::prepare(provider_, config_.tokens->key)) tokens_.emplace(std::move(*key));
}

const Account* Authenticator::find(Method method, std::string_view authid) const {
  const auto& accounts = config_.accounts[static_cast<std::size_t>(method)];
  const auto at = std::find_if(accounts.begin(), accounts.end(), [&](const Account& a) { return a.authid == authid; });
  return at == accounts.end() ? nullptr : &*at;
}

// HELLO.

Admission Authenticator::begin(const Dict& details, const TransportFacts& facts, Id session, WallTime now) {
  const auto method = choose(details, config_.enabled);
  if (!method) return uris::kNoMatchingMethod;
  std::string authid(text_of(details, "authid"));
  if (authid.size() > kMaxAuthid) return uris::kAuthenticationFailed;
  switch (*method) {
    case Method::anonymous:
      return Principal{to_base64(random_bytes<12>(provider_), Base64::url), *config_.anonymous_role, "anonymous",
                       "static"};
    case Method::tls:
      return by_certificate(facts);
    case Method::cryptosign:
      return challenge_cryptosign(std::move(authid), details);
    case Method::wampcra:
      return challenge_wampcra(std::move(authid), session, now);
    case Method::ticket:
      break;
  }
  const Account* account = find(Method::ticket, authid);
  return Challenged{{Method::ticket, std::move(authid), account}, {"ticket", {}}};
}

Admission Authenticator::by_certificate(const TransportFacts& facts) const {
  if (!facts.certificate) return uris::kAuthenticationFailed;
  for (const Account& account : config_.accounts[static_cast<std::size_t>(Method::tls)]) {
    for (const Digest& known : account.certificates) {
      if (equal_in_constant_time(known.bytes(), facts.certificate->bytes())) return principal_of(account, Method::tls);
    }
  }
  return uris::kAuthenticationFailed;
}

Admission Authenticator::challenge_wampcra(std::string authid, Id session, WallTime now) {
  const Account* account = find(Method::wampcra, authid);
  const auto& all = config_.accounts[static_cast<std::size_t>(Method::wampcra)];
  const bool any_salted = std::any_of(all.begin(), all.end(), [](const Account& a) { return a.salting.has_value(); });
  std::optional<Salting> salting = account != nullptr ? account->salting : std::nullopt;
  if (account == nullptr && any_salted) salting = pretended_salting(authid);

  const Dict said{{"authid", authid},
                  {"authmethod", "wampcra"},
                  {"authprovider", "static"},
                  {"nonce", to_base64(random_bytes<kNonceSize>(provider_), Base64::url)},
                  {"timestamp", cloud::token::to_rfc3339(now)},
                  {"session", session}};
  const std::vector<std::uint8_t> text = encode(Serializer::json, said);
  Challenged challenged{{Method::wampcra, std::move(authid), account}, {"wampcra", {}}};
  challenged.attempt.challenge = as_text(text);
  challenged.challenge.extra.append("challenge", challenged.attempt.challenge);
  if (salting) {
    challenged.challenge.extra.append("salt", salting->salt);
    challenged.challenge.extra.append("iterations", salting->iterations);
    challenged.challenge.extra.append("keylen", salting->keylen);
  }
  return challenged;
}

// Constant for an authid, like that of a real account.
Salting Authenticator::pretended_salting(std::string_view authid) {
  constexpr std::size_t kSaltSize = 12;
  const auto& all = config_.accounts[static_cast<std::size_t>(Method::wampcra)];
  const auto like = std::find_if(all.begin(), all.end(), [](const Account& a) { return a.salting.has_value(); });
  const Digest salt = provider_.hmac_once(HashAlgorithm::sha256, pretence_.expose(), as_bytes(authid));
  return {to_base64(salt.bytes().first(kSaltSize)), like->salting->iterations, like->salting->keylen};
}

Admission Authenticator::challenge_cryptosign(std::string authid, const Dict& details) {
  const Value* extra = details.find("authextra");
  const Dict* dict = extra == nullptr ? nullptr : extra->get_if<Dict>();
  const auto key = from_hex(dict == nullptr ? std::string_view() : text_of(*dict, "pubkey"));
  if (!key || key->size() != kEd25519KeySize) return uris::kAuthenticationFailed;
  const auto& all = config_.accounts[static_cast<std::size_t>(Method::cryptosign)];
  const auto at = std::find_if(all.begin(), all.end(), [&](const Account& account) {
    return (authid.empty() || account.authid == authid) &&
           std::any_of(account.authorized_keys.begin(), account.authorized_keys.end(),
                       [&](const Ed25519PublicKey& known) { return equal_in_constant_time(known, *key); });
  });
  Challenged challenged{{Method::cryptosign, std::move(authid), at == all.end() ? nullptr : &*at}, {"cryptosign", {}}};
  challenged.attempt.nonce = random_bytes<kNonceSize>(provider_);
  challenged.attempt.key = *key;
  challenged.challenge.extra.append("challenge", to_hex(challenged.attempt.nonce));
  challenged.challenge.extra.append("channel_binding", nullptr);
  return challenged;
}

// AUTHENTICATE.

std::optional<Principal> Authenticator::finish(const Attempt& attempt, const Authenticate& message, WallTime now) {
  if (attempt.method == Method::ticket) return check_ticket(attempt, message.signature, now);
  const bool right = attempt.method == Method::wampcra ? check_wampcra(attempt, message.signature)
                                                       : check_cryptosign(attempt, message.signature);
  if (!right || attempt.account == nullptr) return std::nullopt;
  return principal_of(*attempt.account, attempt.method);
}

std::optional<Principal> Authenticator::check_ticket(const Attempt& attempt, std::string_view ticket, WallTime now) {
  // Digests are compared, so that the duration does not even reveal the length of a ticket.
  const Bytes expected = attempt.account != nullptr ? attempt.account->secret.expose() : pretence_.expose();
  const Digest a = provider_.hmac_once(HashAlgorithm::sha256, pretence_.expose(), as_bytes(ticket));
  const Digest b = provider_.hmac_once(HashAlgorithm::sha256, pretence_.expose(), expected);
  if (equal_in_constant_time(a.bytes(), b.bytes()) && attempt.account != nullptr) {
    return principal_of(*attempt.account, Method::ticket);
  }
  return check_token(attempt.authid, ticket, now);
}

std::optional<Principal> Authenticator::check_token(std::string_view authid, std::string_view ticket, WallTime now) {
  if (!tokens_) return std::nullopt;
  const auto token = cloud::token::UnverifiedJwt::parse(ticket);
  if (!token) return std::nullopt;
  const TicketTokens& wanted = *config_.tokens;
  const auto claims = token->verify(*tokens_, {wanted.issuer, wanted.audience}, now);
  if (!claims || claims->subject.empty() || (!authid.empty() && claims->subject != authid)) return std::nullopt;
  Principal principal{claims->subject, wanted.role, "ticket", "jwt"};
  for (const std::string& name : claims->scope) {
    if (name.starts_with(kSidScope) && is_sid(std::string_view(name).substr(kSidScope.size()))) {
      principal.sid = name.substr(kSidScope.size());
    }
  }
  return principal;
}

bool Authenticator::check_wampcra(const Attempt& attempt, std::string_view signature) {
  const Bytes key = attempt.account != nullptr ? attempt.account->secret.expose() : pretence_.expose();
  const Digest expected = provider_.hmac_once(HashAlgorithm::sha256, key, as_bytes(attempt.challenge));
  return equal_in_constant_time(as_bytes(to_base64(expected.bytes())), as_bytes(signature));
}

bool Authenticator::check_cryptosign(const Attempt& attempt, std::string_view signature) {
  // The signature, followed by the signed bytes.
  const auto both = from_hex(signature);
  if (!both || both->size() != kEd25519SignatureSize + kNonceSize) return false;
  const Bytes signature_bytes = Bytes(*both).first(kEd25519SignatureSize);
  const Bytes signed_bytes = Bytes(*both).subspan(kEd25519SignatureSize);
  return equal_in_constant_time(signed_bytes, attempt.nonce) &&
         ed25519_verify(attempt.key, attempt.nonce, signature_bytes);
}

}  // namespace redan::wamp
