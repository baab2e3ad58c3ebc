// The gateway's three kinds of macaroon. Each kind has its own key, derived from the root key that all units share. A
// token of the wrong kind therefore fails signature verification.
//
//   API      identifier: the account's name;  one caveat, its expiry. The holder may add op=, session=, region=
//   socket   identifier: client, order, screen, account, share;  session=<id>, op=signal, op=view or op=adb, an expiry
//   share    identifier: the share's id;  session=<id>, op=connect, an expiry
#pragma once

#include "cloud/api/gateway.hpp"
#include "cloud/token/macaroon.hpp"

namespace redan::cloud::gateway {

inline constexpr std::string_view kGatewayLocation = "anbox-stream-gateway";

/// The claims of a verified API token. The caller checks separately whether the account still exists.
struct ApiClaims {
  std::string account;
  WallTime expires;
  std::optional<std::string> operation, session, region;  ///< restrictions added by the holder
  std::string issued_sha256;                              ///< of the token as issued, without later restrictions
};

/// The rights that a socket token grants to its bearer.
struct SocketClaims {
  std::string session;
  std::string client;
  api::Screen screen{};
  api::LinkHello::Role role = api::LinkHello::Role::controller;
  std::int64_t order = 1;  ///< LinkHello::order
  std::string account;     ///< the account that it was issued to: Account::reference
  std::string share{};     ///< "": none
  friend bool operator==(const SocketClaims&, const SocketClaims&) = default;
};

class Tokens {
 public:
  /// Error: invalid_argument unless the root key has all of its 64 bytes. Must not outlive the provider.
  static Result<Tokens> prepare(Provider& provider, const Secret<64>& root);

  struct Issued {
    std::string text;
    std::string sha256;
  };
  /// Two tokens of one account differ even if they have the same expiry: by the fraction of its last second.
  Result<Issued> issue(std::string_view account, WallTime expires);
  /// Errors: token_syntax, token_too_large, token_third_party, token_bad_signature, token_claims, token_expired,
  /// token_caveat, token_scope (two contradictory caveats).
  Result<ApiClaims> verify(std::string_view text, WallTime now);

  Result<std::string> mint_socket(const SocketClaims& claims, WallTime expires);
  /// Error: token_scope if the token is for another session.
  Result<SocketClaims> verify_socket(std::string_view text, std::string_view session, WallTime now);

  Result<std::string> mint_share(std::string_view share, std::string_view session, WallTime expires);
  /// Returns the share's id.
  Result<std::string> verify_share(std::string_view text, std::string_view session, WallTime now);

 private:
  Tokens(Provider& provider, token::MacaroonKey api, token::MacaroonKey sockets, token::MacaroonKey shares)
      : provider_(&provider), api_(std::move(api)), sockets_(std::move(sockets)), shares_(std::move(shares)) {}
  Result<token::Macaroon> mint(token::MacaroonKey& key, std::string_view identifier,
                               const std::vector<std::string>& caveats);

  Provider* provider_;
  token::MacaroonKey api_, sockets_, shares_;
};

}  // namespace redan::cloud::gateway
