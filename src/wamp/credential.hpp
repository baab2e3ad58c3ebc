// How a client authenticates (WAMP, "Authentication"): anonymous, ticket, wampcra, cryptosign.
#pragma once

#include <redan/crypto.hpp>

#include "wamp/ed25519.hpp"
#include "wamp/message.hpp"

namespace redan::wamp {

struct Anonymous {};
/// A secret that the router receives: use only over TLS.
struct Ticket {
  std::string authid;
  Secret<4096> ticket;
};
/// Challenge and response: HMAC-SHA256 with a shared secret, salted with PBKDF2 if the router requires it.
struct WampCra {
  std::string authid;
  Secret<256> secret;
};
/// A signature, without channel binding, which Autobahn does not have for TLS 1.3.
struct Cryptosign {
  std::string authid;  ///< "": the router looks it up by the key
  Ed25519Key key;
};
using Credential = std::variant<Anonymous, Ticket, WampCra, Cryptosign>;

/// The most PBKDF2 iterations that a router may request, because it determines how long we compute.
inline constexpr std::int64_t kMaxIterations = 200'000;

/// The name in authmethods, for example "wampcra".
std::string_view method(const Credential& credential);
/// Adds authmethods, authid and authextra to the details of HELLO.
void introduce(const Credential& credential, Dict& details);
/// wamp_authentication for a challenge of a method other than the credential's, and for an invalid one.
redan::Result<Authenticate> answer(const Credential& credential, const Challenge& challenge, Provider& provider);

}  // namespace redan::wamp
