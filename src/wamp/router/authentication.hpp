// Authenticates clients that join a realm (WAMP, "Authentication"): anonymous, ticket, wampcra, cryptosign, tls. A
// client cannot find out whether an authid exists: unknown ones are challenged like known ones, and fail like those
// with a wrong secret.
#pragma once

#include <functional>
#include <memory>
#include <redan/crypto.hpp>
#include <vector>

#include "cloud/token/jwt.hpp"
#include "wamp/ed25519.hpp"
#include "wamp/router/session.hpp"

namespace redan::wamp {

/// A ticket, or the key of wampcra: for salted passwords the base64 text of the PBKDF2 output.
using SharedSecretText = Secret<256>;

enum class Method : std::uint8_t { anonymous, tls, cryptosign, wampcra, ticket };
std::optional<Method> parse_method(std::string_view name);
std::string_view name(Method method);

/// The PBKDF2 parameters for the client (WAMP, "Salted Passwords"). The router is configured with the derived key.
struct Salting {
  std::string salt;
  std::int64_t iterations = 0;
  std::int64_t keylen = 32;
};

/// One authid of a method, and its proof.
struct Account {
  std::string authid;
  std::string role;
  std::string sid{};
  SharedSecretText secret{};                        ///< ticket, wampcra
  std::optional<Salting> salting{};                 ///< wampcra
  std::vector<Ed25519PublicKey> authorized_keys{};  ///< cryptosign
  std::vector<Digest> certificates{};               ///< tls: SHA-256 of whole certificates
};

/// Tickets that are JSON Web Tokens: the subject is the authid, and `wamp:sid:<sid>` in the scope is the sid.
struct TicketTokens {
  Secret<64> key;
  std::string issuer;
  std::string audience;
  std::string role;
};

struct AuthenticationConfig {
  std::optional<std::string> anonymous_role;
  std::array<std::vector<Account>, 5> accounts{};  ///< by Method
  std::array<bool, 5> enabled{};                   ///< by Method
  std::optional<TicketTokens> tokens;
};

/// What the transport knows about a client.
struct TransportFacts {
  std::optional<Digest> certificate{};  ///< SHA-256, presented and proven
};

/// A method that awaits AUTHENTICATE.
struct Attempt {
  Method method{};
  std::string authid;
  const Account* account = nullptr;   ///< null: unknown
  std::string challenge{};            ///< signed by wampcra
  std::vector<std::uint8_t> nonce{};  ///< signed by cryptosign
  std::vector<std::uint8_t> key{};    ///< that the client claims
};

/// The result of a HELLO: the principal, a challenge, or the reason for ABORT.
struct Challenged {
  Attempt attempt;
  Challenge challenge;
};
using Admission = std::variant<Principal, Challenged, std::string_view>;

class Authenticator {
 public:
  /// `config` and `provider` must outlive it.
  Authenticator(const AuthenticationConfig& config, Provider& provider);

  /// `session` is the id of the future session; `details` are those of HELLO.
  Admission begin(const Dict& details, const TransportFacts& facts, Id session, WallTime now);
  /// nullopt unless the proof is valid.
  std::optional<Principal> finish(const Attempt& attempt, const Authenticate& message, WallTime now);

 private:
  [[nodiscard]] const Account* find(Method method, std::string_view authid) const;
  [[nodiscard]] Admission by_certificate(const TransportFacts& facts) const;
  Admission challenge_wampcra(std::string authid, Id session, WallTime now);
  Admission challenge_cryptosign(std::string authid, const Dict& details);
  std::optional<Principal> check_ticket(const Attempt& attempt, std::string_view ticket, WallTime now);
  std::optional<Principal> check_token(std::string_view authid, std::string_view ticket, WallTime now);
  bool check_wampcra(const Attempt& attempt, std::string_view signature);
  static bool check_cryptosign(const Attempt& attempt, std::string_view signature);
  Salting pretended_salting(std::string_view authid);

  const AuthenticationConfig& config_;
  Provider& provider_;
  Secret<32> pretence_;  ///< derives the challenges of unknown authids
  std::optional<cloud::token::JwtKey> tokens_;
};

}  // namespace redan::wamp
