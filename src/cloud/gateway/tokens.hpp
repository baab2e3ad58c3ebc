// The gateway's three kinds of macaroon. Each kind has a key of its own, made from the root key that all units share,
// so one is never taken for another: a token of the wrong kind has a bad signature.
//
//   API      identifier: the account's name;  one caveat, its expiry. Its holder may narrow it: op=, session=, region=
//   socket   identifier: client, order, screen, account, share;  session=<id>, op=signal or op=view, an expiry
//   share    identifier: the share's id;  session=<id>, op=connect, an expiry
#pragma once

#include "cloud/api/gateway.hpp"
#include "cloud/token/macaroon.hpp"

namespace redan::cloud::gateway {

inline constexpr std::string_view kGatewayLocation = "anbox-stream-gateway";

/// What an API token says once it has been verified. Whether its account still exists is asked elsewhere.
struct ApiClaims {
  std::string account;
  WallTime expires;
  std::optional<std::string> operation, session, region;  ///< what its holder narrowed it to
  std::string issued_sha256;                              ///< of the token as it was issued, before it was narrowed
};

/// What a socket token lets its bearer do.
struct SocketClaims {
  std::string session;
  std::string client;
  api::Screen screen{};
  api::LinkHello::Role role = api::LinkHello::Role::controller;
  std::int64_t order = 1;  ///< LinkHello::order
  std::string account;     ///< it was given to: Account::reference
  std::string share{};     ///< "": none
  friend bool operator==(const SocketClaims&, const SocketClaims&) = default;
};

class Tokens {
 public:
  /// invalid_argument unless the root key has all of its 64 bytes. May not outlive the provider.
  static Result<Tokens> prepare(Provider& provider, const Secret<64>& root);

  struct Issued {
    std::string text;
    std::string sha256;
  };
  /// Two tokens of one account differ, even with the same expiry: by the fraction of its last second.
  Result<Issued> issue(std::string_view account, WallTime expires);
  /// token_syntax, token_too_large, token_third_party, token_bad_signature, token_claims, token_expired, token_caveat,
  /// token_scope (two caveats that contradict each other).
  Result<ApiClaims> verify(std::string_view text, WallTime now);

  Result<std::string> mint_socket(const SocketClaims& claims, WallTime expires);
  /// token_scope if it is another session's.
  Result<SocketClaims> verify_socket(std::string_view text, std::string_view session, WallTime now);

  Result<std::string> mint_share(std::string_view share, std::string_view session, WallTime expires);
  /// The share's id.
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
